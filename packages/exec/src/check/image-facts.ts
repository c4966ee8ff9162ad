// What the rules of a check read of an ELF file, gathered once: kind, segments, system. Reads headers, never contents.
import { type ByteSource, type ElfFile, PF, type ProgramHeader, PT, parseElf } from '@elf/parse';
import type { ImageKind } from './finding.ts';

export const MACHINE = { i386: 3, i486: 6, arm: 40, x86_64: 62, aarch64: 183, riscv: 243, loongarch: 258 } as const;

const ELF_TYPE = { relocatable: 1, executable: 2, dynamic: 3, core: 4 } as const;
const DT_FLAGS_1 = 0x6fff_fffbn;
/** Bit of DT_FLAGS_1 that marks a position-independent executable (glibc, elf/elf.h). */
const DF_1_PIE = 0x0800_0000n;
/** Notes of an operating system are a few dozen bytes; a PT_NOTE of megabytes holds something else and is not read. */
const LONGEST_SYSTEM_NOTE = 1024n;
/** Dynamic sections have a few dozen entries; a hostile one does not get more of our time. */
const LONGEST_DYNAMIC_SECTION = 65_536n;
const ANDROID_LINKERS = /^\/system\/bin\/(linker|linker64|bootstrap\/linker|bootstrap\/linker64)$/;

/** An ELF file as the rules see it. */
export interface ImageFacts {
  readonly elf: ElfFile;
  readonly source: ByteSource;
  readonly kind: ImageKind;
  readonly machine: number;
  readonly elfClass: 32 | 64;
  readonly headers: readonly ProgramHeader[];
  /** PT_LOADs in table order. */
  readonly loads: readonly ProgramHeader[];
  readonly interpreter: string | undefined;
  /** Built for Android: its linker, its note, or it lies in an Android package. */
  readonly isAndroid: boolean;
}

/**
 * Gathers the facts.
 * @param knownAndroid the file lies in an APK or AAB.
 * @throws ParseError when not even the file header can be read.
 */
export function imageFacts(source: ByteSource, knownAndroid: boolean): ImageFacts {
  const elf = parseElf(source, { permissive: true });
  const { machine, elfClass, type } = elf.fileHeader;
  const headers = elf.programHeaders;
  const interpreter = headers.some((header) => header.type === PT.INTERP) ? elf.interpreter : undefined;
  return {
    elf,
    source,
    kind: kindOf(elf, type, interpreter !== undefined),
    machine,
    elfClass,
    headers,
    loads: headers.filter((header) => header.type === PT.LOAD),
    interpreter,
    isAndroid:
      knownAndroid || (interpreter === undefined ? hasAndroidNote(elf, headers) : ANDROID_LINKERS.test(interpreter)),
  };
}

function kindOf(elf: ElfFile, type: number, hasInterpreter: boolean): ImageKind {
  switch (type) {
    case ELF_TYPE.relocatable:
      return 'elf-relocatable';
    case ELF_TYPE.core:
      return 'elf-core';
    case ELF_TYPE.executable:
      return 'elf-executable';
    case ELF_TYPE.dynamic:
      return hasInterpreter || isStaticPie(elf) ? 'elf-executable' : 'elf-shared-object';
    default:
      return 'elf-damaged';
  }
}

/** A static PIE says so in DT_FLAGS_1; without an entry point nothing can be a program. */
function isStaticPie(elf: ElfFile): boolean {
  return elf.fileHeader.entry !== 0n && ((dynamicValueOf(elf, DT_FLAGS_1) ?? 0n) & DF_1_PIE) !== 0n;
}

/** The value of a dynamic tag; bounded, unlike `ElfFile.dynamicEntries`, and without an object for every entry. */
export function dynamicValueOf(elf: ElfFile, tag: bigint): bigint | undefined {
  const segment = elf.programHeaders.find(({ type }) => type === PT.DYNAMIC);
  if (segment === undefined) return undefined;
  const size = segment.filesz < LONGEST_DYNAMIC_SECTION ? segment.filesz : LONGEST_DYNAMIC_SECTION;
  const reader = elf.reader(elf.readBytes(segment.offset, size, 'the dynamic section'));
  const word = elf.wordSize;
  for (let at = 0; at + 2 * word <= reader.length; at += 2 * word) {
    const entry = reader.word(at, word);
    if (entry === tag) return reader.word(at + word, word);
    if (entry === 0n) return undefined;
  }
  return undefined;
}

/** .note.android.ident: owner "Android" (bionic, libc/arch-common/bionic/crtbrand.S). */
function hasAndroidNote(elf: ElfFile, headers: readonly ProgramHeader[]): boolean {
  return headers.some(({ type, offset, filesz }) => {
    if (type !== PT.NOTE || filesz < 20n || filesz > LONGEST_SYSTEM_NOTE) return false;
    const bytes = elf.readBytes(offset, filesz, 'a note segment');
    for (let at = 0; at + 20 <= bytes.length; at += 4)
      if (bytes[at + 12] === 0x41 && bytes[at + 13] === 0x6e && isAndroid(bytes, at + 12)) return true;
    return false;
  });
}

function isAndroid(bytes: Uint8Array, at: number): boolean {
  return 'Android\0'.split('').every((letter, index) => bytes[at + index] === letter.charCodeAt(0));
}

/** "R-X" and the like, for messages. */
export function flagsText(flags: number): string {
  return `${flags & PF.R ? 'R' : '-'}${flags & PF.W ? 'W' : '-'}${flags & PF.X ? 'X' : '-'}`;
}

/** An address or offset for messages. */
export function hex(value: bigint | number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** A page size for messages: "16 KiB". */
export function sizeText(bytes: number | bigint): string {
  const value = Number(bytes);
  if (value >= 1 << 20 && value % (1 << 20) === 0) return `${value / (1 << 20)} MiB`;
  return value >= 1024 && value % 1024 === 0 ? `${value / 1024} KiB` : `${value} bytes`;
}
