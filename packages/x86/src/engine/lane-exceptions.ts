// Float exceptions of 256-bit instructions: they run in steps, lane by lane, and hardware reports what all lanes raise (SDM vol. 1, section 14.3).
import type { GuestMemory } from '@elf/mm';
import {
  COLLECTING_STEP,
  FLAGS_OF_STEPS,
  FLOAT_STEPS,
  LAST_FLOAT_STEP,
  MXCSR,
  MXCSR_OF_STEPS,
  STATE_BYTES,
} from '../state/layout.ts';
import { stops, withFlags } from '../state/mxcsr.ts';

/**
 * Runs the instruction again in a state that is put back afterwards, where exceptions stop nothing and are only collected, and
 * writes to MXCSR what comes of all of them: the first step of either lane that is stopped stops the other lane there. Float
 * instructions of 256 bits that take several steps write registers alone, so there is no memory to put back.
 * @param run runs the one instruction
 */
export function raiseOfAllLanes(memory: GuestMemory, state: number, run: () => void): void {
  const kept = memory.u8.slice(state, state + STATE_BYTES);
  memory.i32[(state + COLLECTING_STEP) >>> 2] = 1;
  run();
  const word = (offset: number, index = 0) => memory.i32[((state + offset) >>> 2) + index];
  const count = word(COLLECTING_STEP) - 1;
  const raised = Array.from({ length: count }, (_, step) => word(FLAGS_OF_STEPS, step));
  memory.u8.set(kept, state);
  // The masks are the same all along, the flags before the instruction are those before its first step.
  const last = word(LAST_FLOAT_STEP);
  const stopped = raised.findIndex((flags) => stops(word(MXCSR_OF_STEPS, last), flags));
  let mxcsr = word(MXCSR_OF_STEPS, (last + FLOAT_STEPS - stopped) % FLOAT_STEPS);
  for (let step = 0; step < count / 2; step += 1) {
    const flags = raised[step] | raised[step + count / 2];
    mxcsr = withFlags(mxcsr, flags);
    if (stops(mxcsr, flags)) break;
  }
  memory.i32[(state + MXCSR) >>> 2] = mxcsr;
}
