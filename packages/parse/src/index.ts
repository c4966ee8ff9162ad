// Public names of @elf/parse.
export { ByteReader } from './byte-reader.ts';
export { type ByteSource, bytesSource, type CountingSource, countingSource, sliceSource } from './byte-source.ts';
export {
  DT,
  type DynamicEntry,
  type DynamicLocation,
  dynamicNames,
  dynamicOffset,
  dynamicStringTable,
  dynamicValue,
  findDynamic,
  neededLibraries,
  sharedObjectName,
} from './formats/elf/dynamic.ts';
export { ElfFile, type ElfOptions, parseElf } from './formats/elf/elf.ts';
export { type FileHeader, hasElfMagic } from './formats/elf/file-header.ts';
export {
  type GnuHash,
  gnuBloomAdmits,
  gnuChainLengths,
  gnuHashOf,
  gnuLookup,
  readGnuHash,
} from './formats/elf/gnu-hash.ts';
export type { ElfLayout } from './formats/elf/layout.ts';
export { type ElfNote, type NoteRange, notesIn } from './formats/elf/note.ts';
export { PF, type ProgramHeader, PT } from './formats/elf/program-header.ts';
export { type SectionHeader, SHF, SHT } from './formats/elf/section-header.ts';
export type { StringTable } from './formats/elf/string-table.ts';
export { type ElfSymbol, SHN, STB, STT } from './formats/elf/symbol.ts';
export type { NearestSymbol } from './formats/elf/symbol-index.ts';
export type { SymbolTable, SymbolTableName } from './formats/elf/symbol-table.ts';
export { readSysvHash, type SysvHash, sysvChainLengths, sysvHashOf, sysvLookup } from './formats/elf/sysv-hash.ts';
export { ParseError, type ParseErrorCode, type ParseErrorFormat } from './parse-error.ts';
export { decodeText, encodeText } from './text.ts';
