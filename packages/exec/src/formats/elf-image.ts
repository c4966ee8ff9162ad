// Reading an ELF file the way a loader does: the header from the 256-byte buffer, the table with one read, nothing else.
import { bytesSource, type FileHeader, type ProgramHeader, PT, parseElf } from '@elf/parse';
import type { ExecFile } from '../exec-request.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import type { ElfCandidate, ElfRule } from './elf-rule.ts';
import { PROGRAM_HEADER_BYTES } from './linux-elf-rules.ts';

/** sizeof(Elf64_Ehdr), and where e_phoff lies in it. */
const FILE_HEADER_BYTES = 64;
const PROGRAM_HEADER_OFFSET_FIELD = 32;
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

/** A readable ELF image. */
export interface ElfImage {
  readonly file: ExecFile;
  readonly header: FileHeader;
  readonly programHeaders: readonly ProgramHeader[];
  /** PT_LOAD headers in table order, the order in which they are mapped. */
  readonly loads: readonly ProgramHeader[];
}

/** A rule that refused an image. */
export interface BrokenRule {
  readonly rule: ElfRule;
  readonly sentence: string;
}

/**
 * Decodes the header buffer as Linux sees it: 64-bit little-endian whatever e_ident says, zeros beyond a short file.
 * The magic is put in place for the decoder; the `elf-magic` rule looks at the real bytes.
 */
function decodeHeader(buffer: Uint8Array): FileHeader {
  const bytes = buffer.slice(0, FILE_HEADER_BYTES);
  const ident = bytes.slice(0, 16);
  bytes.set(ELF_MAGIC);
  const elf = parseElf(bytesSource(bytes), { permissive: true, elfClass: 64, littleEndian: true });
  return { ...elf.fileHeader, ident };
}

/** Decodes a table that was read from anywhere by showing it to the parser right behind a file header. */
function decodeTable(buffer: Uint8Array, table: Uint8Array): readonly ProgramHeader[] {
  const bytes = new Uint8Array(FILE_HEADER_BYTES + table.length);
  bytes.set(buffer.subarray(0, FILE_HEADER_BYTES));
  bytes.set(ELF_MAGIC);
  bytes.set(table, FILE_HEADER_BYTES);
  new DataView(bytes.buffer).setBigUint64(PROGRAM_HEADER_OFFSET_FIELD, BigInt(FILE_HEADER_BYTES), true);
  return parseElf(bytesSource(bytes), { permissive: true, elfClass: 64, littleEndian: true }).programHeaders;
}

/**
 * Reads headers and asks the profile's rules, stage by stage.
 * @param buffer the first bytes of the file, zero padded to at least 64.
 */
export function readElfImage(file: ExecFile, buffer: Uint8Array, profile: LoaderProfile): ElfImage | BrokenRule {
  const header = decodeHeader(buffer);
  const candidate: ElfCandidate = {
    header,
    machine: profile.machine,
    fileBytes: file.source.size,
    canBeMapped: file.backing !== undefined,
    programHeaders: [],
  };
  const broken = firstBroken(profile, candidate, ['identity', 'table']);
  if (broken) return broken;
  const table = file.source.read(Number(header.phoff), header.phnum * PROGRAM_HEADER_BYTES);
  const programHeaders = decodeTable(buffer, table);
  const brokenLater = firstBroken(profile, { ...candidate, programHeaders }, ['program headers']);
  if (brokenLater) return brokenLater;
  return { file, header, programHeaders, loads: programHeaders.filter(({ type }) => type === PT.LOAD) };
}

function firstBroken(
  profile: LoaderProfile,
  candidate: ElfCandidate,
  stages: readonly ElfRule['stage'][],
): BrokenRule | undefined {
  for (const rule of profile.elfRules) {
    if (!stages.includes(rule.stage)) continue;
    const sentence = rule.check(candidate);
    if (sentence !== undefined) return { rule, sentence };
  }
  return undefined;
}
