// Reading an ELF file the way a loader does: the header from the 256-byte buffer, the table with one read, nothing else.
import { bytesSource, type FileHeader, type ProgramHeader, PT, parseElf } from '@elf/parse';
import type { ExecFile } from '../exec-request.ts';
import type { LoaderProfile } from '../loader-profile.ts';
import type { ElfAbi } from './elf-abi.ts';
import type { ElfCandidate, ElfRule } from './elf-rule.ts';

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
}

/** A rule that refused an image. */
export interface BrokenRule {
  readonly rule: ElfRule;
  readonly sentence: string;
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
 * Reads headers and asks the profile's rules, stage by stage.
 * @param buffer the first bytes of the file, zero padded to at least 64.
 */
export function readElfImage(
  file: ExecFile,
  buffer: Uint8Array,
  profile: LoaderProfile,
  abi: ElfAbi,
): ElfImage | BrokenRule {
  const header = decodeHeader(buffer, abi);
  const candidate: ElfCandidate = {
    header,
    abi,
    fileBytes: file.source.size,
    canBeMapped: file.backing !== undefined,
    programHeaders: [],
  };
  const broken = firstBroken(profile, candidate, ['identity', 'table']);
  if (broken) return broken;
  const table = file.source.read(Number(header.phoff), header.phnum * abi.programHeaderBytes);
  const programHeaders = decodeTable(buffer, table, abi);
  const brokenLater = firstBroken(profile, { ...candidate, programHeaders }, ['program headers']);
  if (brokenLater) return brokenLater;
  return { abi, file, header, programHeaders, loads: programHeaders.filter(({ type }) => type === PT.LOAD) };
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
