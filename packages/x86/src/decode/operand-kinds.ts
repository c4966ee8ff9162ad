// Operand kinds as instruction rows name them: where an operand is encoded and how wide it is (SDM vol. 2, appendix A.2).

/**
 * Width of an operand in bits, or a rule: `v` follows the operand size (16, 32, 64), `z` is v with immediates of at most 32
 * bits, `y` is 32 or 64 by REX.W, `s` is the stack width (64, or 16 with an operand-size prefix), `x` is 128 or 256 by VEX.L.
 */
export type OperandWidth = 8 | 16 | 32 | 64 | 80 | 128 | 256 | 'v' | 'z' | 'y' | 's' | 'x';

/** Where the operand stands. */
export type OperandPlace =
  | 'rm' // general register or memory by ModRM.rm
  | 'memory' // memory only
  | 'address' // memory whose address alone is used (LEA, INVLPG)
  | 'reg' // general register by ModRM.reg
  | 'opcode' // general register in the low opcode bits
  | 'vvvv' // general register by VEX.vvvv
  | 'fixed' // a named general register
  | 'immediate' // sign-extended to 64 bits
  | 'relative' // jump target
  | 'offset' // absolute 64-bit address (MOV with moffs)
  | 'one' // the constant 1
  | 'segment' // segment register by ModRM.reg
  | 'vector' // xmm by ModRM.reg
  | 'vectorRm' // xmm or memory by ModRM.rm
  | 'vectorVvvv' // xmm or ymm by VEX.vvvv
  | 'vectorFixed' // xmm0
  | 'vsib' // memory operands at base + each element of an index vector (SDM vol. 2, section 2.3.12)
  | 'vectorImmediate' // xmm or ymm by the upper four bits of an immediate byte
  | 'mmx' // mm by ModRM.reg
  | 'mmxRm' // mm or memory by ModRM.rm
  | 'st'; // x87 stack register by ModRM.rm

/** One operand kind. `register` is the number of a fixed register. */
export interface OperandKind {
  readonly place: OperandPlace;
  readonly width: OperandWidth;
  readonly register: number;
}

const kind = (place: OperandPlace, width: OperandWidth, register = 0): OperandKind => ({ place, width, register });

export const rm8 = kind('rm', 8);
export const rm16 = kind('rm', 16);
export const rm32 = kind('rm', 32);
export const rm64 = kind('rm', 64);
export const rmv = kind('rm', 'v');
export const rmy = kind('rm', 'y');
export const rms = kind('rm', 's');
export const r8 = kind('reg', 8);
export const r16 = kind('reg', 16);
export const r32 = kind('reg', 32);
export const rv = kind('reg', 'v');
export const ry = kind('reg', 'y');
export const vy = kind('vvvv', 'y');
export const o8 = kind('opcode', 8);
export const ov = kind('opcode', 'v');
export const os = kind('opcode', 's');
export const al = kind('fixed', 8, 0);
export const ax = kind('fixed', 16, 0);
export const axv = kind('fixed', 'v', 0);
export const cl = kind('fixed', 8, 1);
export const imm8 = kind('immediate', 8);
export const imm16 = kind('immediate', 16);
export const immz = kind('immediate', 'z');
export const immv = kind('immediate', 'v');
export const one = kind('one', 8);
export const rel8 = kind('relative', 8);
export const relz = kind('relative', 32);
export const m = kind('address', 64);
export const m8 = kind('memory', 8);
export const m16 = kind('memory', 16);
export const m32 = kind('memory', 32);
export const m64 = kind('memory', 64);
export const m80 = kind('memory', 80);
export const m128 = kind('memory', 128);
export const mv = kind('memory', 'v');
export const my = kind('memory', 'y');
export const moffs8 = kind('offset', 8);
export const moffsv = kind('offset', 'v');
export const sreg = kind('segment', 16);
/** Whole xmm registers; `x32`/`x64` name memory forms that read only the low part. */
export const xmm = kind('vector', 128);
export const xmm0 = kind('vectorFixed', 128, 0);
export const xm128 = kind('vectorRm', 128);
export const xm64 = kind('vectorRm', 64);
export const xm32 = kind('vectorRm', 32);
export const xm16 = kind('vectorRm', 16);
export const xm8 = kind('vectorRm', 8);
/** VEX operands: `y...` have the length of VEX.L, `v...` are named by VEX.vvvv. */
export const ymm = kind('vector', 'x');
export const ym = kind('vectorRm', 'x');
export const vymm = kind('vectorVvvv', 'x');
export const vxmm = kind('vectorVvvv', 128);
export const mx = kind('memory', 'x');
/** Gathered elements of 32 and 64 bits. */
export const vsib32 = kind('vsib', 32);
export const vsib64 = kind('vsib', 64);
export const ymmImmediate = kind('vectorImmediate', 'x');
export const mm = kind('mmx', 64);
export const mm64 = kind('mmxRm', 64);
export const mm32 = kind('mmxRm', 32);
export const sti = kind('st', 80);
