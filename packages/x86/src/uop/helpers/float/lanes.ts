// What the float helpers share: MXCSR in and out of an instruction, and lanes as bits.
import { ExitStatus } from '../../../engine/exit-status.ts';
import { COLLECTING_STEP, EXIT_DETAIL, FLAGS_OF_STEPS, FLOAT_STEPS, HELPER_SCRATCH, LAST_FLOAT_STEP, MXCSR, MXCSR_OF_STEPS } from '../../../state/layout.ts';
import { Vector } from '../../../cpu-exit.ts';
import { stops, withFlags } from '../../../state/mxcsr.ts';
import type { HelperContext } from '../helper-row.ts';
import { FloatControl, type FloatFormat } from './format.ts';

export function beginFloat({ memory, cpu }: HelperContext): FloatControl {
  return new FloatControl(memory.i32[(cpu.state + MXCSR) >>> 2]);
}

/**
 * Takes the raised flags into MXCSR. Returns 0, or the status of #XM when an exception is not masked: then nothing may be written.
 * A VEX instruction of 256 bits takes several such steps; engine/lane-exceptions.ts joins what they raise.
 */
export function endFloat({ memory, cpu }: HelperContext, { mxcsr, flags }: FloatControl): number {
  const { i32 } = memory;
  const { state } = cpu;
  const collecting = (state + COLLECTING_STEP) >>> 2;
  if (i32[collecting] !== 0) {
    i32[((state + FLAGS_OF_STEPS) >>> 2) + (i32[collecting] - 1)] = flags;
    i32[collecting] += 1;
    return 0;
  }
  const last = (i32[(state + LAST_FLOAT_STEP) >>> 2] + 1) % FLOAT_STEPS;
  i32[(state + LAST_FLOAT_STEP) >>> 2] = last;
  i32[((state + MXCSR_OF_STEPS) >>> 2) + last] = mxcsr;
  i32[(state + MXCSR) >>> 2] = withFlags(mxcsr, flags);
  if (!stops(mxcsr, flags)) return 0;
  i32[(state + EXIT_DETAIL) >>> 2] = Vector.SimdFloatingPoint;
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
