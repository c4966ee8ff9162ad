// Which bytes of the first page are provably nothing: filler, or outdated copies of what headers now say is elsewhere.
import { ByteReader } from '../byte-reader.ts';
import type { ElfFile } from '../formats/elf/elf.ts';
import { decodeProgramHeader, type ProgramHeader, PT } from '../formats/elf/program-header.ts';
import { SHF, SHT } from '../formats/elf/section-header.ts';
import type { PageRange } from './page-uses.ts';

/** Bytes that tools leave where something was: zeros, and patchelf's X and Z. */
const FILLERS: readonly number[] = [0, 0x58, 0x5a];
const SHORTEST_RUN = 4;
/** A note shorter than its header cannot be told from chance. */
const SHORTEST_NOTE = 16;

/**
 * Ranges of the first page whose bytes mean nothing. What lies between the sections of a linked file is padding; so this
 * needs section headers, except for program header tables, which describe themselves.
 */
export function pageFiller(elf: ElfFile, page: Uint8Array): readonly PageRange[] {
  const filler: PageRange[] = [];
  const { phoff, phnum, phentsize } = elf.fileHeader;
  const table = Number(phoff);
  const current = 'the present program header table';
  if (table < page.length) {
    filler.push({ start: table, end: Math.min(page.length, table + phnum * phentsize), what: current });
  }
  const outdated = outdatedTable(elf, page);
  if (outdated) filler.push(outdated);
  if (elf.sectionHeaders.length > 0) filler.push(...runs(page), ...outdatedNotes(elf, page));
  return filler;
}

/** Runs of one filler byte. */
function runs(page: Uint8Array): PageRange[] {
  const found: PageRange[] = [];
  for (let start = 0; start < page.length; ) {
    let end = start + 1;
    while (end < page.length && page[end] === page[start]) end++;
    if (FILLERS.includes(page[start]) && end - start >= (page[start] === 0 ? 1 : SHORTEST_RUN)) {
      found.push({ start, end, what: page[start] === 0 ? 'zeros' : 'filler of patchelf' });
    }
    start = end;
  }
  return found;
}

/**
 * A table that used to be right behind the file header, as linkers place it: it starts with a PT_PHDR that names this very
 * place and its own size, and its other entries are of types that the present table has.
 */
function outdatedTable(elf: ElfFile, page: Uint8Array): PageRange | undefined {
  const { fileHeaderSize: start, programHeaderSize } = elf.layout;
  const present = elf.programHeaders;
  if (elf.fileHeader.phoff === BigInt(start) || start + programHeaderSize > page.length) return undefined;
  const reader = new ByteReader(page, elf.fileHeader.littleEndian);
  const entryAt = (index: number): ProgramHeader =>
    decodeProgramHeader(reader, start + index * programHeaderSize, index, elf.wordSize);
  const own = entryAt(0);
  const count = Number(own.filesz) / programHeaderSize;
  const end = start + count * programHeaderSize;
  if (own.type !== PT.PHDR || own.offset !== BigInt(start) || !Number.isInteger(count) || end > page.length)
    return undefined;
  for (let index = 1; index < count; index++) {
    const { type } = entryAt(index);
    if (!present.some((header) => header.type === type)) return undefined;
  }
  return { start, end, what: 'an outdated program header table' };
}

/** Copies of notes whose sections now lie elsewhere: notes are found through headers only, so nobody looks here any more. */
function outdatedNotes(elf: ElfFile, page: Uint8Array): PageRange[] {
  const found: PageRange[] = [];
  for (const section of elf.sectionHeaders) {
    const { type, flags, offset, size } = section;
    const isElsewhere = type === SHT.NOTE && (flags & SHF.ALLOC) !== 0n && offset >= BigInt(page.length);
    if (!isElsewhere || size < BigInt(SHORTEST_NOTE) || size > BigInt(page.length)) continue;
    const bytes = elf.sectionData(section);
    const start = findBytes(page, bytes);
    const what = `an outdated copy of section ${elf.sectionName(section) || section.index}`;
    if (start >= 0) found.push({ start, end: start + bytes.length, what });
  }
  return found;
}

/** First 4-aligned place of `part` in `whole`, or -1. */
function findBytes(whole: Uint8Array, part: Uint8Array): number {
  for (let start = 0; start + part.length <= whole.length; start += 4) {
    let length = 0;
    while (length < part.length && whole[start + length] === part[length]) length++;
    if (length === part.length) return start;
  }
  return -1;
}

/** The parts of `filler` that no use covers, joined where they touch, in order. */
export function freeRanges(
  filler: readonly PageRange[],
  uses: readonly PageRange[],
  pageBytes: number,
): readonly PageRange[] {
  // One label a byte: 0 for not free, else 1 + the index of the filler. The longest filler wins: a structure that was
  // recognised says more than the zeros inside it.
  const labels = new Uint16Array(pageBytes);
  const byLength = filler.toSorted((a, b) => a.end - a.start - (b.end - b.start));
  byLength.forEach(({ start, end }, index) => {
    labels.fill(index + 1, start, end);
  });
  for (const { start, end } of uses) labels.fill(0, start, end);
  const free: PageRange[] = [];
  for (let start = 0; start < pageBytes; start++) {
    if (labels[start] === 0) continue;
    let end = start + 1;
    while (end < pageBytes && labels[end] !== 0) end++;
    const names = new Set([...new Set(labels.subarray(start, end))].map((label) => byLength[label - 1].what));
    free.push({ start, end, what: [...names].join(', ') });
    start = end;
  }
  return free;
}

/** What is left of ranges without the bytes [start, end). */
export function withoutRange(ranges: readonly PageRange[], start: number, end: number): readonly PageRange[] {
  return ranges
    .flatMap((range) => [
      { ...range, end: Math.min(range.end, start) },
      { ...range, start: Math.max(range.start, end) },
    ])
    .filter((range) => range.end > range.start);
}
