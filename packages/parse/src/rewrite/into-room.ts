// Program headers into unused bytes of the first page, if need be with the interpreter's path moved out of their way.
import type { ElfFile } from '../formats/elf/elf.ts';
import { type ProgramHeader, PT } from '../formats/elf/program-header.ts';
import { copyHeaderTable, headerFieldOffset, loadHolding, placeIn, wordBytes } from './header-table.ts';
import { freeRanges, pageFiller, withoutRange } from './page-filler.ts';
import { type PageRange, pageUses } from './page-uses.ts';
import type { ClosedWay, PhdrsFirstStrategy } from './phdrs-first.ts';
import { type Patch, patchedCopy, type RewriteChange, type RewritePlan } from './rewrite-plan.ts';

/** A place for the table, and where the interpreter's path goes when it has to. */
interface Room {
  readonly tableOffset: number;
  /** What the bytes under the table were. */
  readonly instead: string;
  readonly interpreter?: { readonly header: ProgramHeader; readonly offset: number; readonly instead: string };
}

/** The result of {@link moveIntoRoom}. */
export interface MovedIntoRoom {
  readonly strategy: PhdrsFirstStrategy;
  readonly tableOffset: number;
  readonly plan: RewritePlan;
}

/** Plans the first two ways of `movePhdrsFirst`, or says why they are closed. */
export function moveIntoRoom(
  elf: ElfFile,
  pageBytes: number,
  alignment: number,
): MovedIntoRoom | { readonly ways: readonly ClosedWay[] } {
  const page = elf.source.read(0, pageBytes);
  const uses = pageUses(elf, page.length);
  const filler = pageFiller(elf, page);
  const wanted = elf.fileHeader.phnum * elf.fileHeader.phentsize;
  const free = freeRanges(filler, uses, page.length);
  const tableOffset = places(elf, free, wanted, alignment).next().value;
  if (tableOffset !== undefined) {
    const room = { tableOffset, instead: whatIs(filler, tableOffset, wanted) };
    return { strategy: 'free room', tableOffset, plan: planFor(elf, room) };
  }
  const largest = free.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const noRoom: ClosedWay = {
    way: 'free room',
    sentence: `The table needs ${wanted} bytes; the largest provably unused range of the first page that a PT_LOAD maps has at most ${largest}.`,
  };
  const beside = besideInterpreter(elf, filler, uses, page.length, alignment);
  if ('sentence' in beside) return { ways: [noRoom, beside] };
  return {
    strategy: 'room beside the interpreter path',
    tableOffset: beside.tableOffset,
    plan: planFor(elf, beside),
  };
}

/** Aligned offsets at which `wanted` bytes are free and mapped for reading, lowest first. */
function* places(
  elf: ElfFile,
  free: readonly PageRange[],
  wanted: number,
  alignment: number,
): Generator<number, undefined> {
  for (const { start, end } of free) {
    for (let at = Math.ceil(start / alignment) * alignment; at + wanted <= end; at += alignment) {
      const load = loadHolding(elf, at, wanted);
      if (load && isReadable(load)) yield at;
    }
  }
  return undefined;
}

const PF_R = 4;
const isReadable = ({ flags }: ProgramHeader) => (flags & PF_R) !== 0;

function besideInterpreter(
  elf: ElfFile,
  filler: readonly PageRange[],
  uses: readonly PageRange[],
  pageBytes: number,
  alignment: number,
): Room | ClosedWay {
  const wanted = elf.fileHeader.phnum * elf.fileHeader.phentsize;
  const closed = (sentence: string): ClosedWay => ({ way: 'room beside the interpreter path', sentence });
  const header = elf.programHeaders.find(({ type }) => type === PT.INTERP);
  if (header === undefined) return closed('There is no PT_INTERP that could make room.');
  const [start, length] = [Number(header.offset), Number(header.filesz)];
  const isPath = (use: PageRange) => use.start === start && use.end === start + length;
  const others = uses.filter((use) => !isPath(use));
  const path = { start, end: start + length, what: 'the former path of the interpreter' };
  const free = freeRanges([...filler, path], others, pageBytes);
  for (const tableOffset of places(elf, free, wanted, alignment)) {
    const left = withoutRange(free, tableOffset, tableOffset + wanted);
    const offset = places(elf, left, length, 1).next().value;
    if (offset === undefined) continue;
    const interpreter = { header, offset, instead: whatIs([...filler, path], offset, length) };
    return { tableOffset, instead: whatIs([...filler, path], tableOffset, wanted), interpreter };
  }
  return closed(`Even without the ${length} bytes of the interpreter's path there is no room for ${wanted} bytes.`);
}

/** What the bytes of a chosen range were. */
function whatIs(filler: readonly PageRange[], offset: number, length: number): string {
  const parts = filler
    .map(({ start, end, what }) => ({ start: Math.max(start, offset), end: Math.min(end, offset + length), what }))
    .filter(({ start, end }) => end > start);
  return freeRanges(parts, [], offset + length)
    .map(({ what }) => what)
    .join(', ');
}

function planFor(elf: ElfFile, room: Room): RewritePlan {
  const { tableOffset, interpreter } = room;
  const table = copyHeaderTable(elf);
  const size = BigInt(table.bytes.length);
  const patches: Patch[] = [
    { offset: headerFieldOffset(elf, 'phoff'), bytes: wordBytes(elf, BigInt(tableOffset)) },
    { offset: tableOffset, bytes: table.bytes },
  ];
  const changes: RewriteChange[] = [
    change(patches[0], `e_phoff: ${elf.fileHeader.phoff} becomes ${tableOffset}`),
    change(patches[1], `the program headers, in place of ${room.instead}`),
  ];
  for (const { index, type } of elf.programHeaders) {
    if (type !== PT.PHDR) continue;
    table.set(index, { ...placeOf(elf, tableOffset, table.bytes.length), filesz: size, memsz: size });
  }
  if (interpreter) {
    const { header, offset } = interpreter;
    const path = elf.segmentData(header).slice();
    const place = placeOf(elf, offset, path.length);
    table.set(header.index, place);
    const moved = { offset, bytes: path };
    patches.push(moved);
    changes.push(change(moved, `the path of the interpreter, in place of ${interpreter.instead}`));
    for (const patch of movedSections(elf, header, offset, place.vaddr)) {
      patches.push(patch);
      changes.push(change(patch, 'address and offset of the section that holds the path'));
    }
  }
  return {
    size: elf.source.size,
    pieces: patchedCopy(elf.source.size, patches),
    changes: changes.sort((a, b) => a.offset - b.offset),
  };
}

/** sh_addr and sh_offset, which are neighbours, of the sections that are the interpreter's path. */
function movedSections(elf: ElfFile, header: ProgramHeader, offset: number, address: bigint): Patch[] {
  const { fileHeader, wordSize } = elf;
  return elf.sectionHeaders
    .filter((section) => section.offset === header.offset && section.size === header.filesz && section.size > 0n)
    .map(({ index }) => {
      const bytes = new Uint8Array(2 * wordSize);
      bytes.set(wordBytes(elf, address));
      bytes.set(wordBytes(elf, BigInt(offset)), wordSize);
      return { offset: Number(fileHeader.shoff) + index * fileHeader.shentsize + 8 + wordSize, bytes };
    });
}

/** Every range this file chooses lies in a PT_LOAD: `places` asked for it. */
function placeOf(elf: ElfFile, offset: number, size: number) {
  const load = loadHolding(elf, offset, size);
  if (load === undefined) throw new Error(`No PT_LOAD maps the ${size} bytes at ${offset} that were chosen.`);
  return placeIn(load, offset);
}

function change({ offset, bytes }: Patch, sentence: string): RewriteChange {
  return { offset, length: bytes.length, sentence };
}
