// The Plan 9 executable header: big-endian on every machine, and the parts of the file it describes (a.out(6)).
import type { ByteSource } from '../../byte-source.ts';
import { ParseError } from '../../parse-error.ts';
import { PLAN9_MACHINES, type Plan9Machine } from './magics.ts';

/** The header's fields and, computed from them, where each part lies in the file. All sizes and offsets are in bytes. */
export interface Plan9Header {
  readonly machine: Plan9Machine;
  /** Sizes as in the header; `text` does not count the header. */
  readonly text: number;
  readonly data: number;
  readonly bss: number;
  readonly syms: number;
  readonly spsz: number;
  readonly pcsz: number;
  /** The 32-bit entry field: the entry point of 32-bit formats, a physical address otherwise. */
  readonly entryField: number;
  /** Where execution starts. */
  readonly entry: bigint;
  readonly textOffset: number;
  readonly dataOffset: number;
  readonly symbolsOffset: number;
  readonly pcTableOffset: number;
}

/** The machine whose magic the bytes start with. */
export function plan9MachineOf(bytes: Uint8Array): Plan9Machine | undefined {
  if (bytes.length < 4) return undefined;
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return PLAN9_MACHINES.find((row) => row.magic === magic);
}

/**
 * Decodes a header without believing it: whether the file holds the parts is the caller's to check.
 *
 * @param bytes the first bytes of the file, 40 or more of them where the machine's header is that long.
 * @returns undefined when the magic is of no known machine or the bytes end inside the header.
 * @example
 * ```ts
 * const header = decodePlan9Header(source.read(0, 40));
 * ```
 */
export function decodePlan9Header(bytes: Uint8Array): Plan9Header | undefined {
  const machine = plan9MachineOf(bytes);
  if (machine === undefined || bytes.length < machine.headerSize) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const field = (index: number) => view.getUint32(4 * index);
  const [text, data, bss, syms, entryField, spsz, pcsz] = [1, 2, 3, 4, 5, 6, 7].map(field);
  const textOffset = machine.headerSize;
  const symbolsOffset = textOffset + text + data;
  return {
    machine,
    text,
    data,
    bss,
    syms,
    spsz,
    pcsz,
    entryField,
    entry: machine.headerSize === 40 ? view.getBigUint64(32) : BigInt(entryField),
    textOffset,
    dataOffset: textOffset + text,
    symbolsOffset,
    pcTableOffset: symbolsOffset + syms + spsz,
  };
}

/**
 * Reads the header and checks that text and data are in the file. Bytes behind the last table are legal.
 *
 * @throws ParseError `bad-magic`, `truncated`.
 */
export function readPlan9Header(source: ByteSource): Plan9Header {
  const bytes = source.read(0, 40);
  if (plan9MachineOf(bytes) === undefined)
    throw new ParseError('bad-magic', 0, 'plan9', 'The input does not start with a Plan 9 a.out magic.');
  const header = decodePlan9Header(bytes);
  if (header === undefined) {
    const sentence = `The file ends after ${bytes.length} bytes, inside the a.out header.`;
    throw new ParseError('truncated', 0, 'plan9', sentence);
  }
  if (header.symbolsOffset > source.size) {
    const sentence = `Header, text and data need ${header.symbolsOffset} bytes; the file has ${source.size}.`;
    throw new ParseError('truncated', source.size, 'plan9', sentence);
  }
  return header;
}
