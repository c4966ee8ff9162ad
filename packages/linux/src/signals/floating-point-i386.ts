// The floating-point part of an i386 signal frame: FSAVE's 108 bytes as programs of the 386 know them, then the XSAVE area (arch/x86/kernel/fpu/regset.c).
import type { Cpu, Thread } from '@elf/kernel';
import { floatingPointBytes, readFloatingPoint, writeFloatingPoint } from './floating-point-frame.ts';

/** struct _fpstate_32 up to the FXSAVE image: environment, eight registers of 10 bytes, status word and mark. */
const HEADER_BYTES = 112;
const ENVIRONMENT_BYTES = 28;
const REGISTER_BYTES = 10;
const REGISTERS = 8;
/** FXSAVE: registers in stack order, 16 bytes apart. */
const IMAGE_REGISTERS_AT = 32;
const IMAGE_REGISTER_BYTES = 16;
const COMPONENTS_AT = 512;
const USER_CODE = 0x23;
const DATA_SELECTOR = 3;

/** Bytes below `top` that the state takes: the XSAVE area lies on 64 bytes, and the header directly before it. */
export function floatingPointBytesI386(image: Uint8Array, top: number): number {
  const area = Math.floor((top - HEADER_BYTES - floatingPointBytes(image)) / 64) * 64;
  return top - area + HEADER_BYTES;
}

/** Writes header and area; false when the memory is not writable. */
export function writeFloatingPointI386({ cpu, user }: Thread, address: number, image: Uint8Array): boolean {
  const header = legacyStateI386(cpu, image);
  return user.write(address, header) && writeFloatingPoint(user, address + HEADER_BYTES, image, HEADER_BYTES);
}

/** What FSAVE would store, with Linux's status word and mark behind it: core files and debuggers know the first 108 bytes. */
export function legacyStateI386(cpu: Cpu, image: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  const source = new DataView(image.buffer, image.byteOffset);
  const status = source.getUint16(2, true);
  view.setUint32(0, 0xffff_0000 | source.getUint16(0, true), true);
  view.setUint32(4, 0xffff_0000 | status, true);
  view.setUint32(8, 0xffff_0000 | wideTags(image, status), true);
  view.setUint32(12, source.getUint32(8, true), true);
  view.setUint32(16, USER_CODE | (source.getUint16(6, true) << 16), true);
  view.setUint32(20, source.getUint32(16, true), true);
  view.setUint32(24, 0xffff_0000 | cpu.selector(DATA_SELECTOR), true);
  for (let index = 0; index < REGISTERS; index++) {
    const at = IMAGE_REGISTERS_AT + index * IMAGE_REGISTER_BYTES;
    header.set(image.subarray(at, at + REGISTER_BYTES), ENVIRONMENT_BYTES + index * REGISTER_BYTES);
  }
  view.setUint16(108, status, true);
  return header;
}

/** Takes the state back: the x87 part from the header, the rest from the area. False when it is not readable or the processor refuses it. */
export function readFloatingPointI386(thread: Thread, address: number): boolean {
  const { cpu, user } = thread;
  if (address === 0) return cpu.setExtendedState(undefined);
  const header = user.read(address, HEADER_BYTES);
  if (header === undefined || !readFloatingPoint(thread, address + HEADER_BYTES)) return false;
  const image = cpu.extendedState();
  const view = new DataView(header.buffer, header.byteOffset);
  const target = new DataView(image.buffer, image.byteOffset);
  target.setUint16(0, view.getUint16(0, true), true);
  target.setUint16(2, view.getUint16(4, true), true);
  target.setUint8(4, shortTags(view.getUint16(8, true)));
  target.setUint16(6, view.getUint16(18, true), true);
  target.setBigUint64(8, BigInt(view.getUint32(12, true)), true);
  target.setBigUint64(16, BigInt(view.getUint32(20, true)), true);
  for (let index = 0; index < REGISTERS; index++) {
    const at = ENVIRONMENT_BYTES + index * REGISTER_BYTES;
    image.set(header.subarray(at, at + REGISTER_BYTES), IMAGE_REGISTERS_AT + index * IMAGE_REGISTER_BYTES);
  }
  if (image.length > COMPONENTS_AT) image[COMPONENTS_AT] |= 1;
  return cpu.setExtendedState(image);
}

/** FSAVE's two bits a register (valid, zero, special, empty) from FXSAVE's one: the contents tell. */
function wideTags(image: Uint8Array, status: number): number {
  const top = (status >> 11) & 7;
  const view = new DataView(image.buffer, image.byteOffset);
  let tags = 0;
  for (let index = 0; index < REGISTERS; index++) {
    const at = IMAGE_REGISTERS_AT + ((index - top) & 7) * IMAGE_REGISTER_BYTES;
    const exponent = view.getUint16(at + 8, true) & 0x7fff;
    const significand = view.getBigUint64(at, true);
    let tag = 2;
    if ((image[4] & (1 << index)) === 0) tag = 3;
    else if (exponent === 0 && significand === 0n) tag = 1;
    else if (exponent !== 0 && exponent !== 0x7fff && significand >> 63n !== 0n) tag = 0;
    tags |= tag << (index * 2);
  }
  return tags;
}

function shortTags(tags: number): number {
  let bits = 0;
  for (let index = 0; index < REGISTERS; index++) if (((tags >> (index * 2)) & 3) !== 3) bits |= 1 << index;
  return bits;
}
