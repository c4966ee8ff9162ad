// Guest memory on behalf of a call: page borders, faults, permissions.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access, FaultCause } from './page-fault.ts';
import { UserMemory } from './user-memory.ts';

function twoPages() {
  const space = new AddressSpace(new GuestMemory());
  const start = space.map({ length: 8192, protection: 3 });
  return { space, start, user: new UserMemory(space) };
}

describe('UserMemory', () => {
  it('crosses pages in both directions', () => {
    const { start, user } = twoPages();
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    expect(user.write(start + 4050, bytes)).toBe(true);
    expect(user.read(start + 4050, 100)).toEqual(bytes);
    for (const offset of [4089, 4092, 4094, 4095, 4096]) {
      expect(user.writeU64(start + offset, 0x1122_3344_5566_7788n)).toBe(true);
      expect(user.readU64(start + offset)).toBe(0x1122_3344_5566_7788n);
      expect(user.readU32(start + offset)).toBe(0x5566_7788);
      expect(user.readU16(start + offset)).toBe(0x7788);
      expect(user.readU8(start + offset)).toBe(0x88);
      expect(user.writeU32(start + offset, -2)).toBe(true);
      expect(user.readI32(start + offset)).toBe(-2);
      expect(user.writeAddress(start + offset, 0x7fff_ffff_f123)).toBe(true);
      expect(user.readAddress(start + offset)).toBe(0x7fff_ffff_f123);
    }
  });

  it('answers undefined or false at the first byte that faults', () => {
    const { start, user } = twoPages();
    expect(user.read(start + 8190, 3)).toBeUndefined();
    expect(user.readU32(start + 8190)).toBeUndefined();
    expect(user.writeFrom(start + 8190, Uint8Array.of(1, 2, 3))).toBe(2);
    expect(user.readU16(start + 8190)).toBe(0x0201);
    expect(user.readInto(start + 8190, new Uint8Array(10))).toBe(2);
    expect(user.zero(start + 8190, 3)).toBe(false);
    for (const wild of [0, -8, 2 ** 47, 2 ** 53, 2 ** 63, Number.NaN]) {
      expect(user.read(wild, 1)).toBeUndefined();
      expect(user.readU8(wild)).toBeUndefined();
      expect(user.readU64(wild)).toBeUndefined();
      expect(user.readCString(wild, 10)).toBeUndefined();
      expect(user.writeU8(wild, 1)).toBe(false);
    }
    expect(user.read(start, 2 ** 46)).toBeUndefined();
    expect(user.read(start, 0)).toEqual(new Uint8Array(0));
  });

  it('reads C strings over page borders, up to a maximum', () => {
    const { start, user } = twoPages();
    user.write(
      start + 4090,
      Uint8Array.from('hello world\0rest', (character) => character.charCodeAt(0)),
    );
    const text = (bytes: Uint8Array | undefined) => bytes && String.fromCharCode(...bytes);
    expect(text(user.readCString(start + 4090, 100))).toBe('hello world');
    expect(text(user.readCString(start + 4090, 5))).toBe('hello');
    expect(text(user.readCString(start + 4090, 11))).toBe('hello world');
    expect(text(user.readCString(start + 4101, 5))).toBe('');
    user.write(start + 8188, Uint8Array.of(65, 65, 65, 65));
    expect(user.readCString(start + 8188, 100)).toBeUndefined();
    expect(text(user.readCString(start + 8188, 4))).toBe('AAAA');
  });

  it('has the guest permissions and no more', () => {
    const { space, start, user } = twoPages();
    space.protect(start, 4096, 1);
    expect(user.writeU8(start, 1)).toBe(false);
    space.protect(start, 4096, 0);
    expect(user.readU8(start)).toBeUndefined();
  });

  it('announces a write into translated code, then writes', () => {
    const { space, start, user } = twoPages();
    space.protect(start, 8192, 7);
    user.writeU8(start, 1);
    space.markCode(start);
    expect(space.resolve(start, Access.Write)).toBe(-FaultCause.CodeWrite);
    const announced: number[] = [];
    const stop = space.onCodeChange((page) => announced.push(page));
    expect(user.writeU8(start, 2)).toBe(true);
    expect(announced).toEqual([start]);
    expect(space.resolve(start, Access.Write)).toBeGreaterThan(0);
    stop();
    space.markCode(start);
    user.writeU8(start, 3);
    expect(announced).toEqual([start]);
  });
});
