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
      for (let at = 0; at < target.length; at += 8) {
        let word = next();
        for (let byte = at; byte < Math.min(at + 8, target.length); byte++) {
          target[byte] = Number(word & 0xffn);
          word >>= 8n;
        }
      }
    },
  };
}
