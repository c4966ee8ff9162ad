// What several rules of several loaders compute from an ELF candidate: table size, PT_INTERP, the PT_LOADs and their span.
import { roundUp } from '@elf/pagesize';
import { decodeText, type ProgramHeader, PT } from '@elf/parse';
import { incongruence, totalMappingBytes } from '../map-image.ts';
import type { ElfCandidate } from './elf-rule.ts';

/** Bytes of the program header table by e_phnum and the ABI's entry size. */
export function tableBytes({ header, abi }: ElfCandidate): number {
  return header.phnum * abi.programHeaderBytes;
}

/** The PT_INTERP a loader looks at when it takes the first or the last one. */
export function interpreterHeader(
  { programHeaders }: Pick<ElfCandidate, 'programHeaders'>,
  which: 'first' | 'last',
): ProgramHeader | undefined {
  const isInterpreter = ({ type }: ProgramHeader) => type === PT.INTERP;
  return which === 'first' ? programHeaders.find(isInterpreter) : programHeaders.findLast(isInterpreter);
}

/** PT_LOADs in table order. */
export function loadsOf({ programHeaders }: Pick<ElfCandidate, 'programHeaders'>): ProgramHeader[] {
  return programHeaders.filter(({ type }) => type === PT.LOAD);
}

/** Bytes from the lowest to the highest PT_LOAD; 0 when there is none or the fields wrap around. */
export function loadSpan(candidate: Pick<ElfCandidate, 'programHeaders'>): bigint {
  return totalMappingBytes(loadsOf(candidate));
}

/** One note of a PT_NOTE segment. */
export interface NoteHeader {
  /** The owner's name with its NUL, as many bytes as n_namesz says. */
  readonly name: Uint8Array;
  readonly type: number;
  readonly description: Uint8Array;
}

const NOTE_HEADER_BYTES = 12;
const NOTE_ALIGNMENT = 4;
/** What is read of all PT_NOTEs together at most, whatever a file claims. */
const MAXIMUM_NOTE_BYTES = 256 * 1024;

/**
 * Notes of all PT_NOTE segments that are small enough for the loader.
 * @param maximumSegmentBytes larger segments are skipped.
 * @param maximumNotes per segment.
 */
export function* notesOf(
  candidate: ElfCandidate,
  maximumSegmentBytes: number,
  maximumNotes: number,
): Generator<NoteHeader> {
  let budget = MAXIMUM_NOTE_BYTES;
  for (const { type, offset, filesz } of candidate.programHeaders) {
    if (type !== PT.NOTE || filesz > BigInt(maximumSegmentBytes) || filesz > BigInt(budget)) continue;
    budget -= Number(filesz);
    yield* notesIn(candidate.read(offset, Number(filesz)), maximumNotes);
  }
}

function* notesIn(bytes: Uint8Array, maximumNotes: number): Generator<NoteHeader> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (let count = 0; count < maximumNotes && at + NOTE_HEADER_BYTES <= bytes.length; count++) {
    const nameBytes = view.getUint32(at, true);
    const descriptionBytes = view.getUint32(at + 4, true);
    const nameAt = at + NOTE_HEADER_BYTES;
    const descriptionAt = nameAt + roundUp(nameBytes, NOTE_ALIGNMENT);
    if (descriptionAt + descriptionBytes > bytes.length) return;
    yield {
      name: bytes.subarray(nameAt, nameAt + nameBytes),
      type: view.getUint32(at + 8, true),
      description: bytes.subarray(descriptionAt, descriptionAt + descriptionBytes),
    };
    at = descriptionAt + roundUp(descriptionBytes, NOTE_ALIGNMENT);
  }
}

/** The text of PT_INTERP up to its NUL, when it can be read whole. */
export function interpreterName(candidate: ElfCandidate, which: 'first' | 'last'): string | undefined {
  const header = interpreterHeader(candidate, which);
  if (header === undefined || header.filesz > MAXIMUM_NAME_BYTES) return undefined;
  const bytes = candidate.read(header.offset, Number(header.filesz));
  if (bytes.length < Number(header.filesz)) return undefined;
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

/** PATH_MAX of Linux, the largest of all loaders. */
const MAXIMUM_NAME_BYTES = 4096n; // not a page size: PATH_MAX

/** Why a segment with bytes in the file cannot be mapped in pages; undefined when it can. */
export function congruence(segment: ProgramHeader, pageBytes: number): string | undefined {
  const page = BigInt(pageBytes);
  if (segment.filesz === 0n || segment.offset % page === segment.vaddr % page) return undefined;
  return incongruence(segment, pageBytes);
}
