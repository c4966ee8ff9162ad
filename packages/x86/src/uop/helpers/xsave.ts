// FXSAVE, FXRSTOR and the XSAVE family. Intel SDM vol. 1, sections 10.5 and 13.7 to 13.10.
import { ExitStatus } from '../../engine/exit-status.ts';
import { LEGACY_AREA_BYTES, enabledComponents, XCR0, XSAVE_HEADER_BYTES, xsaveAreaBytes } from '../../state/models/cpu-model.ts';
import { transferImage } from './area-transfer.ts';
import {
  COMPACT_BITS_AT,
  hasInitialMxcsr,
  initialiseMxcsr,
  initialiseState,
  MXCSR_AT,
  MXCSR_BITS,
  partsOf,
  readState,
  type StateBlock,
  STATE_BITS_AT,
  setMxcsr,
  stateInUse,
  writeState,
} from './extended-state.ts';
import { type HelperContext, type HelperRow, helper } from './helper-row.ts';

/** Bit 31 of the upper half of XCOMP_BV: the compacted format. */
const COMPACTED = 0x8000_0000;

function blockOf({ memory, cpu }: HelperContext): StateBlock {
  return { memory, state: cpu.state, registers: cpu.mode === 64 ? 16 : 8 };
}

/** The last byte of the header: what lies behind it depends on the components. */
const HEADER_END = [[STATE_BITS_AT + XSAVE_HEADER_BYTES - 1, 1]] as const;

/** XINUSE of the CPU. */
export function componentsInUse(context: HelperContext): number {
  return stateInUse(blockOf(context));
}

// RFBM: what EDX:EAX asks for of what is enabled.
function requested({ cpu, model }: HelperContext): number {
  return cpu.registerLow(0) & enabledComponents(model);
}

// Cells: address, and whether pointers have 64 bits.
function fxsave(context: HelperContext, address: number, wide: number): number {
  const image = new Uint8Array(LEGACY_AREA_BYTES);
  const block = blockOf(context);
  writeState(image, block, context.memory.i32[wide >>> 2] !== 0);
  // The last 96 bytes are the operating system's.
  return transferImage(context, address, image, true, partsOf(XCR0.x87 | XCR0.sse, block.registers, true));
}

function fxrstor(context: HelperContext, address: number, wide: number): number {
  const image = new Uint8Array(LEGACY_AREA_BYTES);
  const block = blockOf(context);
  const failed = transferImage(context, address, image, false);
  if (failed !== 0) return failed;
  const mxcsr = new DataView(image.buffer).getUint32(MXCSR_AT, true);
  if (mxcsr & ~MXCSR_BITS) return ExitStatus.GeneralProtection;
  setMxcsr(block, mxcsr);
  readState(image, block, XCR0.x87 | XCR0.sse, context.memory.i32[wide >>> 2] !== 0);
  return 0;
}

/** How an instruction of the family differs, as the lift writes it. */
export const XsaveForm = { wide: 1, optimised: 2, compacted: 4 } as const;

// Cells: address, form.
function xsave(context: HelperContext, address: number, formCell: number): number {
  const form = context.memory.i32[formCell >>> 2];
  const block = blockOf(context);
  const mask = requested(context);
  const image = new Uint8Array(xsaveAreaBytes(enabledComponents(context.model)));
  const view = new DataView(image.buffer);
  let inUse = stateInUse(block) & mask;
  if (form & XsaveForm.compacted) {
    // MXCSR has no bit of its own: another value than the initial one counts as SSE state (SDM vol. 1, section 13.10).
    if (!hasInitialMxcsr(block)) inUse |= mask & XCR0.sse;
    writeState(image, block, (form & XsaveForm.wide) !== 0);
    view.setUint32(STATE_BITS_AT, inUse, true);
    view.setUint32(COMPACT_BITS_AT, mask, true);
    view.setUint32(COMPACT_BITS_AT + 4, COMPACTED, true);
    const parts = partsOf(inUse, block.registers, (inUse & XCR0.sse) !== 0);
    return transferImage(context, address, image, true, [...parts, [STATE_BITS_AT, STATE_BITS_AT + 16]], HEADER_END);
  }
  // Bits of components that are not asked for stay.
  const failed = transferImage(context, address, image, false, [[STATE_BITS_AT, STATE_BITS_AT + 8]], HEADER_END);
  if (failed !== 0) return failed;
  const old = view.getUint32(STATE_BITS_AT, true);
  writeState(image, block, (form & XsaveForm.wide) !== 0);
  view.setUint32(STATE_BITS_AT, (old & ~mask) | inUse, true);
  const saved = form & XsaveForm.optimised ? inUse : mask;
  const parts = partsOf(saved, block.registers, (mask & (XCR0.sse | XCR0.avx)) !== 0);
  return transferImage(context, address, image, true, [...parts, [STATE_BITS_AT, STATE_BITS_AT + 8]], HEADER_END);
}

// Cells: address, form. Everything that is #GP is found before anything changes.
function xrstor(context: HelperContext, address: number, formCell: number): number {
  const wide = (context.memory.i32[formCell >>> 2] & XsaveForm.wide) !== 0;
  const block = blockOf(context);
  const mask = requested(context);
  const enabled = enabledComponents(context.model);
  const image = new Uint8Array(xsaveAreaBytes(enabled));
  const view = new DataView(image.buffer);
  const header = [STATE_BITS_AT, STATE_BITS_AT + XSAVE_HEADER_BYTES] as const;
  const failed = transferImage(context, address, image, false, [header], HEADER_END);
  if (failed !== 0) return failed;
  const present = view.getUint32(STATE_BITS_AT, true);
  const compact = view.getUint32(COMPACT_BITS_AT, true);
  const isCompacted = view.getUint32(COMPACT_BITS_AT + 4, true) === COMPACTED && context.model.features.has('xsavec');
  if (view.getUint32(STATE_BITS_AT + 4, true) !== 0) return ExitStatus.GeneralProtection;
  if (isCompacted ? !isWithin(compact, enabled) || !isWithin(present, compact) : !isWithin(present, enabled)) return ExitStatus.GeneralProtection;
  // The compacted format keeps the rest of the header zero, the standard one its first 24 bytes.
  const mustBeZero = isCompacted ? image.subarray(COMPACT_BITS_AT + 8, header[1]) : image.subarray(COMPACT_BITS_AT, COMPACT_BITS_AT + 16);
  if (mustBeZero.some((byte) => byte !== 0)) return ExitStatus.GeneralProtection;
  const loaded = mask & present;
  const takesMxcsr = isCompacted ? (loaded & XCR0.sse) !== 0 : (mask & (XCR0.sse | XCR0.avx)) !== 0;
  const parts = partsOf(loaded, block.registers, takesMxcsr);
  const missing = transferImage(context, address, image, false, parts, HEADER_END);
  if (missing !== 0) return missing;
  const mxcsr = view.getUint32(MXCSR_AT, true);
  if (takesMxcsr && mxcsr & ~MXCSR_BITS) return ExitStatus.GeneralProtection;
  if (takesMxcsr) setMxcsr(block, mxcsr);
  else if (isCompacted && mask & XCR0.sse) initialiseMxcsr(block);
  readState(image, block, loaded, wide);
  initialiseState(block, mask & ~present);
  return 0;
}

const isWithin = (bits: number, of: number) => (bits & ~of) === 0;

export const xsaveHelpers: readonly HelperRow[] = [helper('fxsave', fxsave), helper('fxrstor', fxrstor), helper('xsave', xsave), helper('xrstor', xrstor)];
