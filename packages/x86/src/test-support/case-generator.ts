// Generates hardware cases from the instruction rows: a random instance of a row, a state around it, and memory it can work on.
import { encodingIn } from '../decode/opcode-map.ts';
import type { InstructionFamily, Row } from '../isa/row.ts';
import { AC, AF } from '../state/flags.ts';
import type { Batch } from './batch.ts';
import { extended, integer, shiftCount, vector } from './edge-values.ts';
import { createEncoded, type Encoded, encodeRow, selector } from './instruction-encoder.ts';
import type { Random } from './random.ts';
import * as layout from './recorder-layout.ts';
import { SHIFT, statedUndefined } from './undefined-flags.ts';

/** One row to be tested. */
export interface TestedRow {
  readonly family: InstructionFamily;
  readonly row: Row;
  /** Mnemonic with its suffix. */
  readonly name: string;
}

/** Instructions whose outcome is no function of the state: time, identification, random numbers, system entry. */
const NOT_COMPARABLE = new Set([
  'syscall',
  'sysenter',
  'int',
  'cpuid',
  'rdtsc',
  'rdtscp',
  'rdrand',
  'rdseed',
  'xgetbv',
  'rdpid',
]);
/** The kernel answers these for the processor, with faults of its own at memory operands. */
const ANSWERED_BY_KERNEL = /^(sldt|str|smsw|sgdt|sidt)$/;
/** Processors with more components than ours have other areas; fixtures/state-c compares them. */
const IMAGE_INSTRUCTIONS = /^(xsave|xrstor)/;
const BRANCH = /^(j|call|ret|iret|loop)/;
/** Work on selectors. */
const SELECTOR_NAMES = /^(l[efgds]s|l[as][rl]|ver[rw]|arpl|mov)$/;
const STRING = /^(movs|cmps|stos|lods|scas)$/;

/** The rows that can be compared with hardware in a mode, optionally only those whose mnemonic is named. */
export function testedRows(
  families: readonly InstructionFamily[],
  only?: ReadonlySet<string>,
  mode: 32 | 64 = 64,
): TestedRow[] {
  const rows: TestedRow[] = [];
  for (const family of families) {
    family.rows.forEach((row, position) => {
      const name = family.mnemonic + (family.suffixes?.[position] ?? '');
      if (NOT_COMPARABLE.has(name) || ANSWERED_BY_KERNEL.test(name) || IMAGE_INSTRUCTIONS.test(name)) return;
      if (encodingIn(row, mode) === undefined) return;
      if (only === undefined || only.has(name) || only.has(family.mnemonic)) rows.push({ family, row, name });
    });
  }
  return rows;
}

const NOT_SEQUENTIAL = /^(push|pop|enter|leave|xlat|lahf|ud|privileged|int|v?p?mask|wrfs|wrgs|cmpxchg|l[efgds]s$|lsl)/;

/**
 * Rows that can stand in a sequence: straight on, no memory but the operand's, and no undefined flag that the next instruction
 * could read (AF is read by LAHF and PUSHF alone, which are left out).
 */
export function isSequential({ family, row, name }: TestedRow): boolean {
  if (BRANCH.test(name) || STRING.test(name) || NOT_SEQUENTIAL.test(name)) return false;
  if ((statedUndefined(family.flags) & ~AF) !== 0) return false;
  const isX87 = row.encoding.map === 0 && row.encoding.opcode >= 0xd8 && row.encoding.opcode <= 0xdf;
  if (isX87 || row.operands.some(({ kind }) => kind.place === 'offset' || kind.place === 'segment')) return false;
  return !SHIFT.test(family.mnemonic) || row.operands[1].kind.place === 'one';
}

/** What cases are like beyond the instruction. */
export interface CaseOptions {
  readonly unmasked?: boolean;
  readonly aligned?: boolean;
  readonly mode?: 32 | 64;
}

/** Writes cases of rows into batches. */
export class CaseGenerator {
  private readonly random: Random;
  private readonly rows: readonly TestedRow[];
  private readonly encoded: Encoded;
  private readonly mode: 32 | 64;

  /** Some cases have floating-point exceptions unmasked. */
  private readonly unmasked: boolean;
  /** Some cases have EFLAGS.AC set: what is not aligned is #AC. */
  private readonly aligned: boolean;

  constructor(
    random: Random,
    rows: readonly TestedRow[],
    { unmasked = false, aligned = false, mode = 64 }: CaseOptions = {},
  ) {
    this.encoded = createEncoded(mode);
    this.mode = mode;
    this.random = random;
    this.rows = rows;
    this.unmasked = unmasked;
    this.aligned = aligned;
  }

  /** Fills a batch, going through the rows in turn from `first`; returns the next row's number. */
  fill(batch: Batch, first: number): number {
    batch.reset(this.random);
    let row = first;
    while (batch.count < batch.capacity) {
      if (this.write(batch, row % this.rows.length)) row += 1;
    }
    return row % this.rows.length;
  }

  /**
   * Fills a batch with short straight-line sequences, where flags pass from one instruction to the next. Only rows that
   * `isSequential` accepts may be among the generator's.
   */
  fillSequences(batch: Batch): void {
    const { random, encoded } = this;
    encoded.absoluteOnly = true;
    batch.reset(random);
    while (batch.count < batch.capacity) {
      const { bytes } = batch;
      const at = batch.offsetOf(batch.count);
      if (!this.write(batch, random.below(this.rows.length))) continue;
      bytes[at + layout.CASE_MODE_AT] = layout.MODE_SEQUENCE | this.modeBit;
      const start = layout.CODE_BASE + bytes.readUInt32LE(at + layout.CASE_OFFSET_AT) + encoded.length;
      // The rest of the code is a patch of the code region; the slot has 44 bytes, the last one of a page less.
      const room = 64 - ((start - 20) % 64) - 20;
      const patch = at + layout.CASE_PATCH_AT;
      let length = 0;
      for (let left = 1 + random.below(5); left > 0; left -= 1) {
        const { family, row } = random.pick(this.rows);
        if (!encodeRow(random, family, row, random.below(8), start + length, encoded)) continue;
        if (length + encoded.length > room) break;
        bytes.set(encoded.bytes.subarray(0, encoded.length), patch + 8 + length);
        length += encoded.length;
      }
      bytes.writeUInt32LE(start, patch);
      bytes.writeUInt32LE(length, patch + 4);
      bytes.writeUInt16LE(1, at + layout.CASE_PATCHES_AT);
    }
    encoded.absoluteOnly = false;
  }

  private write(batch: Batch, number: number): boolean {
    const { random, encoded } = this;
    const { family, row, name } = this.rows[number];
    const slot = batch.count;
    // Most code lies in its slot; the last slot of a page lets it cross into the next one.
    const crossing = slot % 64 === 63 ? 64 - 20 - random.below(15) : 0;
    const codeOffset = slot * layout.SLOT_BYTES + 20 + crossing;
    if (!encodeRow(random, family, row, random.below(8), layout.CODE_BASE + codeOffset, encoded)) return false;
    const { bytes } = batch;
    const at = batch.offsetOf(slot);
    bytes.fill(0, at, at + layout.RECORD_BYTES);
    bytes[at + layout.CASE_LENGTH_AT] = encoded.length;
    bytes[at + layout.CASE_MODE_AT] = (BRANCH.test(name) ? layout.MODE_SINGLE_STEP : 0) | this.modeBit;
    bytes.writeUInt32LE(this.controlAndStatus(row), at + layout.MXCSR_AT);
    const alignment = this.aligned && random.oneIn(2) ? AC : 0;
    const flags = (random.next() & 0x8d5) | (random.oneIn(4) ? 0x400 : 0);
    bytes.writeUInt32LE(0x202 | flags | alignment, at + layout.FLAGS_AT);
    bytes.set(encoded.bytes.subarray(0, encoded.length), at + layout.CASE_CODE_AT);
    bytes.writeUInt32LE(codeOffset, at + layout.CASE_OFFSET_AT);
    bytes.writeUInt32LE(1, at + layout.CASE_STEPS_AT);
    bytes.writeUInt32LE(number, at + layout.CASE_NOTE_AT);
    this.writeRegisters(bytes, at, family, row, name);
    this.writeX87(bytes, at, row);
    for (let register = 0; register < 16; register += 1) {
      vector(random, bytes, at + layout.YMM_AT + 32 * register);
      bytes.writeBigUInt64LE(random.bits64(), at + layout.YMM_AT + 32 * register + 16);
      bytes.writeBigUInt64LE(random.bits64(), at + layout.YMM_AT + 32 * register + 24);
    }
    if (encoded.vectorIndex >= 0)
      this.writeIndices(bytes, at + layout.YMM_AT + 32 * encoded.vectorIndex, (row.encoding.opcode & 1) === 1);
    this.writePatches(bytes, at, row, name);
    batch.count += 1;
    return true;
  }

  /** Small indices of a gather, so that most elements are in memory that exists; opcodes with bit 0 take 64-bit ones. */
  private writeIndices(bytes: Buffer, start: number, wide: boolean): void {
    const { random } = this;
    for (let offset = 0; offset < 32; offset += wide ? 8 : 4) {
      // Far indices are positive: from the end of user space, negative ones would reach what the recorder itself has mapped.
      const index = random.oneIn(64) ? random.next() >>> 1 : random.below(96) - 16;
      if (wide) bytes.writeBigInt64LE(BigInt(index), start + offset);
      else bytes.writeInt32LE(index | 0, start + offset);
    }
  }

  private get modeBit(): number {
    return this.mode === 32 ? layout.MODE_PROTECTED : 0;
  }

  // Selectors in registers and memory: rows with a segment operand, and those that look into one.
  private usesSelector(row: Row, name: string): boolean {
    return row.operands.some(({ kind }) => kind.place === 'segment') || (name !== 'mov' && SELECTOR_NAMES.test(name));
  }
  // In 32-bit mode a data segment with a base is a thing we refuse, so ES, SS and DS get none.
  private selectorFor(row: Row): number {
    const isSafe = this.mode === 64 || /^(0f (02|03|00|a1|a9|b4|b5)|m32only 63)/.test(row.encoding.text);
    return selector(this.random, false, isSafe);
  }

  private writeRegisters(bytes: Buffer, at: number, family: InstructionFamily, row: Row, name: string): void {
    const { random, encoded } = this;
    const set = (register: number, value: bigint) =>
      bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at + layout.GPR_AT + 8 * register);
    const get = (register: number) => bytes.readBigUInt64LE(at + layout.GPR_AT + 8 * register);
    for (let register = 0; register < 16; register += 1) set(register, integer(random));
    if (random.oneIn(2)) set(1, BigInt(shiftCount(random)) | (random.oneIn(2) ? get(1) & ~0xffn : 0n));
    if (random.oneIn(3)) set(2, random.pick([0n, 0n, 1n, BigInt.asIntN(64, get(0)) >> 63n, get(0) >> 32n]));
    // The stack pointer is in the stack page, now and then at its ends.
    const depth = random.oneIn(10)
      ? random.pick([0, 1, 4, 7, 8, 4088, 4092, 4096])
      : 1024 + random.below(256) * 8 + (random.oneIn(8) ? random.below(8) : 0);
    set(4, BigInt(layout.STACK_BASE + depth));
    if (random.oneIn(2) || name === 'enter') set(5, BigInt(layout.STACK_BASE + 1024 + random.below(2048)));
    if (STRING.test(name)) {
      const within = () =>
        BigInt(
          layout.DATA_BASE +
            (random.oneIn(6) ? random.pick([0, 3, 0xff8, 0x1000, 0x1ff8, 0x1fff]) : random.below(0x2000)),
        );
      const source = within();
      set(6, source);
      set(7, random.oneIn(3) ? source + BigInt(random.below(40) - 20) : within());
      if (!random.oneIn(16)) set(1, BigInt(random.oneIn(6) ? random.below(3000) : random.below(24)));
    }
    if (this.usesSelector(row, name))
      for (let register = 0; register < 16; register += 1)
        if (register !== 4) set(register, (get(register) & ~0xffffn) | BigInt(this.selectorFor(row)));
    if (name === 'xlat') set(3, BigInt(layout.DATA_BASE + random.below(0x1f00)));
    encoded.fixed.forEach((value, register) => {
      if (value !== undefined) set(register, value);
    });
    // The upper halves do not exist in 32-bit mode.
    if (this.mode === 32)
      for (let register = 0; register < 8; register += 1) set(register, get(register) & 0xffff_ffffn);
    bytes.writeBigUInt64LE(encoded.fsBase, at + layout.FS_BASE_AT);
    bytes.writeBigUInt64LE(encoded.gsBase, at + layout.GS_BASE_AT);
    if (family.mnemonic === 'wrfsbase' || family.mnemonic === 'wrgsbase') {
      // A base that is not canonical is #GP with a 64-bit operand, and is cut off with a 32-bit one.
      const notCanonical = random.oneIn(4) ? 1n << 60n : 0n;
      for (let register = 0; register < 16; register += 1)
        if (register !== 4) set(register, notCanonical | BigInt(random.below(0x7fff_ffff)));
    }
  }

  private writePatches(bytes: Buffer, at: number, row: Row, name: string): void {
    const { random, encoded } = this;
    let count = 0;
    const patch = (address: bigint, fill: (start: number) => number) => {
      if (address < BigInt(layout.DATA_BASE) || address > 0x4000_0000n || count === 2) return;
      const start = at + layout.CASE_PATCH_AT + count * layout.PATCH_BYTES;
      bytes.writeUInt32LE(Number(address), start);
      bytes.writeUInt32LE(fill(start + 8), start + 4);
      count += 1;
    };
    const slots = (address: bigint, values: readonly bigint[], operandBytes = encoded.operandBytes) =>
      patch(address, (start) => {
        values.forEach((value, slot) => {
          for (let k = 0; k < operandBytes; k += 1)
            bytes[start + slot * operandBytes + k] = Number((value >> BigInt(8 * k)) & 0xffn);
        });
        return values.length * operandBytes;
      });
    const codeAddress = () => BigInt(layout.CODE_BASE + random.below(layout.CODE_BYTES));
    const isFarMemory = /^(jmp|call)$/.test(name) && row.encoding.text.startsWith('ff m');
    if (encoded.target !== undefined && (isFarMemory || this.usesSelector(row, name))) {
      const isPointer = isFarMemory || /^l[efgds]s$/.test(name);
      const first = isFarMemory && !random.oneIn(8) ? codeAddress() : integer(random);
      const last = BigInt(isFarMemory ? selector(random, true) : this.selectorFor(row));
      slots(encoded.target, isPointer ? [first, last] : [last]);
    }
    if (encoded.target !== undefined && count === 0 && random.oneIn(2)) {
      patch(encoded.target, (start) => {
        const choice = random.below(4);
        if (choice === 0) bytes.writeBigUInt64LE(integer(random), start);
        else if (choice === 1) extended(random, bytes, start);
        else vector(random, bytes, start);
        // A comparison that succeeds is as interesting as one that fails.
        if (name.startsWith('cmpxchg')) bytes.copy(bytes, start, at + layout.GPR_AT, at + layout.GPR_AT + 8);
        if (name.startsWith('cmpxchg')) bytes.copy(bytes, start + 8, at + layout.GPR_AT + 16, at + layout.GPR_AT + 24);
        if (name === 'cmpxchg8b') bytes.copy(bytes, start + 4, at + layout.GPR_AT + 16, at + layout.GPR_AT + 20);
        return 16;
      });
    }
    const stackPointer = bytes.readBigUInt64LE(at + layout.GPR_AT + 32);
    if (name === 'ret' && !random.oneIn(8)) {
      patch(
        stackPointer,
        (start) => bytes.writeBigUInt64LE(BigInt(layout.CODE_BASE + random.below(layout.CODE_BYTES)), start) - start,
      );
    }
    if (name === 'retf' || name === 'iret') {
      const code = !random.oneIn(8) ? codeAddress() : integer(random);
      const flags = integer(random) & ~0x0f24_4100n;
      const stack = BigInt(layout.STACK_BASE + random.below(layout.STACK_BYTES));
      const values = [
        code,
        BigInt(selector(random, true)),
        flags,
        stack,
        random.oneIn(4) ? BigInt(selector(random, false)) : 0x2bn,
      ];
      slots(stackPointer, name === 'retf' ? values.slice(0, 2) : values);
    }
    if (name === 'pop' && /(07|17|1f|0f a1|0f a9)$/.test(row.encoding.text))
      slots(stackPointer, [BigInt(this.selectorFor(row))]);
    // TF, AC and NT would act on the recorder.
    if (name === 'popf')
      patch(stackPointer, (start) => bytes.writeBigUInt64LE(integer(random) & ~0x0f24_4100n, start) - start);
    bytes.writeUInt16LE(count, at + layout.CASE_PATCHES_AT);
  }

  // MXCSR: all exceptions masked; now and then another rounding mode, flush to zero, sticky flags set before.
  private controlAndStatus(row: Row): number {
    const { random } = this;
    if (!row.operands.some(({ kind }) => kind.place.startsWith('vector'))) return 0x1f80;
    let value = 0x1f80;
    if (random.oneIn(4)) value |= random.below(4) << 13;
    if (random.oneIn(16)) value |= 0x8000;
    if (random.oneIn(16)) value |= 0x40;
    if (random.oneIn(4)) value |= random.below(64);
    // Unmasked exceptions end the instruction with #XM.
    if (this.unmasked && random.oneIn(8)) value &= ~(random.below(64) << 7);
    return value;
  }

  private writeX87(bytes: Buffer, at: number, row: Row): void {
    const { random } = this;
    bytes.writeUInt16LE(0x37f, at + layout.X87_AT);
    const usesX87 =
      (row.encoding.map === 0 && row.encoding.opcode >= 0xd8 && row.encoding.opcode <= 0xdf) ||
      row.encoding.text.includes('0f 77') ||
      row.operands.some(({ kind }) => kind.place.startsWith('mmx'));
    if (!usesX87) return;
    if (random.oneIn(4))
      bytes.writeUInt16LE(
        (this.unmasked && random.oneIn(4) ? 0x40 | random.below(64) : 0x07f) |
          (random.below(4) << 10) |
          (random.pick([0, 2, 3]) << 8),
        at + layout.X87_AT,
      );
    const top = random.below(8);
    bytes.writeUInt16LE((top << 11) | (random.oneIn(4) ? random.next() & 0x4700 : 0), at + layout.X87_AT + 2);
    bytes[at + layout.X87_AT + 4] = random.oneIn(4) ? random.below(256) : 0xff;
    for (let register = 0; register < 8; register += 1)
      extended(random, bytes, at + layout.X87_STACK_AT + 16 * register);
  }
}
