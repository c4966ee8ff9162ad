// What has to be set up before single rows, so that most iterations of them do something: pointers, counts, targets, selectors of cases.
import type { Instruction } from '../../decode/instruction.ts';
import type { TestedRow } from '../case-generator.ts';
import { shiftCount } from '../edge-values.ts';
import type { Encoded } from '../instruction-encoder.ts';
import type { Random } from '../random.ts';
import { DATA_BASE, STACK_BASE } from '../recorder-layout.ts';
import { SHIFT } from '../undefined-flags.ts';
import { type Assembler, RAX, RCX, RDX, RSP } from './assembler.ts';

/** What `prepare` looks at and writes to. */
interface Subject {
  readonly random: Random;
  readonly tested: TestedRow;
  /** Registers in `fixed` get their values last, just before the instruction. */
  readonly encoded: Encoded;
  readonly instruction: Instruction;
  /** The instruction: branches get their displacement here. */
  readonly bytes: Uint8Array;
  /** Code that runs before. It may change flags only where the instruction neither reads nor keeps them. */
  readonly before: Assembler;
  /** Addresses in the slot that branches may go to. */
  readonly landings: { readonly before: number; readonly behind: number };
}

/** What the rest of the slot needs to know. */
interface Plan {
  /** CL, where the row shifts by it. */
  readonly cl: number;
  /** Address the window lies around, where it is not the memory operand. */
  readonly window?: bigint;
  readonly isBranch: boolean;
  /** RFLAGS as a whole is read after it. */
  readonly readsFlags: boolean;
}

const BRANCH = /^(j|call|ret|loop)/;
const STACK = /^(push|pop|call|ret|enter|leave)/;
const STRING = /^(movs|cmps|stos|lods|scas)$/;
const FLAG_WRITER = /^(std|cld|popf|pushf)$/;
/** Flags POPF may get: the status flags and DF. */
const LOADABLE_FLAGS = 0xed5;
const MXCSR_BITS = 0xffff;

/**
 * True for rows whose memory operand must exist: what is left of them behind a fault, or which byte the fault names, no manual
 * promises.
 */
export function needsSafeMemory(name: string): boolean {
  return STACK.test(name) || /^(f|v?p?mask|v?p?gather|v?ldmxcsr|jmp)/.test(name) || name.startsWith('vgather');
}

/** Sets up one instance; undefined where it cannot be. */
export function prepare(subject: Subject): Plan | undefined {
  const { random, tested, encoded, before } = subject;
  const { name } = tested;
  // Which of two operands that both fault is reported is not defined, and with 16-bit addresses both of them do.
  if (name === 'cmps' && subject.instruction.addressSize === 16) return undefined;
  const { fixed } = encoded;
  const isBranch = BRANCH.test(name);
  let window: bigint | undefined;
  let cl = 0;
  if (/^i?div$/.test(name)) prepareDivision(subject);
  else if (/^bt[crs]?$/.test(name)) prepareBitOffset(subject);
  else if (STRING.test(name)) window = prepareString(subject);
  else if (name === 'xlat') fixed[3] = BigInt(DATA_BASE + 64 + random.below(0x1e00));
  else if (/^v?maskmov(q|dqu)$/.test(name)) window = fixed[7] = BigInt(DATA_BASE + 64 + random.below(0x1e00));
  else if (name === 'cld' || name === 'std') before.emit(name === 'cld' ? 0xfd : 0xfc);
  else if (name.startsWith('cmpxchg')) prepareComparison(subject);
  else if (/ldmxcsr$/.test(name)) {
    if (encoded.target !== undefined) before.andMemory({ at: Number(encoded.target) }, MXCSR_BITS);
  } else if (encoded.vectorIndex >= 0) prepareIndices(subject);
  else if (SHIFT.test(tested.family.mnemonic) && tested.row.operands.at(-1)?.kind.place === 'fixed') {
    // A count that stays the same within the loop has the same undefined flags there.
    const known = fixed[RCX];
    cl = known === undefined ? shiftCount(random) & 0xff : Number(known & 0xffn);
    if (known === undefined) before.emit(0xb1, cl);
  }
  if (STACK.test(name)) {
    const stack = prepareStack(subject);
    if (stack === undefined) return undefined;
    window = stack;
  }
  if (isBranch && !prepareTarget(subject)) return undefined;
  return { cl, isBranch, readsFlags: FLAG_WRITER.test(name), ...(window === undefined ? {} : { window }) };
}

// Dividends that mostly fit: the upper half zero or the sign. Now and then whatever comes.
function prepareDivision({ random, tested, instruction, before }: Subject): void {
  if (random.oneIn(4)) return;
  const wide = instruction.operandSize === 64 ? [0x48] : instruction.operandSize === 16 ? [0x66] : [];
  if (tested.row.operands[0].kind.width === 8) {
    if (tested.name === 'div')
      before.emit(0x0f, 0xb6, 0xc0); // movzx eax, al
    else before.emit(0x66, 0x98); // cbw
  } else if (tested.name === 'div') before.move(RDX, BigInt(random.below(2) * random.below(3)));
  else before.emit(...wide, 0x99); // cwd, cdq, cqo
}

// Bit offsets in registers reach far: here they stay near.
function prepareBitOffset({ random, tested, encoded, instruction, before }: Subject): void {
  if (encoded.target === undefined || tested.row.operands[1].kind.place !== 'reg' || random.oneIn(32)) return;
  const register = instruction.reg;
  if (encoded.fixed[register] !== undefined) return;
  if (encoded.mode === 64)
    before.emit(0x48 | (register > 7 ? 5 : 0), 0x0f, 0xbe, 0xc0 | ((register & 7) << 3) | (register & 7));
  else if (register < 4) before.emit(0x0f, 0xbe, 0xc0 | (register << 3) | register);
  else before.move(register, BigInt.asUintN(32, BigInt(random.below(512) - 256)));
}

function prepareString({ random, tested, encoded, before }: Subject): bigint {
  const { fixed } = encoded;
  const inside = () => BigInt(DATA_BASE + 0x400 + random.below(0x1700));
  const target = inside();
  fixed[6] = random.oneIn(3) ? target + BigInt(random.below(64) - 32) : inside();
  fixed[7] = target;
  fixed[RCX] = BigInt(random.oneIn(6) ? random.below(100) : random.below(24));
  before.emit(random.oneIn(3) ? 0xfd : 0xfc); // std, cld
  return tested.name === 'lods' ? fixed[6] : target;
}

// Every second instance compares with what is in memory.
function prepareComparison({ random, tested, encoded, before }: Subject): void {
  const { target, fixed } = encoded;
  if (target === undefined || target < BigInt(DATA_BASE + 64) || target > BigInt(DATA_BASE + 0x1f00)) return;
  if (random.oneIn(2) || fixed[RAX] !== undefined) return;
  const at = Number(target);
  before.load(RAX, { at });
  if (tested.name === 'cmpxchg16b') before.load(RDX, { at: at + 8 });
  if (tested.name === 'cmpxchg8b') before.load32(RDX, { at: at + 4 });
}

// Gathered elements lie near: the index is cut to some bits, with the sign for those of 32 bits.
function prepareIndices({ encoded, instruction, before }: Subject): void {
  const register = encoded.vectorIndex;
  const isWide = (instruction.opcode & 1) === 1;
  // vpsrad y, y, 25 and vpsrlq y, y, 57: the destination is in vvvv.
  before.emit(
    0xc4,
    0x80 | 0x40 | (register > 7 ? 0 : 0x20) | 1,
    ((~register & 15) << 3) | 4 | 1,
    isWide ? 0x73 : 0x72,
    0xc0 | ((isWide ? 2 : 4) << 3) | (register & 7),
    isWide ? 57 : 25,
  );
}

// A stack pointer with room on both sides; near the memory operand where there is one, so that the window shows both.
function prepareStack({ random, tested, encoded, bytes, before }: Subject): bigint | undefined {
  const { fixed, target } = encoded;
  const { name } = tested;
  const slip = random.oneIn(8) ? random.below(8) : 0;
  const chosen =
    target === undefined
      ? BigInt(STACK_BASE + 1024 + random.below(256) * 8 + slip)
      : target - 16n + BigInt(8 * random.below(6) + slip);
  const stack = fixed[RSP] ?? chosen;
  if (fixed[RSP] !== undefined && (stack < BigInt(DATA_BASE + 64) || stack > BigInt(DATA_BASE + 0x1f00)))
    return undefined;
  fixed[RSP] = stack;
  if (name === 'enter' || name === 'leave') fixed[5] = BigInt(STACK_BASE + 1536 + random.below(1024));
  if (name === 'enter') {
    const size = random.below(512);
    bytes[bytes.length - 3] = size & 0xff;
    bytes[bytes.length - 2] = size >> 8;
  }
  if (name === 'popf') before.andMemory({ at: Number(stack) }, LOADABLE_FLAGS);
  return target ?? (name === 'leave' ? fixed[5] : stack);
}

// Branches go to a landing in their slot, which leaves a mark.
function prepareTarget({ random, tested, encoded, instruction, bytes, before, landings }: Subject): boolean {
  const target = random.oneIn(2) ? landings.before : landings.behind;
  const { fixed, mode } = encoded;
  const slot = (at: number) => {
    before.storeConstant({ at }, target);
    if (mode === 64) before.storeConstant({ at: at + 4 }, 0);
  };
  if (tested.name === 'ret') slot(Number(fixed[RSP]));
  else if (tested.row.operands[0]?.kind.place === 'relative') {
    const size = tested.row.encoding.immediates[0] === 1 ? 1 : encoded.operandBytes === 2 && mode === 32 ? 2 : 4;
    // A target of 16 bits is nowhere; the fault is what is seen.
    const displacement = target - (instruction.address + bytes.length);
    for (let k = 0; k < size; k += 1) bytes[bytes.length - size + k] = (displacement >> (8 * k)) & 0xff;
  } else if (encoded.target !== undefined) slot(Number(encoded.target));
  else {
    const register = instruction.rm;
    if (register === RSP && tested.name === 'call') return false;
    fixed[register] = BigInt(target);
  }
  return true;
}
