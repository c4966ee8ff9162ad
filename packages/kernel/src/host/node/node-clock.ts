// The clock port over Node's clocks and timers.
import type { Clock } from '../clock.ts';

/** The host's clocks. */
export function nodeClock(): Clock {
  // Date has milliseconds; the monotonic clock supplies the rest.
  const originRealtime = BigInt(Date.now()) * 1_000_000n;
  const originMonotonic = process.hrtime.bigint();
  return {
    realtime: () => originRealtime + (process.hrtime.bigint() - originMonotonic),
    monotonic: () => Number(process.hrtime.bigint()),
    wait: (nanoseconds, interruption) => {
      // Node clamps timers to 31 bits of milliseconds; waking early is harmless, the loop looks again.
      const milliseconds = Math.min(Math.ceil(nanoseconds / 1e6), 0x7fff_ffff);
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        void interruption.then(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  };
}
