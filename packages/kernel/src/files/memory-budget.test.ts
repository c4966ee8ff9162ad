// What files in memory and pipes take of the host: never more than the budget, and all of it comes back.
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import {
  Errno,
  FileTree,
  MemoryBudget,
  MemoryFileSystem,
  type OpenFile,
  createMemoryFile,
  createPipe,
  memoryClock,
} from '../index.ts';
import { FileContent } from './file-content.ts';

const KILO = 1024;
const PAGE = 4096;
const READ_WRITE = { read: true, write: true } as const;

function newTree(limitInBytes: number) {
  const budget = new MemoryBudget(limitInBytes);
  const files = new MemoryFileSystem(memoryClock(), { budget });
  const create = (path: string) => files.open(path, { ...READ_WRITE, createMode: 0o600 }) as OpenFile;
  return { budget, files, create };
}

describe('the content of a file', () => {
  it('has holes, which cost nothing and read as zeros', () => {
    const budget = new MemoryBudget(128 * KILO);
    const content = new FileContent(budget);
    expect(content.write(Uint8Array.of(1, 2, 3), 10 * 2 ** 30 + 65534)).toBe(3);
    expect(budget.usedBytes).toBe(64 * KILO + PAGE);
    const target = new Uint8Array(6).fill(9);
    content.read(target, 10 * 2 ** 30 + 65532);
    expect([...target]).toEqual([0, 0, 1, 2, 3, 0]);
    content.cut(10 * 2 ** 30 + 65535);
    expect(budget.usedBytes).toBe(64 * KILO);
    content.read(target, 10 * 2 ** 30 + 65532);
    expect([...target]).toEqual([0, 0, 1, 0, 0, 0]);
    content.cut(0);
    expect([budget.usedBytes, content.heldBytes]).toEqual([0, 0]);
  });

  it('is stored as far as there is room', () => {
    const content = new FileContent(new MemoryBudget(100 * KILO));
    expect(content.write(new Uint8Array(200 * KILO), 0)).toBe(64 * KILO);
    expect(content.write(new Uint8Array(30 * KILO), 64 * KILO)).toBe(30 * KILO);
    expect(content.write(new Uint8Array(30 * KILO), 94 * KILO)).toBe(0);
    expect(content.reserve(95 * KILO, KILO)).toBe(true);
    expect(content.reserve(96 * KILO, 8 * KILO)).toBe(false);
  });

  it('that comes from outside is free of charge, and gives nothing back', () => {
    const budget = new MemoryBudget(64 * KILO);
    const content = new FileContent(budget);
    content.adopt(new Uint8Array(70 * KILO).fill(5));
    expect([budget.usedBytes, content.heldBytes]).toEqual([0, 70 * KILO]);
    expect(content.write(new Uint8Array(4 * KILO), 70 * KILO)).toBe(4 * KILO);
    const paid = budget.usedBytes;
    expect(paid).toBeGreaterThanOrEqual(4 * KILO);
    content.cut(0);
    expect(budget.usedBytes).toBe(0);
  });
});

describe('files in memory', () => {
  it('leave the bytes they were made of as they are', () => {
    const { files } = newTree(256 * KILO);
    const brought = Buffer.from([1, 2, 3]);
    files.writeFile('given', brought);
    const opened = files.open('given', READ_WRITE) as OpenFile;
    expect(opened.write(new Uint8Array(3), 0)).toBe(3);
    expect([...brought]).toEqual([1, 2, 3]);
  });

  it('end in ENOSPC, and what is removed is room again', () => {
    const { budget, files, create } = newTree(256 * KILO);
    const [first, second] = [create('first'), create('second')];
    expect(first.write(new Uint8Array(128 * KILO), 0)).toBe(128 * KILO);
    expect(second.write(new Uint8Array(128 * KILO), 0)).toBe(64 * KILO);
    expect(second.write(new Uint8Array(128 * KILO), 64 * KILO)).toBe(-Errno.ENOSPC);
    expect(files.space().free).toBeLessThan(64 * KILO);
    expect(files.removeFile('first')).toBe(0);
    expect(second.write(new Uint8Array(64 * KILO), 64 * KILO)).toBe(-Errno.ENOSPC);
    first.close();
    expect(second.write(new Uint8Array(64 * KILO), 64 * KILO)).toBe(64 * KILO);
    expect(second.truncate?.(0)).toBe(0);
    files.rename('second', 'third');
    create('first').close();
    expect(files.rename('first', 'third')).toBe(0);
    second.close();
    expect(files.removeFile('third')).toBe(0);
    expect(budget.usedBytes).toBe(0);
  });

  it('have room for as many names as there is memory', () => {
    const { budget, files } = newTree(64 * KILO);
    let made = 0;
    while (files.makeDirectory(`d${made}`, 0o755) === 0) made++;
    expect(files.makeDirectory('more', 0o755)).toBe(-Errno.ENOSPC);
    expect(files.makeSymbolicLink('link', 'x'.repeat(3000))).toBe(-Errno.ENOSPC);
    expect(made).toBeGreaterThan(40);
    expect(made).toBeLessThan(64);
    expect(files.removeDirectory('d0')).toBe(0);
    expect(files.makeSymbolicLink('link', 'x')).toBe(0);
    expect(files.link('link', 'again')).toBe(-Errno.ENOSPC);
    files.discard();
    expect([budget.usedBytes, files.entries('')]).toEqual([0, []]);
  });

  it('stay in memory while they are mapped, and stores that find no room are bus errors', () => {
    const memory = new GuestMemory({ maximumBytes: 64 << 20 });
    const { budget, files, create } = newTree(20 * KILO);
    const tree = new FileTree(() => undefined, memory.fileFrames, budget);
    tree.mounts.mount('/', files);
    create('mapped').close();
    const mode = { readable: true, writable: true, append: false, nonBlocking: false };
    const description = tree.open({ base: '/', root: '/' }, 'mapped', READ_WRITE, mode);
    if (typeof description === 'number') throw new Error('not opened');
    expect(description.file.truncate?.(2 ** 30)).toBe(0);
    const space = new AddressSpace(memory);
    const user = new UserMemory(space);
    const protection = Protection.Read | Protection.Write;
    const address = space.map({ length: 2 ** 30, protection, shared: true, backing: description.file.backing?.() });
    expect(user.writeU32(address, 7)).toBe(true);
    expect(user.writeU32(address + 64 * KILO, 7)).toBe(true);
    const used = budget.usedBytes;
    expect(user.readU32(address + 200 * KILO)).toBe(0);
    expect(user.writeU32(address + 200 * KILO, 7)).toBe(false);
    expect(user.writeU32(address + 300 * KILO, 7)).toBe(false);
    description.release();
    expect(files.removeFile('mapped')).toBe(0);
    expect(budget.usedBytes).toBeGreaterThan(used - KILO * 2);
    space.unmap(address, 2 ** 30);
    expect(budget.usedBytes).toBe(0);
  });

  it('without a name are paid from the same budget', () => {
    const memory = new GuestMemory({ maximumBytes: 16 << 20 });
    const budget = new MemoryBudget(64 * KILO);
    const credentials = { effectiveUser: 0, effectiveGroup: 0 };
    const make = () =>
      createMemoryFile({
        name: '/memfd:x',
        mode: 0o600,
        inode: 1,
        seals: { current: 0 },
        clock: memoryClock(),
        credentials,
        frames: memory.fileFrames,
        budget,
      });
    const file = make() as OpenFile;
    expect(file.write(new Uint8Array(100 * KILO), 0)).toBe(-Errno.ENOSPC);
    expect(file.write(new Uint8Array(63 * KILO), 0)).toBe(-Errno.ENOSPC);
    expect(file.write(new Uint8Array(60 * KILO), 0)).toBe(60 * KILO);
    while (typeof make() !== 'number');
    expect(make()).toBe(-Errno.ENOSPC);
    const before = budget.usedBytes;
    file.close();
    expect(before - budget.usedBytes).toBe(61 * KILO);
  });
});

describe('pipes', () => {
  it('hold memory from the first byte to the last end, within the budget', () => {
    const budget = new MemoryBudget(128 * KILO);
    const pipes = [1, 2, 3].map((inode) => createPipe(inode, () => 0n, budget));
    expect(budget.usedBytes).toBe(0);
    const write = (index: number) => pipes[index].writer.write(new Uint8Array(10), 0);
    expect([write(0), write(1), write(2)]).toEqual([10, 10, -Errno.ENOMEM]);
    expect(pipes[0].writer.pipeCapacity?.resize(2 ** 20, 2 ** 20)).toBe(-Errno.ENOMEM);
    expect(pipes[0].writer.pipeCapacity?.resize(PAGE, 2 ** 20)).toBe(PAGE);
    expect(budget.usedBytes).toBe(68 * KILO);
    for (const { reader, writer } of pipes) {
      reader.close();
      writer.close();
    }
    expect(budget.usedBytes).toBe(0);
  });

  it('of a part count in the whole', () => {
    const whole = new MemoryBudget(10);
    const part = new MemoryBudget(8, whole);
    expect([part.take(9), part.take(6), whole.take(3), whole.take(4)]).toEqual([false, true, true, false]);
    expect([whole.usedBytes, part.usedBytes, part.freeBytes]).toEqual([9, 6, 1]);
    part.give(6);
    expect(whole.usedBytes).toBe(3);
  });
});
