// Reproducible "random" bytes: a 64-bit generator from a seed, for tests and deterministic runs. Never use it for secrets.
import type { Entropy } from '../entropy.ts';

/**
 * Bytes from SplitMix64 (Steele, Lea, Flood 2014).
 * @example
 * memoryEntropy(42n).fill(new Uint8Array(16));
 */
export function memoryEntropy(seed = 0x1234_5678_9abc_def0n): Entropy {
  let state = seed;
  const next = () => {
    state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n);
    let mixed = state;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return mixed ^ (mixed >> 31n);
  };
  return {
    fill: (target) => {
      const view = new DataView(target.buffer, target.byteOffset, target.length);
      const whole = target.length - (target.length % 8);
      for (let at = 0; at < whole; at += 8) view.setBigUint64(at, next(), true);
      if (whole === target.length) return;
      const last = new DataView(new ArrayBuffer(8));
      last.setBigUint64(0, next(), true);
      for (let at = whole; at < target.length; at++) target[at] = last.getUint8(at - whole);
    },
  };
}
