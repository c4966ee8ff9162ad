/** Runs the records of native/x87-oracle.c on our x87 unit, and makes such records: edge values and random ones. */
import { fullTagWord } from '../uop/helpers/x87/environment.ts';
import {
  clearExceptions,
  exchange,
  initialise,
  MEMORY_OPERAND,
  markEmpty,
  moveTop,
  raise,
  registerSlot,
  setControlWord,
  statusWord,
  UNIT_WORDS,
} from '../uop/helpers/x87/stack.ts';
import { C0, C2, C3 } from '../uop/helpers/x87/status-bits.ts';
import * as arithmetic from '../uop/helpers/x87/unit-arithmetic.ts';
import { computeTranscendental } from '../uop/helpers/x87/unit-transcendental.ts';
import * as transfer from '../uop/helpers/x87/unit-transfer.ts';

export const RECORD_BYTES = 36;

type Action = (words: Int32Array, flags: number) => number;

const plain =
  (run: (words: Int32Array) => void): Action =>
  (words, flags) => {
    run(words);
    return flags;
  };
const computeWith = (operation: number) =>
  plain((words) => arithmetic.computeRegisters(words, 0, operation, 0, 1, false));
const computeFrom = (operation: number, format: number) =>
  plain((words) => arithmetic.computeMemory(words, 0, operation, format));
const top = (operation: number) => plain((words) => arithmetic.computeTop(words, 0, operation));
const pair = (operation: number) => plain((words) => arithmetic.computeTopPair(words, 0, operation));
const compareWith = (quiet: boolean, pops: number) =>
  plain((words) => arithmetic.compareRegisters(words, 0, 1, quiet, pops));
const compareFrom = (format: number, pops: number) =>
  plain((words) => arithmetic.compareMemory(words, 0, format, pops));
const constant = (index: number) => plain((words) => transfer.loadConstantTop(words, 0, index));
const load = (format: number) => plain((words) => transfer.loadMemory(words, 0, format));
const rotate = (by: number) =>
  plain((words) => {
    moveTop(words, 0, by);
    raise(words, 0, 0);
  });
const transcendental = (opcode: number) => plain((words) => computeTranscendental(words, 0, opcode));
const toFlags =
  (quiet: boolean, pops: number): Action =>
  (words, flags) => {
    const result = arithmetic.compareToFlags(words, 0, 1, quiet, pops);
    if (result < 0) return flags;
    return 2 | (result & C3 ? 0x40 : 0) | (result & C2 ? 4 : 0) | (result & C0 ? 1 : 0);
  };
const store =
  (format: number, pops: boolean): Action =>
  (words, flags) => {
    const before = words.slice(MEMORY_OPERAND, MEMORY_OPERAND + 3);
    const writes = transfer.prepareStore(words, 0, format);
    const bytes = new Uint8Array(words.buffer, MEMORY_OPERAND * 4, 10);
    bytes.set(
      new Uint8Array(before.buffer, 0, 10).subarray(writes ? transfer.STORE_BYTES[format] : 0),
      writes ? transfer.STORE_BYTES[format] : 0,
    );
    transfer.commitStore(words, 0, pops);
    return flags;
  };

/** What each operation of the oracle is on our side, by the oracle's name. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  fadd: computeWith(0),
  fsub: computeWith(4),
  fsubr: computeWith(5),
  fmul: computeWith(1),
  fdiv: computeWith(6),
  fdivr: computeWith(7),
  faddp: plain((words) => arithmetic.computeRegisters(words, 0, 0, 1, 1, true)),
  fsqrt: top(arithmetic.SQUARE_ROOT),
  frndint: top(arithmetic.ROUND),
  fabs: top(arithmetic.ABSOLUTE),
  fchs: top(arithmetic.CHANGE_SIGN),
  fprem: pair(arithmetic.REMAINDER),
  fprem1: pair(arithmetic.REMAINDER_NEAREST),
  fscale: pair(arithmetic.SCALE),
  fxtract: plain((words) => arithmetic.extractTop(words, 0)),
  fxam: plain((words) => arithmetic.examineTop(words, 0)),
  ftst: compareFrom(-1, 0),
  fcom: compareWith(false, 0),
  fcomp: compareWith(false, 1),
  fcompp: compareWith(false, 2),
  fucom: compareWith(true, 0),
  fucomp: compareWith(true, 1),
  fucompp: compareWith(true, 2),
  fcomi: toFlags(false, 0),
  fcomip: toFlags(false, 1),
  fucomi: toFlags(true, 0),
  fucomip: toFlags(true, 1),
  fld1: constant(0),
  fldl2t: constant(1),
  fldl2e: constant(2),
  fldpi: constant(3),
  fldlg2: constant(4),
  fldln2: constant(5),
  fldz: constant(6),
  fxch: plain((words) => exchange(words, 0, 1)),
  fincstp: rotate(1),
  fdecstp: rotate(-1),
  ffree: plain((words) => markEmpty(words, 0, 0)),
  fld_st1: plain((words) => transfer.loadRegister(words, 0, 1)),
  fst_st1: plain((words) => transfer.storeRegister(words, 0, 1, false)),
  fstp_st1: plain((words) => transfer.storeRegister(words, 0, 1, true)),
  fcmove: plain((words) => transfer.moveConditionally(words, 0, 1, true)),
  fcmovne: plain((words) => transfer.moveConditionally(words, 0, 1, false)),
  fld_m32: load(arithmetic.MEMORY_SINGLE),
  fld_m64: load(arithmetic.MEMORY_DOUBLE),
  fld_m80: plain((words) => transfer.loadExtended(words, 0)),
  fst_m32: store(0, false),
  fst_m64: store(1, false),
  fstp_m32: store(0, true),
  fstp_m64: store(1, true),
  fstp_m80: store(2, true),
  fild_m16: load(arithmetic.MEMORY_INT16),
  fild_m32: load(arithmetic.MEMORY_INT32),
  fild_m64: load(arithmetic.MEMORY_INT64),
  fist_m16: store(3, false),
  fist_m32: store(4, false),
  fistp_m16: store(3, true),
  fistp_m32: store(4, true),
  fistp_m64: store(5, true),
  fisttp_m16: store(6, true),
  fisttp_m32: store(7, true),
  fisttp_m64: store(8, true),
  fbld: plain((words) => transfer.loadDecimal(words, 0)),
  fbstp: store(9, true),
  fadd_m32: computeFrom(0, 0),
  fadd_m64: computeFrom(0, 1),
  fsub_m32: computeFrom(4, 0),
  fsubr_m64: computeFrom(5, 1),
  fmul_m32: computeFrom(1, 0),
  fmul_m64: computeFrom(1, 1),
  fdiv_m32: computeFrom(6, 0),
  fdiv_m64: computeFrom(6, 1),
  fdivr_m64: computeFrom(7, 1),
  fcom_m32: compareFrom(0, 0),
  fcom_m64: compareFrom(1, 0),
  fcomp_m64: compareFrom(1, 1),
  fiadd_m16: computeFrom(0, 2),
  fiadd_m32: computeFrom(0, 3),
  fidiv_m32: computeFrom(6, 3),
  fidivr_m32: computeFrom(7, 3),
  ficom_m32: compareFrom(3, 0),
  ficomp_m16: compareFrom(2, 1),
  f2xm1: transcendental(0xf0),
  fyl2x: transcendental(0xf1),
  fyl2xp1: transcendental(0xf9),
  fpatan: transcendental(0xf3),
  fptan: transcendental(0xf2),
  fsin: transcendental(0xfe),
  fcos: transcendental(0xff),
  fsincos: transcendental(0xfb),
};

export const TRANSCENDENTAL = new Set(['f2xm1', 'fyl2x', 'fyl2xp1', 'fpatan', 'fptan', 'fsin', 'fcos', 'fsincos']);

function put(words: Int32Array, slot: number, record: DataView, offset: number): void {
  words[slot] = record.getInt32(offset, true);
  words[slot + 1] = record.getInt32(offset + 4, true);
  words[slot + 2] = record.getUint16(offset + 8, true);
}

function take(words: Int32Array, slot: number, answer: DataView, offset: number): void {
  answer.setInt32(offset, words[slot], true);
  answer.setInt32(offset + 4, words[slot + 1], true);
  answer.setUint16(offset + 8, words[slot + 2], true);
}

const unit = new Int32Array(UNIT_WORDS);

/** Executes one record as the oracle does and writes the answer in its layout. */
export function executeRecord(names: readonly string[], record: DataView, answer: DataView): void {
  const words = unit.fill(0);
  initialise(words, 0);
  const preparation = record.getUint8(1);
  const copies = preparation === 8 ? 7 : preparation >= 2 ? 1 : 0;
  for (let count = 0; count < copies + (preparation >= 1 ? 1 : 0); count++) {
    put(words, MEMORY_OPERAND, record, count < copies ? 14 : 4);
    transfer.loadExtended(words, 0);
  }
  if (preparation === 3) markEmpty(words, 0, 0);
  if (preparation === 4) markEmpty(words, 0, 1);
  clearExceptions(words, 0);
  setControlWord(words, 0, record.getUint16(2, true));
  put(words, MEMORY_OPERAND, record, 24);
  const flags = ACTIONS[names[record.getUint8(0)]](words, 0xd7);
  answer.setUint16(0, statusWord(words, 0), true);
  answer.setUint16(2, fullTagWord(words, 0), true);
  answer.setUint16(4, flags, true);
  take(words, registerSlot(words, 0, 0), answer, 6);
  take(words, registerSlot(words, 0, 1), answer, 16);
  take(words, MEMORY_OPERAND, answer, 26);
}

/** Distance in units of the last place between two slots of an answer, or Infinity when sign or exponent range differ. */
function ulps(left: DataView, right: DataView, offset: number): number {
  const a = left.getUint16(offset + 8, true);
  const b = right.getUint16(offset + 8, true);
  if ((a ^ b) & 0x8000) return Number.POSITIVE_INFINITY;
  const scaled = (view: DataView, word: number) =>
    (BigInt(word & 0x7fff || 1) << 63n) + (view.getBigUint64(offset, true) & 0x7fffffffffffffffn);
  const difference = scaled(left, a) - scaled(right, b);
  return Number(difference < 0n ? -difference : difference);
}

/**
 * What differs between two answers, or undefined.
 *
 * Registers count when their tag is not "empty". Transcendentals may differ by `tolerance` units in the last place, and
 * then in C1, and in PE and UE only where the processor's own are documented as approximate (never ignored here).
 */
export function difference(name: string, expected: DataView, actual: DataView, tolerance = 1): string | undefined {
  const approximate = TRANSCENDENTAL.has(name);
  const statusMask = approximate ? 0xfdff : 0xffff;
  if ((expected.getUint16(0, true) ^ actual.getUint16(0, true)) & statusMask) return 'status';
  if (expected.getUint16(2, true) !== actual.getUint16(2, true)) return 'tags';
  if (expected.getUint8(4) !== actual.getUint8(4)) return 'flags';
  const tags = expected.getUint16(2, true);
  const topOfStack = (expected.getUint16(0, true) >>> 11) & 7;
  for (let index = 0; index < 2; index++) {
    if (((tags >>> (((topOfStack + index) & 7) * 2)) & 3) === 3) continue;
    const distance = ulps(expected, actual, 6 + index * 10);
    if (distance > (approximate ? tolerance : 0)) return `st${index}`;
  }
  for (let byte = 26; byte < 36; byte++) if (expected.getUint8(byte) !== actual.getUint8(byte)) return 'memory';
  return undefined;
}

/** A small reproducible generator (xorshift32). */
export function randomSource(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

// biome-ignore format: one kind of encoding per line
const EDGE_EXPONENTS = [0, 0, 0, 1, 2, 63, 64, 0x3bcd, 0x3c00, 0x3c01, 0x3f6a, 0x3f80, 0x3f81, 0x3fbe, 0x3fc0, 0x3ffd, 0x3ffe, 0x3fff, 0x3fff, 0x4000, 0x4001, 0x400d, 0x400e, 0x401d, 0x401e, 0x403d, 0x403e, 0x403f, 0x407e, 0x407f, 0x43fe, 0x43ff, 0x4400, 0x7ffd, 0x7ffe, 0x7fff, 0x7fff];
const EDGE_HIGHS = [
  0x80000000, 0x80000000, 0x80000000, 0xffffffff, 0xc0000000, 0xc0000001, 0xa0000000, 0x80000001, 0xffffff00,
  0xffffff80, 0xffffff7f, 0x80000080, 0x80000100, 0x80000180, 0, 1, 0x40000000, 0x7fffffff, 0xde0b6b3a,
];
const EDGE_LOWS = [
  0, 0, 0, 1, 0xffffffff, 0x80000000, 0x400, 0x800, 0xc00, 0xfffff800, 0xfffffc00, 0xfffffbff, 2, 0xa7640000,
];

/** Writes a random or edge 80-bit value. */
export function putValue(random: () => number, record: DataView, offset: number, near?: number): void {
  const pick = random();
  const kind = pick % 8;
  let exponent = EDGE_EXPONENTS[random() % EDGE_EXPONENTS.length];
  if (kind >= 6) exponent = random() & 0x7fff;
  else if (kind >= 3) exponent = (near ?? 0x3fff) + (random() % 140) - 70;
  let high = random() | 0x80000000;
  let low = random();
  if (pick & 0x100) high = EDGE_HIGHS[random() % EDGE_HIGHS.length];
  if (pick & 0x200) low = EDGE_LOWS[random() % EDGE_LOWS.length];
  if ((pick & 0xf000) === 0) high &= 0x7fffffff;
  if ((pick & 0x70000) === 0 && exponent < 0x403f && exponent >= 0x3fff) {
    // An integer or a half: clears most fraction bits.
    const keep = exponent - 0x3fff + 1 + (random() % 3);
    if (keep < 32) {
      high &= ~(0xffffffff >>> keep);
      low = 0;
    } else if (keep < 64) low &= keep === 32 ? 0 : ~(0xffffffff >>> (keep - 32));
  }
  if (exponent === 0 && pick & 0x100000) high &= 0x7fffffff;
  if (exponent === 0 && pick & 0x200000) high = 0;
  if (exponent === 0 && high === 0 && pick & 0x400000) low = 0;
  record.setUint32(offset, low, true);
  record.setUint32(offset + 4, high, true);
  record.setUint16(offset + 8, (exponent & 0x7fff) | (pick & 0x800000 ? 0x8000 : 0), true);
}

const MEMORY_WORDS = [
  0, 0, 0x80000000, 1, 0x80000001, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345, 0x3f800000, 0x7ff00000,
  0xfff00000, 0x7ff80000, 0x7ff00001, 0x3ff00000, 0x007fffff, 0x00100000, 0x000fffff, 0x7fff, 0x8000, 0xffff,
];

/** Writes a case for operation number `operation`. */
export function putCase(random: () => number, name: string, operation: number, record: DataView): void {
  const choice = random();
  record.setUint8(0, operation);
  // FXAM of an empty register shows the sign of what it held: 0 would leave that to the case before.
  const unknown = name === 'fxam' ? 3 : 0;
  record.setUint8(1, (choice & 0x1f) === 0 ? [unknown, 1, 3, 4][(choice >>> 5) & 3] : (choice & 0x1f) === 1 ? 8 : 2);
  const masks = (choice & 0x700) === 0 ? (choice >>> 16) & 0x3f : 0x3f;
  const precision = [0x300, 0x300, 0x200, 0x000][(choice >>> 12) & 3];
  const control = 0x40 | masks | precision | (((choice >>> 24) & 3) << 10);
  record.setUint16(2, control, true);
  putValue(random, record, 4);
  putValue(random, record, 14, random() & 1 ? record.getUint16(12, true) & 0x7fff : undefined);
  const memory = random();
  if (name === 'fbld') {
    for (let byte = 0; byte < 9; byte++) record.setUint8(24 + byte, (random() % 10) | ((random() % 10) << 4));
    if (memory & 1) for (let byte = 3 + ((memory >>> 8) % 6); byte < 9; byte++) record.setUint8(24 + byte, 0);
    record.setUint8(33, memory & 0xf0);
  } else {
    for (let word = 0; word < 2; word++) {
      record.setUint32(
        24 + word * 4,
        memory & (0x100 << word) ? random() : MEMORY_WORDS[random() % MEMORY_WORDS.length],
        true,
      );
    }
    record.setUint16(32, random(), true);
  }
  record.setUint16(34, 0, true);
}

/** A case as one line, for a failure message. */
export function describeCase(name: string, record: DataView): string {
  const value = (offset: number) =>
    `${record
      .getUint16(offset + 8, true)
      .toString(16)
      .padStart(4, '0')}:${record.getBigUint64(offset, true).toString(16).padStart(16, '0')}`;
  return `${name} cw=${record.getUint16(2, true).toString(16)} prep=${record.getUint8(1)} st0=${value(4)} st1=${value(14)} mem=${value(24)}`;
}

/** An answer as one line. */
export function describeAnswer(answer: DataView): string {
  const value = (offset: number) =>
    `${answer
      .getUint16(offset + 8, true)
      .toString(16)
      .padStart(4, '0')}:${answer.getBigUint64(offset, true).toString(16).padStart(16, '0')}`;
  return `sw=${answer.getUint16(0, true).toString(16)} tw=${answer.getUint16(2, true).toString(16)} fl=${answer.getUint8(4).toString(16)} st0=${value(6)} st1=${value(16)} mem=${value(26)}`;
}
