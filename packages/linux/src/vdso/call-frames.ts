// Call frame information: what unwinders need to pass through a function (LSB 5.0, Exception Frames; DWARF 5, 6.4).
import { integers, integersOf, padded, zeroTerminated } from './byte-layout.ts';

/** One instruction or expression of DWARF, as bytes. */
export type FrameProgram = readonly number[];

/** DW_CFA_* and DW_OP_* of the tables here. */
const DW = {
  advance: 0x40,
  offset: 0x80,
  restore: 0xc0,
  defineCfa: 0x0c,
  defineCfaOffset: 0x0e,
  defineCfaExpression: 0x0f,
  expression: 0x10,
  baseRegister: 0x70,
  dereference: 0x06,
} as const;
/** DW_EH_PE_pcrel | sdata4, udata4, datarel | sdata4. */
const ENCODING = { relative: 0x1b, count: 0x03, table: 0x3b } as const;

const unsigned = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
const signed = (value: number): number[] =>
  value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];

/** The instructions that follow start this many bytes later in the code. */
export const after = (bytes: number): number[] => [DW.advance | bytes];
/** The caller's stack pointer is `offset` above the frame's register. */
export const frameAt = (offset: number): number[] => [DW.defineCfaOffset, ...unsigned(offset)];
/** A register was saved `words` below the caller's stack pointer. */
export const savedBelow = (register: number, words: number): number[] => [DW.offset | register, ...unsigned(words)];
/** A register has its caller's value again. */
export const restored = (register: number): number[] => [DW.restore | register];
/** A register was saved `offset` bytes above another one's value: what signal frames need. */
export const savedAbove = (register: number, base: number, offset: number): number[] => {
  const address = [DW.baseRegister | base, ...signed(offset)];
  return [DW.expression, ...unsigned(register), ...unsigned(address.length), ...address];
};
/** The caller's stack pointer itself was saved `offset` bytes above a register's value. */
export const frameSavedAbove = (base: number, offset: number): number[] => {
  const value = [DW.baseRegister | base, ...signed(offset), DW.dereference];
  return [DW.defineCfaExpression, ...unsigned(value.length), ...value];
};

/** A convention of calls, as far as frames go. */
export interface FrameConvention {
  readonly wordBytes: 4 | 8;
  /** DWARF numbers of the stack pointer and of the column that stands for the return address. */
  readonly stackPointer: number;
  readonly returnColumn: number;
}

/** A stretch of code with its unwinding. */
export interface FramedCode {
  readonly start: number;
  readonly lengthInBytes: number;
  readonly program: FrameProgram;
  /** The frame of a signal: its return address is an instruction that was interrupted, not one after a call. */
  readonly isSignalFrame: boolean;
}

/** The bytes of .eh_frame and where each function's entry is in them. */
export function frameSection(
  convention: FrameConvention,
  codes: readonly FramedCode[],
  sectionAddress: number,
): { readonly bytes: number[]; readonly entries: readonly { readonly start: number; readonly at: number }[] } {
  const bytes: number[] = [];
  const entries: { start: number; at: number }[] = [];
  for (const isSignalFrame of [false, true]) {
    const chosen = codes.filter((code) => code.isSignalFrame === isSignalFrame);
    if (chosen.length === 0) continue;
    const common = bytes.length;
    bytes.push(...record(convention, commonEntry(convention, isSignalFrame)));
    for (const { start, lengthInBytes, program } of chosen) {
      const at = bytes.length;
      // The pointer back to the common entry counts from itself, 4 bytes into the record; so does the address of the code, at 8.
      const head = integers([4, at + 4 - common], [4, start - (sectionAddress + at + 8)], [4, lengthInBytes], [1, 0]);
      bytes.push(...record(convention, [...head, ...program]));
      entries.push({ start, at });
    }
  }
  bytes.push(...integersOf(4, [0]));
  return { bytes, entries };
}

function commonEntry({ stackPointer, returnColumn, wordBytes }: FrameConvention, isSignalFrame: boolean): number[] {
  const start = isSignalFrame
    ? []
    : [DW.defineCfa, ...unsigned(stackPointer), ...unsigned(wordBytes), ...savedBelow(returnColumn, 1)];
  return [
    ...integers([4, 0], [1, 1]),
    ...zeroTerminated(isSignalFrame ? 'zRS' : 'zR'),
    ...unsigned(1),
    ...signed(-wordBytes),
    ...unsigned(returnColumn),
    ...unsigned(1),
    ENCODING.relative,
    ...start,
  ];
}

/** A record with its length in front, padded with DW_CFA_nop. */
function record({ wordBytes }: FrameConvention, content: readonly number[]): number[] {
  const body = padded([0, 0, 0, 0, ...content], wordBytes).slice(4);
  return [...integersOf(4, [body.length]), ...body];
}

/** The bytes of .eh_frame_hdr: a table sorted by address for binary search. */
export function frameIndex(
  entries: readonly { readonly start: number; readonly at: number }[],
  indexAddress: number,
  sectionAddress: number,
): number[] {
  const sorted = [...entries].sort((left, right) => left.start - right.start);
  return [
    ...[1, ENCODING.relative, ENCODING.count, ENCODING.table],
    ...integersOf(4, [sectionAddress - (indexAddress + 4), sorted.length]),
    ...sorted.flatMap(({ start, at }) => integersOf(4, [start - indexAddress, sectionAddress + at - indexAddress])),
  ];
}
