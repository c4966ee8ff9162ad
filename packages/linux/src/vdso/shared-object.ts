// A shared object made from functions given as bytes: its sections laid out, and the headers around them.
import { integers, integersOf, type Width } from './byte-layout.ts';
import { codeOffsets, nameSection, type ObjectParts, type Place, type Section, sectionsOf } from './object-sections.ts';
import { StringTable } from './symbol-tables.ts';

/** A finished image, linked at 0. */
export interface SharedObject {
  readonly bytes: Uint8Array;
  /** Addresses of its functions by name. */
  readonly addresses: ReadonlyMap<string, number>;
}

const PT = { LOAD: 1, DYNAMIC: 2, NOTE: 4, GNU_EH_FRAME: 0x6474_e550 } as const;
const PF = { R: 4, RX: 5 } as const;
const ET_DYN = 3;
const PROGRAM_HEADERS = 4;
/** Sizes of the three kinds of headers (gABI, ELF Header, Program Header, Sections). */
const HEADER_BYTES = {
  4: { file: 52, program: 32, section: 40 },
  8: { file: 64, program: 56, section: 64 },
} as const;

/**
 * Lays the object out and fills its tables.
 * @param pageBytes alignment of its one segment.
 * @example
 * const { bytes, addresses } = sharedObject(parts, 4096);
 */
export function sharedObject(parts: ObjectParts, pageBytes: number): SharedObject {
  const { wordBytes } = parts.convention;
  const headers = HEADER_BYTES[wordBytes];
  const mapped = sectionsOf(parts);
  const names = new StringTable([...mapped.map(({ name }) => name), '.shstrtab']);
  const sections = [...mapped, nameSection(names)];
  const places = new Map<string, number>();
  let end = headers.file + headers.program * PROGRAM_HEADERS;
  for (const section of sections) {
    const start = Math.ceil(end / section.alignment) * section.alignment;
    places.set(section.name, start);
    // Its length is the same wherever it is, so any addresses do to measure it.
    end = start + section.content(() => 0).length;
  }
  const place: Place = (name) => places.get(name) ?? 0;
  const sectionTable = Math.ceil(end / wordBytes) * wordBytes;
  const bytes = new Uint8Array(sectionTable + headers.section * (sections.length + 1));
  for (const section of sections) bytes.set(section.content(place), place(section.name));
  const offsets = codeOffsets(parts.functions);
  const addresses = new Map(
    parts.functions.flatMap(({ names }, index) =>
      names.map((name) => [name, place('.text') + offsets[index]] as const),
    ),
  );
  const entry = parts.entry === undefined ? 0 : (addresses.get(parts.entry) ?? 0);
  bytes.set(fileHeader(parts, entry, sectionTable, sections.length + 1));
  bytes.set(programHeaders(wordBytes, mapped, place, pageBytes), headers.file);
  bytes.set(sectionHeaders(wordBytes, sections, place, names), sectionTable);
  return { bytes, addresses };
}

function fileHeader(parts: ObjectParts, entry: number, sectionTable: number, sectionCount: number): number[] {
  const { wordBytes } = parts.convention;
  const headers = HEADER_BYTES[wordBytes];
  return [
    ...[0x7f, 0x45, 0x4c, 0x46, wordBytes / 4, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...integers([2, ET_DYN], [2, parts.machine], [4, 1]),
    ...integersOf(wordBytes, [entry, headers.file, sectionTable]),
    ...integers([4, 0], [2, headers.file], [2, headers.program], [2, PROGRAM_HEADERS]),
    ...integersOf(2, [headers.section, sectionCount, sectionCount - 1]),
  ];
}

function programHeaders(word: 4 | 8, mapped: readonly Section[], place: Place, pageBytes: number): number[] {
  const sizeOf = (name: string) => mapped.find((section) => section.name === name)?.content(place).length ?? 0;
  const end = place('.text') + sizeOf('.text');
  const header = (type: number, flags: number, start: number, size: number, alignment: number) => {
    const rest = [start, start, start, size, size] as const;
    return word === 8
      ? [...integersOf(4, [type, flags]), ...integersOf(8, [...rest, alignment])]
      : integersOf(4, [type, ...rest, flags, alignment]);
  };
  const section = (type: number, name: string, alignment: number) =>
    header(type, PF.R, place(name), sizeOf(name), alignment);
  return [
    ...header(PT.LOAD, PF.RX, 0, end, pageBytes),
    ...section(PT.DYNAMIC, '.dynamic', word),
    ...section(PT.NOTE, '.note', 4),
    ...section(PT.GNU_EH_FRAME, '.eh_frame_hdr', 4),
  ];
}

function sectionHeaders(word: 4 | 8, sections: readonly Section[], place: Place, names: StringTable): number[] {
  const indexOf = (name: string | undefined) => 1 + sections.findIndex((section) => section.name === name);
  const empty = new Array<number>(HEADER_BYTES[word].section).fill(0);
  const rows = sections.map(({ name, type, flags, alignment, link, info, entryBytes, content }) => {
    const wide: Width = word;
    const address = flags === 0 ? 0 : place(name);
    return [
      ...integers([4, names.offsetOf(name)], [4, type], [wide, flags]),
      ...integersOf(wide, [address, place(name), content(place).length]),
      ...integers([4, indexOf(link)], [4, info ?? 0], [wide, alignment], [wide, entryBytes ?? 0]),
    ];
  });
  return [...empty, ...rows.flat()];
}
