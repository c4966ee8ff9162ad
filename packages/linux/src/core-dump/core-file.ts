// The ELF core file itself: header, PT_NOTE, a PT_LOAD for each area, and their bytes with holes where nothing was touched.
import type { OpenFile, Process } from '@elf/kernel';
import { GUEST_PAGE_BYTES, guestPageCeiling } from '@elf/mm';
import { PF, PT } from '@elf/parse';
import { dumpedBytes } from './core-filter.ts';
import { encodeNotes, type Note } from './core-notes.ts';

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const ET_CORE = 4;
const EM_X86_64 = 62;
/** ELF64, little-endian, version 1. */
const IDENTIFICATION = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1];

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly start: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly align: number;
}

/**
 * Writes a core file of a process into an empty file.
 * @param limitInBytes RLIMIT_CORE: the file ends there.
 * @returns false when the file takes no more before that.
 */
export function writeCore(
  file: OpenFile,
  process: Process,
  notes: readonly Note[],
  filter: number,
  limitInBytes: number,
): boolean {
  const noteBytes = encodeNotes(notes);
  const segments = layOut(process, noteBytes.length, filter);
  const write = (bytes: Uint8Array, offset: number) => {
    const part = bytes.subarray(0, Math.max(0, limitInBytes - offset));
    return part.length === 0 || file.write(part, offset) === part.length;
  };
  if (!write(headers(segments), 0) || !write(noteBytes, segments[0].offset)) return false;
  let isWritten = true;
  for (const { type, offset, start, filesz } of segments) {
    if (type !== PT.LOAD || filesz === 0) continue;
    process.space.peek(start, start + filesz, (page, bytes) => {
      isWritten &&= write(bytes, offset + (page - start));
    });
  }
  const last = segments[segments.length - 1];
  const size = Math.min(limitInBytes, last.offset + last.filesz);
  return isWritten && (file.truncate?.(size) ?? 0) === 0;
}

/** PT_NOTE first, then the areas from the next page of the file on. */
function layOut({ space }: Process, noteBytes: number, filter: number): Segment[] {
  const { areas } = space;
  const notesAt = HEADER_BYTES + (areas.length + 1) * PROGRAM_HEADER_BYTES;
  const notes = { type: PT.NOTE, flags: 0, offset: notesAt, start: 0, filesz: noteBytes, memsz: 0, align: 4 };
  const segments: Segment[] = [notes];
  let offset = guestPageCeiling(notesAt + noteBytes);
  for (const area of areas) {
    const filesz = dumpedBytes(area, filter);
    const { start, protection } = area;
    const flags = (protection & 1 ? PF.R : 0) | (protection & 2 ? PF.W : 0) | (protection & 4 ? PF.X : 0);
    segments.push({ type: PT.LOAD, flags, offset, start, filesz, memsz: area.end - start, align: GUEST_PAGE_BYTES });
    offset += filesz;
  }
  return segments;
}

function headers(segments: readonly Segment[]): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + segments.length * PROGRAM_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const long = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  bytes.set(IDENTIFICATION);
  view.setUint16(16, ET_CORE, true);
  view.setUint16(18, EM_X86_64, true);
  view.setUint32(20, 1, true);
  long(32, HEADER_BYTES);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  // A process has at most vm.max_map_count (65530) areas, so the count fits e_phnum.
  view.setUint16(56, segments.length, true);
  segments.forEach(({ type, flags, offset, start, filesz, memsz, align }, index) => {
    const at = HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, flags, true);
    [offset, start, 0, filesz, memsz, align].forEach((value, word) => {
      long(at + 8 + word * 8, value);
    });
  });
  return bytes;
}
