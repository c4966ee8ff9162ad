// Marks on pages with translated code: what removes them, and who is told.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { bytesBacking } from './backing.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access, FaultCause } from './page-fault.ts';
import { Tlb } from './tlb/tlb.ts';

const PAGE = 4096;

function create() {
  const space = new AddressSpace(new GuestMemory({ maximumBytes: 256 << 20 }));
  return {
    space,
    map: (pages: number, more = {}) => space.map({ length: pages * PAGE, protection: 3, ...more }),
  };
}

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
