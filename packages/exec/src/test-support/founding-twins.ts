// Sparse twins of the binaries the project started from: their headers, notes and section names at the real places, zeros elsewhere.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ByteSource, encodeText } from '@elf/parse';

const RECORDED = fileURLToPath(new URL('../../vectors/founding-headers.json', import.meta.url));
const SECTION_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const FILE_HEADER_BYTES = 64;
const PT_INTERP = 3;

/** What native/record-founding-headers.ts wrote about one file. Addresses and sizes are hexadecimal text. */
interface RecordedFile {
  readonly name: string;
  readonly fileBytes: number;
  readonly header: {
    readonly ident: readonly number[];
    readonly type: number;
    readonly machine: number;
    readonly version: number;
    readonly entry: string;
    readonly phoff: number;
    readonly shoff: number;
    readonly flags: number;
    readonly ehsize: number;
    readonly phentsize: number;
    readonly phnum: number;
    readonly shentsize: number;
    readonly shnum: number;
    readonly shstrndx: number;
  };
  readonly interpreter: string;
  /** type, flags, offset, vaddr, paddr, filesz, memsz, align. */
  readonly segments: readonly (readonly string[])[];
  /** offset, descriptor offset, owner, size of the owner's name, type, descriptor size, words of an ABI tag. */
  readonly notes: readonly (readonly [string, string, string, number, number, number, readonly number[]])[];
  /** name, sh_name, type, flags, address, offset, size, link, info, alignment, entry size. */
  readonly sections: readonly (readonly [string, number, ...string[]])[];
}

/** One run of bytes of a twin. */
interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

let recorded: readonly RecordedFile[] | undefined;

function files(): readonly RecordedFile[] {
  recorded ??= JSON.parse(readFileSync(RECORDED, 'utf8')) as RecordedFile[];
  return recorded;
}

/** Names of the files: claude-2.1.110, claude-2.1.126, claude-2.1.329, copilot-1.0.49, copilot-1.0.102. */
export function foundingNames(): readonly string[] {
  return files().map(({ name }) => name);
}

/**
 * A file of the size of the original with its file header, program headers, section headers and names, PT_INTERP and note
 * headers; every other byte reads as zero. Costs a few KiB whatever the size. claude-2.1.126 has no sections and no notes.
 * @example
 * judgeImage(linuxProfile, foundingTwin('copilot-1.0.102')).accepted // true
 */
export function foundingTwin(name: string): ByteSource {
  const file = files().find((row) => row.name === name);
  if (file === undefined)
    throw new Error(`no founding binary is called ${name}; there are ${foundingNames().join(', ')}`);
  const pieces = [fileHeader(file), ...programHeaders(file), ...notes(file), ...sections(file)];
  return { size: file.fileBytes, read: (offset, length) => readPieces(pieces, file.fileBytes, offset, length) };
}

function readPieces(pieces: readonly Piece[], size: number, offset: number, length: number): Uint8Array {
  const result = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
  for (const piece of pieces) {
    const from = Math.max(offset, piece.offset);
    const to = Math.min(offset + result.length, piece.offset + piece.bytes.length);
    if (from < to) result.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
  }
  return result;
}

function fileHeader({ header }: RecordedFile): Piece {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(header.ident);
  view.setUint16(16, header.type, true);
  view.setUint16(18, header.machine, true);
  view.setUint32(20, header.version, true);
  view.setBigUint64(24, BigInt(header.entry), true);
  view.setBigUint64(32, BigInt(header.phoff), true);
  view.setBigUint64(40, BigInt(header.shoff), true);
  view.setUint32(48, header.flags, true);
  const { ehsize, phentsize, phnum, shentsize, shnum, shstrndx } = header;
  for (const [index, half] of [ehsize, phentsize, phnum, shentsize, shnum, shstrndx].entries()) {
    view.setUint16(52 + 2 * index, half, true);
  }
  return { offset: 0, bytes };
}

/** The table and the name PT_INTERP points to. */
function programHeaders({ header, segments, interpreter }: RecordedFile): Piece[] {
  const view = new DataView(new ArrayBuffer(segments.length * PROGRAM_HEADER_BYTES));
  const pieces: Piece[] = [{ offset: header.phoff, bytes: new Uint8Array(view.buffer) }];
  for (const [index, [type, flags, ...words]] of segments.entries()) {
    const at = index * PROGRAM_HEADER_BYTES;
    view.setUint32(at, Number(type), true);
    view.setUint32(at + 4, Number(flags), true);
    for (const [field, word] of words.entries()) view.setBigUint64(at + 8 + field * 8, BigInt(word), true);
    if (Number(type) === PT_INTERP) pieces.push({ offset: Number(words[0]), bytes: encodeText(`${interpreter}\0`) });
  }
  return pieces;
}

function notes(file: RecordedFile): Piece[] {
  return file.notes.map(([offset, descriptionAt, owner, nameBytes, type, descriptionBytes, words]) => {
    const start = Number(offset);
    const bytes = new Uint8Array(Number(descriptionAt) - start + words.length * 4);
    const view = new DataView(bytes.buffer);
    for (const [index, word] of [nameBytes, descriptionBytes, type].entries()) view.setUint32(index * 4, word, true);
    bytes.set(encodeText(owner), 12);
    for (const [index, word] of words.entries()) view.setUint32(Number(descriptionAt) - start + index * 4, word, true);
    return { offset: start, bytes };
  });
}

/** The section header table, and each name at its place in the table of names. */
function sections({ header, sections: rows }: RecordedFile): Piece[] {
  if (rows.length === 0) return [];
  const view = new DataView(new ArrayBuffer(rows.length * SECTION_HEADER_BYTES));
  const nameTable = Number(rows[header.shstrndx][5]);
  const pieces: Piece[] = [{ offset: header.shoff, bytes: new Uint8Array(view.buffer) }];
  for (const [index, [name, nameOffset, ...fields]] of rows.entries()) {
    const at = index * SECTION_HEADER_BYTES;
    const [type, flags, address, offset, size, link, info, alignment, entryBytes] = fields;
    view.setUint32(at, nameOffset, true);
    view.setUint32(at + 4, Number(type), true);
    for (const [word, value] of [flags, address, offset, size].entries()) {
      view.setBigUint64(at + 8 + word * 8, BigInt(value), true);
    }
    view.setUint32(at + 40, Number(link), true);
    view.setUint32(at + 44, Number(info), true);
    view.setBigUint64(at + 48, BigInt(alignment), true);
    view.setBigUint64(at + 56, BigInt(entryBytes), true);
    pieces.push({ offset: nameTable + nameOffset, bytes: encodeText(`${name}\0`) });
  }
  return pieces;
}
