// The ELF core file itself: header, PT_NOTE, a PT_LOAD for each area, and their bytes with holes where nothing was touched.
import type { OpenFile, Process } from '@elf/kernel';
import { type AddressSpace, GUEST_PAGE_BYTES, guestPageCeiling } from '@elf/mm';
import { PF, PT } from '@elf/parse';
import { dumpedBytes } from './core-filter.ts';
import { encodeNotes } from './core-notes.ts';
import type { Note } from './note.ts';

const ET_CORE = 4;
/** ELF's two classes: sizes of the headers, EI_CLASS and e_machine. */
const CLASSES = {
  64: { headerBytes: 64, programHeaderBytes: 56, class: 2, machine: 62 },
  32: { headerBytes: 52, programHeaderBytes: 32, class: 1, machine: 3 },
} as const;
/** Before and behind EI_CLASS: the magic; little-endian, version 1. */
const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const ENCODING = [1, 1];

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly start: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly align: number;
}

/** What a core file is made of besides memory. */
export interface CoreContent {
  readonly notes: readonly Note[];
  /** /proc/PID/coredump_filter. */
  readonly filter: number;
  /** ELF64 or ELF32, as the program that died. */
  readonly mode: 32 | 64;
}

/**
 * Writes a core file of a process into an empty file.
 * @param limitInBytes RLIMIT_CORE: the file ends there.
 * @returns false when the file takes no more before that.
 */
export function writeCore(file: OpenFile, { space }: Process, content: CoreContent, limitInBytes: number): boolean {
  const noteBytes = encodeNotes(content.notes);
  const segments = layOut(space, noteBytes.length, content);
  const write = (bytes: Uint8Array, offset: number) => {
    const part = bytes.subarray(0, Math.max(0, limitInBytes - offset));
    return part.length === 0 || file.write(part, offset) === part.length;
  };
  if (!write(headers(segments, content.mode), 0) || !write(noteBytes, segments[0].offset)) return false;
  let isWritten = true;
  for (const { type, offset, start, filesz } of segments) {
    if (type !== PT.LOAD || filesz === 0) continue;
    space.peek(start, start + filesz, (page, bytes) => {
      isWritten &&= write(bytes, offset + (page - start));
    });
  }
  const last = segments[segments.length - 1];
  const size = Math.min(limitInBytes, last.offset + last.filesz);
  return isWritten && (file.truncate?.(size) ?? 0) === 0;
}

/** The same as a stream: every byte in order, zeros where the file would have holes. */
export function* coreBytes(space: AddressSpace, content: CoreContent): Generator<Uint8Array> {
  const noteBytes = encodeNotes(content.notes);
  const segments = layOut(space, noteBytes.length, content);
  yield headers(segments, content.mode);
  yield noteBytes;
  const zeros = new Uint8Array(GUEST_PAGE_BYTES);
  const notesEnd = segments[0].offset + noteBytes.length;
  yield zeros.subarray(0, guestPageCeiling(notesEnd) - notesEnd);
  for (const { type, start, filesz } of segments) {
    if (type !== PT.LOAD) continue;
    for (let page = start; page < start + filesz; page += GUEST_PAGE_BYTES) {
      let bytes = zeros;
      space.peek(page, page + GUEST_PAGE_BYTES, (_, found) => {
        bytes = found.slice();
      });
      yield bytes;
    }
  }
}

/** PT_NOTE first, then the areas from the next page of the file on. */
function layOut(space: AddressSpace, noteBytes: number, { filter, mode }: CoreContent): Segment[] {
  const { areas } = space;
  const { headerBytes, programHeaderBytes } = CLASSES[mode];
  const notesAt = headerBytes + (areas.length + 1) * programHeaderBytes;
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

function headers(segments: readonly Segment[], mode: 32 | 64): Uint8Array {
  const { headerBytes, programHeaderBytes, class: elfClass, machine } = CLASSES[mode];
  const bytes = new Uint8Array(headerBytes + segments.length * programHeaderBytes);
  const view = new DataView(bytes.buffer);
  bytes.set([...MAGIC, elfClass, ...ENCODING]);
  view.setUint16(16, ET_CORE, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  writeWord(view, mode === 64 ? 32 : 28, headerBytes, mode);
  const sizesAt = headerBytes - 12;
  view.setUint16(sizesAt, headerBytes, true);
  view.setUint16(sizesAt + 2, programHeaderBytes, true);
  // A process has at most vm.max_map_count (65530) areas, so the count fits e_phnum.
  view.setUint16(sizesAt + 4, segments.length, true);
  segments.forEach(({ type, flags, offset, start, filesz, memsz, align }, index) => {
    const at = headerBytes + index * programHeaderBytes;
    view.setUint32(at, type, true);
    const words = [offset, start, 0, filesz, memsz];
    // p_flags stand before p_align in ELF32 and behind p_type in ELF64.
    view.setUint32(at + (mode === 64 ? 4 : 24), flags, true);
    const [firstAt, alignAt] = mode === 64 ? [at + 8, at + 48] : [at + 4, at + 28];
    words.forEach((word, number) => {
      writeWord(view, firstAt + (number * mode) / 8, word, mode);
    });
    writeWord(view, alignAt, align, mode);
  });
  return bytes;
}

function writeWord(view: DataView, at: number, value: number, mode: 32 | 64): void {
  if (mode === 64) view.setBigUint64(at, BigInt(value), true);
  else view.setUint32(at, value, true);
}
