// What the float helpers share: MXCSR in and out of an instruction, and lanes as bits.
import { ExitStatus } from '../../../engine/exit-status.ts';
import { EXIT_DETAIL, HELPER_SCRATCH, MXCSR } from '../../../state/layout.ts';
import type { HelperContext } from '../helper-row.ts';
import { Flag, FloatControl, type FloatFormat } from './format.ts';

/** #XM (SDM vol. 3A, section 6.15). */
const SIMD_EXCEPTION = 19;
const PRE_COMPUTATION = Flag.Invalid | Flag.Denormal | Flag.ZeroDivide;

export function beginFloat({ memory, cpu }: HelperContext): FloatControl {
  return new FloatControl(memory.i32[(cpu.state + MXCSR) >>> 2]);
}

/**
 * Takes the raised flags into MXCSR. Returns 0, or the status of #XM when an exception is not masked: then nothing may be
 * written, and flags that come from rounding are not set when an operand's exception stopped the instruction before it.
 */
export function endFloat({ memory, cpu }: HelperContext, control: FloatControl): number {
  const unmasked = ~(control.mxcsr >> 7) & 0x3f;
  const flags = control.flags & unmasked & PRE_COMPUTATION ? control.flags & PRE_COMPUTATION : control.flags;
  memory.i32[(cpu.state + MXCSR) >>> 2] = control.mxcsr | flags;
  if ((flags & unmasked) === 0) return 0;
  memory.i32[(cpu.state + EXIT_DETAIL) >>> 2] = SIMD_EXCEPTION;
  return ExitStatus.Exception;
}

export function readLane({ memory }: HelperContext, format: FloatFormat, hostOffset: number): bigint {
  return format.width === 64 ? BigInt.asUintN(64, memory.i64[hostOffset >>> 3]) : BigInt(memory.u32[hostOffset >>> 2]);
}
export function writeLane({ memory }: HelperContext, format: FloatFormat, hostOffset: number, bits: bigint): void {
  if (format.width === 64) memory.i64[hostOffset >>> 3] = BigInt.asIntN(64, bits);
  else memory.u32[hostOffset >>> 2] = Number(bits);
}

/** Host offset of the 16 bytes in which a result waits until no exception can stop it. */
export const scratch = ({ cpu }: HelperContext) => cpu.state + HELPER_SCRATCH;

/** Ends an instruction whose result waits in the scratch area: the bytes go to `out` unless an exception stops it. */
export function deliver(context: HelperContext, control: FloatControl, out: number, bytes: number): number {
  const status = endFloat(context, control);
  if (status === 0) context.memory.u8.copyWithin(out, scratch(context), scratch(context) + bytes);
  return status;
}
