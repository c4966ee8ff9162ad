// Notes of object files hold addresses that only relocations fill in (SystemTap probes, build attributes): readelf applies them.
import { type ElfFile, type ElfNote, relocationTables, type SectionHeader } from '@elf/parse';

// Relocation types that store symbol + addend, and how many bytes they store, by e_machine (psABI documents).
const ABSOLUTE: Readonly<Record<number, Readonly<Record<number, 4 | 8>>>> = {
  3: { 1: 4 },
  8: { 2: 4, 18: 8 },
  20: { 1: 4 },
  21: { 1: 4, 38: 8 },
  22: { 4: 4, 22: 8 },
  40: { 2: 4 },
  43: { 3: 4, 32: 8, 54: 8 },
  62: { 1: 8, 10: 4, 11: 4 },
  183: { 257: 8, 258: 4 },
  243: { 1: 4, 2: 8 },
  258: { 1: 4, 2: 8 },
};

interface Patch {
  readonly value: bigint;
  readonly size: 4 | 8;
}

/** A function that gives a note of `section` with its relocations applied; undefined when there are none. */
export function noteRelocator(elf: ElfFile, section: SectionHeader): ((note: ElfNote) => ElfNote) | undefined {
  const types = ABSOLUTE[elf.fileHeader.machine];
  if (elf.fileHeader.type !== 1 || types === undefined) return undefined;
  const patches = new Map<number, Patch>();
  for (const table of relocationTables(elf)) {
    if (table.section?.info !== section.index) continue;
    const symbols = elf.symbols(elf.sectionHeaders[table.section.link] ?? 'symtab');
    for (const { offset, type, symbolIndex, addend } of table) {
      const size = types[type];
      if (size === undefined || symbols === undefined || symbolIndex >= symbols.count) continue;
      const place = Number(offset);
      const base = addend ?? storedAddend(elf, section, place, size);
      patches.set(place, { value: symbols.valueAt(symbolIndex) + base, size });
    }
  }
  return patches.size === 0 ? undefined : (note) => patched(elf, section, note, patches);
}

/** A REL entry keeps its addend where the result goes. */
function storedAddend(elf: ElfFile, section: SectionHeader, place: number, size: 4 | 8): bigint {
  const bytes = elf.source.read(Number(section.offset) + place, size);
  return bytes.length < size ? 0n : elf.reader(bytes).signedWord(0, size);
}

function patched(elf: ElfFile, section: SectionHeader, note: ElfNote, patches: ReadonlyMap<number, Patch>): ElfNote {
  const start = Number(note.descriptionOffset - section.offset);
  const description = note.description.slice();
  const view = new DataView(description.buffer);
  for (const [place, { value, size }] of patches) {
    const at = place - start;
    if (at < 0 || at + size > description.length) continue;
    if (size === 8) view.setBigUint64(at, BigInt.asUintN(64, value), elf.fileHeader.littleEndian);
    else view.setUint32(at, Number(BigInt.asUintN(32, value)), elf.fileHeader.littleEndian);
  }
  return { ...note, description };
}
