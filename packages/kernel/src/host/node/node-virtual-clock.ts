// The clock of a run that is to be repeated: time is virtual, and the host's events get their turns all the same.
import type { Clock } from '../clock.ts';
import { memoryClock } from '../memory/memory-clock.ts';

/** Node clamps timers to 31 bits of milliseconds; this one only says that something is still awaited. */
const LONGEST_TIMER = 0x7fff_ffff;

/**
 * {@link memoryClock} for a program whose input and signals come from this process: a wait for a moment jumps to it at once, a wait for
 * nothing but events is one for events. How often the clock was looked at says what time it is, so that two runs with the same input see the same times.
 */
export function nodeVirtualClock(): Clock {
  const { realtime, monotonic, wait } = memoryClock();
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    realtime,
    monotonic,
    pause,
    wait: async (nanoseconds, interruption) => {
      if (Number.isFinite(nanoseconds)) {
        await pause();
        return wait(nanoseconds, interruption);
      }
      const timer = setTimeout(() => {}, LONGEST_TIMER);
      await interruption;
      clearTimeout(timer);
    },
  };
}
