// Calls as Linux kernels with 16 KiB and 64 KiB pages answer them, over guest frames that stay at 4 KiB.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { bytesBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access, FaultCause } from './page-fault.ts';
import { stackGuardBytes } from './placement.ts';
import type { AddressSpaceOptions } from './space-layout.ts';
import { UserMemory } from './user-memory.ts';

const PAGE = 4096;
const { EINVAL, ENOMEM } = MemoryErrno;

function create(granularity: number, options: AddressSpaceOptions = {}) {
  const memory = new GuestMemory({ maximumBytes: 64 << 20 });
  const space = new AddressSpace(memory, { ...options, mappingGranularity: granularity });
  return {
    space,
    user: new UserMemory(space),
    map: (length: number, more = {}) => space.map({ length, protection: 3, ...more }),
  };
}

it('is 4096 or a larger power of two', () => {
  for (const granularity of [0, 2048, 4097, 12288]) expect(() => create(granularity)).toThrow(RangeError);
});

describe.each([PAGE, 4 * PAGE, 16 * PAGE])('a kernel with pages of %i bytes', (granularity) => {
  it('places and rounds to its pages', () => {
    const { space, map } = create(granularity, { mmapBase: 0x7fff_f7ff_f000, minimumAddress: 17 * PAGE });
    const address = map(1);
    expect(address % granularity).toBe(0);
    expect(space.mappedBytes).toBe(granularity);
    expect(space.find(address + granularity - 1)).toBeDefined();
    expect(map(1, { address: 0x50_0000 + granularity - 1 })).toBe(0x50_0000);
    expect(map(1, { address: granularity })).toBe(Math.ceil((17 * PAGE) / granularity) * granularity);
    // A hint in the first page is none.
    expect(map(1, { address: granularity - 1 })).toBe(address - granularity);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('refuses what lies inside a page', () => {
    const { space, map } = create(granularity);
    const inside = granularity / 2;
    const address = map(4 * granularity);
    const backing = bytesBacking(new Uint8Array(4 * granularity));
    expect(map(1, { address: address + inside, fixed: 'replace' })).toBe(-EINVAL);
    expect(map(1, { backing, offset: inside })).toBe(-EINVAL);
    expect(space.unmap(address + inside, granularity)).toBe(-EINVAL);
    expect(space.protect(address + inside, granularity, 1)).toBe(-EINVAL);
    expect(space.advise(address + inside, granularity, 4)).toBe(-EINVAL);
    expect(space.synchronize(address + inside, granularity)).toBe(-EINVAL);
    expect(space.residency(address + inside, granularity)).toBe(-EINVAL);
    expect(space.remap({ address: address + inside, oldLength: granularity, newLength: 1 })).toBe(-EINVAL);
    expect(space.protect(address, inside, 1)).toBe(0);
    expect(space.areas.map(({ end }) => end - address)).toEqual([granularity, 4 * granularity]);
    expect(space.unmap(address + granularity, inside)).toBe(0);
    expect(space.areas.map(({ start }) => start - address)).toEqual([0, 2 * granularity]);
  });

  it('moves the break by whole pages, and keeps one page to the next mapping', () => {
    const { space, map } = create(granularity);
    space.setProgramBreak(0x60_0000);
    map(1, { address: 0x60_0000 + 3 * granularity, fixed: 'replace' });
    expect(space.brk(0x60_0001)).toBe(0x60_0001);
    expect(space.find(0x60_0000)?.end).toBe(0x60_0000 + granularity);
    expect(space.brk(0x60_0001 + 2 * granularity)).toBe(0x60_0001);
    expect(space.brk(0x60_0000 + 2 * granularity)).toBe(0x60_0000 + 2 * granularity);
  });

  it('shows a file up to the end of its last page, and a bus error after it', () => {
    const { space, user, map } = create(granularity);
    const backing = bytesBacking(new Uint8Array(100).fill(1));
    for (const shared of [false, true]) {
      const address = map(2 * granularity, { backing, shared });
      expect(user.readU8(address + granularity - 1)).toBe(0);
      expect(user.writeU8(address + granularity - 1, 9)).toBe(true);
      expect(space.resolve(address + granularity, Access.Read)).toBe(-FaultCause.BusError);
    }
    expect(space.checkInvariants()).toEqual([]);
  });

  it('tells residency page by page', () => {
    const { space, map } = create(granularity);
    const address = map(3 * granularity);
    space.resolve(address + 2 * granularity - PAGE, Access.Write);
    expect(space.residency(address, 3 * granularity)).toEqual(Uint8Array.of(0, 1, 0));
    expect(space.residency(address, 4 * granularity)).toBe(-ENOMEM);
  });

  it('keeps 256 of its pages free below a stack, which grows by whole pages', () => {
    const { space, map } = create(granularity, { stackLimitInBytes: 2 ** 30 });
    const top = 0x4000_0000;
    const guard = 256 * granularity;
    expect(stackGuardBytes(granularity)).toBe(guard);
    map(granularity, { address: top - granularity, fixed: 'replace', growsDown: true });
    const below = top - 4 * guard;
    map(granularity, { address: below, fixed: 'replace' });
    expect(space.resolve(below + guard, Access.Write)).toBe(-FaultCause.MapError);
    expect(space.resolve(below + granularity + guard + granularity - PAGE, Access.Write)).toBeGreaterThan(0);
    expect(space.find(top - 1)?.start).toBe(below + granularity + guard);
  });
});
