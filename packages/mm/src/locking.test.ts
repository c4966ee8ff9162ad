// mlock, munlock and mlockall: which pages come, which limits hold, what fork and mremap do with locks.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { bytesBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { GuestMemory } from './guest-memory.ts';
import type { AddressSpaceOptions } from './space-layout.ts';
import { AreaFlag } from './vma.ts';

const PAGE = 4096;
const { EAGAIN, EINVAL, ENOMEM, EPERM } = MemoryErrno;

function create(options: AddressSpaceOptions = {}) {
  const space = new AddressSpace(new GuestMemory(), options);
  const map = (pages: number, more = {}) => space.map({ length: pages * PAGE, protection: 3, ...more });
  const locked = () => space.areas.map(({ flags }) => (flags & AreaFlag.Locked) !== 0);
  return { space, map, locked };
}

describe('mlock', () => {
  it('touches the pages, or with MLOCK_ONFAULT waits for the program', () => {
    const { space, map } = create();
    const address = map(2);
    expect(space.setLocked(address + 1, 1, true)).toBe(0);
    expect(space.residency(address, 2 * PAGE)).toEqual(Uint8Array.of(1, 0));
    expect(space.setLocked(address, 2 * PAGE, true, true)).toBe(0);
    expect(space.residency(address, 2 * PAGE)).toEqual(Uint8Array.of(1, 0));
  });

  it('of private pages of a file has the pages of the file in memory, for whoever maps it', () => {
    const { space, map } = create();
    const backing = bytesBacking(new Uint8Array(2 * PAGE));
    const [first, second] = [map(2, { backing }), map(2, { backing })];
    expect(space.residency(second, 2 * PAGE)).toEqual(Uint8Array.of(0, 0));
    expect(space.setLocked(first, 2 * PAGE, true)).toBe(0);
    expect(space.residency(second, 2 * PAGE)).toEqual(Uint8Array.of(1, 1));
  });

  it('locks what precedes a hole, or a page that cannot be touched, and says so', () => {
    const { space, map, locked } = create();
    const address = map(3);
    space.unmap(address + PAGE, PAGE);
    expect(space.setLocked(address, 3 * PAGE, true)).toBe(-ENOMEM);
    expect(locked()).toEqual([true, false]);
    const behindEnd = map(1, { backing: bytesBacking(new Uint8Array(1)), offset: PAGE });
    expect(space.setLocked(behindEnd, PAGE, true)).toBe(-ENOMEM);
    expect(space.setLocked(map(1, { protection: 0 }), PAGE, true)).toBe(-ENOMEM);
  });

  it('counts what is locked already once, within RLIMIT_MEMLOCK', () => {
    const { space, map } = create({ lockLimitInBytes: 4 * PAGE });
    const address = map(8);
    expect(space.setLocked(address, 3 * PAGE, true)).toBe(0);
    expect(space.setLocked(address + PAGE, 3 * PAGE, true)).toBe(0);
    expect(space.setLocked(address + 6 * PAGE, PAGE, true)).toBe(-ENOMEM);
    expect(map(1, { locked: true })).toBe(-EAGAIN);
    expect(space.remap({ address: address + PAGE, oldLength: 3 * PAGE, newLength: 4 * PAGE, mayMove: true })).toBe(
      -EAGAIN,
    );
    expect(space.setLocked(address, 8 * PAGE, false)).toBe(0);
    expect(map(4, { locked: true })).toBeGreaterThan(0);
  });

  it('runs out of memory over terabytes of zeros, soon', () => {
    const space = new AddressSpace(new GuestMemory({ maximumBytes: 16 << 20 }));
    const address = space.map({ length: 2 ** 45, protection: 1 });
    expect(space.setLocked(address, 2 ** 45, true)).toBe(-EAGAIN);
    expect(space.advise(address, 2 ** 45, 22)).toBe(-ENOMEM);
    expect(space.map({ length: 2 ** 44, protection: 3, locked: true })).toBeGreaterThan(0);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('is forbidden by a limit of zero', () => {
    const { space, map } = create({ lockLimitInBytes: 0 });
    const address = map(1);
    expect(space.setLocked(address, PAGE, true)).toBe(-EPERM);
    expect(space.setLocked(address, PAGE, false)).toBe(0);
    expect(space.lockAll(1)).toBe(-EPERM);
    expect(map(1, { locked: true })).toBe(-EPERM);
  });

  it('is not inherited by a child', () => {
    const { space, map } = create();
    map(1, { locked: true });
    space.lockAll(2);
    const child = space.fork();
    child.map({ length: PAGE, protection: 1 });
    expect(child.areas.filter(({ flags }) => flags & AreaFlag.Locked)).toEqual([]);
  });

  it('gives private memory its own pages when it becomes writable', () => {
    const { space, map } = create();
    const file = bytesBacking(new Uint8Array(PAGE).fill(1));
    const address = map(1, { backing: file, protection: 1, locked: true });
    const before = space.memory.framesInUse;
    space.protect(address, PAGE, 3);
    expect(space.memory.framesInUse).toBe(before + 1);
    expect(space.advise(address, PAGE, 4)).toBe(-EINVAL);
    expect(space.advise(address, PAGE, 24)).toBe(0);
  });
});

describe('mlockall', () => {
  it('locks what is there, what will be there, or both, until munlockall', () => {
    const { space, map, locked } = create();
    map(1, { protection: 1 });
    expect(space.lockAll(1)).toBe(0);
    map(1, { protection: 5 });
    expect(locked()).toEqual([false, true]);
    expect(space.lockAll(2)).toBe(0);
    const address = map(1, { protection: 3 });
    expect(locked()).toEqual([true, false, true]);
    expect(space.residency(address, PAGE)).toEqual(Uint8Array.of(1));
    space.setProgramBreak(0x600000);
    space.brk(0x602000);
    expect(space.residency(0x600000, 2 * PAGE)).toEqual(Uint8Array.of(1, 1));
    space.unlockAll();
    map(1, { protection: 4 });
    expect(locked()).not.toContain(true);
  });

  it('checks its flags and its limit', () => {
    const { space, map } = create({ lockLimitInBytes: PAGE });
    map(2);
    expect([0, 4, 8].map((flags) => space.lockAll(flags))).toEqual([-EINVAL, -EINVAL, -EINVAL]);
    expect([1, 3, 2].map((flags) => space.lockAll(flags))).toEqual([-ENOMEM, -ENOMEM, 0]);
    expect(map(2)).toBe(-EAGAIN);
  });
});
