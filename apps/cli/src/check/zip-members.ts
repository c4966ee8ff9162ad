// Members of ZIP archives, APKs and AABs: stored ones are read in place, deflated ones unpacked one at a time.
import { type ByteSource, bytesSource, hasElfMagic, sliceSource } from '@elf/parse';
import type { Entry, ZipFile } from 'yauzl';
import { ARCHIVE_HEAD_BYTES, androidAbi, archiveKind } from './archive-kind.ts';
import { ArchiveLimit, collectMember, type UnpackBudget } from './unpack-budget.ts';

/** A member that is an ELF file or an archive. */
export interface ZipMember {
  readonly name: string;
  readonly source: ByteSource;
  /** Offset of its first byte in the archive. */
  readonly dataOffset: number;
  readonly isCompressed: boolean;
  /** ABI folder of an Android package, when it lies in one. */
  readonly abi: string | undefined;
}

/** What to do with the members. */
export interface ZipVisitor {
  member(member: ZipMember): Promise<void> | void;
  skipped(name: string): void;
  /** A member that cannot be unpacked; the others still are. */
  unreadable(name: string, message: string): void;
}

/**
 * Visits the members in the order of the central directory.
 *
 * @param archive the bytes of the archive, also read through `zip`.
 * @throws Error for an archive whose directory is damaged; what was found before has been visited.
 */
export async function visitZip(
  zip: ZipFile,
  archive: ByteSource,
  budget: UnpackBudget,
  visitor: ZipVisitor,
): Promise<void> {
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/')) continue;
    try {
      const member = await openMember(zip, entry, archive, budget);
      if (member === undefined) visitor.skipped(entry.fileName);
      else await visitor.member(member);
    } catch (error) {
      if (!(error instanceof Error) || isBug(error)) throw error;
      if (error instanceof ArchiveLimit && error.scope === 'archive') throw error;
      visitor.unreadable(entry.fileName, error.message);
    }
  }
}

function isBug(error: Error): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}

const STORED = 0;
const DEFLATED = 8;

async function openMember(
  zip: ZipFile,
  entry: Entry,
  archive: ByteSource,
  budget: UnpackBudget,
): Promise<ZipMember | undefined> {
  if (entry.uncompressedSize < SMALLEST_ELF) return undefined;
  if (entry.isEncrypted()) throw new Error('encrypted');
  const { fileDataStart: dataOffset } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const facts = { name: entry.fileName, dataOffset, abi: androidAbi(entry.fileName) };
  if (entry.compressionMethod === STORED) {
    const source = sliceSource(archive, dataOffset, entry.compressedSize);
    return isOfInterest(source.read(0, ARCHIVE_HEAD_BYTES)) ? { ...facts, source, isCompressed: false } : undefined;
  }
  if (entry.compressionMethod !== DEFLATED)
    throw new Error(`compression method ${entry.compressionMethod} is not supported`);
  const stream = await zip.openReadStreamPromise(entry);
  const bytes = await collectMember(
    { chunks: stream, stop: () => stream.destroy() },
    ARCHIVE_HEAD_BYTES,
    isOfInterest,
    budget,
  );
  return bytes && { ...facts, source: bytesSource(bytes), isCompressed: true };
}

/** sizeof(Elf32_Ehdr); also more than an empty archive has. */
const SMALLEST_ELF = 52;

/** ELF files and archives. */
export function isOfInterest(head: Uint8Array): boolean {
  return hasElfMagic(head) || archiveKind(head) !== undefined;
}
