// The memory image of x87, SSE and AVX state that FXSAVE, XSAVE and signal frames share. Intel SDM vol. 1, section 10.5.1 and chapter 13.
import type { GuestMemory } from '@elf/mm';
import { FXSAVE, MXCSR, VECTOR, VECTOR_STRIDE } from '../../state/layout.ts';
import { LEGACY_AREA_BYTES, XCR0, XSAVE_HEADER_BYTES, xsaveAreaBytes } from '../../state/models/cpu-model.ts';
import { readFxsave, writeFxsave } from './x87/image.ts';

/** Where things stand in the image. */
export const MXCSR_AT = 24;
const REGISTERS_AT = 32;
const XMM_AT = 160;
export const STATE_BITS_AT = LEGACY_AREA_BYTES;
export const COMPACT_BITS_AT = LEGACY_AREA_BYTES + 8;
const AVX_AT = LEGACY_AREA_BYTES + XSAVE_HEADER_BYTES;
const INITIAL_MXCSR = 0x1f80;
/** Bits of MXCSR that exist: all exceptions, masks, rounding, DAZ and FTZ. */
export const MXCSR_BITS = 0xffff;
const INITIAL_CONTROL = 0x37f;

/** One CPU's state block. */
export interface StateBlock {
  readonly memory: GuestMemory;
  /** Host offset of the block. */
  readonly state: number;
  /** Vector registers that exist in the current mode. */
  readonly registers: 8 | 16;
}

/** The byte ranges of components in the image. */
export function partsOf(components: number, registers: 8 | 16, withMxcsr: boolean): (readonly [from: number, to: number])[] {
  const parts: (readonly [number, number])[] = [];
  if (components & XCR0.x87) parts.push([0, MXCSR_AT], [REGISTERS_AT, XMM_AT]);
  if (withMxcsr) parts.push([MXCSR_AT, REGISTERS_AT]);
  if (components & XCR0.sse) parts.push([XMM_AT, XMM_AT + 16 * registers]);
  if (components & XCR0.avx) parts.push([AVX_AT, AVX_AT + 16 * registers]);
  return parts;
}

const vectorAt = (state: number, register: number) => state + VECTOR + VECTOR_STRIDE * register;

/**
 * Writes the whole state into an image of at least 416 bytes; ymm only where there is room for it.
 * @param wide the instruction and operand pointers have 64 bits; else 32, and the selectors behind them are zero
 */
export function writeState(image: Uint8Array, { memory, state, registers }: StateBlock, wide: boolean): void {
  writeFxsave(image, memory.i32, (state + FXSAVE) >>> 2);
  if (!wide) for (const at of [12, 20]) image.fill(0, at, at + 4);
  for (let register = 0; register < registers; register += 1) {
    const from = vectorAt(state, register);
    image.set(memory.u8.subarray(from, from + 16), XMM_AT + 16 * register);
    if (image.length > AVX_AT) image.set(memory.u8.subarray(from + 16, from + 32), AVX_AT + 16 * register);
  }
}

/** Takes components from an image; MXCSR stands for itself. */
export function readState(image: Uint8Array, { memory, state, registers }: StateBlock, components: number, wide: boolean): void {
  if (components & XCR0.x87) {
    const part = image.slice(0, XMM_AT);
    if (!wide) for (const at of [12, 20]) part.fill(0, at, at + 4);
    readFxsave(part, memory.i32, (state + FXSAVE) >>> 2);
  }
  for (let register = 0; register < registers; register += 1) {
    const to = vectorAt(state, register);
    if (components & XCR0.sse) memory.u8.set(image.subarray(XMM_AT + 16 * register, XMM_AT + 16 * register + 16), to);
    if (components & XCR0.avx) memory.u8.set(image.subarray(AVX_AT + 16 * register, AVX_AT + 16 * register + 16), to + 16);
  }
}

/** Gives components their initial state (SDM vol. 1, table 13-1); MXCSR stands for itself. */
export function initialiseState({ memory, state, registers }: StateBlock, components: number): void {
  if (components & XCR0.x87) {
    const start = state + FXSAVE;
    memory.u8.fill(0, start, start + MXCSR_AT);
    memory.u8.fill(0, start + REGISTERS_AT, start + XMM_AT);
    memory.u16[start >>> 1] = INITIAL_CONTROL;
  }
  for (let register = 0; register < registers; register += 1) {
    const at = vectorAt(state, register);
    if (components & XCR0.sse) memory.u8.fill(0, at, at + 16);
    if (components & XCR0.avx) memory.u8.fill(0, at + 16, at + 32);
  }
}

export function mxcsrOf({ memory, state }: StateBlock): number {
  return memory.u32[(state + MXCSR) >>> 2];
}
export function setMxcsr({ memory, state }: StateBlock, value: number): void {
  memory.u32[(state + MXCSR) >>> 2] = value;
}
export function initialiseMxcsr(block: StateBlock): void {
  setMxcsr(block, INITIAL_MXCSR);
}
export function hasInitialMxcsr(block: StateBlock): boolean {
  return mxcsrOf(block) === INITIAL_MXCSR;
}

/**
 * The state of a CPU as a system keeps it: an XSAVE area in the standard format, or FXSAVE's 512 bytes where nothing is enabled.
 * @param enabled XCR0
 */
export function stateImage(block: StateBlock, enabled: number): Uint8Array {
  const image = new Uint8Array(enabled === 0 ? LEGACY_AREA_BYTES : xsaveAreaBytes(enabled));
  writeState(image, block, true);
  if (enabled !== 0) new DataView(image.buffer).setUint32(STATE_BITS_AT, stateInUse(block) & enabled, true);
  return image;
}

/**
 * Takes the components of an image that are asked for; those that it lacks get their initial state.
 * @param image undefined stands for one that lacks everything; 512 bytes for x87 and SSE alone
 * @param wanted components to take
 * @returns false, with nothing changed, when the processor would refuse the image: reserved bits of MXCSR or of the header
 */
export function loadStateImage(block: StateBlock, enabled: number, image: Uint8Array | undefined, wanted: number): boolean {
  const legacy = XCR0.x87 | XCR0.sse;
  if (image === undefined) {
    initialiseState(block, legacy | XCR0.avx);
    initialiseMxcsr(block);
    return true;
  }
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  let present = legacy;
  if (image.length > LEGACY_AREA_BYTES) {
    present = view.getUint32(STATE_BITS_AT, true);
    const reserved = image.subarray(STATE_BITS_AT + 4, STATE_BITS_AT + 24);
    if ((present & ~enabled) !== 0 || reserved.some((byte) => byte !== 0)) return false;
  }
  const mxcsr = view.getUint32(MXCSR_AT, true);
  if (mxcsr & ~MXCSR_BITS) return false;
  const loaded = present & wanted;
  readState(image, block, loaded, true);
  initialiseState(block, (legacy | XCR0.avx) & ~loaded);
  if (wanted & ~XCR0.x87) setMxcsr(block, mxcsr);
  else initialiseMxcsr(block);
  return true;
}

/** XINUSE: the components that are not in their initial state (SDM vol. 1, section 13.6). */
export function stateInUse({ memory, state, registers }: StateBlock): number {
  const image = memory.u8.subarray(state + FXSAVE, state + FXSAVE + XMM_AT);
  const isZero = (from: number, to: number) => image.subarray(from, to).every((byte) => byte === 0);
  const isInitial = memory.u16[(state + FXSAVE) >>> 1] === INITIAL_CONTROL && isZero(2, MXCSR_AT) && isZero(REGISTERS_AT, XMM_AT);
  let inUse = isInitial ? 0 : XCR0.x87;
  for (let register = 0; register < registers; register += 1) {
    const word = vectorAt(state, register) >>> 3;
    if (memory.i64[word] !== 0n || memory.i64[word + 1] !== 0n) inUse |= XCR0.sse;
    if (memory.i64[word + 2] !== 0n || memory.i64[word + 3] !== 0n) inUse |= XCR0.avx;
  }
  return inUse;
}
