// What the rules of a check read of an ELF file, gathered once: kind, segments, system. Reads headers, never contents.
import { type ByteSource, decodeText, type ElfFile, PF, type ProgramHeader, PT, parseElf } from '@elf/parse';
import type { ImageKind } from './finding.ts';

export const MACHINE = { i386: 3, i486: 6, arm: 40, x86_64: 62, aarch64: 183, riscv: 243, loongarch: 258 } as const;

/** Pages of Android devices that do not have 4 KiB ones. */
export const ANDROID_PAGE_BYTES = 16 * 1024;

const ELF_TYPE = { relocatable: 1, executable: 2, dynamic: 3, core: 4 } as const;
const DT_FLAGS_1 = 0x6fff_fffbn;
/** Bit of DT_FLAGS_1 that marks a position-independent executable (glibc, elf/elf.h). */
const DF_1_PIE = 0x0800_0000n;
/** Notes of an operating system are a few dozen bytes; a PT_NOTE of megabytes holds something else and is not read. */
const LONGEST_SYSTEM_NOTE = 1024n;
/** Dynamic sections have a few dozen entries; a hostile one does not get more of our time. */
const LONGEST_DYNAMIC_SECTION = 65_536n;
/** Systems that can be told by what a file says of itself. */
export type FileSystemName = 'linux' | 'android' | 'freebsd' | 'openbsd' | 'netbsd';

/** Dynamic linkers, owners of the note that names the system, and EI_OSABI. Everything else is Linux. */
// biome-ignore format: one row per system
const SYSTEMS: readonly { readonly name: FileSystemName; readonly linker: RegExp; readonly note: string; readonly osabi?: number }[] = [
  { name: 'android', linker: /^\/system\/bin\/(bootstrap\/)?linker(64)?$/, note: 'Android' },
  { name: 'freebsd', linker: /^\/libexec\/ld-elf/,                         note: 'FreeBSD', osabi: 9 },
  { name: 'openbsd', linker: /^\/usr\/libexec\/ld\.so$/,                   note: 'OpenBSD', osabi: 12 },
  { name: 'netbsd',  linker: /^(\/usr)?\/libexec\/ld\.elf_so$/,            note: 'NetBSD',  osabi: 2 },
];

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
  /** What it is built for. */
  readonly system: FileSystemName;
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
  const isDebug = isDebugOnly(headers);
  const interpreter = !isDebug && headers.some((header) => header.type === PT.INTERP) ? elf.interpreter : undefined;
  return {
    elf,
    source,
    kind: isDebug ? 'elf-debug' : kindOf(elf, type, interpreter !== undefined),
    machine,
    elfClass,
    headers,
    loads: headers.filter((header) => header.type === PT.LOAD),
    interpreter,
    system: knownAndroid ? 'android' : systemOf(elf, headers, interpreter),
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

/** objcopy --only-keep-debug leaves the program headers and takes the code: segments with memory but no bytes. */
function isDebugOnly(headers: readonly ProgramHeader[]): boolean {
  const code = headers.filter(({ type, flags, memsz }) => type === PT.LOAD && (flags & PF.X) !== 0 && memsz > 0n);
  return code.length > 0 && code.every(({ filesz }) => filesz === 0n);
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

function systemOf(elf: ElfFile, headers: readonly ProgramHeader[], interpreter: string | undefined): FileSystemName {
  if (interpreter !== undefined) return SYSTEMS.find(({ linker }) => linker.test(interpreter))?.name ?? 'linux';
  const { osabi } = elf.fileHeader;
  const byAbi = osabi === 0 ? undefined : SYSTEMS.find((system) => system.osabi === osabi);
  return byAbi?.name ?? systemByNote(elf, headers) ?? 'linux';
}

/** The owner of a note tells the system: crtbrand.S of bionic, crt1.o of the BSDs. */
function systemByNote(elf: ElfFile, headers: readonly ProgramHeader[]): FileSystemName | undefined {
  for (const { type, offset, filesz } of headers) {
    if (type !== PT.NOTE || filesz < NOTE_HEADER_BYTES || filesz > LONGEST_SYSTEM_NOTE) continue;
    const reader = elf.reader(elf.readBytes(offset, filesz, 'a note segment'));
    for (let at = 0; at + 12 <= reader.length; ) {
      const nameBytes = reader.u32(at);
      const name = decodeText(reader.bytes, at + 12, Math.min(reader.length, at + 12 + Math.max(0, nameBytes - 1)));
      const found = SYSTEMS.find(({ note }) => note === name);
      if (found !== undefined) return found.name;
      at += 12 + fourBytes(nameBytes) + fourBytes(reader.u32(at + 4));
    }
  }
  return undefined;
}

const NOTE_HEADER_BYTES = 12n;

function fourBytes(value: number): number {
  return Math.ceil(value / 4) * 4;
}

/** "R-X" and the like, for messages. */
export function flagsText(flags: number): string {
  return `${flags & PF.R ? 'R' : '-'}${flags & PF.W ? 'W' : '-'}${flags & PF.X ? 'X' : '-'}`;
}

/** A page size for messages: "16 KiB". */
export function sizeText(bytes: number | bigint): string {
  const value = Number(bytes);
  if (value >= 1 << 20 && value % (1 << 20) === 0) return `${value / (1 << 20)} MiB`;
  return value >= 1024 && value % 1024 === 0 ? `${value / 1024} KiB` : `${value} bytes`;
}
