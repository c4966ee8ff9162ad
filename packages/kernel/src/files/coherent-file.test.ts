// Files that are read, written and cut while they are mapped: in memory, and on the host.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AddressSpace, type Backing, GuestMemory, UserMemory } from '@elf/mm';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryClock } from '../host/memory/memory-clock.ts';
import { nodeDirectory } from '../host/node/node-directory.ts';
import { Seal } from './file-seals.ts';
import type { FileSystem } from './file-system.ts';
import { FileTree } from './file-tree.ts';
import { MemoryBudget } from './memory-budget.ts';
import { createMemoryFile } from './memory-file.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import type { OpenFile } from './open-file.ts';

const PAGE = 4096;
const work = mkdtempSync(join(tmpdir(), 'elf-coherent-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const from = { base: '/', root: '/' };
const openMode = { readable: true, writable: true, append: false, nonBlocking: false };
const systems: [string, () => FileSystem][] = [
  ['memory', () => new MemoryFileSystem(memoryClock())],
  ['host', () => nodeDirectory(work)],
];

function open(tree: FileTree, truncate = true): OpenFile {
  const request = { read: true, write: true, createMode: 0o644, truncate };
  const opened = tree.open(from, 'file', request, openMode);
  if (typeof opened === 'number') throw new Error(`open: ${opened}`);
  return opened.file;
}

function setUp(fileSystem: FileSystem) {
  const memory = new GuestMemory({ maximumBytes: 64 << 20 });
  const space = new AddressSpace(memory);
  const tree = new FileTree(undefined, memory.fileFrames);
  tree.mounts.mount('/', fileSystem);
  const file = open(tree);
  for (const [page, byte] of [11, 22, 33].entries()) file.write(new Uint8Array(PAGE).fill(byte), page * PAGE);
  const map = (shared: boolean) =>
    space.map({ length: 3 * PAGE, protection: 3, shared, backing: file.backing?.() as Backing });
  return { space, tree, file, map, user: new UserMemory(space) };
}

function bytesAt(file: OpenFile, position: number, length: number): number[] {
  const target = new Uint8Array(length);
  return [...target.subarray(0, file.read(target, position))];
}

describe.each(systems)('a mapped file of the %s', (name, make) => {
  it('reads what mappings stored, and mappings hold what was written', () => {
    const { file, map, tree, user } = setUp(make());
    const [shared, copy] = [map(true), map(false)];
    user.write(shared + PAGE - 1, Uint8Array.of(1, 2));
    user.writeU8(copy + 2 * PAGE, 99);
    expect(bytesAt(file, PAGE - 1, 2)).toEqual([1, 2]);
    expect(bytesAt(open(tree, false), PAGE - 1, 2)).toEqual([1, 2]);
    expect(user.readU8(copy + PAGE)).toBe(2);
    expect(file.write(Uint8Array.of(7, 8, 9), 2 * PAGE - 1)).toBe(3);
    expect(user.read(shared + 2 * PAGE - 1, 3)).toEqual(Uint8Array.of(7, 8, 9));
    expect(user.read(copy + 2 * PAGE - 1, 2)).toEqual(Uint8Array.of(7, 99));
  });

  it('takes pages behind a cut away, and shows zeros where it grows again', () => {
    const { file, map, space, user } = setUp(make());
    const [shared, copy] = [map(true), map(false)];
    user.write(shared, new Uint8Array(3 * PAGE).fill(5));
    user.writeU8(copy + 2 * PAGE, 99);
    expect(file.truncate?.(PAGE + 10)).toBe(0);
    expect(user.read(shared + PAGE + 9, 2)).toEqual(Uint8Array.of(5, 0));
    expect([user.readU8(shared + 2 * PAGE), user.readU8(copy + 2 * PAGE)]).toEqual([undefined, undefined]);
    user.writeU8(shared + PAGE + 20, 6);
    expect(file.truncate?.(3 * PAGE)).toBe(0);
    expect([PAGE + 9, PAGE + 20, 2 * PAGE].map((at) => user.readU8(shared + at))).toEqual([5, 0, 0]);
    expect(bytesAt(file, PAGE + 9, 12)).toEqual([5, ...new Array(11).fill(0)]);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('shows zeros in the gap that a write behind the end leaves', () => {
    const { file, map, user } = setUp(make());
    file.truncate?.(PAGE + 10);
    const shared = map(true);
    user.writeU8(shared + PAGE + 20, 6);
    expect(file.write(Uint8Array.of(4), PAGE + 30)).toBe(1);
    expect([PAGE + 9, PAGE + 20, PAGE + 30].map((at) => user.readU8(shared + at))).toEqual([22, 0, 4]);
  });

  it('gets holes, which copies do not see', () => {
    const { file, map, space, user } = setUp(make());
    const [shared, copy] = [map(true), map(false)];
    user.writeU8(shared + PAGE + 5, 6);
    user.writeU8(copy + PAGE + 6, 99);
    expect(file.punchHole?.(PAGE - 1, 2 * PAGE + 1)).toBe(0);
    const places = [PAGE - 2, PAGE - 1, PAGE + 5, 2 * PAGE, 2 * PAGE + 1];
    expect(places.map((at) => user.readU8(shared + at))).toEqual([11, 0, 0, 0, 33]);
    expect(places.map((at) => bytesAt(file, at, 1)[0])).toEqual([11, 0, 0, 0, 33]);
    expect(user.readU8(copy + PAGE + 6)).toBe(99);
    expect(file.punchHole?.(2 * PAGE, 9 * PAGE)).toBe(0);
    expect(file.status()).toMatchObject({ sizeInBytes: 3 * PAGE });
    expect(space.checkInvariants()).toEqual([]);
  });

  it('loses its pages to truncate(2) and O_TRUNC', () => {
    const { map, tree, user } = setUp(make());
    const shared = map(true);
    user.writeU8(shared, 5);
    user.writeU8(shared + PAGE, 5);
    expect(tree.truncate(from, 'file', PAGE)).toBe(0);
    expect([user.readU8(shared), user.readU8(shared + PAGE)]).toEqual([5, undefined]);
    open(tree);
    expect(user.readU8(shared)).toBeUndefined();
    expect([tree.truncate(from, '.', 0), tree.truncate(from, 'none', 0)]).toEqual([-21, -2]);
  });

  it('keeps dirty pages that were written to while nobody looked', () => {
    const { file, map, space, user } = setUp(make());
    const shared = map(true);
    user.writeU8(shared, 5);
    file.write(Uint8Array.of(6), 1);
    space.destroy();
    expect(bytesAt(file, 0, 3)).toEqual([5, 6, 11]);
    if (name === 'host') expect([...readFileSync(join(work, 'file')).subarray(0, 3)]).toEqual([5, 6, 11]);
  });
});

describe('a file without a name', () => {
  it('is a file like the others, and shows what it is', () => {
    const memory = new GuestMemory();
    const space = new AddressSpace(memory);
    const file = createMemoryFile({
      name: '/memfd:x (deleted)',
      mode: 0o777,
      inode: 5,
      seals: { current: Seal.Seal },
      clock: memoryClock(),
      credentials: { effectiveUser: 1, effectiveGroup: 2 },
      frames: memory.fileFrames,
      budget: new MemoryBudget(),
    }) as OpenFile;
    expect(file.truncate?.(PAGE)).toBe(0);
    const address = space.map({ length: PAGE, protection: 3, shared: true, backing: file.backing?.() });
    const user = new UserMemory(space);
    user.writeU8(address, 8);
    expect(bytesAt(file, 0, 2)).toEqual([8, 0]);
    expect(space.mapsText()).toMatch(/rw-s 00000000 00:01 5 +\/memfd:x \(deleted\)\n/);
    expect(file.status()).toMatchObject({ mode: 0o100777, links: 0, inode: 5, user: 1, group: 2 });
    expect(file.truncate?.(0)).toBe(0);
    expect(user.readU8(address)).toBeUndefined();
  });
});
