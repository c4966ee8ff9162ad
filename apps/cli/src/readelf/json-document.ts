// readelf --json: our own document; 64-bit numbers are "0x..." strings so that no reader loses digits.
import {
  buildId,
  decodeNote,
  type ElfFile,
  readSymbolVersions,
  relocationTables,
  relrTables,
  SHT,
  sectionSegmentMap,
} from '@elf/parse';
import { relocationTypeName, SYMBOL_VISIBILITY_NAME } from '@elf/parse/names';
import { dynamicTagText } from './dynamic-section.ts';
import { fileTypeText, machineText, osabiText } from './file-header-text.ts';
import { machineFlagWords } from './machine-flags.ts';
import { segmentTypeText } from './program-header-table.ts';
import type { ReadelfSwitches } from './readelf-options.ts';
import { sectionTypeText } from './section-table.ts';
import { symbolBindingText, symbolTypeText } from './symbol-table-text.ts';

/** Raised by one when a field changes its meaning or disappears; new fields do not raise it. */
export const READELF_JSON_VERSION = 1;

const hexadecimal = (value: bigint | number) => `0x${value.toString(16)}`;

/** Everything the switches ask for as one plain object; keys are in camel case, names are readelf's. */
export function elfToJson(elf: ElfFile, name: string, show: Readonly<ReadelfSwitches>): Record<string, unknown> {
  return {
    schema: 'elf-readelf',
    schemaVersion: READELF_JSON_VERSION,
    file: name,
    sizeInBytes: elf.source.size,
    ...(show.header ? { header: header(elf) } : {}),
    ...(show.sections ? { sections: sections(elf) } : {}),
    ...(show.segments ? { interpreter: elf.interpreter ?? null, segments: segments(elf) } : {}),
    ...(show.dynamic ? { dynamic: dynamic(elf) } : {}),
    ...(show.relocations ? { relocations: relocations(elf) } : {}),
    ...(show.symbols || show.dynamicSymbols ? { symbols: symbols(elf, show.symbols) } : {}),
    ...(show.versions ? { versions: versions(elf) } : {}),
    ...(show.notes ? { buildId: buildId(elf) ?? null, notes: notes(elf) } : {}),
    problems: elf.problems.map(({ code, offset, message }) => ({ code, offset: hexadecimal(offset), message })),
  };
}

function header(elf: ElfFile) {
  const { fileHeader: own } = elf;
  return {
    class: own.elfClass,
    littleEndian: own.littleEndian,
    osabi: { value: own.osabi, name: osabiText(own) },
    abiVersion: own.abiversion,
    type: { value: own.type, name: fileTypeText(elf) },
    machine: { value: own.machine, name: machineText(own.machine) },
    entry: hexadecimal(own.entry),
    programHeaderOffset: hexadecimal(own.phoff),
    sectionHeaderOffset: hexadecimal(own.shoff),
    flags: { value: hexadecimal(own.flags), words: machineFlagWords(own.machine, own.flags) },
    programHeaderCount: elf.programHeaders.length,
    sectionHeaderCount: elf.sectionHeaders.length,
    sectionNameTableIndex: elf.sectionNameTableIndex,
  };
}

function sections(elf: ElfFile) {
  return elf.sectionHeaders.map((section) => ({
    index: section.index,
    name: elf.sectionName(section),
    type: { value: section.type, name: sectionTypeText(section.type, elf.fileHeader.machine) },
    flags: hexadecimal(section.flags),
    address: hexadecimal(section.addr),
    offset: hexadecimal(section.offset),
    size: hexadecimal(section.size),
    link: section.link,
    info: section.info,
    alignment: hexadecimal(section.addralign),
    entrySize: hexadecimal(section.entsize),
  }));
}

function segments(elf: ElfFile) {
  const map = sectionSegmentMap(elf);
  return elf.programHeaders.map((segment) => ({
    type: { value: segment.type, name: segmentTypeText(segment.type, elf.fileHeader.machine) },
    flags: `${segment.flags & 4 ? 'r' : '-'}${segment.flags & 2 ? 'w' : '-'}${segment.flags & 1 ? 'x' : '-'}`,
    offset: hexadecimal(segment.offset),
    virtualAddress: hexadecimal(segment.vaddr),
    physicalAddress: hexadecimal(segment.paddr),
    fileSize: hexadecimal(segment.filesz),
    memorySize: hexadecimal(segment.memsz),
    alignment: hexadecimal(segment.align),
    sections: map[segment.index].map((section) => elf.sectionName(section)),
  }));
}

function dynamic(elf: ElfFile) {
  return elf.dynamicEntries().map(({ tag, value }) => ({
    tag: hexadecimal(tag),
    name: dynamicTagText(tag, elf.fileHeader.machine),
    value: hexadecimal(value),
  }));
}

function relocations(elf: ElfFile) {
  const { machine } = elf.fileHeader;
  const tables = Array.from(relocationTables(elf), (table) => ({
    section: table.section ? elf.sectionName(table.section) : null,
    kind: table.kind,
    entries: Array.from(table, ({ offset, type, symbolIndex, addend }) => ({
      offset: hexadecimal(offset),
      type: { value: type, name: relocationTypeName(machine, type) ?? null },
      symbolIndex,
      addend:
        addend === undefined ? null : `${addend < 0n ? '-' : ''}0x${(addend < 0n ? -addend : addend).toString(16)}`,
    })),
  }));
  const packed = relrTables(elf).map((table) => ({
    section: table.section ? elf.sectionName(table.section) : null,
    kind: 'relr',
    offsets: Array.from(table, hexadecimal),
  }));
  return [...tables, ...packed];
}

function symbols(elf: ElfFile, all: boolean) {
  const { machine, osabi } = elf.fileHeader;
  return elf.sectionHeaders
    .filter(({ type }) => type === SHT.DYNSYM || (all && type === SHT.SYMTAB))
    .map((section) => ({
      section: elf.sectionName(section),
      entries: Array.from(elf.symbols(section) ?? [], (symbol) => ({
        index: symbol.index,
        name: symbol.name,
        value: hexadecimal(symbol.value),
        size: hexadecimal(symbol.size),
        type: symbolTypeText(symbol.type, machine, osabi),
        binding: symbolBindingText(symbol.binding, osabi),
        visibility: SYMBOL_VISIBILITY_NAME[symbol.visibility],
        sectionIndex: symbol.sectionIndex,
      })),
    }));
}

function versions(elf: ElfFile) {
  const { indices, definitions, needs } = readSymbolVersions(elf);
  return {
    indices: indices === undefined ? null : [...indices],
    definitions: definitions.map(({ index, flags, names }) => ({ index, flags, names: names.map(({ name }) => name) })),
    needs: needs.map(({ file, entries }) => ({
      file,
      versions: entries.map(({ index, name, flags }) => ({ index, name, flags })),
    })),
  };
}

function notes(elf: ElfFile) {
  return elf.notes().map((note) => ({
    owner: note.owner,
    type: note.type,
    offset: hexadecimal(note.offset),
    sizeInBytes: note.description.length,
    description: Array.from(note.description, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    kind: decodeNote(elf, note)?.kind ?? null,
  }));
}
