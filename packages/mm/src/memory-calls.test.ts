// Memory calls case by case: what the random model test does not reach, or what deserves a name.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { bytesBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access, FaultCause } from './page-fault.ts';
import type { AddressSpaceOptions } from './space-layout.ts';
import { Tlb } from './tlb/tlb.ts';
import { UserMemory } from './user-memory.ts';

const PAGE = 4096;
const TOP = 0x7fff_ffff_f000;
const MMAP_BASE = 0x7fff_f7ff_f000;
const GUARD = 0x100000;
const { EEXIST, EFAULT, EINVAL, ENOMEM, EPERM } = MemoryErrno;

function create(options: AddressSpaceOptions = {}) {
  const space = new AddressSpace(new GuestMemory({ maximumBytes: 256 << 20 }), options);
  return {
    space,
    user: new UserMemory(space),
    map: (pages: number, more = {}) => space.map({ length: pages * PAGE, protection: 3, ...more }),
  };
}

describe('placement', () => {
  it('goes down from the mmap base and takes the highest gap', () => {
    const { space, map } = create();
    const first = map(2);
    expect(first).toBe(MMAP_BASE - 2 * PAGE);
    expect(map(1, { protection: 1 })).toBe(MMAP_BASE - 3 * PAGE);
    space.unmap(first, PAGE);
    expect(map(1, { protection: 0 })).toBe(first);
    expect(map(2, { protection: 5 })).toBe(MMAP_BASE - 5 * PAGE);
  });

  it('reserves 2^46 bytes without a page', () => {
    const { space } = create();
    const before = space.memory.framesInUse;
    expect(space.map({ length: 2 ** 46, protection: 0 })).toBeGreaterThan(0);
    expect(space.memory.framesInUse).toBe(before);
    expect(space.map({ length: 2 ** 47, protection: 0 })).toBe(-ENOMEM);
  });

  it('takes a free hint, rounds it down, and ignores a taken one', () => {
    const { map } = create();
    expect(map(1, { address: 0x500123 })).toBe(0x500000);
    expect(map(1, { address: 0x500000 })).toBe(MMAP_BASE - PAGE);
    expect(map(1, { address: 0x1000 })).toBe(0x10000);
  });

  it('keeps MAP_32BIT in the second gibibyte, from below', () => {
    const { map } = create();
    expect(map(1, { low32: true, protection: 1 })).toBe(0x4000_0000);
    expect(map(1, { low32: true, protection: 5 })).toBe(0x4000_1000);
    expect(map(0x40000, { low32: true })).toBe(-ENOMEM);
  });

  it('falls back to addresses above the base when nothing is free below it', () => {
    const { map } = create({ taskSize: 96 * PAGE, mmapBase: 40 * PAGE, minimumAddress: 16 * PAGE });
    expect(map(24)).toBe(16 * PAGE);
    expect(map(8)).toBe(40 * PAGE);
  });

  it('checks fixed addresses', () => {
    const { map } = create();
    expect(map(1, { address: 0x20001, fixed: 'replace' })).toBe(-EINVAL);
    expect(map(1, { address: 0xf000, fixed: 'replace' })).toBe(-EPERM);
    expect(map(1, { address: TOP, fixed: 'replace' })).toBe(-ENOMEM);
    expect(map(1, { address: TOP - PAGE, fixed: 'replace' })).toBe(TOP - PAGE);
    expect(map(2, { address: TOP - 2 * PAGE, fixed: 'no-replace' })).toBe(-EEXIST);
    expect(map(0)).toBe(-EINVAL);
    expect(map(1, { offset: 5, backing: bytesBacking(new Uint8Array(9)) })).toBe(-EINVAL);
  });

  it('obeys RLIMIT_AS and the number of areas', () => {
    const { space, map } = create({ addressSpaceLimitInBytes: 4 * PAGE, maximumAreas: 3 });
    const address = map(4);
    expect(map(1)).toBe(-ENOMEM);
    expect(space.protect(address, PAGE, 1)).toBe(0);
    expect(space.protect(address + 2 * PAGE, PAGE, 1)).toBe(-ENOMEM);
    expect(space.checkInvariants()).toEqual([]);
  });
});

describe('the stack', () => {
  const stackAt = (stackLimitInBytes: number) => {
    const { space, map } = create({ stackLimitInBytes });
    const top = TOP;
    map(4, { address: top - 4 * PAGE, fixed: 'no-replace', growsDown: true });
    return { space, map, top };
  };

  it('grows to a touched page, with everything between', () => {
    const { space, top } = stackAt(1 << 20);
    expect(space.resolve(top - 64 * PAGE, Access.Write)).toBeGreaterThan(0);
    expect(space.find(top - 20 * PAGE)?.start).toBe(top - 64 * PAGE);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('stops at its limit', () => {
    const { space, top } = stackAt(16 * PAGE);
    expect(space.resolve(top - 17 * PAGE, Access.Write)).toBe(-FaultCause.MapError);
    expect(space.resolve(top - 16 * PAGE, Access.Write)).toBeGreaterThan(0);
  });

  it('keeps the guard gap to accessible memory below, not to a reservation', () => {
    const { space, map, top } = stackAt(64 << 20);
    const below = top - 2 * GUARD;
    map(1, { address: below, fixed: 'replace' });
    expect(space.resolve(below + GUARD, Access.Write)).toBe(-FaultCause.MapError);
    expect(space.resolve(below + PAGE + GUARD, Access.Write)).toBeGreaterThan(0);
    space.protect(below, PAGE, 0);
    expect(space.resolve(below + 2 * PAGE, Access.Write)).toBeGreaterThan(0);
  });

  it('is not approached by new mappings', () => {
    const { map } = create({ mmapBase: TOP });
    map(1, { address: TOP - PAGE, fixed: 'replace', growsDown: true });
    expect(map(1)).toBe(TOP - 2 * PAGE - GUARD);
  });
});

describe('mprotect, mremap, madvise, brk', () => {
  it('changes what precedes a hole and says so', () => {
    const { space, map } = create();
    const address = map(4);
    space.unmap(address + PAGE, PAGE);
    expect(space.protect(address, 4 * PAGE, 1)).toBe(-ENOMEM);
    expect(space.find(address)?.protection).toBe(1);
    expect(space.find(address + 2 * PAGE)?.protection).toBe(3);
    expect(space.protect(address, PAGE, 0x80)).toBe(-EINVAL);
  });

  it('extends PROT_GROWSDOWN to the start of a stack only', () => {
    const { space, map } = create();
    const stack = map(4, { growsDown: true });
    expect(space.protect(stack + 3 * PAGE, PAGE, 7 | 0x0100_0000)).toBe(0);
    expect(space.find(stack)?.protection).toBe(7);
    expect(space.protect(map(1, { address: 0x500000 }), PAGE, 7 | 0x0100_0000)).toBe(-EINVAL);
  });

  it('merges equal neighbours again', () => {
    const { space, map } = create();
    const address = map(3);
    space.protect(address + PAGE, PAGE, 1);
    expect(space.areas).toHaveLength(3);
    space.protect(address + PAGE, PAGE, 3);
    expect(space.areas).toHaveLength(1);
  });

  it('moves to a fixed address, leaving an empty area with DONTUNMAP', () => {
    const { space, user, map } = create();
    const address = map(2);
    user.writeU8(address, 1);
    user.writeU8(address + PAGE, 2);
    const target = 0x500000;
    const request = { address, oldLength: 2 * PAGE, newLength: 2 * PAGE, mayMove: true, fixedAddress: target };
    expect(space.remap({ ...request, keepOld: true })).toBe(target);
    expect([user.readU8(target + PAGE), user.readU8(address + PAGE)]).toEqual([2, 0]);
    expect(space.remap({ ...request, fixedAddress: address + PAGE })).toBe(-EINVAL);
    expect(space.remap({ ...request, mayMove: false })).toBe(-EINVAL);
    expect(space.remap({ ...request, address: 0x900000 })).toBe(-EFAULT);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('duplicates a shared mapping with an old length of zero', () => {
    const { space, user, map } = create();
    const address = map(1, { shared: true });
    user.writeU8(address, 4);
    const copy = space.remap({ address, oldLength: 0, newLength: PAGE, mayMove: true });
    user.writeU8(copy, 5);
    expect(user.readU8(address)).toBe(5);
    expect(space.remap({ address: map(1), oldLength: 0, newLength: PAGE, mayMove: true })).toBe(-EINVAL);
  });

  it('gives zeros after DONTNEED and FREE, and refuses what it does not know', () => {
    const { space, user, map } = create();
    const address = map(1);
    for (const advice of [4, 8]) {
      user.writeU8(address, 9);
      expect(space.advise(address, PAGE, advice)).toBe(0);
      expect(user.readU8(address)).toBe(0);
    }
    expect(space.advise(address, PAGE, 999)).toBe(-EINVAL);
    expect(space.advise(address, 2 * PAGE, 0)).toBe(-ENOMEM);
    space.setLocked(address, PAGE, true);
    expect(space.advise(address, PAGE, 4)).toBe(-EINVAL);
  });

  it('moves the break within its limit, and not into a neighbour', () => {
    const { space, user, map } = create({ dataLimitInBytes: 64 * PAGE });
    space.setProgramBreak(0x600000);
    expect(space.brk(0)).toBe(0x600000);
    expect(space.brk(0x600010)).toBe(0x600010);
    user.writeU8(0x600fff, 1);
    map(1, { address: 0x604000, fixed: 'replace' });
    expect(space.brk(0x603001)).toBe(0x600010);
    expect(space.brk(0x603000)).toBe(0x603000);
    space.unmap(0x604000, PAGE);
    expect(space.brk(0x600000 + 65 * PAGE)).toBe(0x603000);
    expect(space.brk(0x600000)).toBe(0x600000);
    expect(space.find(0x600000)).toBeUndefined();
  });

  it('tells what is resident', () => {
    const { space, map } = create();
    const address = map(3);
    space.resolve(address + PAGE, Access.Write);
    expect(space.residency(address, 3 * PAGE)).toEqual(Uint8Array.of(0, 1, 0));
    expect(space.residency(address, 4 * PAGE)).toBe(-ENOMEM);
  });
});

describe('code pages', () => {
  it('announces unmapping, moving and losing X, once each', () => {
    const { space, map } = create();
    const announced: number[] = [];
    space.onCodeChange((page) => announced.push(page));
    const address = map(3, { protection: 7 });
    for (let page = 0; page < 3; page++) {
      space.resolve(address + page * PAGE, Access.Write);
      space.markCode(address + page * PAGE);
    }
    space.protect(address, PAGE, 3);
    space.unmap(address + PAGE, PAGE);
    const moved = space.remap({
      address: address + 2 * PAGE,
      oldLength: PAGE,
      newLength: PAGE,
      mayMove: true,
      fixedAddress: 0x500000,
    });
    expect(announced).toEqual([address, address + PAGE, address + 2 * PAGE]);
    expect(space.resolve(moved, Access.Write)).toBeGreaterThan(0);
    space.unmap(moved, PAGE);
    expect(announced).toHaveLength(3);
  });

  it('sees a store through another mapping of the same memory, as double-mapping JITs make it', () => {
    const { space, map } = create();
    const tlb = new Tlb(space.memory);
    space.attachTlb(tlb);
    const backing = bytesBacking(new Uint8Array(PAGE));
    const writable = map(1, { backing, shared: true });
    const executable = map(1, { backing, shared: true, protection: 5 });
    const announced: number[] = [];
    space.onCodeChange((page) => announced.push(page));
    tlb.fill(writable, space.resolve(writable, Access.Write), Access.Write);
    space.resolve(executable, Access.Execute);
    space.markCode(executable);
    expect(space.resolve(writable, Access.Write)).toBe(-FaultCause.CodeWrite);
    expect(space.checkInvariants()).toEqual([]);
    space.clearCode(writable);
    expect(announced).toEqual([executable]);
    expect(space.resolve(writable, Access.Write)).toBeGreaterThan(0);
  });
});

describe('maps text', () => {
  it('has the columns of /proc/PID/maps', () => {
    const { space, map } = create();
    const mapsEntry = { path: '/bin/program', device: '08:01', inode: 1234567 };
    map(2, {
      address: 0x400000,
      fixed: 'replace',
      protection: 5,
      backing: bytesBacking(new Uint8Array(9), mapsEntry),
      offset: PAGE,
    });
    space.setProgramBreak(0x600000);
    space.brk(0x601000);
    map(1, { address: TOP - PAGE, fixed: 'replace', growsDown: true });
    space.setStackStart(TOP - 16);
    map(1, { protection: 0 });
    expect(space.mapsText().split('\n')).toEqual([
      '00400000-00402000 r-xp 00001000 08:01 1234567                            /bin/program',
      '00600000-00601000 rw-p 00000000 00:00 0                                  [heap]',
      '7ffff7ffe000-7ffff7fff000 ---p 00000000 00:00 0 ',
      '7fffffffe000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]',
      '',
    ]);
  });
});

describe('hostile addresses', () => {
  it('resolve to a map error', () => {
    const { space } = create();
    for (const address of [-PAGE, TOP, 2 ** 47, 2 ** 48, 2 ** 63, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(space.resolve(address, Access.Read)).toBe(-FaultCause.MapError);
    }
    for (const length of [-1, Number.NaN, 2 ** 63]) {
      expect(space.unmap(0x10000, length)).toBe(-EINVAL);
      expect(space.map({ length, protection: 3 })).toBeLessThan(0);
      expect(space.protect(0x10000, length, 1)).toBeLessThan(0);
      expect(space.advise(0x10000, length, 4)).toBeLessThan(0);
      expect(space.remap({ address: 0x10000, oldLength: length, newLength: length, mayMove: true })).toBeLessThan(0);
    }
  });

  it('report exhausted host memory as a cause', () => {
    const space = new AddressSpace(new GuestMemory({ maximumBytes: 1 << 20 }));
    const address = space.map({ length: 2 << 20, protection: 3 });
    let result = 0;
    for (let page = 0; page < 512 && result >= 0; page++) result = space.resolve(address + page * PAGE, Access.Write);
    expect(result).toBe(-FaultCause.OutOfMemory);
    expect(space.checkInvariants()).toEqual([]);
  });
});
