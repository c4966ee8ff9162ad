// Access to guest memory on behalf of a call: a fault becomes "undefined" or false, which a call reports as EFAULT.
import { GUEST_PAGE_BYTES, guestPageAddress, guestPageOffset } from '@elf/pagesize';
import type { AddressSpace } from './address-space.ts';
import { Access, FaultCause } from './page-fault.ts';

const TWO_TO_32 = 4294967296;

/**
 * Reads and writes guest memory with the permissions the guest itself has. A write that faults half-way leaves the bytes
 * before the fault written, as copy_to_user does.
 *
 * @example
 * const user = new UserMemory(space);
 * user.write(address, new Uint8Array([1, 2, 3]));  // false where the guest may not write
 * user.readU32(address);                           // number, or undefined for EFAULT
 */
export class UserMemory {
  readonly #space: AddressSpace;

  constructor(space: AddressSpace) {
    this.#space = space;
  }

  /** The address space this reads and writes. */
  get space(): AddressSpace {
    return this.#space;
  }

  /** A copy of `length` bytes, or undefined when any page of them cannot be read. */
  read(address: number, length: number): Uint8Array | undefined {
    if (!this.#isInside(address, length)) return undefined;
    // Not allocated before the first page is known to be readable: a guest may ask for terabytes of nothing.
    if (length > 0 && this.#space.resolve(guestPageAddress(address), Access.Read) < 0) return undefined;
    if (length > this.#space.memory.memory.buffer.byteLength && !this.#isReadable(address, length)) return undefined;
    const bytes = new Uint8Array(length);
    return this.readInto(address, bytes) === length ? bytes : undefined;
  }

  /** Fills `target`; returns how many bytes could be read before a fault. */
  readInto(address: number, target: Uint8Array): number {
    if (!this.#isInside(address, target.length)) return 0;
    for (let done = 0; done < target.length; ) {
      const offset = guestPageOffset(address + done);
      const part = Math.min(GUEST_PAGE_BYTES - offset, target.length - done);
      const frame = this.#space.resolve(address + done - offset, Access.Read);
      if (frame < 0) return done;
      target.set(this.#space.memory.u8.subarray(frame + offset, frame + offset + part), done);
      done += part;
    }
    return target.length;
  }

  /** Writes all bytes; false when a page cannot be written. */
  write(address: number, bytes: Uint8Array): boolean {
    return this.writeFrom(address, bytes) === bytes.length;
  }

  /** Writes bytes; returns how many could be written before a fault. */
  writeFrom(address: number, bytes: Uint8Array): number {
    if (!this.#isInside(address, bytes.length)) return 0;
    for (let done = 0; done < bytes.length; ) {
      const offset = guestPageOffset(address + done);
      const part = Math.min(GUEST_PAGE_BYTES - offset, bytes.length - done);
      const frame = this.#writableFrame(address + done - offset);
      if (frame < 0) return done;
      this.#space.memory.u8.set(bytes.subarray(done, done + part), frame + offset);
      done += part;
    }
    return bytes.length;
  }

  /** Stores zeros, as clear_user does; false when a page cannot be written. */
  zero(address: number, length: number): boolean {
    if (!this.#isInside(address, length)) return false;
    for (let done = 0; done < length; ) {
      const offset = guestPageOffset(address + done);
      const part = Math.min(GUEST_PAGE_BYTES - offset, length - done);
      const frame = this.#writableFrame(address + done - offset);
      if (frame < 0) return false;
      this.#space.memory.u8.fill(0, frame + offset, frame + offset + part);
      done += part;
    }
    return true;
  }

  /**
   * The bytes before the first NUL, looking at no more than `maximum` bytes: all `maximum` of them when there is no NUL,
   * so that the caller can tell "too long" (length === maximum) from a string. Undefined on a fault.
   */
  readCString(address: number, maximum: number): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < maximum) {
      const at = address + length;
      if (!this.#isInside(at, 1)) return undefined;
      const offset = guestPageOffset(at);
      const frame = this.#space.resolve(at - offset, Access.Read);
      if (frame < 0) return undefined;
      const limit = Math.min(GUEST_PAGE_BYTES - offset, maximum - length);
      const bytes = this.#space.memory.u8.subarray(frame + offset, frame + offset + limit);
      const end = bytes.indexOf(0);
      parts.push(bytes.slice(0, end < 0 ? limit : end));
      length += end < 0 ? limit : end;
      if (end >= 0) break;
    }
    return parts.length === 1 ? parts[0] : concatenate(parts, length);
  }

  /** One byte. */
  readU8(address: number): number | undefined {
    const at = this.#readableOffset(address, 1);
    return at < 0 ? undefined : this.#space.memory.u8[at];
  }

  /** A little-endian 16-bit number. */
  readU16(address: number): number | undefined {
    const at = this.#readableOffset(address, 2);
    if (at >= 0) return this.#space.memory.view.getUint16(at, true);
    const bytes = this.read(address, 2);
    return bytes && bytes[0] + bytes[1] * 256;
  }

  /** A little-endian unsigned 32-bit number. */
  readU32(address: number): number | undefined {
    const at = this.#readableOffset(address, 4);
    if (at >= 0) return this.#space.memory.view.getUint32(at, true);
    const bytes = this.read(address, 4);
    return bytes && new DataView(bytes.buffer).getUint32(0, true);
  }

  /** A little-endian signed 32-bit number. */
  readI32(address: number): number | undefined {
    const value = this.readU32(address);
    return value === undefined ? undefined : value | 0;
  }

  /** A little-endian unsigned 64-bit number, exact. */
  readU64(address: number): bigint | undefined {
    const at = this.#readableOffset(address, 8);
    if (at >= 0) return this.#space.memory.view.getBigUint64(at, true);
    const bytes = this.read(address, 8);
    return bytes && new DataView(bytes.buffer).getBigUint64(0, true);
  }

  /** A 64-bit guest address or length as a number: exact up to 2^53, and still above every valid address beyond that. */
  readAddress(address: number): number | undefined {
    const at = this.#readableOffset(address, 8);
    if (at < 0) {
      const value = this.readU64(address);
      return value === undefined ? undefined : Number(value);
    }
    const { view } = this.#space.memory;
    return view.getUint32(at + 4, true) * TWO_TO_32 + view.getUint32(at, true);
  }

  /** Stores one byte. */
  writeU8(address: number, value: number): boolean {
    return this.write(address, Uint8Array.of(value));
  }

  /** Stores 16 bits, little-endian. */
  writeU16(address: number, value: number): boolean {
    return this.write(address, Uint8Array.of(value, value >>> 8));
  }

  /** Stores the low 32 bits of a number, little-endian. */
  writeU32(address: number, value: number): boolean {
    return this.write(address, Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
  }

  /** Stores the low 64 bits of a bigint, little-endian. */
  writeU64(address: number, value: bigint): boolean {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
    return this.write(address, bytes);
  }

  /** Stores an address or length below 2^53 as 64 bits. */
  writeAddress(address: number, value: number): boolean {
    return this.writeU64(address, BigInt(value));
  }

  #isInside(address: number, length: number): boolean {
    return address >= 0 && length >= 0 && address + length <= this.#space.layout.taskSize;
  }

  #isReadable(address: number, length: number): boolean {
    for (let page = guestPageAddress(address); page < address + length; page += GUEST_PAGE_BYTES) {
      if (this.#space.resolve(page, Access.Read) < 0) return false;
    }
    return true;
  }

  /** Host offset of a value that lies within one readable page; -1 when it crosses pages or cannot be read. */
  #readableOffset(address: number, length: number): number {
    if (!(address >= 0 && address < this.#space.layout.taskSize)) return -1;
    const offset = guestPageOffset(address);
    if (offset + length > GUEST_PAGE_BYTES) return -1;
    const frame = this.#space.resolve(address - offset, Access.Read);
    return frame < 0 ? -1 : frame + offset;
  }

  #writableFrame(page: number): number {
    const frame = this.#space.resolve(page, Access.Write);
    if (frame !== -FaultCause.CodeWrite) return frame;
    this.#space.announceCodeWrite(page);
    return this.#space.resolve(page, Access.Write);
  }
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
