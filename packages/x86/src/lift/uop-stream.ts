// The micro-ops of one block while it is being lifted: records, constants, and the removal of flags that nobody reads.
import type { NumberedUop, UopTable } from '../uop/index.ts';
import { isInline, type OperandRole } from '../uop/uop-row.ts';
import { Relocation } from '../engine/block.ts';

/** What dead-flag elimination turns a micro-op into: another one, or nothing. */
interface WithoutFlags {
  readonly replacement: NumberedUop | undefined;
  readonly removable: boolean;
}

/** Static facts about each micro-op, by number. */
export interface UopFacts {
  readonly readsFlags: Uint8Array;
  readonly writesFlags: Uint8Array;
  readonly observes: Uint8Array;
  readonly withoutFlags: readonly WithoutFlags[];
  /** Of each micro-op, the rows that join it with a following one, by that one's number. */
  readonly joined: readonly (ReadonlyMap<number, NumberedUop> | undefined)[];
}

const NONE: WithoutFlags = { replacement: undefined, removable: false };

/** Derives the facts from the rows: `x.f.32` without flags is `x.32`, `x.o.32` is nothing. */
export function uopFacts(table: UopTable): UopFacts {
  const names = new Map(table.list.map((entry) => [entry.row.name, entry]));
  const flag = (test: (entry: NumberedUop) => boolean) => Uint8Array.from(table.list, (entry) => (test(entry) ? 1 : 0));
  return {
    readsFlags: flag(({ row }) => row.flags === 'read' || row.flags === 'partial'),
    writesFlags: flag(({ row }) => row.flags === 'write' || row.flags === 'partial'),
    // A micro-op that may leave the engine shows the flags to whoever looks at the state then.
    observes: flag(({ row }) => row.faults || row.ends),
    withoutFlags: table.list.map(({ row }) => {
      if (/\.o\.\d+$/.test(row.name)) return { replacement: undefined, removable: true };
      if (/\.f\.\d+$/.test(row.name)) return { replacement: names.get(row.name.replace('.f.', '.')), removable: false };
      return NONE;
    }),
    joined: joinedRows(table),
  };
}

function joinedRows(table: UopTable): Map<number, NumberedUop>[] {
  const numbers = new Map(table.list.map(({ row, number }) => [row, number]));
  const joined: Map<number, NumberedUop>[] = [];
  for (const entry of table.list) {
    if (entry.row.joins === undefined) continue;
    const [first, second] = entry.row.joins.map((row) => numbers.get(row) as number);
    joined[first] ??= new Map();
    joined[first].set(second, entry);
  }
  return joined;
}

/** Micro-ops of one block. Reused for block after block. */
export class UopStream {
  /** Operation numbers in order; operands lie in `operands` from `firstOperand[i]`. */
  readonly uops: NumberedUop[] = [];
  readonly firstOperand: number[] = [];
  readonly operands: number[] = [];
  /** First micro-op of each guest instruction. */
  readonly instructionStarts: number[] = [];
  readonly instructionAddresses: number[] = [];
  private readonly constantLow: number[] = [];
  private readonly constantHigh: number[] = [];
  private readonly isAddress: boolean[] = [];
  /** Whether the block's micro-ops can be adapted to another address. */
  isMovable = true;
  /** What a copy has to adapt: byte distances from the block's start, each with its kind in the low two bits. */
  relocations: number[] = [];
  private readonly facts: UopFacts;

  constructor(facts: UopFacts) {
    this.facts = facts;
  }

  clear(): void {
    this.uops.length = 0;
    this.firstOperand.length = 0;
    this.operands.length = 0;
    this.instructionStarts.length = 0;
    this.instructionAddresses.length = 0;
    this.constantLow.length = 0;
    this.constantHigh.length = 0;
    this.isAddress.length = 0;
    this.isMovable = true;
  }
  beginInstruction(address: number): void {
    this.instructionStarts.push(this.uops.length);
    this.instructionAddresses.push(address);
  }
  /** Forgets the instruction begun last: it could not be lifted. */
  dropInstruction(): void {
    const start = this.instructionStarts.pop() as number;
    this.instructionAddresses.pop();
    if (start < this.uops.length) this.operands.length = this.firstOperand[start];
    this.uops.length = start;
    this.firstOperand.length = start;
  }
  /** A 64-bit constant as a cell: negative numbers stand for the block's own constants until they are placed. */
  constant(low: number, high: number, isAddress = false): number {
    for (let index = this.constantLow.length - 1; index >= 0; index -= 1) {
      if (this.constantLow[index] === low && this.constantHigh[index] === high && this.isAddress[index] === isAddress)
        return -1 - index;
    }
    this.constantLow.push(low);
    this.constantHigh.push(high);
    this.isAddress.push(isAddress);
    return -this.constantLow.length;
  }
  /** As `constant`, for a guest address that moves with the block. */
  addressConstant(low: number, high: number): number {
    return this.constant(low, high, true);
  }
  /** A 128-bit constant as a cell: two neighbours among the 64-bit ones. */
  constantVector(word0: number, word1: number, word2: number, word3: number): number {
    const { constantLow: low, constantHigh: high } = this;
    for (let index = low.length - 2; index >= 0; index -= 1) {
      const isSame =
        low[index] === word0 && high[index] === word1 && low[index + 1] === word2 && high[index + 1] === word3;
      if (isSame && !this.isAddress[index] && !this.isAddress[index + 1]) return -1 - index;
    }
    low.push(word0, word2);
    high.push(word1, word3);
    this.isAddress.push(false, false);
    return 1 - low.length;
  }
  /** Appends a micro-op; throws a TypeError when the number of operands is not the row's. */
  push(uop: NumberedUop, ...operands: number[]): void {
    if (operands.length !== uop.row.operands.length)
      throw new TypeError(`${uop.row.name} takes ${uop.row.operands.length} operands, not ${operands.length}`);
    this.uops.push(uop);
    this.firstOperand.push(this.operands.length);
    for (let index = 0; index < operands.length; index += 1) this.operands.push(operands[index]);
  }

  /** Replaces or drops micro-ops whose flags are overwritten before anything can see them. */
  removeDeadFlags(): void {
    const { readsFlags, writesFlags, observes, withoutFlags } = this.facts;
    let live = true;
    for (let index = this.uops.length - 1; index >= 0; index -= 1) {
      const uop = this.uops[index];
      const number = uop.number;
      if (observes[number]) live = true;
      if (writesFlags[number] && !live) {
        const { replacement, removable } = withoutFlags[number];
        if (removable) {
          this.uops[index] = REMOVED;
          continue;
        }
        if (replacement !== undefined) {
          this.uops[index] = replacement;
          if (readsFlags[replacement.number]) live = true;
          continue;
        }
      }
      if (writesFlags[number]) live = false;
      // One that faults leaves the flags as they were before it, even where it writes them all (COMISD with an exception unmasked).
      if (readsFlags[number] || observes[number]) live = true;
    }
  }

  /** Puts one micro-op in the place of the last two where a row joins them; their operands are neighbours already. */
  joinEnd(): void {
    const last = this.uops.length - 1;
    if (last < 1) return;
    const joined = this.facts.joined[this.uops[last - 1].number]?.get(this.uops[last].number);
    if (joined === undefined) return;
    this.uops[last - 1] = joined;
    this.uops.length = last;
    this.firstOperand.length = last;
  }

  /** Bytes that `place` will write. */
  sizeInBytes(): number {
    return ((this.recordBytes() + 7) & ~7) + 8 * this.constantLow.length;
  }

  /**
   * Writes records and constants at `hostOffset` (8-byte aligned), and fills `relocations`.
   * @param memory the guest memory as 32-bit words
   * @returns bytes from `hostOffset` to the first micro-op of each instruction
   */
  place(memory: Int32Array, hostOffset: number, recordBytes: number): number[] {
    const starts: number[] = [];
    const relocations: number[] = [];
    const pool = hostOffset + ((recordBytes + 7) & ~7);
    let word = hostOffset >>> 2;
    let instruction = 0;
    for (let index = 0; index < this.uops.length; index += 1) {
      while (instruction < this.instructionStarts.length && this.instructionStarts[instruction] === index) {
        starts.push((word << 2) - hostOffset);
        instruction += 1;
      }
      const uop = this.uops[index];
      if (uop === REMOVED) continue;
      memory[word] = uop.number;
      word += 1;
      const roles = uop.row.operands;
      const first = this.firstOperand[index];
      for (let position = 0; position < roles.length; position += 1) {
        const operand = this.operands[first + position];
        const kind = relocationOf(roles[position], operand);
        memory[word] = kind === Relocation.Constant ? pool + 8 * (-1 - operand) : operand;
        if (kind !== undefined) relocations.push(((word << 2) - hostOffset) | kind);
        word += 1;
      }
    }
    while (instruction < this.instructionStarts.length) {
      starts.push((word << 2) - hostOffset);
      instruction += 1;
    }
    for (let index = 0; index < this.constantLow.length; index += 1) {
      memory[(pool >>> 2) + 2 * index] = this.constantLow[index];
      memory[(pool >>> 2) + 2 * index + 1] = this.constantHigh[index];
      if (this.isAddress[index]) relocations.push((pool + 8 * index - hostOffset) | Relocation.Address);
    }
    this.relocations = relocations;
    return starts;
  }

  /** Bytes of the records alone. */
  recordBytes(): number {
    let size = 0;
    for (let index = 0; index < this.uops.length; index += 1) size += this.uops[index].sizeInBytes;
    return size;
  }
}

function relocationOf(role: OperandRole, operand: number): number | undefined {
  if (role === 'slot') return Relocation.Link;
  if (role === 'low') return Relocation.Address;
  return operand < 0 && !isInline(role) ? Relocation.Constant : undefined;
}

const REMOVED: NumberedUop = {
  number: -1,
  sizeInBytes: 0,
  row: { name: 'removed', operands: [], hot: false, flags: 'none', faults: false, ends: false, emit: () => undefined },
};
