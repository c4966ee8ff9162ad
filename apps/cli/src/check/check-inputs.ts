// Finds the files to check behind the words of a command line: files, directories, archives, and archives inside archives.
import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { ZipPlacement } from '@elf/exec/check';
import { type ByteSource, bytesSource, hasElfMagic, parseArchive, sliceSource } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import { fromBufferPromise, fromFdPromise, type ZipFile } from 'yauzl';
import { ARCHIVE_HEAD_BYTES, type ArchiveKind, archiveKind, isPackageName } from './archive-kind.ts';
import type { TargetVisitor } from './check-target.ts';
import { hostErrorText } from '../host-error-text.ts';
import { visitTar } from './tar-members.ts';
import { ArchiveLimit, DEEPEST_NESTING, LARGEST_MEMBER_BYTES, UnpackBudget } from './unpack-budget.ts';
import { filesBelow, visitIfElf } from './walk-files.ts';
import { isOfInterest, visitZip } from './zip-members.ts';

/** Told how many files there are before they are visited. */
export interface InputProgress {
  found(files: number): void;
  done(path: string): void;
}

/** Visits everything behind one word of the command line. Nothing that an input contains makes it throw. */
export async function visitInput(path: string, visitor: TargetVisitor, progress: InputProgress): Promise<void> {
  try {
    const status = statSync(path);
    if (status.isDirectory()) await visitDirectory(path, visitor, progress);
    else if (status.isFile()) {
      progress.found(1);
      await visitNamedFile(path, visitor);
      progress.done(path);
    } else visitor.unreadable(path, 'neither a file nor a directory');
  } catch (error) {
    visitor.unreadable(path, hostErrorText(error));
  }
}

async function visitDirectory(path: string, visitor: TargetVisitor, progress: InputProgress): Promise<void> {
  const files = filesBelow(path, visitor);
  progress.found(files.length);
  for (const { path: file, isPackage } of files) {
    if (isPackage) await visitArchiveFile(file, 'zip', visitor);
    else visitIfElf(file, visitor);
    progress.done(file);
  }
}

async function visitNamedFile(path: string, visitor: TargetVisitor): Promise<void> {
  const source = openFileSource(path);
  let kind: ArchiveKind | undefined;
  try {
    const head = source.read(0, ARCHIVE_HEAD_BYTES);
    kind = hasElfMagic(head) ? undefined : archiveKind(head);
    if (kind === undefined) visitor.visit({ path, file: path, source, isNamed: true });
  } finally {
    source.close();
  }
  if (kind !== undefined) await visitArchiveFile(path, kind, visitor);
}

/** An archive on disk. What is damaged in it is reported; what could be read before has been visited. */
async function visitArchiveFile(path: string, kind: ArchiveKind, visitor: TargetVisitor): Promise<void> {
  const place: Place = { shown: path, file: path, member: undefined, depth: 0, budget: new UnpackBudget() };
  try {
    if (kind !== 'zip' && kind !== 'ar') {
      await visitTarArchive(createReadStream(path), kind, place, visitor);
      return;
    }
    const source = openFileSource(path);
    try {
      if (kind === 'ar') await visitObjectArchive(source, place, visitor);
      else await visitZipArchive(await fromFdPromise(source.descriptor, { autoClose: false }), source, place, visitor);
    } finally {
      source.close();
    }
  } catch (error) {
    visitor.unreadable(path, archiveErrorText(error));
  }
}

/** Where an archive is: on disk, or a member of another one. */
interface Place {
  readonly shown: string;
  readonly file: string;
  readonly member: string | undefined;
  readonly depth: number;
  readonly budget: UnpackBudget;
}

async function visitZipArchive(zip: ZipFile, archive: ByteSource, place: Place, visitor: TargetVisitor): Promise<void> {
  const isPackage = isPackageName(place.shown);
  await visitZip(zip, archive, place.budget, {
    async member({ name, source, dataOffset, isCompressed, abi }) {
      const isInstallable = /\.apk$/i.test(place.shown);
      const placement = isPackage && abi !== undefined ? { dataOffset, isCompressed, isInstallable } : undefined;
      await visitMember(name, source, placement, place, visitor);
    },
    skipped: (name) => visitor.skipped(`${place.shown}!${name}`),
    unreadable: (name, message) => visitor.unreadable(`${place.shown}!${name}`, message),
  });
}

async function visitTarArchive(
  stream: Readable,
  kind: ArchiveKind,
  place: Place,
  visitor: TargetVisitor,
): Promise<void> {
  if (kind !== 'tar' && kind !== 'gzip') {
    stream.destroy();
    visitor.unreadable(place.shown, `${kind} compression is not supported; decompress it first`);
    return;
  }
  await visitTar(stream, kind === 'gzip', place.budget, {
    member: (name, bytes) => visitMember(name, bytesSource(bytes), undefined, place, visitor),
    skipped: (name) => visitor.skipped(`${place.shown}!${name}`),
    unreadable: (name, message) => visitor.unreadable(`${place.shown}!${name}`, message),
  });
}

/** Static libraries and Debian packages. Members of thin archives are files of their own and are not looked for. */
async function visitObjectArchive(source: ByteSource, place: Place, visitor: TargetVisitor): Promise<void> {
  for (const { kind, name, source: content } of parseArchive(source).members()) {
    if (kind !== 'file' || content === undefined) continue;
    if (isOfInterest(content.read(0, ARCHIVE_HEAD_BYTES))) await visitMember(name, content, undefined, place, visitor);
    else visitor.skipped(`${place.shown}!${name}`);
  }
}

async function visitMember(
  name: string,
  source: ByteSource,
  zip: ZipPlacement | undefined,
  place: Place,
  visitor: TargetVisitor,
): Promise<void> {
  const shown = `${place.shown}!${name}`;
  const member = place.member === undefined ? name : `${place.member}!${name}`;
  const head = source.read(0, ARCHIVE_HEAD_BYTES);
  const kind = hasElfMagic(head) ? undefined : archiveKind(head);
  if (kind === undefined) {
    visitor.visit({ path: shown, file: place.file, member, source, ...(zip && { zip }), isNamed: false });
    return;
  }
  if (place.depth >= DEEPEST_NESTING) {
    visitor.unreadable(shown, `archives more than ${DEEPEST_NESTING} deep in others are not opened`);
    return;
  }
  const inner: Place = { ...place, shown, member, depth: place.depth + 1 };
  try {
    if (source.size > LARGEST_MEMBER_BYTES)
      throw new ArchiveLimit('member', `larger than ${LARGEST_MEMBER_BYTES} bytes`);
    const bytes = Buffer.from(sliceSource(source, 0, source.size).read(0, source.size));
    if (kind === 'zip') await visitZipArchive(await fromBufferPromise(bytes, {}), bytesSource(bytes), inner, visitor);
    else if (kind === 'ar') await visitObjectArchive(bytesSource(bytes), inner, visitor);
    else await visitTarArchive(Readable.from([bytes]), kind, inner, visitor);
  } catch (error) {
    if (error instanceof ArchiveLimit && error.scope === 'archive') throw error;
    visitor.unreadable(shown, archiveErrorText(error));
  }
}

/** Libraries report damage of the archive as errors of several kinds, a RangeError for absurd sizes among them. */
function archiveErrorText(error: unknown): string {
  if (error instanceof RangeError) return `damaged archive: ${error.message}`;
  const { code } = error as { code?: unknown };
  const text = hostErrorText(error);
  return typeof code === 'string' && /^Z_/.test(code) ? `damaged archive: ${text}` : text;
}
