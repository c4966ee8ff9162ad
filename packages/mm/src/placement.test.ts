// Where mappings go, and how stacks grow, case by case.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { bytesBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access, FaultCause } from './page-fault.ts';
import type { AddressSpaceOptions } from './space-layout.ts';

const PAGE = 4096;
const TOP = 0x7fff_ffff_f000;
const MMAP_BASE = 0x7fff_f7ff_f000;
const GUARD = 0x100000;
const { EEXIST, EINVAL, ENOMEM, EPERM } = MemoryErrno;

function create(options: AddressSpaceOptions = {}) {
  const space = new AddressSpace(new GuestMemory({ maximumBytes: 256 << 20 }), options);
  return {
    space,
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
    const { usedBytes, framesInUse } = space.memory;
    const started = process.cpuUsage();
    for (let round = 0; round < 1000; round++) {
      const address = space.map({ length: 2 ** 46, protection: 0 });
      expect(address).toBeGreaterThan(0);
      expect(space.unmap(address, 2 ** 46)).toBe(0);
    }
    // A look at each page would take years.
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(5000);
    const kept = space.map({ length: 2 ** 46, protection: 0 });
    expect(space.protect(kept + 2 ** 45, PAGE, 3)).toBe(0);
    expect(space.advise(kept, 2 ** 46, 4)).toBe(0);
    expect([space.memory.usedBytes, space.memory.framesInUse]).toEqual([usedBytes, framesInUse]);
    expect(space.map({ length: 2 ** 47, protection: 0 })).toBe(-ENOMEM);
  });

  it('starts whole huge pages of private anonymous memory at one, as Linux does since 6.7', () => {
    const { map } = create();
    const HUGE_PAGES = 512;
    map(3);
    // The numbers are those of Linux 6.18.
    expect(map(HUGE_PAGES)).toBe(0x7fff_f7c0_0000);
    expect(map(2 * HUGE_PAGES)).toBe(0x7fff_f780_0000);
    expect(map(HUGE_PAGES + 1)).toBe(0x7fff_f75f_f000);
    expect(map(HUGE_PAGES, { shared: true })).toBe(0x7fff_f73f_f000);
    expect(map(HUGE_PAGES, { backing: bytesBacking(new Uint8Array(9)) })).toBe(0x7fff_f71f_f000);
    expect(map(HUGE_PAGES, { address: 0x1000_1000 })).toBe(0x1000_1000);
    const old = create({ hugePageBytes: 0 });
    expect(old.map(HUGE_PAGES)).toBe(MMAP_BASE - HUGE_PAGES * PAGE);
  });

  it('looks below a stack only for the gap that ends at it', () => {
    const { space, map } = create();
    const stack = map(1, { growsDown: true, protection: 1 });
    expect(map(1, { address: stack - PAGE, fixed: 'replace' })).toBe(stack - PAGE);
    expect(map(1, { protection: 0 })).toBe(stack - 2 * PAGE);
    space.unmap(stack - PAGE, PAGE);
    expect(map(1, { protection: 0 })).toBe(stack - GUARD - PAGE);
    expect(space.checkInvariants()).toEqual([]);
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
