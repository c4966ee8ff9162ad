// The floating-point state a program starts with: exceptions unmasked and, on the x87, double precision (FPinit).
import type { Cpu } from '@elf/kernel';

/** Byte offsets in the image that XSAVE and FXSAVE make. */
const CONTROL_WORD = 0;
const MXCSR = 24;
/** XSTATE_BV: which parts of the image count; bits 0 and 1 are x87 and SSE. */
const PARTS = 512;
const X87_AND_SSE = 3;

/** Loads the control words that exec gives a program. */
export function startFloatingPoint(cpu: Cpu, start: { readonly controlWord: number; readonly mxcsr: number }): void {
  const image = cpu.extendedState().slice();
  const view = new DataView(image.buffer);
  view.setUint16(CONTROL_WORD, start.controlWord, true);
  view.setUint32(MXCSR, start.mxcsr, true);
  if (image.length > PARTS) image[PARTS] |= X87_AND_SSE;
  cpu.setExtendedState(image);
}
