// peek: what is shown of touched, untouched, forbidden and file pages, and that showing changes nothing.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { bytesBacking, sharedAnonymousBacking } from './backing.ts';
import { GuestMemory } from './guest-memory.ts';
import { UserMemory } from './user-memory.ts';

const PAGE = 4096;

function shown(space: AddressSpace, start: number, end: number): [page: number, first: number][] {
  const pages: [number, number][] = [];
  space.peek(start, end, (page, bytes) => {
    expect(bytes).toHaveLength(PAGE);
    pages.push([page, bytes[0]]);
  });
  return pages;
}

describe('peek', () => {
  it('shows touched pages in address order, also those that may not be read, and touches none', () => {
    const space = new AddressSpace(new GuestMemory());
    const address = space.map({ length: 2 ** 40, protection: 3 });
    const user = new UserMemory(space);
    user.writeU8(address + 2 ** 39, 2);
    user.writeU8(address + PAGE, 1);
    space.protect(address, 2 ** 40, 0);
    expect(shown(space, address, address + 2 ** 40)).toEqual([
      [address + PAGE, 1],
      [address + 2 ** 39, 2],
    ]);
    expect(space.residency(address, 2 * PAGE)).toEqual(Uint8Array.of(0, 1));
    expect(shown(space, address + PAGE * 2, address + PAGE * 4)).toEqual([]);
  });

  it('shows the pages of files, stored to or not, up to the end of the file', () => {
    const space = new AddressSpace(new GuestMemory());
    const bytes = new Uint8Array(2 * PAGE + 1).fill(7);
    const address = space.map({ length: 4 * PAGE, protection: 3, backing: bytesBacking(bytes) });
    new UserMemory(space).writeU8(address + PAGE, 9);
    expect(shown(space, address, address + 4 * PAGE)).toEqual([
      [address, 7],
      [address + PAGE, 9],
      [address + 2 * PAGE, 7],
    ]);
    space.peek(address + 2 * PAGE, address + 3 * PAGE, (_, page) => expect(page[1]).toBe(0));
  });

  it('shows of memory without a file, shared or not, what was stored to', () => {
    const space = new AddressSpace(new GuestMemory());
    const length = 64 * PAGE;
    const address = space.map({ length, protection: 3, shared: true, backing: sharedAnonymousBacking(length) });
    const other = space.fork();
    new UserMemory(other).writeU8(address + 3 * PAGE, 5);
    expect(shown(space, address, address + length)).toEqual([[address + 3 * PAGE, 5]]);
  });
});
