// The clock port over what every page and worker has, named structurally: no DOM types are needed.
import type { Clock } from '../clock.ts';

/** The part of a global scope the web host uses. */
export interface WebScope {
  readonly performance: { now(): number; readonly timeOrigin: number };
  setTimeout(callback: () => void, milliseconds: number): unknown;
  readonly crypto: { getRandomValues(target: Uint8Array): unknown };
}

/**
 * Clocks of a page or worker.
 * @example
 * const clock = webClock(globalThis as unknown as WebScope);
 */
export function webClock(scope: WebScope): Clock {
  const monotonic = () => Math.round(scope.performance.now() * 1e6);
  const sleep = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      scope.setTimeout(resolve, milliseconds);
    });
  return {
    realtime: () => BigInt(Math.round((scope.performance.timeOrigin + scope.performance.now()) * 1000)) * 1000n,
    monotonic,
    wait: (nanoseconds, interruption) =>
      Number.isFinite(nanoseconds)
        ? Promise.race([sleep(Math.min(nanoseconds / 1e6, 0x7fff_ffff)), interruption])
        : interruption,
    pause: () => sleep(0),
  };
}

/** Random bytes from the scope's crypto, in the pieces it accepts. */
export function webEntropy(scope: WebScope) {
  return {
    fill: (target: Uint8Array) => {
      for (let at = 0; at < target.length; at += 65536) scope.crypto.getRandomValues(target.subarray(at, at + 65536));
    },
  };
}
