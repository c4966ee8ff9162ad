// smaps and pagemap: what they tell of touched, locked, shared and copied pages.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { bytesBacking } from './backing.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access } from './page-fault.ts';

const PAGE = 4096;
const [SHARED, PRESENT, FILE, ALONE] = [true, 1n << 63n, 1n << 61n, 1n << 56n];

function create() {
  const space = new AddressSpace(new GuestMemory());
  const map = (pages: number, more = {}) => space.map({ length: pages * PAGE, protection: 3, ...more });
  return { space, map };
}

/** The lines of one area by name, in kilobytes; VmFlags as text. */
function details(space: AddressSpace, address: number): Record<string, number | string> {
  const [, text = ''] = space.smapsText().split(`${address.toString(16).padStart(8, '0')}-`);
  const lines = [...text.matchAll(/^(\w+): +(\d+) kB$|^(VmFlags): (.*) $/gm)].slice(0, 21);
  return Object.fromEntries(lines.map(([, name, size, other, rest]) => (other ? [other, rest] : [name, Number(size)])));
}

describe('smaps', () => {
  it('counts the pages that were touched, and locked ones', () => {
    const { space, map } = create();
    const address = map(4);
    space.resolve(address, Access.Write);
    // A load of zeros takes no memory.
    space.resolve(address + PAGE, Access.Read);
    expect(details(space, address)).toMatchObject({
      Size: 16,
      Rss: 4,
      Pss: 4,
      Private_Dirty: 4,
      Anonymous: 4,
      Locked: 0,
    });
    expect(details(space, address).VmFlags).toBe('rd wr mr mw me ac');
    space.setLocked(address, 4 * PAGE, true);
    expect(details(space, address)).toMatchObject({ Rss: 16, Locked: 16, VmFlags: 'rd wr mr mw me lo ac' });
  });

  it('divides pages that several have', () => {
    const { space, map } = create();
    const address = map(2);
    space.populate(address, 2 * PAGE);
    const child = space.fork();
    expect(details(space, address)).toMatchObject({ Rss: 8, Pss: 4, Shared_Dirty: 8, Private_Dirty: 0 });
    child.resolve(address, Access.Write);
    expect(details(child, address)).toMatchObject({ Rss: 8, Pss: 6, Shared_Dirty: 4, Private_Dirty: 4 });
    child.destroy();
    expect(details(space, address)).toMatchObject({ Pss: 8, Private_Dirty: 8 });
  });

  it('tells pages of a file from copies of them', () => {
    const { space, map } = create();
    const backing = bytesBacking(new Uint8Array(2 * PAGE));
    const [shared, copied] = [map(2, { backing, shared: SHARED }), map(2, { backing })];
    space.resolve(shared, Access.Read);
    space.resolve(shared + PAGE, Access.Write);
    space.resolve(copied, Access.Write);
    expect(details(space, shared)).toMatchObject({ Private_Clean: 4, Private_Dirty: 4, Anonymous: 0 });
    expect(details(space, copied)).toMatchObject({ Rss: 4, Private_Dirty: 4, Anonymous: 4 });
  });
});

describe('pagemap', () => {
  it('has 64 bits for each page, with frame numbers for administrators', () => {
    const { space, map } = create();
    const address = map(2);
    const file = map(1, { backing: bytesBacking(new Uint8Array(1)) });
    const frame = space.resolve(address, Access.Write);
    space.resolve(file, Access.Read);
    const [first, second] = space.pagemap(address, 2, false);
    expect(second).toBe(0n);
    expect(first & (PRESENT | FILE | ALONE)).toBe(PRESENT | ALONE);
    expect(first & 0xffff_ffffn).toBe(0n);
    expect(space.pagemap(address, 1, true)[0] & 0xffff_ffffn).toBe(BigInt(frame / PAGE));
    expect(space.pagemap(file, 1, false)[0] & (PRESENT | FILE)).toBe(PRESENT | FILE);
    expect(space.pagemap(2 ** 52, 1, false)[0]).toBe(0n);
  });
});
