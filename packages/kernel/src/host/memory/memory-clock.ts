// A clock that stands still unless somebody waits: the same run gives the same times.
import type { Clock } from '../clock.ts';

/** What a {@link memoryClock} starts with. */
export interface MemoryClockOptions {
  /** Nanoseconds since 1970 at the start; 2024-01-01 00:00:00 UTC by default. */
  readonly start?: bigint;
  /** Nanoseconds that pass at every look, so that a loop which polls the clock ends. 1000 by default. */
  readonly tick?: number;
}

/**
 * A virtual clock: time passes by a fixed tick at each look and jumps over waits.
 * @example
 * const clock = memoryClock({ start: 0n });
 */
export function memoryClock(options: MemoryClockOptions = {}): Clock {
  const start = options.start ?? 1_704_067_200_000_000_000n;
  const tick = options.tick ?? 1000;
  let elapsed = 1_000_000_000;
  const look = () => {
    elapsed += tick;
    return elapsed;
  };
  return {
    realtime: () => start + BigInt(look() - 1_000_000_000),
    monotonic: look,
    wait: async (nanoseconds) => {
      elapsed += Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds) : 0;
    },
    pause: async () => {},
  };
}
