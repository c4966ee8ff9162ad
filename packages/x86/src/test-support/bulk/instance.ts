// Puts a random instance of a row into its slot: what has to be set up for it, the instruction itself, and the ways back into the loop.
import type { Decoder } from '../../decode/decoder.ts';
import { createInstruction } from '../../decode/instruction.ts';
import { AF, CF, OF, PF, SF, ZF } from '../../state/flags.ts';
import { isSequential, type TestedRow } from '../case-generator.ts';
import { createEncoded, type Encoded, encodeRow } from '../instruction-encoder.ts';
import type { Random } from '../random.ts';
import { CODE_BASE, DATA_BASE, DATA_BYTES, STACK_BASE, STACK_BYTES } from '../recorder-layout.ts';
import { undefinedFlags, undefinedResult } from '../undefined-flags.ts';
import { Assembler, RSP } from './assembler.ts';
import { COMPACT_REGISTERS, writeCompactEnd, writeCompactStart } from './compact.ts';
import type { Harness, LoopParts } from './harness.ts';
import * as layout from './layout.ts';
import { needsSafeMemory, prepare } from './preparation.ts';
import { usedRegisters, writeLoads, writeStores } from './used-registers.ts';

/** One instance as it stands in a batch. */
export interface Instance {
  /** Number of the row in the list; of the first one in a sequence. */
  readonly row: number;
  readonly isSequence: boolean;
  /** Address of the tested instruction, and its bytes; all of them in a sequence. */
  readonly address: number;
  readonly code: Uint8Array;
  readonly parts: LoopParts;
  /** The loop is in the slot. */
  readonly isCompact: boolean;
  /** General registers the slot of a light loop stores, in their order. */
  readonly general: readonly number[];
  readonly iterations: number;
}

/** The tested instruction stands here in its slot (plus the slot's shift): setting up is before it, ways back behind. */
const CODE_AT = 256;
/** Where branches find their ways back, seen from the instruction: within reach of a byte. */
const BEFORE_AT = -104;
const BEHIND_AT = 64;
const LANDING_BYTES = 16;
const BEHIND_BYTES = 320;
const ITERATIONS = { compact: 65536, light: 4096, lightVector: 4096, full: 4096, fullVector: 1024, slow: 160 };
/** Instructions that take many times as long on our side: exact arithmetic in helpers. */
const SLOW =
  /^(v?fn?m(add|sub)|v?f?m?gather|vp?gather|v?aes|sha|v?pclmul|v?pcmp[ei]str|v?p?maskmov|v?dpp|vcvt|cvt|v?sqrt|v?round|crc32|pdep|pext|div|idiv|v?hadd|v?hsub|rep|movs|cmps|stos|lods|scas|privileged|ud|int)/;
const MASKED_MXCSR = 0x1f80;
/** Rows whose results are not in general registers, status flags and their operand. */
const SPECIAL = /^(std|cld|rd[fg]sbase)$/;
/** Rows that work with more registers than they name, or with many: all are loaded and hashed. */
const FULL = /^(j|call|ret|loop|push|pop|enter|leave|cmpxchg(8|16)b|movs$|cmps$|stos|lods|scas|xlat|v?maskmov|vzero)/;
const MAXIMAL_SEQUENCE = 6;

/** What `write` has found out for a compact loop. */
interface CompactSlot {
  readonly number: number;
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly before: Assembler;
  readonly general: readonly number[];
  readonly cl: number;
}

/** Writes instances into the code of a batch. */
export class InstanceWriter {
  private readonly random: Random;
  private readonly rows: readonly TestedRow[];
  private readonly sequential: readonly number[];
  private readonly decoder: Decoder;
  private readonly harness: Harness;
  private readonly encoded: Encoded;
  private readonly instruction = createInstruction();
  private readonly mode: 32 | 64;

  constructor(random: Random, rows: readonly TestedRow[], decoder: Decoder, harness: Harness, mode: 32 | 64) {
    this.random = random;
    this.rows = rows;
    this.sequential = rows.flatMap((row, number) => (isSequential(row) && !/^bt/.test(row.name) ? [number] : []));
    this.decoder = decoder;
    this.harness = harness;
    this.mode = mode;
    this.encoded = createEncoded(mode);
  }

  /** True when there are rows to make sequences of. */
  get hasSequences(): boolean {
    return this.sequential.length > 0;
  }

  /** Writes a random instance of a row; undefined when the choices were not usable, and nothing is written that counts. */
  write(slot: number, number: number, code: Buffer, record: Buffer): Instance | undefined {
    const { random, encoded } = this;
    const tested = this.rows[number];
    const address = this.slotBase(slot) + CODE_AT;
    if (!encodeRow(random, tested.family, tested.row, random.below(8), address, encoded)) return undefined;
    const bytes = encoded.bytes.slice(0, encoded.length);
    if (this.decoder.decode(bytes, 0, bytes.length, address, this.instruction) !== 0) return undefined;
    if (this.instruction.candidate.row !== tested.row) return undefined;
    if (needsSafeMemory(tested.name) && encoded.target !== undefined && !isInside(encoded.target)) return undefined;
    const { instruction } = this;
    const before = new Assembler(0, this.mode);
    const landings = { before: address + BEFORE_AT, behind: address + BEHIND_AT };
    const plan = prepare({ random, tested, encoded, instruction, bytes, before, landings });
    if (plan === undefined || undefinedResult(instruction, plan.cl)) return undefined;
    encoded.fixed.forEach((value, register) => {
      if (value !== undefined) before.move(register, value);
    });
    if (before.bytes.length > -BEFORE_AT - LANDING_BYTES) return undefined;
    const used = FULL.test(tested.name) ? undefined : usedRegisters(instruction, this.mode);
    const parts = this.partsOf([tested], plan.window !== undefined || encoded.target !== undefined, used !== undefined);
    if (used !== undefined && this.isCompact(tested, parts, plan.window))
      return this.writeCompact(code, record, { number, address, bytes, before, general: used.general, cl: plan.cl });
    const loads = new Assembler(0, this.mode);
    if (used !== undefined) writeLoads(loads, used, parts);
    const { resume } = this.harness.loop(parts);
    const start = address - before.bytes.length - loads.bytes.length;
    this.put(code, start, [...loads.bytes, ...before.bytes]);
    this.put(code, address, bytes);
    const tail = new Assembler(address + bytes.length, this.mode);
    if (plan.isBranch) tail.storeConstant({ at: layout.STATE_BASE + layout.OUT_MARK_AT }, 1);
    if (plan.readsFlags) writeFlagReader(tail);
    if (used !== undefined) writeStores(tail, used, parts);
    tail.jump(resume);
    this.put(code, tail.address, tail.bytes);
    if (plan.isBranch) {
      this.putLanding(code, landings.before, 2, resume);
      this.putLanding(code, landings.behind, 3, resume);
    }
    const undefinedMask = undefinedFlags(instruction, plan.cl);
    const window = plan.window ?? encoded.target ?? BigInt(DATA_BASE);
    const iterations = this.iterationsOf(parts, [tested]);
    this.writeRecord(record, parts, start, iterations, window, undefinedMask);
    record.writeBigUInt64LE(encoded.fsBase, layout.FS_BASE_AT);
    record.writeBigUInt64LE(encoded.gsBase, layout.GS_BASE_AT);
    return {
      row: number,
      isSequence: false,
      address,
      code: bytes,
      parts,
      isCompact: false,
      general: used?.general ?? [],
      iterations,
    };
  }

  // Memory operands have to be where a constant address can name them, and nothing else may be asked for.
  private isCompact({ row, name }: TestedRow, { vector, x87 }: LoopParts, window: bigint | undefined): boolean {
    const { target } = this.encoded;
    if (vector || x87 || window !== undefined || SLOW.test(name) || SPECIAL.test(name)) return false;
    return target === undefined || (isInside(target) && row.operands.every(({ kind }) => Number(kind.width) !== 128));
  }

  private writeCompact(code: Buffer, record: Buffer, slot: CompactSlot): Instance {
    const { random, encoded, mode } = this;
    const general = slot.general.filter((register) => !COMPACT_REGISTERS.includes(register));
    const memory = encoded.target === undefined ? undefined : Number(encoded.target);
    const flags = flagMask(undefinedFlags(this.instruction, slot.cl));
    const plan = { general, memory, flagMask: flags, anyFlags: this.harness.anyFlags };
    const setup = new Assembler(0, mode);
    writeCompactStart(setup, plan);
    const start = slot.address - slot.before.bytes.length - setup.bytes.length;
    this.put(code, start, [...setup.bytes, ...slot.before.bytes]);
    this.put(code, slot.address, slot.bytes);
    const end = new Assembler(slot.address + slot.bytes.length, mode);
    const { entry, close, end: closed } = this.harness.compact;
    writeCompactEnd(end, plan, start, close);
    this.put(code, end.address, end.bytes);
    const parts = { memory: memory !== undefined, vector: false, x87: false, light: true };
    record.fill(0);
    record.writeInt32LE(random.next(), layout.SEED_AT);
    record.writeUInt32LE(ITERATIONS.compact, layout.LEFT_AT);
    record.writeUInt32LE(start, layout.SLOT_AT);
    record.writeUInt32LE(MASKED_MXCSR, layout.MXCSR_AT);
    record.writeUInt32LE(entry, layout.ENTRY_AT);
    record.writeUInt32LE(end.address, layout.RESUME_AT);
    record.writeUInt32LE(close, layout.CLOSE_AT);
    record.writeUInt32LE(closed, layout.END_AT);
    record.writeBigUInt64LE(encoded.fsBase, layout.FS_BASE_AT);
    record.writeBigUInt64LE(encoded.gsBase, layout.GS_BASE_AT);
    const { number: row, address, bytes } = slot;
    return {
      row,
      isSequence: false,
      address,
      code: bytes,
      parts,
      isCompact: true,
      general,
      iterations: ITERATIONS.compact,
    };
  }

  /** Writes several instructions, one behind the other, that may hand each other flags and registers. */
  writeSequence(slot: number, code: Buffer, record: Buffer): Instance | undefined {
    const { random, encoded } = this;
    const address = this.slotBase(slot) + CODE_AT;
    const rows: TestedRow[] = [];
    const bytes: number[] = [];
    let first = -1;
    let target: bigint | undefined;
    encoded.absoluteOnly = true;
    for (let left = 2 + random.below(MAXIMAL_SEQUENCE - 1); left > 0; left -= 1) {
      const number = random.pick(this.sequential);
      const tested = this.rows[number];
      if (!encodeRow(random, tested.family, tested.row, random.below(8), address + bytes.length, encoded)) continue;
      if (encoded.target !== undefined && !isInside(encoded.target)) continue;
      if (first < 0) first = number;
      target ??= encoded.target;
      rows.push(tested);
      bytes.push(...encoded.bytes.subarray(0, encoded.length));
    }
    encoded.absoluteOnly = false;
    if (rows.length < 2) return undefined;
    const parts = this.partsOf(rows, target !== undefined, false);
    this.put(code, address, bytes);
    const tail = new Assembler(address + bytes.length, this.mode);
    tail.jump(this.harness.loop(parts).resume);
    this.put(code, tail.address, tail.bytes);
    const iterations = this.iterationsOf(parts, rows);
    this.writeRecord(record, parts, address, iterations, target ?? BigInt(DATA_BASE), AF);
    return {
      row: first,
      isSequence: true,
      address,
      code: Uint8Array.from(bytes),
      parts,
      isCompact: false,
      general: [],
      iterations,
    };
  }

  // Slots begin somewhere in their room, so that now and then an instruction lies on two pages.
  private slotBase(slot: number): number {
    return CODE_BASE + slot * layout.SLOT_BYTES + this.random.below(layout.SLOT_BYTES - CODE_AT - BEHIND_BYTES);
  }

  private put(code: Buffer, address: number, bytes: ArrayLike<number>): void {
    code.set(bytes, address - CODE_BASE);
  }

  private putLanding(code: Buffer, address: number, mark: number, resume: number): void {
    const landing = new Assembler(address, this.mode);
    landing.storeConstant({ at: layout.STATE_BASE + layout.OUT_MARK_AT }, mark);
    landing.jump(resume);
    this.put(code, address, landing.bytes);
  }

  private partsOf(rows: readonly TestedRow[], memory: boolean, light: boolean): LoopParts {
    const places = rows.flatMap(({ row }) => row.operands.map(({ kind }) => kind.place));
    // Their operand is memory, but all of x87 and XMM goes through it: what earlier loops left would be in the image.
    const isWholeState = rows.some(({ name }) => /^fx(save|rstor)/.test(name));
    return {
      light,
      memory,
      vector:
        isWholeState ||
        places.some((place) => place.startsWith('vector') || place === 'vsib') ||
        rows.some(({ name }) => /^v|mxcsr$/.test(name)),
      x87:
        isWholeState ||
        places.some((place) => place.startsWith('mmx')) ||
        rows.some(({ row: { encoding } }) => isX87(encoding.map, encoding.opcode)),
    };
  }

  private iterationsOf({ vector, x87, light }: LoopParts, rows: readonly TestedRow[]): number {
    if (x87 || rows.some(({ name }) => SLOW.test(name))) return ITERATIONS.slow;
    if (light) return vector ? ITERATIONS.lightVector : ITERATIONS.light;
    return vector ? ITERATIONS.fullVector : ITERATIONS.full;
  }

  private writeRecord(
    record: Buffer,
    parts: LoopParts,
    start: number,
    iterations: number,
    target: bigint,
    undefinedMask: number,
  ): void {
    const loop = this.harness.loop(parts);
    record.fill(0);
    record.writeInt32LE(this.random.next(), layout.SEED_AT);
    record.writeUInt32LE(iterations, layout.LEFT_AT);
    record.writeUInt32LE(start, layout.SLOT_AT);
    record.writeUInt32LE(flagMask(undefinedMask), layout.FLAG_MASK_AT);
    record.writeUInt32LE(windowAround(target), layout.WINDOW_AT);
    const source =
      parts.x87 && this.random.oneIn(2)
        ? layout.EXTENDED_POOL
        : parts.vector || parts.x87
          ? layout.VECTOR_POOL
          : layout.INTEGER_POOL;
    record.writeUInt32LE(this.random.oneIn(8) ? layout.INTEGER_POOL : source, layout.SOURCE_AT);
    record.writeUInt32LE(MASKED_MXCSR, layout.MXCSR_AT);
    record.writeUInt32LE(loop.entry, layout.ENTRY_AT);
    record.writeUInt32LE(loop.resume, layout.RESUME_AT);
    record.writeUInt32LE(loop.close, layout.CLOSE_AT);
    record.writeUInt32LE(loop.end, layout.END_AT);
  }
}

const isX87 = (map: number, opcode: number) =>
  (map === 0 && ((opcode >= 0xd8 && opcode <= 0xdf) || opcode === 0x9b)) || (map === 1 && opcode === 0x77);

/** The mask of what LAHF (in AH) and SETO (in AL) give. */
const flagMask = (undefinedMask: number): number =>
  (((SF | ZF | AF | PF | CF) & ~undefinedMask) << 8) | (undefinedMask & OF ? 0 : 1);

/** True where a memory operand of any size lies in the data pages altogether. */
function isInside(target: bigint): boolean {
  return target >= BigInt(DATA_BASE + 64) && target <= BigInt(DATA_BASE + DATA_BYTES - 160);
}

// The window holds the operand and some bytes around it; operands that are nowhere get one that is.
function windowAround(target: bigint): number {
  for (const [base, length] of [
    [DATA_BASE, DATA_BYTES],
    [STACK_BASE, STACK_BYTES],
  ])
    if (target >= BigInt(base - 64) && target < BigInt(base + length + 64))
      return Math.min(Math.max(Number(target) - 16, base), base + length - layout.WINDOW_BYTES);
  return DATA_BASE;
}

// All of RFLAGS by PUSHF: DF is not in what LAHF gives.
function writeFlagReader(code: Assembler): void {
  const saved = { at: layout.STATE_BASE + layout.SAVED_STACK_POINTER_AT };
  code.store(saved, RSP);
  code.move(RSP, BigInt(layout.STATE_BASE + layout.OUT_RFLAGS_AT + code.mode / 8));
  code.emit(0x9c);
  code.load(RSP, saved);
}
