// Reading an ELF file the way a loader does: the header from the 256-byte buffer, the table with one read, nothing else.
import { bytesSource, type FileHeader, type ProgramHeader, PT, parseElf } from '@elf/parse';
import type { ExecFile } from '../exec-request.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import type { ElfAbi } from './elf-abi.ts';
import { type ElfCandidate, firstFailure, type ImageRole, type RuleFailure } from './elf-rule.ts';

/** Where e_phoff lies in the two file headers. */
const PHOFF_64 = 32;
const PHOFF_32 = 28;
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

/** A readable ELF image. */
export interface ElfImage {
  readonly abi: ElfAbi;
  readonly file: ExecFile;
  readonly header: FileHeader;
  readonly programHeaders: readonly ProgramHeader[];
  /** PT_LOAD headers in table order, the order in which they are mapped. */
  readonly loads: readonly ProgramHeader[];
  /** The same facts as the rules of later stages see them. */
  readonly candidate: ElfCandidate;
}

/**
 * Decodes the header buffer as Linux sees it: little-endian and of the loader's class whatever e_ident says, zeros beyond a
 * short file.
 * The magic is put in place for the decoder; the `elf-magic` rule looks at the real bytes.
 */
function decodeHeader(buffer: Uint8Array, { fileHeaderBytes, elfClass }: ElfAbi): FileHeader {
  const bytes = buffer.slice(0, fileHeaderBytes);
  const ident = bytes.slice(0, 16);
  bytes.set(ELF_MAGIC);
  const elf = parseElf(bytesSource(bytes), { permissive: true, elfClass, littleEndian: true });
  return { ...elf.fileHeader, ident };
}

/** Decodes a table that was read from anywhere by showing it to the parser right behind a file header. */
function decodeTable(buffer: Uint8Array, table: Uint8Array, abi: ElfAbi): readonly ProgramHeader[] {
  const { fileHeaderBytes, elfClass } = abi;
  const bytes = new Uint8Array(fileHeaderBytes + table.length);
  bytes.set(buffer.subarray(0, fileHeaderBytes));
  bytes.set(ELF_MAGIC);
  bytes.set(table, fileHeaderBytes);
  const view = new DataView(bytes.buffer);
  if (elfClass === 64) view.setBigUint64(PHOFF_64, BigInt(fileHeaderBytes), true);
  else view.setUint32(PHOFF_32, fileHeaderBytes, true);
  return parseElf(bytesSource(bytes), { permissive: true, elfClass, littleEndian: true }).programHeaders;
}

/**
 * A file as the rules see it before its program headers are read. `buffer` is zero padded to at least the file header.
 * @param header what the buffer says, when it has been decoded for this ABI before.
 */
export function elfCandidate(
  file: Pick<ExecFile, 'source' | 'backing'>,
  buffer: Uint8Array,
  profile: LoaderProfile,
  abi: ElfAbi,
  role: ImageRole,
  header = decodeHeader(buffer, abi),
): ElfCandidate {
  const { source } = file;
  return {
    role,
    header,
    abi,
    fileBytes: source.size,
    canBeMapped: file.backing !== undefined,
    programHeaders: [],
    layout: abi.layout(profile),
    bias: 0n,
    read: (offset, length) => (offset >= BigInt(source.size) ? new Uint8Array(0) : source.read(Number(offset), length)),
  };
}

/** The candidate with its program headers, read from wherever e_phoff points; zeros where the file ends before. */
export function withProgramHeaders(candidate: ElfCandidate, buffer: Uint8Array): ElfCandidate {
  const { header, abi } = candidate;
  const table = new Uint8Array(header.phnum * abi.programHeaderBytes);
  table.set(candidate.read(header.phoff, table.length));
  return { ...candidate, programHeaders: decodeTable(buffer, table, abi) };
}

/**
 * Reads headers and asks the profile's rules, stage by stage.
 * @param buffer the first bytes of the file, zero padded to at least 64.
 */
export function readElfImage(
  file: ExecFile,
  buffer: Uint8Array,
  profile: LoaderProfile,
  abi: ElfAbi,
  role: ImageRole = 'program',
): ElfImage | RuleFailure {
  const start = elfCandidate(file, buffer, profile, abi, role);
  const broken = firstFailure(profile.elfRules, ['identity', 'table'], start);
  if (broken) return broken;
  const candidate = withProgramHeaders(start, buffer);
  const brokenLater = firstFailure(profile.elfRules, ['program headers'], candidate);
  if (brokenLater) return brokenLater;
  const { header, programHeaders } = candidate;
  return { abi, file, header, programHeaders, loads: programHeaders.filter(({ type }) => type === PT.LOAD), candidate };
}
