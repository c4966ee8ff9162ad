// Memory calls case by case: what the random model test does not reach, or what deserves a name.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { bytesBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access, FaultCause } from './page-fault.ts';
import type { AddressSpaceOptions } from './space-layout.ts';
import { UserMemory } from './user-memory.ts';

const PAGE = 4096;
const TOP = 0x7fff_ffff_f000;
const { EBUSY, EFAULT, EINVAL, ENOMEM } = MemoryErrno;

function create(options: AddressSpaceOptions = {}) {
  const space = new AddressSpace(new GuestMemory({ maximumBytes: 256 << 20 }), options);
  return {
    space,
    user: new UserMemory(space),
    map: (pages: number, more = {}) => space.map({ length: pages * PAGE, protection: 3, ...more }),
  };
}

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

  it('moves several areas to a fixed address, with the hole between them', () => {
    const { space, user, map } = create();
    const at = (page: number) => 0x500000 + page * PAGE;
    map(1, { address: at(0), fixed: 'replace' });
    map(2, { address: at(2), fixed: 'replace', protection: 1 });
    map(6, { address: at(16), fixed: 'replace', protection: 0 });
    user.writeU8(at(0), 5);
    const request = { address: at(0), oldLength: 4 * PAGE, newLength: 4 * PAGE, mayMove: true, fixedAddress: at(17) };
    expect(space.remap({ ...request, newLength: 5 * PAGE })).toBe(-EFAULT);
    expect(space.remap(request)).toBe(at(17));
    expect(space.areas.map(({ start, protection }) => [(start - at(0)) / PAGE, protection])).toEqual([
      [16, 0],
      [17, 3],
      [18, 0],
      [19, 1],
      [21, 0],
    ]);
    expect(user.readU8(at(17))).toBe(5);
    expect(space.remap({ ...request, address: at(1) })).toBe(-EFAULT);
  });

  it('does not merge memory whose pages came into being apart', () => {
    const { space, user, map } = create();
    const at = (page: number) => 0x500000 + page * PAGE;
    for (const page of [0, 2]) {
      map(1, { address: at(page), fixed: 'replace' });
      user.writeU8(at(page), 1);
    }
    map(1, { address: at(1), fixed: 'replace' });
    expect(space.areas.map(({ start, end }) => [start, end])).toEqual([
      [at(0), at(2)],
      [at(2), at(3)],
    ]);
    // So a move over the border is refused, as on Linux.
    expect(space.remap({ address: at(1), oldLength: 2 * PAGE, newLength: 3 * PAGE, mayMove: true })).toBe(-EFAULT);
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

  it('cannot shrink a heap that was unmapped', () => {
    const { space } = create();
    space.setProgramBreak(0x600000);
    expect(space.brk(0x602000)).toBe(0x602000);
    space.unmap(0x601000, PAGE);
    expect(space.brk(0x601000)).toBe(0x602000);
    expect(space.brk(0x600000)).toBe(0x600000);
  });

  it('has no room for absurd lengths before it looks at the file and its offset', () => {
    const { space } = create();
    const backing = bytesBacking(new Uint8Array(PAGE));
    for (const length of [2 ** 64 - 4, 2 ** 63, 2 ** 47]) {
      expect(space.map({ length, protection: 1 })).toBe(-ENOMEM);
      expect(space.map({ length, protection: 1, backing, offset: 2 ** 63 - PAGE })).toBe(-ENOMEM);
    }
    expect(space.map({ length: PAGE, protection: 1, backing, offset: 2 ** 63 - PAGE })).toBe(-MemoryErrno.EOVERFLOW);
    expect(space.map({ length: PAGE, protection: 1, backing, offset: 2 ** 63 - 2 * PAGE })).toBeGreaterThan(0);
  });

  it('refuses what no machine could promise, once', () => {
    const { space, map } = create({ commitLimitInBytes: 8 * PAGE });
    const address = map(8);
    expect(map(9)).toBe(-ENOMEM);
    expect(map(9, { noReserve: true })).toBeGreaterThan(0);
    const readable = map(9, { protection: 1, address: 0x500000 });
    expect(space.protect(readable, 9 * PAGE, 3)).toBe(-ENOMEM);
    expect(space.remap({ address, oldLength: 8 * PAGE, newLength: 17 * PAGE, mayMove: true })).toBe(-ENOMEM);
  });

  it('checks the flags of msync', () => {
    const { space, map } = create();
    const address = map(3);
    space.unmap(address + PAGE, PAGE);
    for (const [flags, result] of [
      [5, -EINVAL],
      [8, -EINVAL],
      [0, -ENOMEM],
      [1, -ENOMEM],
      [4, -ENOMEM],
    ]) {
      expect(space.synchronize(address, 3 * PAGE, flags)).toBe(result);
    }
    space.setLocked(address, PAGE, true);
    expect(space.synchronize(address, PAGE, 2)).toBe(-EBUSY);
    expect(space.synchronize(address, PAGE, 4)).toBe(0);
  });

  it('has a reason for each page MADV_POPULATE cannot touch', () => {
    const { space, map } = create();
    const read = map(1, { protection: 1, address: 0x500000 });
    const behindEnd = map(1, { backing: bytesBacking(new Uint8Array(9)), offset: PAGE });
    expect([22, 23].map((advice) => space.advise(read, PAGE, advice))).toEqual([0, -EINVAL]);
    expect([22, 23].map((advice) => space.advise(behindEnd, PAGE, advice))).toEqual([-EFAULT, -EFAULT]);
    expect([22, 23].map((advice) => space.advise(read, 2 * PAGE, advice))).toEqual([-ENOMEM, -EINVAL]);
    expect(space.residency(read, PAGE)).toEqual(Uint8Array.of(1));
  });

  it('tells what is resident', () => {
    const { space, map } = create();
    const address = map(3);
    space.resolve(address + PAGE, Access.Write);
    expect(space.residency(address, 3 * PAGE)).toEqual(Uint8Array.of(0, 1, 0));
    expect(space.residency(address, 4 * PAGE)).toBe(-ENOMEM);
    const reserved = space.map({ length: 2 ** 46, protection: 0 });
    expect(space.residency(reserved, 2 ** 46)).toBe(-MemoryErrno.EAGAIN);
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

// What Linux 6.18 answers for its own areas, of which the first shows pages of the kernel and the second pages of its own.
describe('areas of the kernel itself', () => {
  const PAGES = 2;
  const make = (kernelPages: boolean) => {
    const bench = create();
    const backing = { ...bytesBacking(new Uint8Array(PAGES * PAGE).fill(7)), writeFrom: undefined };
    const protection = kernelPages ? 1 : 5;
    const maximumProtection = kernelPages ? 1 : 7;
    const address = bench.map(PAGES, { backing, protection, maximumProtection, name: '[area]', kernelPages });
    return { ...bench, address };
  };

  it.each([
    ['munmap', (space: AddressSpace, at: number, length: number) => space.unmap(at, length), 0, 0],
    ['mprotect none', (space, at, length) => space.protect(at, length, 0), 0, 0],
    [
      'mmap over it',
      (space, at, length) => Math.min(0, space.map({ address: at, length, protection: 3, fixed: 'replace' })),
      0,
      0,
    ],
    ['MADV_RANDOM', (space, at, length) => space.advise(at, length, 1), 0, 0],
    ['MADV_DONTFORK', (space, at, length) => space.advise(at, length, 10), 0, 0],
    ['MADV_WIPEONFORK', (space, at, length) => space.advise(at, length, 18), 0, 0],
    ['MADV_HUGEPAGE', (space, at, length) => space.advise(at, length, 14), 0, 0],
  ] as [string, (space: AddressSpace, at: number, length: number) => number, number, number][])(
    'are whole to %s',
    (_name, call) => {
      for (const kernelPages of [true, false]) {
        const { space, address } = make(kernelPages);
        expect(call(space, address, PAGE)).toBe(-EINVAL);
        expect(call(space, address + PAGE, PAGE)).toBe(-EINVAL);
        expect(call(space, address, PAGES * PAGE)).toBe(0);
      }
    },
  );

  it.each([
    ['DONTNEED', 4, -EINVAL, 0],
    ['FREE', 8, -EINVAL, -EINVAL],
    ['REMOVE', 9, -EINVAL, -EINVAL],
    ['DOFORK', 11, -EINVAL, 0],
    ['DONTDUMP', 16, 0, -EINVAL],
    ['DODUMP', 17, -EINVAL, -EINVAL],
    ['COLD', 20, -EINVAL, 0],
    ['PAGEOUT', 21, -EINVAL, 0],
    ['POPULATE_READ', 22, -EINVAL, 0],
    ['POPULATE_WRITE', 23, -EINVAL, -EINVAL],
    ['DONTNEED_LOCKED', 24, -EINVAL, 0],
  ] as const)('answer MADV_%s of a part', (_name, advice, ofKernel, ofOwn) => {
    for (const [kernelPages, expected] of [
      [true, ofKernel],
      [false, ofOwn],
    ] as const) {
      const { space, address, user } = make(kernelPages);
      expect(space.advise(address, PAGE, advice)).toBe(expected);
      expect(user.readU32(address)).toBe(0x0707_0707);
    }
  });

  it('are not held by mlock, which succeeds, not even where the kernel shows nothing', () => {
    const { space, map } = create({ lockLimitInBytes: PAGE });
    const backing = { ...bytesBacking(new Uint8Array(0)), writeFrom: undefined };
    const address = map(1, { backing, protection: 1, maximumProtection: 1, name: '[area]', kernelPages: true });
    expect([space.setLocked(address, PAGE, true), space.lockedBytes]).toEqual([0, 0]);
    expect(space.resolve(address, Access.Read)).toBe(-FaultCause.BusError);
  });
});
