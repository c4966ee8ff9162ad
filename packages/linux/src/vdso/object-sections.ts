// The sections of a shared object, each with a function that fills it once addresses are known.
import { integersOf } from './byte-layout.ts';
import { type FrameConvention, type FrameProgram, frameIndex, frameSection } from './call-frames.ts';
import {
  gnuHashTable,
  hashTable,
  type ImageSymbol,
  note,
  StringTable,
  symbolTable,
  symbolVersions,
  versionDefinitions,
} from './symbol-tables.ts';

/** One function. */
export interface ObjectFunction {
  /** Its names, the strong one first; the others are weak. */
  readonly names: readonly string[];
  readonly version: string;
  readonly code: readonly number[];
  /** What differs from the frame of a function that pushes nothing. */
  readonly frames?: FrameProgram;
  /**
   * A handler returns to its first byte, and it returns to what a signal interrupted. Its frame starts one byte early: unwinders
   * look below a return address, which is in a call everywhere else.
   */
  readonly isSignalReturn?: boolean;
}

/** What an object is made of. */
export interface ObjectParts {
  readonly convention: FrameConvention;
  /** e_machine. */
  readonly machine: number;
  readonly soname: string;
  /** In the order of their numbers. */
  readonly versions: readonly string[];
  readonly functions: readonly ObjectFunction[];
  /** The name whose address is e_entry. */
  readonly entry?: string;
  /** The version in its note, as LINUX_VERSION_CODE. */
  readonly kernelVersion: number;
}

/** Addresses of sections by name. */
export type Place = (section: string) => number;

/** One section. Where it is does not change how long it is. */
export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly alignment: number;
  /** Name of the section sh_link names. */
  readonly link?: string;
  readonly info?: number;
  readonly entryBytes?: number;
  readonly content: (place: Place) => readonly number[];
}

const CODE_ALIGNMENT = 16;
/** The processor's INT3, between functions. */
const FILLER = 0xcc;
/** Index of .text in the list below, behind the empty section 0. */
const TEXT_SECTION = 11;
// biome-ignore format: tables
const SHT = { PROGBITS: 1, STRTAB: 3, HASH: 5, DYNAMIC: 6, NOTE: 7, DYNSYM: 11, GNU_HASH: 0x6fff_fff6, VERDEF: 0x6fff_fffd, VERSYM: 0x6fff_ffff } as const;
const SHF = { WRITE: 1, ALLOC: 2, EXECUTE: 4 } as const;
// biome-ignore format: tables
const DT = {
  NULL: 0, HASH: 4, STRTAB: 5, SYMTAB: 6, STRSZ: 10, SYMENT: 11, SONAME: 14, SYMBOLIC: 16, FLAGS: 30,
  GNU_HASH: 0x6fff_fef5, VERSYM: 0x6fff_fff0, FLAGS_1: 0x6fff_fffb, VERDEF: 0x6fff_fffc, VERDEFNUM: 0x6fff_fffd,
} as const;
/** DF_SYMBOLIC, DF_BIND_NOW; DF_1_NOW. */
const FLAGS = 2 | 8;
const FLAGS_1 = 1;

/** Where the functions start in .text. One byte before each is room for an unwinder that looks there. */
export function codeOffsets(functions: readonly ObjectFunction[]): number[] {
  let next = 0;
  return functions.map(({ code }) => {
    const start = Math.ceil((next + 1) / CODE_ALIGNMENT) * CODE_ALIGNMENT;
    next = start + code.length;
    return start;
  });
}

/** All sections that are mapped, in the order they lie in the file. */
export function sectionsOf(parts: ObjectParts): Section[] {
  const { functions, versions, soname, kernelVersion } = parts;
  const { wordBytes } = parts.convention;
  const offsets = codeOffsets(functions);
  const symbols = (place: Place): ImageSymbol[] => symbolsOf(parts, offsets, place('.text'));
  const frames = (place: Place) => framesOf(parts, offsets, place);
  const names = symbols(() => 0);
  const strings = new StringTable([soname, ...names.map(({ name }) => name)]);
  const symbolBytes = wordBytes === 8 ? 24 : 16;
  const [flags, code, data] = [SHF.ALLOC, SHF.ALLOC | SHF.EXECUTE, SHF.ALLOC | SHF.WRITE];
  const loose = { flags, alignment: wordBytes };
  // biome-ignore format: one row per line
  return [
    { ...loose, name: '.hash',          type: SHT.HASH,     link: '.dynsym', entryBytes: 4,                    content: () => hashTable(names) },
    { ...loose, name: '.gnu.hash',      type: SHT.GNU_HASH, link: '.dynsym',                                   content: () => gnuHashTable(wordBytes, names) },
    { ...loose, name: '.dynsym',        type: SHT.DYNSYM,   link: '.dynstr', entryBytes: symbolBytes, info: 1, content: (place) => symbolTable(wordBytes, symbols(place), strings, TEXT_SECTION) },
    { flags, alignment: 1, name: '.dynstr', type: SHT.STRTAB,                                                  content: () => strings.bytes },
    { flags, alignment: 2, name: '.gnu.version', type: SHT.VERSYM, link: '.dynsym', entryBytes: 2,             content: () => symbolVersions(names, versions) },
    { ...loose, name: '.gnu.version_d', type: SHT.VERDEF,   link: '.dynstr', info: versions.length + 1,        content: () => versionDefinitions(soname, versions, strings) },
    { ...loose, name: '.dynamic',       type: SHT.DYNAMIC,  link: '.dynstr', flags: data, entryBytes: wordBytes * 2, content: (place) => dynamicSection(parts, place, strings) },
    { flags, alignment: 4, name: '.note', type: SHT.NOTE,                                                      content: () => note('Linux', 0, [kernelVersion]) },
    { flags, alignment: 4, name: '.eh_frame_hdr', type: SHT.PROGBITS,                                          content: (place) => frameIndex(frames(place).entries, place('.eh_frame_hdr'), place('.eh_frame')) },
    { ...loose, name: '.eh_frame',      type: SHT.PROGBITS,                                                    content: (place) => frames(place).bytes },
    { flags: code, alignment: CODE_ALIGNMENT, name: '.text', type: SHT.PROGBITS,                               content: () => textOf(functions, offsets) },
  ];
}

/** The table of section names; not mapped by anybody, but in the file as every linker leaves it. */
export function nameSection(strings: StringTable): Section {
  return { name: '.shstrtab', type: SHT.STRTAB, flags: 0, alignment: 1, content: () => strings.bytes };
}

function symbolsOf({ functions, versions }: ObjectParts, offsets: readonly number[], text: number): ImageSymbol[] {
  const ofFunctions = functions.flatMap(({ names, version, code }, index) =>
    names.map((name, rank) => {
      const place = { address: text + offsets[index], lengthInBytes: code.length };
      return { name, version, isWeak: rank > 0, code: place };
    }),
  );
  return [...ofFunctions, ...versions.map((version) => ({ name: version, version }))];
}

function framesOf({ convention, functions }: ObjectParts, offsets: readonly number[], place: Place) {
  const codes = functions.map(({ code, frames, isSignalReturn }, index) => {
    const lead = isSignalReturn ? 1 : 0;
    return {
      start: place('.text') + offsets[index] - lead,
      lengthInBytes: code.length + lead,
      program: frames ?? [],
      isSignalFrame: isSignalReturn === true,
    };
  });
  return frameSection(convention, codes, place('.eh_frame'));
}

function textOf(functions: readonly ObjectFunction[], offsets: readonly number[]): number[] {
  const text: number[] = [];
  functions.forEach(({ code }, index) => {
    text.push(...new Array<number>(offsets[index] - text.length).fill(FILLER), ...code);
  });
  return text;
}

function dynamicSection(parts: ObjectParts, place: Place, strings: StringTable): number[] {
  const { wordBytes } = parts.convention;
  // biome-ignore format: pairs of tag and value
  return integersOf(wordBytes, [
    DT.SONAME, strings.offsetOf(parts.soname), DT.SYMBOLIC, 0, DT.HASH, place('.hash'), DT.GNU_HASH, place('.gnu.hash'),
    DT.STRTAB, place('.dynstr'), DT.SYMTAB, place('.dynsym'), DT.STRSZ, strings.bytes.length, DT.SYMENT, wordBytes === 8 ? 24 : 16,
    DT.VERDEF, place('.gnu.version_d'), DT.VERDEFNUM, parts.versions.length + 1, DT.FLAGS, FLAGS, DT.FLAGS_1, FLAGS_1,
    DT.VERSYM, place('.gnu.version'), DT.NULL, 0,
  ]);
}
