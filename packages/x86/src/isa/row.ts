// The shape of an instruction row: encoding, operands, flags and the one `lift` that says what the instruction does.
import type { OperandKind } from '../decode/operand-kinds.ts';
import type { Lifter } from '../lift/lifter.ts';

/** How an operand is used; the hardware test generator and the disassembler read it. */
export interface Operand {
  readonly kind: OperandKind;
  readonly access: 'r' | 'w' | 'rw';
}

export const r = (kind: OperandKind): Operand => ({ kind, access: 'r' });
export const w = (kind: OperandKind): Operand => ({ kind, access: 'w' });
export const rw = (kind: OperandKind): Operand => ({ kind, access: 'rw' });

/** Mandatory prefix: `any` rows ignore 66/F2/F3 (66 is then the operand size), the others demand exactly that one. */
export type MandatoryPrefix = 'any' | 'np' | '66' | 'f3' | 'f2';

/** One encoding of an instruction, parsed from the manual's notation. */
export interface Encoding {
  /** The notation as written, for messages and the reference page. */
  readonly text: string;
  readonly prefix: MandatoryPrefix;
  /** 0: one-byte map, 1: 0F, 2: 0F 38, 3: 0F 3A. */
  readonly map: 0 | 1 | 2 | 3;
  /** The prefix and the escape bytes are in a VEX prefix (SDM vol. 2, section 2.3.5). */
  readonly vex: boolean;
  /** VEX.L must be this, or -1. */
  readonly vexL: number;
  readonly opcode: number;
  /** The opcode's low three bits are a register. */
  readonly registerInOpcode: boolean;
  readonly hasModrm: boolean;
  /** ModRM.reg must be this, or -1. */
  readonly digit: number;
  /** ModRM.rm must be this with mod 3, or -1. */
  readonly rm: number;
  /** ModRM.mod: any, memory forms only, register forms only, or not looked at: a register form in all cases. */
  readonly mod: 'any' | 'memory' | 'register' | 'ignored';
  /** REX.W or VEX.W must be this, or -1. */
  readonly rexW: number;
  /** REX.B must be this, or -1: NOP is XCHG of the accumulator with itself only without it. */
  readonly rexB: number;
  /** Immediate sizes in order: bytes, or `z` (2 or 4), `v` (2, 4 or 8), `o` (address size), `j` (4; 2 with operand size 16 in 32-bit mode). */
  readonly immediates: readonly (1 | 2 | 4 | 8 | 'z' | 'v' | 'o' | 'j')[];
  /** Absent: the encoding exists in 64-bit mode and in 32-bit mode alike. */
  readonly modes?: '32' | '64';
}

export interface Row {
  readonly encoding: Encoding;
  readonly operands: readonly Operand[];
}

/** An instruction family: what it is called, which flags it touches, what it does, how it is encoded. */
export interface InstructionFamily {
  readonly mnemonic: string;
  /** Condition name per row, for Jcc, SETcc and CMOVcc: appended to the mnemonic. */
  readonly suffixes?: readonly string[];
  /** Flags in iced's letters: `w:oszapc` written, `r:c` read, `u:a` undefined, `0:oc` cleared; parts separated by blanks. */
  readonly flags?: string;
  readonly lockable?: boolean;
  /**
   * CPUID feature, absent for the base set; `a+b` needs both. One for all rows or one for each. What 256 bits and AVX2 change is in
   * row-features.ts.
   */
  readonly feature?: string | readonly string[];
  /** Operand size defaults to 64 bits: PUSH, POP, CALL, RET, near jumps. */
  readonly default64?: boolean;
  /** F2/F3 are repeat prefixes of this instruction. */
  readonly repeatable?: boolean;
  readonly lift: (b: Lifter) => void;
  readonly rows: readonly Row[];
}

/** Declares a family; checks the rows when the table loads, so that a wrong row cannot wait until it is executed. */
export function instruction(family: InstructionFamily): InstructionFamily {
  for (const { encoding, operands } of family.rows) {
    const needsModrm = operands.some(({ kind }) => MODRM_PLACES.has(kind.place));
    if (needsModrm && !encoding.hasModrm) throw new TypeError(`${family.mnemonic} ${encoding.text}: an operand needs ModRM and the encoding has none`);
    const immediates = operands.filter(({ kind }) => IMMEDIATE_PLACES.has(kind.place)).length;
    if (immediates !== encoding.immediates.length)
      throw new TypeError(`${family.mnemonic} ${encoding.text}: ${immediates} immediate operands, ${encoding.immediates.length} encoded`);
  }
  return family;
}

/** Operands that take bytes behind ModRM, each one immediate of the encoding. */
export const IMMEDIATE_PLACES: ReadonlySet<string> = new Set(['immediate', 'relative', 'offset', 'vectorImmediate']);
const MODRM_PLACES = new Set(['vsib', 'vvvv', 'vectorVvvv', 'rm', 'memory', 'address', 'reg', 'segment', 'vector', 'vectorRm', 'mmx', 'mmxRm', 'st']);

/**
 * One encoding in the manual's notation: `[m32only|m64only] [vex|vex.l0|vex.l1] [np|66|f2|f3] [w0|w1] [rexb0] opcode bytes [+r] [/r|/0../7] [m|mod3|modx] [rm=N] [ib iw id iz iv io cb cd cz]`.
 * @example
 * row('66 0f 6f /r', w(xmm), r(xm128))
 */
export function row(text: string, ...operands: Operand[]): Row {
  return { encoding: parseEncoding(text), operands };
}

function parseEncoding(text: string): Encoding {
  let prefix: MandatoryPrefix = 'any';
  let modes: Encoding['modes'];
  let vex = false;
  let vexL = -1;
  let rexW = -1;
  let rexB = -1;
  let registerInOpcode = false;
  let hasModrm = false;
  let digit = -1;
  let rm = -1;
  let mod: Encoding['mod'] = 'any';
  const opcodeBytes: number[] = [];
  const immediates: Encoding['immediates'][number][] = [];
  for (const token of text.toLowerCase().split(' ')) {
    if (token === 'm32only' || token === 'm64only') modes = token === 'm32only' ? '32' : '64';
    else if (token === 'vex') vex = true;
    else if (token === 'vex.l0' || token === 'vex.l1') [vex, vexL] = [true, Number(token[5])];
    else if (token === 'np') prefix = 'np';
    else if (opcodeBytes.length === 0 && prefix === 'any' && (token === '66' || token === 'f2' || token === 'f3') && text.trim().length > 2) prefix = token;
    else if (token === 'w0') rexW = 0;
    else if (token === 'w1') rexW = 1;
    else if (token === 'rexb0') rexB = 0;
    else if (token === '+r') registerInOpcode = true;
    else if (token === '/r') hasModrm = true;
    else if (/^\/[0-7]$/.test(token)) [hasModrm, digit] = [true, Number(token[1])];
    else if (token === 'm') mod = 'memory';
    else if (token === 'mod3') mod = 'register';
    else if (token === 'modx') mod = 'ignored';
    else if (token.startsWith('rm=')) [rm, mod] = [Number(token.slice(3)), 'register'];
    else if (token in IMMEDIATE && opcodeBytes.length > escapeBytes(opcodeBytes)) immediates.push(IMMEDIATE[token]);
    else if (/^[0-9a-f]{2}$/.test(token)) opcodeBytes.push(Number.parseInt(token, 16));
    else throw new TypeError(`cannot read ${token} in the encoding ${text}`);
  }
  const map =
    opcodeBytes[0] !== 0x0f || opcodeBytes.length === 1
      ? 0
      : opcodeBytes[1] === 0x38 && opcodeBytes.length > 2
        ? 2
        : opcodeBytes[1] === 0x3a && opcodeBytes.length > 2
          ? 3
          : 1;
  const opcode = opcodeBytes[opcodeBytes.length - 1];
  if (vex && (map === 0 || prefix === 'any')) throw new TypeError(`the encoding ${text} needs an escape and a prefix class for VEX`);
  return {
    text,
    prefix,
    map,
    vex,
    vexL,
    opcode,
    registerInOpcode,
    hasModrm,
    digit,
    rm,
    mod,
    rexW,
    rexB,
    immediates,
    ...(modes === undefined ? {} : { modes }),
  };
}

/** How many of the bytes so far are escapes: 0F, 0F 38 or 0F 3A. */
function escapeBytes([first, second]: readonly number[]): number {
  if (first !== 0x0f) return 0;
  return second === 0x38 || second === 0x3a ? 2 : 1;
}

const IMMEDIATE: Record<string, Encoding['immediates'][number]> = { ib: 1, iw: 2, id: 4, io: 8, iz: 'z', iv: 'v', cb: 1, cd: 4, cz: 'j', ao: 'o' };
