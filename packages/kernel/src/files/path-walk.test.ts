// The walls: no path, link or ".." leads out of the root; and the errors of man 7 path_resolution.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Errno, FileTree, MemoryFileSystem, memoryClock, readOnlyFileSystem } from '../index.ts';
import { nodeDirectory } from '../node.ts';

const outside = mkdtempSync(join(tmpdir(), 'elf-walls-'));
const inside = join(outside, 'root');
mkdirSync(join(inside, 'dir/sub'), { recursive: true });
writeFileSync(join(outside, 'secret'), 'secret');
writeFileSync(join(inside, 'dir/file'), 'content');
symlinkSync('/etc/passwd', join(inside, 'absolute'));
symlinkSync('../../../../../../secret', join(inside, 'dir/climbing'));
symlinkSync('..', join(inside, 'dir/up'));
symlinkSync('loop', join(inside, 'loop'));
afterAll(() => rmSync(outside, { recursive: true }));

const view = { base: '/', root: '/' };
const mode = () => ({ readable: true, writable: false, append: false, nonBlocking: false });

function hostTree() {
  const tree = new FileTree();
  tree.mounts.mount('/', nodeDirectory(inside));
  return tree;
}

describe('walls of a host directory', () => {
  it.each([
    ['../secret', -Errno.ENOENT],
    ['../../../../etc/passwd', -Errno.ENOENT],
    ['dir/../../secret', -Errno.ENOENT],
    ['absolute', -Errno.ENOENT],
    ['dir/climbing', -Errno.ENOENT],
    ['dir/up/up/up/secret', -Errno.ENOENT],
    ['loop', -Errno.ELOOP],
    ['dir/file/', -Errno.ENOTDIR],
    ['dir/file/x', -Errno.ENOTDIR],
    ['', -Errno.ENOENT],
    ['x'.repeat(300), -Errno.ENAMETOOLONG],
    ['a/'.repeat(3000), -Errno.ENAMETOOLONG],
  ])('%s', (path, errno) => {
    expect(hostTree().open(view, path, { read: true, write: false }, mode())).toBe(errno);
  });

  it('".." of the root is the root, and inner links work', () => {
    expect(hostTree().resolve(view, '../../dir/up/dir/./sub/..', true)).toMatchObject({ path: '/dir' });
  });

  it('a chroot is a wall too', () => {
    const within = { base: '/dir', root: '/dir' };
    expect(hostTree().status(within, '../../dir/file', true)).toBe(-Errno.ENOENT);
    expect(hostTree().status(within, '/../file', true)).toMatchObject({ sizeInBytes: 7 });
  });
});

describe('a read-only mount', () => {
  const tree = new FileTree();
  const files = new MemoryFileSystem(memoryClock());
  files.writeFile('a', new Uint8Array([1]));
  tree.mounts.mount('/', readOnlyFileSystem(files));

  it('refuses every change and allows reading', () => {
    const writing = { ...mode(), writable: true };
    expect(tree.open(view, 'a', { read: false, write: true }, writing)).toBe(-Errno.EROFS);
    expect(tree.open(view, 'b', { read: false, write: true, createMode: 0o644 }, writing)).toBe(-Errno.EROFS);
    expect(tree.change(view, 'a', true, (fs, at) => fs.removeFile(at))).toBe(-Errno.EROFS);
    expect(tree.create(view, 'd', true, (fs, at) => fs.makeDirectory(at, 0o755))).toBe(-Errno.EROFS);
    expect(tree.open(view, 'a', { read: true, write: false }, mode())).toHaveProperty('path', '/a');
  });
});

describe('the memory file system', () => {
  it('keeps hard links, renames and unlinked open files', () => {
    const files = new MemoryFileSystem(memoryClock());
    files.writeFile('d/one', new Uint8Array([1, 2, 3]));
    expect(files.link('d/one', 'two')).toBe(0);
    expect(files.status('two')).toMatchObject({ links: 2, sizeInBytes: 3 });
    const open = files.open('two', { read: true, write: false });
    expect(files.removeFile('two')).toBe(0);
    expect(files.rename('d', 'd/inner')).toBe(-Errno.EINVAL);
    expect(files.removeDirectory('d')).toBe(-Errno.ENOTEMPTY);
    const target = new Uint8Array(3);
    if (typeof open === 'number') throw new Error('expected an open file');
    expect(open.read(target, 0)).toBe(3);
    expect([...target]).toEqual([1, 2, 3]);
  });
});
