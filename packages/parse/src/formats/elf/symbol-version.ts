// Symbol versions: versym, verdef and verneed (Solaris' and GNU's extension of the gABI; LSB core, "Symbol Versioning").
import { ParseError } from '../../parse-error.ts';
import { DT, dynamicOffset, dynamicStringTable, dynamicValue } from './dynamic.ts';
import type { ElfFile } from './elf.ts';
import { SHT } from './section-header.ts';
import { type StringTable, stringTable } from './string-table.ts';

/** The versym bit that hides a symbol from linking without a version. */
export const VERSYM_HIDDEN = 0x8000;

/** A version that the file defines. */
export interface VersionDefinition {
  /** Byte offset of the entry in its table. */
  readonly offset: number;
  readonly revision: number;
  /** VER_FLG_BASE 1, VER_FLG_WEAK 2. */
  readonly flags: number;
  readonly index: number;
  readonly hash: number;
  /** The version's name, then the names of the versions it inherits, each with its offset in the table. */
  readonly names: ReadonlyArray<{ readonly offset: number; readonly name: string }>;
  /** vd_cnt: how many names the entry claims. */
  readonly nameCount: number;
}

/** The versions that the file needs from one other file. */
export interface VersionNeed {
  readonly offset: number;
  readonly revision: number;
  /** The other file's soname. */
  readonly file: string;
  readonly entries: readonly VersionNeedEntry[];
  /** vn_cnt: how many entries are claimed. */
  readonly entryCount: number;
}

/** One needed version. */
export interface VersionNeedEntry {
  readonly offset: number;
  readonly hash: number;
  readonly flags: number;
  /** The index that versym uses for it (vna_other). */
  readonly index: number;
  readonly name: string;
}

/** All version information of a file. */
export interface SymbolVersions {
  /** One number per dynamic symbol; undefined when the file has no versym table. */
  readonly indices: Uint16Array | undefined;
  readonly definitions: readonly VersionDefinition[];
  readonly needs: readonly VersionNeed[];
  /** The version of a dynamic symbol; undefined for unversioned ones. `hidden` is the `@` of `name@VERSION` (`@@` is the default). */
  versionOf(
    symbolIndex: number,
  ): { readonly name: string; readonly hidden: boolean; readonly file?: string } | undefined;
}

/**
 * Reads the three tables by section headers, else by the dynamic section.
 *
 * @throws ParseError `truncated`, `malformed`, `limit` (strict mode).
 */
export function readSymbolVersions(elf: ElfFile): SymbolVersions {
  const definitions = readDefinitions(elf);
  const needs = readNeeds(elf);
  const indices = readIndices(elf);
  const names = new Map<number, { name: string; file?: string }>();
  for (const { file, entries } of needs)
    for (const { index, name } of entries) names.set(index & ~VERSYM_HIDDEN, { name, file });
  for (const { index, names: own } of definitions)
    if (own.length > 0) names.set(index & ~VERSYM_HIDDEN, { name: own[0].name });
  return {
    indices,
    definitions,
    needs,
    versionOf(symbolIndex) {
      const index = indices?.[symbolIndex];
      // 0 is local, 1 is global without a version.
      if (index === undefined || (index & ~VERSYM_HIDDEN) < 2) return undefined;
      const version = names.get(index & ~VERSYM_HIDDEN);
      return version && { ...version, hidden: (index & VERSYM_HIDDEN) !== 0 };
    },
  };
}

interface VersionTable {
  readonly offset: bigint;
  readonly bytes: Uint8Array;
  /** How many entries the file claims, undefined when it does not say. */
  readonly count: number;
  readonly names: StringTable;
}

function findTable(elf: ElfFile, type: number, addressTag: bigint, countTag: bigint): VersionTable | undefined {
  const section = elf.sectionHeaders.find((header) => header.type === type);
  if (section !== undefined) {
    const names = elf.stringTable(section.link);
    return { offset: section.offset, bytes: elf.sectionData(section), count: section.info, names };
  }
  const address = dynamicValue(elf, addressTag);
  const count = dynamicValue(elf, countTag);
  if (address === undefined || count === undefined) return undefined;
  const offset = dynamicOffset(elf, address, 'A version table');
  if (offset === undefined) return undefined;
  const names = dynamicStringTable(elf) ?? stringTable(new Uint8Array(0), 0n, (error) => elf.complain(error));
  return {
    offset,
    bytes: elf.readBytes(offset, roomBehind(elf, address, offset), 'a version table'),
    count: Number(count),
    names,
  };
}

/** Without a section the size is not known: the table ends at the latest where its segment's file bytes do. */
function roomBehind(elf: ElfFile, address: bigint, offset: bigint): bigint {
  const segment = elf.programHeaders.find(({ vaddr, filesz }) => address >= vaddr && address - vaddr < filesz);
  const room = segment === undefined ? 0n : segment.filesz - (address - segment.vaddr);
  const left = BigInt(elf.source.size) - offset;
  return left < 0n ? 0n : room < left ? room : left;
}

/**
 * Follows a chain of entries of `size` bytes: a next-offset of 0 ends it. Offsets only lead forward, so a chain cannot loop, but chains may
 * overlap; the shared budget keeps the total work linear in the table's size.
 */
function* chain(
  elf: ElfFile,
  table: VersionTable,
  start: number,
  count: number,
  size: number,
  next: number,
  budget: Budget,
) {
  const reader = elf.reader(table.bytes);
  let position = start;
  for (let index = 0; index < count; index++) {
    if (position + size > table.bytes.length) {
      const sentence = `A version entry at offset ${position} runs past its table of ${table.bytes.length} bytes.`;
      elf.complain(new ParseError('truncated', table.offset + BigInt(position), 'elf', sentence));
      return;
    }
    if (budget.left-- <= 0) {
      const sentence = 'The chains of a version table overlap.';
      elf.complain(new ParseError('limit', table.offset + BigInt(position), 'elf', sentence));
      return;
    }
    yield { position, reader };
    const step = reader.u32(position + next);
    if (step === 0) return;
    position += step;
  }
}

interface Budget {
  left: number;
}

function readDefinitions(elf: ElfFile): VersionDefinition[] {
  const table = findTable(elf, SHT.GNU_VERDEF, DT.VERDEF, DT.VERDEFNUM);
  if (table === undefined) return [];
  const budget = { left: table.bytes.length / 8 + 1 };
  const definitions: VersionDefinition[] = [];
  for (const { position, reader } of chain(elf, table, 0, table.count, 20, 16, budget)) {
    const nameCount = reader.u16(position + 6);
    const first = position + reader.u32(position + 12);
    const names = Array.from(chain(elf, table, first, nameCount, 8, 4, budget), (entry) => ({
      offset: entry.position,
      name: table.names.at(reader.u32(entry.position)),
    }));
    definitions.push({
      offset: position,
      revision: reader.u16(position),
      flags: reader.u16(position + 2),
      index: reader.u16(position + 4),
      hash: reader.u32(position + 8),
      names,
      nameCount,
    });
  }
  return definitions;
}

function readNeeds(elf: ElfFile): VersionNeed[] {
  const table = findTable(elf, SHT.GNU_VERNEED, DT.VERNEED, DT.VERNEEDNUM);
  if (table === undefined) return [];
  const budget = { left: table.bytes.length / 8 + 1 };
  const needs: VersionNeed[] = [];
  for (const { position, reader } of chain(elf, table, 0, table.count, 16, 12, budget)) {
    const entryCount = reader.u16(position + 2);
    const first = position + reader.u32(position + 8);
    const entries = Array.from(chain(elf, table, first, entryCount, 16, 12, budget), (entry) => ({
      offset: entry.position,
      hash: reader.u32(entry.position),
      flags: reader.u16(entry.position + 4),
      index: reader.u16(entry.position + 6),
      name: table.names.at(reader.u32(entry.position + 8)),
    }));
    needs.push({
      offset: position,
      revision: reader.u16(position),
      file: table.names.at(reader.u32(position + 4)),
      entries,
      entryCount,
    });
  }
  return needs;
}

function readIndices(elf: ElfFile): Uint16Array | undefined {
  const bytes = versymBytes(elf);
  if (bytes === undefined) return undefined;
  const reader = elf.reader(bytes);
  return Uint16Array.from({ length: Math.floor(bytes.length / 2) }, (_, index) => reader.u16(2 * index));
}

function versymBytes(elf: ElfFile): Uint8Array | undefined {
  const section = elf.sectionHeaders.find(({ type }) => type === SHT.GNU_VERSYM);
  if (section !== undefined) return elf.sectionData(section);
  const address = dynamicValue(elf, DT.VERSYM);
  const count = address === undefined ? 0 : (elf.symbols('dynsym')?.count ?? 0);
  const offset = address === undefined || count === 0 ? undefined : dynamicOffset(elf, address, 'DT_VERSYM');
  return offset === undefined ? undefined : elf.readBytes(offset, 2n * BigInt(count), 'the symbol version table');
}
