// File mappings, shared memory and fork, case by case.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { type Backing, bytesBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access, FaultCause } from './page-fault.ts';
import { ScriptFile } from './test-support/script-file.ts';
import { UserMemory } from './user-memory.ts';

const PAGE = 4096;
const { EACCES } = MemoryErrno;

function create() {
  const space = new AddressSpace(new GuestMemory({ maximumBytes: 256 << 20 }));
  return {
    space,
    user: new UserMemory(space),
    map: (pages: number, more = {}) => space.map({ length: pages * PAGE, protection: 3, ...more }),
  };
}

describe('files', () => {
  const writable = () => {
    const bytes = new Uint8Array(PAGE + 100).fill(1);
    return { bytes, backing: bytesBacking(bytes) };
  };

  it('end in zeros, and in a bus error on whole pages past the end', () => {
    const { space, user, map } = create();
    const address = map(3, { backing: writable().backing });
    expect(user.readU16(address + PAGE + 99)).toBe(0x0001);
    expect(space.resolve(address + 2 * PAGE, Access.Read)).toBe(-FaultCause.BusError);
    expect(space.resolve(address + 2 * PAGE, Access.Write)).toBe(-FaultCause.BusError);
  });

  it('share frames between private mappings until one stores', () => {
    const { space, user, map } = create();
    const { bytes, backing } = writable();
    const [first, second] = [map(2, { backing }), map(2, { backing })];
    expect(space.resolve(first, Access.Read)).toBe(space.resolve(second, Access.Read));
    user.writeU8(first, 9);
    expect(user.readU8(second)).toBe(1);
    expect(bytes[0]).toBe(1);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('receive stores of shared mappings at msync and at munmap, up to their size', () => {
    const { space, user, map } = create();
    const { bytes, backing } = writable();
    const address = map(2, { backing, shared: true });
    user.writeU8(address, 5);
    user.writeU8(address + PAGE + 99, 6);
    user.writeU8(address + PAGE + 100, 7);
    expect(bytes[0]).toBe(1);
    expect(space.synchronize(address, PAGE)).toBe(0);
    expect([bytes[0], bytes[PAGE + 99]]).toEqual([5, 1]);
    user.writeU8(address, 8);
    space.unmap(address, 2 * PAGE);
    expect([bytes[0], bytes[PAGE + 99]]).toEqual([8, 6]);
    expect(bytes.length).toBe(PAGE + 100);
    expect(space.memory.fileFrames.describe(backing.identity)).toEqual({ mappings: 0, pages: 0 });
  });

  it('stay coherent with read and write calls through the page cache', () => {
    const { space, user, map } = create();
    const { backing } = writable();
    const address = map(2, { backing, shared: true });
    user.writeU8(address + 10, 77);
    const read = new Uint8Array(20);
    backing.readInto(0, read);
    space.memory.fileFrames.overlay(backing.identity, 0, read);
    expect(read[10]).toBe(77);
    space.memory.fileFrames.overwrite(backing.identity, PAGE - 1, Uint8Array.of(3, 4));
    user.readU8(address + PAGE);
    space.memory.fileFrames.overwrite(backing.identity, PAGE - 1, Uint8Array.of(3, 4));
    expect(user.readU16(address + PAGE - 1)).toBe(0x0403);
    space.memory.fileFrames.truncate(backing.identity, PAGE + 20);
    expect(user.readU16(address + PAGE + 19)).toBe(1);
  });

  it('take pages behind a new end away, copies included, and give zeros when the file grows again', () => {
    const { space, user, map } = create();
    const file = new ScriptFile('f', 3);
    const shared = map(3, { backing: file.backing, shared: true });
    const copied = map(3, { backing: file.backing });
    user.writeU8(shared + PAGE + 100, 7);
    user.writeU8(copied + 2 * PAGE, 8);
    const child = space.fork();
    file.truncate(space.memory, PAGE + 50);
    for (const each of [space, child]) {
      for (const address of [shared, copied]) {
        expect(each.resolve(address + PAGE, Access.Read)).toBeGreaterThan(0);
        expect(each.resolve(address + 2 * PAGE, Access.Read)).toBe(-FaultCause.BusError);
      }
    }
    expect(user.readU8(shared + PAGE + 100)).toBe(0);
    file.truncate(space.memory, 3 * PAGE);
    expect([user.readU8(copied + 2 * PAGE), user.readU8(shared + 2 * PAGE + 8)]).toEqual([0, 0]);
    expect([...space.checkInvariants(), ...child.checkInvariants()]).toEqual([]);
  });

  it('get a hole from MADV_REMOVE, which copies do not see', () => {
    const { space, user, map } = create();
    const file = new ScriptFile('f', 2);
    const shared = map(2, { backing: file.backing, shared: true });
    const other = map(2, { backing: file.backing });
    user.writeU8(other + 8, 9);
    expect([user.readU8(shared + 8), user.readU8(other + PAGE + 8)]).toEqual([1, 2]);
    expect(space.advise(shared, 2 * PAGE, 9)).toBe(0);
    expect([user.readU8(shared + 8), user.readU8(other + PAGE + 8), user.readU8(other + 8)]).toEqual([0, 0, 9]);
    expect(space.advise(other, PAGE, 9)).toBe(-EACCES);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('are read once per 64 KiB window when touched in order', () => {
    const { space, map } = create();
    let reads = 0;
    const inner = bytesBacking(new Uint8Array(64 * PAGE));
    const backing: Backing = {
      ...inner,
      readInto: (offset, target) => {
        reads++;
        return inner.readInto(offset, target);
      },
    };
    const address = map(64, { backing, address: 0x100000, fixed: 'replace' });
    for (let page = 0; page < 64; page++) space.resolve(address + page * PAGE, Access.Read);
    expect(reads).toBe(4);
  });

  it('report a failing device as a bus error', () => {
    const { space, map } = create();
    const backing: Backing = { identity: {}, sizeInBytes: () => PAGE, readInto: () => -1 };
    const address = map(1, { backing });
    expect(space.resolve(address, Access.Read)).toBe(-FaultCause.BusError);
    expect(space.resolve(address, Access.Write)).toBe(-FaultCause.BusError);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('opened for reading cannot become writable shared memory', () => {
    const { space, map } = create();
    const address = map(1, { backing: writable().backing, shared: true, protection: 1, maximumProtection: 5 });
    expect(space.protect(address, PAGE, 3)).toBe(-EACCES);
    expect(space.protect(address, PAGE, 5)).toBe(0);
  });
});

describe('fork', () => {
  it('shares shared memory, copies private memory, and skips or wipes as advised', () => {
    const { space, user, map } = create();
    const shared = map(1, { shared: true });
    const [kept, skipped, wiped] = [map(1), map(1, { address: 0x500000 }), map(1, { address: 0x600000 })];
    for (const address of [shared, kept, skipped, wiped]) user.writeU8(address, 1);
    expect(space.advise(skipped, PAGE, 10)).toBe(0);
    expect(space.advise(wiped, PAGE, 18)).toBe(0);
    const child = space.fork();
    const childUser = new UserMemory(child);
    user.writeU8(shared, 2);
    user.writeU8(kept, 2);
    expect([shared, kept, skipped, wiped].map((address) => childUser.readU8(address))).toEqual([2, 1, undefined, 0]);
    child.destroy();
    expect(user.readU8(shared)).toBe(2);
    expect(space.checkInvariants()).toEqual([]);
  });

  it('keeps shared memory that only a parent that let go had touched', () => {
    const { space, user, map } = create();
    const shared = map(1, { shared: true });
    user.writeU8(shared, 3);
    const child = space.fork();
    space.unmap(shared, PAGE);
    expect(new UserMemory(child).readU8(shared)).toBe(3);
    child.destroy();
    expect(space.memory.framesInUse).toBe(0);
  });
});
