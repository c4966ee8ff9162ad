// Names for procedure linkage table entries, which have no symbols of their own: the symbol whose GOT slot the entry jumps through.
import { dynamicRelocations, type ElfFile, relocationTables, type SectionHeader } from '@elf/parse';
import { type ListedSymbol, SymbolFlag } from './symbol-list.ts';

/** A dynamic relocation, relative to the listing's origin. */
export interface DynamicSlot {
  readonly address: number;
  readonly symbol: ListedSymbol | undefined;
  readonly addend: bigint;
}

/** The file's dynamic relocations by the address they change. */
export function dynamicSlots(
  elf: ElfFile,
  origin: bigint,
  symbolAt: (index: number) => ListedSymbol | undefined,
): Map<number, DynamicSlot> {
  const slots = new Map<number, DynamicSlot>();
  for (const table of elf.sectionHeaders.length > 0 ? tablesOfSections(elf) : dynamicRelocations(elf))
    for (const { offset, symbolIndex, addend } of table) {
      const address = Number(offset - origin);
      if (!slots.has(address)) slots.set(address, { address, symbol: symbolAt(symbolIndex), addend: addend ?? 0n });
    }
  return slots;
}

/** Relocation sections that are loaded. */
function* tablesOfSections(elf: ElfFile) {
  const SHF_ALLOC = 2n;
  for (const table of relocationTables(elf)) if (((table.section?.flags ?? 0n) & SHF_ALLOC) !== 0n) yield table;
}

const JUMP = 0xff;
/** ModRM of a jump through memory: at a rip-relative or absolute address, and at a distance from ebx. */
const AT_ADDRESS = 0x25;
const FROM_EBX = 0xa3;
/** Bytes of one entry: lazy and second tables have 16, those without lazy binding 8. */
const ENTRY_BYTES: Readonly<Record<string, number>> = { '.plt': 16, '.plt.sec': 16, '.plt.bnd': 16, '.plt.got': 8 };

/** Symbols `name@plt` for the entries of a file's linkage tables. */
export function pltSymbols(elf: ElfFile, origin: bigint, slots: ReadonlyMap<number, DynamicSlot>): ListedSymbol[] {
  if (slots.size === 0) return [];
  const symbols: ListedSymbol[] = [];
  for (const section of elf.sectionHeaders) {
    const width = ENTRY_BYTES[elf.sectionName(section)];
    if (width !== undefined) symbols.push(...entries(elf, section, origin, slots, width));
  }
  return symbols;
}

function* entries(
  elf: ElfFile,
  section: SectionHeader,
  origin: bigint,
  slots: ReadonlyMap<number, DynamicSlot>,
  nominal: number,
): Generator<ListedSymbol> {
  const code = elf.sectionData(section);
  const start = Number(section.addr - origin);
  // 32-bit position-independent entries count from the global offset table, whose address callers keep in ebx.
  const table = Number((elf.sectionNamed('.got.plt') ?? elf.sectionNamed('.got'))?.addr ?? 0n);
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const isMarked = startsWithMark(code, 0);
  const width = nominal === 8 && isMarked ? 16 : nominal;
  for (let at = 0; at + width <= code.length; at += width) {
    let jump = at;
    if (startsWithMark(code, at)) jump += 4;
    if (code[jump] === 0xf2) jump += 1;
    if (code[jump] !== JUMP || (code[jump + 1] !== AT_ADDRESS && code[jump + 1] !== FROM_EBX)) continue;
    const operand = view.getInt32(jump + 2, true);
    const isLong = elf.wordSize === 8;
    const target = isLong ? start + jump + 6 + operand : code[jump + 1] === FROM_EBX ? table + operand : operand >>> 0;
    const slot = slots.get(target);
    if (slot !== undefined) yield named(slot, start + at, section.index);
  }
}

/** ENDBR64 or ENDBR32. */
function startsWithMark(code: Uint8Array, at: number): boolean {
  return code[at] === 0xf3 && code[at + 1] === 0x0f && code[at + 2] === 0x1e && (code[at + 3] & 0xfe) === 0xfa;
}

function named({ symbol, addend }: DynamicSlot, address: number, section: number): ListedSymbol {
  const addition = addend === 0n ? '' : `+0x${BigInt.asUintN(64, addend).toString(16)}`;
  const flags = (symbol?.flags ?? SymbolFlag.Local) & ~SymbolFlag.Section;
  return {
    address,
    name: `${symbol?.name ?? '*ABS*'}${addition}@plt`,
    version: '',
    section,
    flags: (flags & SymbolFlag.Local ? flags : flags | SymbolFlag.Global) | SymbolFlag.Synthetic,
    size: 0,
    isUndefined: false,
  };
}
