// Public names of @elf/parse.
export { type AsyncByteSource, type AsyncReader, type AsyncReaderOptions, asyncReader } from './async-source.ts';
export { type BlobLike, blobSource } from './blob-source.ts';
export { ByteReader } from './byte-reader.ts';
export { type ByteSource, bytesSource, type CountingSource, countingSource, sliceSource } from './byte-source.ts';
export { type Archive, type ArchiveMember, hasArchiveMagic, parseArchive } from './formats/ar/archive.ts';
export {
  type Decompressors,
  type SectionCompression,
  sectionCompression,
  sectionContent,
} from './formats/elf/compressed-section.ts';
export { type DebugLink, debugAlternateLink, debugLink, debugLinkChecksum } from './formats/elf/debug-link.ts';
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
export {
  type ExceptionFrameEntry,
  type ExceptionFrameHeader,
  readExceptionFrameHeader,
} from './formats/elf/exception-frame-header.ts';
export { type FileHeader, hasElfMagic } from './formats/elf/file-header.ts';
export { type ToolRole, type ToolTrace, toolFingerprint } from './formats/elf/fingerprint.ts';
export { type FunctionArrays, functionArrays } from './formats/elf/function-arrays.ts';
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
export type { CoreNote, MappedFile, ProcessInformation } from './formats/elf/notes/core-note.ts';
export { buildId, type DecodedNote, decodeNote } from './formats/elf/notes/decode-note.ts';
export type { GnuNote, ProgramProperty } from './formats/elf/notes/gnu-note.ts';
export type { ProbeNote } from './formats/elf/notes/probe-note.ts';
export type { ProcessStatus } from './formats/elf/notes/process-status.ts';
export type { VendorNote } from './formats/elf/notes/vendor-note.ts';
export { PF, type ProgramHeader, PT } from './formats/elf/program-header.ts';
export {
  dynamicRelocations,
  type Relocation,
  type RelocationTable,
  type RelrTable,
  relocationTables,
  relrTables,
} from './formats/elf/relocation.ts';
export { type SectionHeader, SHF, SHT } from './formats/elf/section-header.ts';
export { sectionInSegment, sectionSegmentMap } from './formats/elf/section-segment-map.ts';
export {
  programProperties,
  relroRange,
  type StackRequest,
  stackRequest,
  type ThreadLocalTemplate,
  threadLocalTemplate,
} from './formats/elf/special-segments.ts';
export type { StringTable } from './formats/elf/string-table.ts';
export { type ElfSymbol, SHN, STB, STT } from './formats/elf/symbol.ts';
export type { NearestSymbol } from './formats/elf/symbol-index.ts';
export type { SymbolTable, SymbolTableName } from './formats/elf/symbol-table.ts';
export {
  readSymbolVersions,
  type SymbolVersions,
  VERSYM_HIDDEN,
  type VersionDefinition,
  type VersionNeed,
  type VersionNeedEntry,
} from './formats/elf/symbol-version.ts';
export { readSysvHash, type SysvHash, sysvChainLengths, sysvHashOf, sysvLookup } from './formats/elf/sysv-hash.ts';
export type { Format } from './formats/format.ts';
export { FORMATS } from './formats/index.ts';
export { decodePlan9Header, type Plan9Header } from './formats/plan9/header.ts';
export { PLAN9_MACHINES, type Plan9Machine } from './formats/plan9/magics.ts';
export { type Plan9File, parsePlan9 } from './formats/plan9/plan9.ts';
export type { Plan9Line, Plan9Symbol } from './formats/plan9/symbol.ts';
export { parseScript, type Script, type ScriptOptions } from './formats/script/script.ts';
export { type FetchLike, type HttpResponseLike, httpSource } from './http-source.ts';
export { identify, type KnownFormat } from './identify.ts';
export { ParseError, type ParseErrorCode, type ParseErrorFormat } from './parse-error.ts';
export { decodeText, encodeText } from './text.ts';
