// x87, SSE and AVX state in a signal frame: an XSAVE area with Linux's marks in it (arch/x86/kernel/fpu/signal.c).
import type { Thread } from '@elf/kernel';
import type { UserMemory } from '@elf/mm';

/** FXSAVE's part, whose last 48 bytes belong to the system: struct _fpx_sw_bytes. */
const LEGACY_BYTES = 512;
const HEADER_BYTES = 64;
const SOFTWARE_AT = 464;
const MAGIC1 = 0x46505853;
const MAGIC2 = 0x46505845;
const MAGIC2_BYTES = 4;
/** Always there as far as the frame tells: x87 and SSE. */
const LEGACY_COMPONENTS = 3n;
const COMPONENTS_AT = LEGACY_BYTES;
const AVX_COMPONENT = 4n;

const isExtended = (image: Uint8Array) => image.length > LEGACY_BYTES;
/** XCR0 as a frame reports it: the only optional component is AVX, whose presence the size tells. */
const componentsOf = (image: Uint8Array) =>
  LEGACY_COMPONENTS | (image.length > LEGACY_BYTES + HEADER_BYTES ? AVX_COMPONENT : 0n);

/** Bytes that a state image takes in a frame. */
export function floatingPointBytes(image: Uint8Array): number {
  return image.length + (isExtended(image) ? MAGIC2_BYTES : 0);
}

/**
 * Writes a state image with Linux's marks; false when the memory is not writable.
 * @param headerBytes bytes before the image that belong to it (i386 frames)
 */
export function writeFloatingPoint(user: UserMemory, address: number, image: Uint8Array, headerBytes = 0): boolean {
  const bytes = new Uint8Array(floatingPointBytes(image));
  bytes.set(image);
  if (!isExtended(image)) return user.write(address, bytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(COMPONENTS_AT, view.getBigUint64(COMPONENTS_AT, true) | LEGACY_COMPONENTS, true);
  view.setUint32(SOFTWARE_AT, MAGIC1, true);
  view.setUint32(SOFTWARE_AT + 4, bytes.length + headerBytes, true);
  view.setBigUint64(SOFTWARE_AT + 8, componentsOf(image), true);
  view.setUint32(SOFTWARE_AT + 16, image.length, true);
  view.setUint32(image.length, MAGIC2, true);
  return user.write(address, bytes);
}

/**
 * Takes the state back that a frame points to: all of it when the marks are whole, x87 and SSE alone when they are not, and the initial
 * state when the frame points nowhere. False when it is not readable or the processor refuses it.
 */
export function readFloatingPoint({ cpu, user }: Thread, address: number): boolean {
  if (address === 0) return cpu.setExtendedState(undefined);
  const own = cpu.extendedState().length;
  const legacy = user.read(address, LEGACY_BYTES);
  if (legacy === undefined) return false;
  const view = new DataView(legacy.buffer, legacy.byteOffset);
  const size = view.getUint32(SOFTWARE_AT + 16, true);
  const isMarked =
    view.getUint32(SOFTWARE_AT, true) === MAGIC1 &&
    size >= LEGACY_BYTES + HEADER_BYTES &&
    size <= own &&
    size <= view.getUint32(SOFTWARE_AT + 4, true);
  if (own === LEGACY_BYTES || !isMarked || user.readU32(address + size) !== MAGIC2)
    return cpu.setExtendedState(legacy.slice());
  const whole = user.read(address, size);
  return whole !== undefined && cpu.setExtendedState(whole.slice(), view.getUint32(SOFTWARE_AT + 8, true));
}
