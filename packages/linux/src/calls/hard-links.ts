// link(2), linkat(2): more names for a file, and a first one for a file that was opened without.
import { defineSystemCall, descriptor, Errno, flagSet, type OpenDescription, path, type Thread } from '@elf/kernel';
import { AT } from '../abi/flags/file-flags.ts';
import { hasCapability } from '../capabilities.ts';
import { describe } from '../files-at.ts';
import { bothEnds, type DirectoryPath } from './path-changes.ts';

const CAP_DAC_READ_SEARCH = 2;

export const link = defineSystemCall({
  name: 'link',
  numbers: { 'x86-64': 86, i386: 9 },
  support: 'full',
  arguments: { from: path, to: path },
  run: (task, values) => hardLink(task, [AT.FDCWD, values.from], [AT.FDCWD, values.to], 0),
});

export const linkat = defineSystemCall({
  name: 'linkat',
  numbers: { 'x86-64': 265, i386: 303 },
  support: 'full',
  arguments: {
    fromDirectory: descriptor,
    from: path,
    toDirectory: descriptor,
    to: path,
    flags: flagSet({ AT_SYMLINK_FOLLOW: 0x400, AT_EMPTY_PATH: 0x1000 }),
  },
  run: (task, values) =>
    hardLink(task, [values.fromDirectory, values.from], [values.toDirectory, values.to], values.flags),
});

function hardLink(task: Thread, from: DirectoryPath, to: DirectoryPath, flags: number): number {
  if ((flags & ~(AT.SYMLINK_FOLLOW | AT.EMPTY_PATH)) !== 0) return -Errno.EINVAL;
  const [directory, name] = from;
  if (name === '' && (flags & AT.EMPTY_PATH) !== 0) return linkDescriptor(task, directory, to);
  const ends = bothEnds(task, from, to);
  if (typeof ends === 'number') return ends;
  const follows = (flags & AT.SYMLINK_FOLLOW) !== 0;
  const { tree } = task.kernel;
  const place = follows ? tree.resolve(ends[0][0], ends[0][1], true) : undefined;
  const unnamed = typeof place === 'object' ? place.object : undefined;
  if (unnamed?.file.nameAs !== undefined) {
    const result = tree.nameFile(unnamed, ...ends[1]);
    unnamed.release();
    return result;
  }
  unnamed?.release();
  return tree.pair(ends[0], ends[1], follows, (files, source, target, found) =>
    found.status === undefined ? files.link(source, target) : -Errno.EEXIST,
  );
}

/** AT_EMPTY_PATH: the file of a descriptor, for those who may search everywhere (fs/namei.c, do_linkat). */
function linkDescriptor(task: Thread, fd: number, to: DirectoryPath): number {
  if (!hasCapability(task.process, CAP_DAC_READ_SEARCH)) return -Errno.ENOENT;
  const file: OpenDescription | number = describe(task, fd);
  if (typeof file === 'number') return file;
  const { tree } = task.kernel;
  const ends = bothEnds(task, [AT.FDCWD, file.path ?? ''], to);
  if (typeof ends === 'number') return ends;
  if (file.file.nameAs !== undefined) return tree.nameFile(file, ...ends[1]);
  if (file.path === undefined) return -Errno.EXDEV;
  const named = { base: '/', root: '/' };
  return tree.pair([named, file.path], ends[1], false, (files, source, target, found) =>
    found.status === undefined ? files.link(source, target) : -Errno.EEXIST,
  );
}
