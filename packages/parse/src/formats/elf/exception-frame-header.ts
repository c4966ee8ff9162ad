// PT_GNU_EH_FRAME: the sorted table of function starts that unwinders search (LSB core, ".eh_frame_hdr").
import { ParseError } from '../../parse-error.ts';
import type { ElfFile } from './elf.ts';
import { PT } from './program-header.ts';

/** One row: where a function starts and where its unwind description lies. */
export interface ExceptionFrameEntry {
  readonly start: bigint;
  readonly description: bigint;
}

/** The decoded header. */
export interface ExceptionFrameHeader {
  /** Address of .eh_frame. */
  readonly frames: bigint;
  /** Rows sorted by start; empty when the table is left out. */
  readonly count: number;
  at(index: number): ExceptionFrameEntry;
}

// DW_EH_PE: low four bits give the form, the next three what the value is relative to.
const OMIT = 0xff;
const ABSOLUTE = 0x00;
const PC_RELATIVE = 0x10;
const DATA_RELATIVE = 0x30;

/**
 * Reads the header; undefined when the file has none.
 *
 * @throws ParseError `truncated`, `malformed`; `unsupported` for an encoding no linker writes (strict mode, else undefined).
 */
export function readExceptionFrameHeader(elf: ElfFile): ExceptionFrameHeader | undefined {
  const segment = elf.programHeaders.find(({ type }) => type === PT.GNU_EH_FRAME);
  if (segment === undefined) return undefined;
  const refuse = (code: 'malformed' | 'unsupported', sentence: string) => {
    elf.complain(new ParseError(code, segment.offset, 'elf', sentence));
    return undefined;
  };
  const reader = elf.reader(elf.segmentData(segment));
  if (reader.length < 4) return refuse('malformed', 'PT_GNU_EH_FRAME is too short for its header.');
  const [version, frameEncoding, countEncoding, tableEncoding] = reader.bytes;
  if (version !== 1) return refuse('unsupported', `PT_GNU_EH_FRAME has version ${version}; only 1 exists.`);
  const wordSize = elf.wordSize;
  const bits = 8 * wordSize;
  const sizeOf = (encoding: number) => [wordSize, 0, 2, 4, 8][encoding & 7] ?? 0;
  const decode = (encoding: number, position: number): bigint | undefined => {
    const size = sizeOf(encoding);
    if (size === 0 || encoding >= 0x80 || position + size > reader.length) return undefined;
    const signed = (encoding & 8) !== 0;
    const value =
      size === 2
        ? BigInt(signed ? reader.i16(position) : reader.u16(position))
        : signed
          ? reader.signedWord(position, size as 4 | 8)
          : reader.word(position, size as 4 | 8);
    const base = encoding & 0x70;
    if (base === ABSOLUTE) return value;
    if (base === PC_RELATIVE) return BigInt.asUintN(bits, segment.vaddr + BigInt(position) + value);
    return base === DATA_RELATIVE ? BigInt.asUintN(bits, segment.vaddr + value) : undefined;
  };
  const frames = decode(frameEncoding, 4);
  if (frames === undefined)
    return refuse('unsupported', `PT_GNU_EH_FRAME uses encoding ${frameEncoding} for its pointer.`);
  const countAt = 4 + sizeOf(frameEncoding);
  const rowSize = 2 * sizeOf(tableEncoding);
  if (countEncoding === OMIT || tableEncoding === OMIT) return { frames, count: 0, at: outside };
  const count = decode(countEncoding, countAt);
  const tableAt = countAt + sizeOf(countEncoding);
  if (count === undefined || rowSize === 0)
    return refuse('unsupported', `PT_GNU_EH_FRAME uses encodings ${countEncoding} and ${tableEncoding} for its table.`);
  if (count < 0n || count * BigInt(rowSize) > BigInt(reader.length - tableAt))
    return refuse('malformed', `PT_GNU_EH_FRAME claims ${count} rows, more than it can hold.`);
  if (count > 0n && decode(tableEncoding, tableAt) === undefined)
    return refuse('unsupported', `PT_GNU_EH_FRAME uses encoding ${tableEncoding} for its table.`);
  return {
    frames,
    count: Number(count),
    at(index) {
      if (!(index >= 0 && index < Number(count))) return outside(index);
      const position = tableAt + index * rowSize;
      return { start: decode(tableEncoding, position)!, description: decode(tableEncoding, position + rowSize / 2)! };
    },
  };
}

function outside(index: number): never {
  throw new ParseError('bad-index', 0, 'elf', `The exception frame table has no row ${index}.`);
}
