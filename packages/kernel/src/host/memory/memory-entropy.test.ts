// Reproducible bytes: those of the published generator, whatever the lengths they are asked in.
import { describe, expect, it } from 'vitest';
import { memoryEntropy } from './memory-entropy.ts';

/** SplitMix64 from 1234567, as other implementations print it. */
const WORDS = [6457827717110365317n, 3203168211198807973n, 9817491932198370423n];

function expectedBytes(): number[] {
  const view = new DataView(new ArrayBuffer(24));
  for (const [index, word] of WORDS.entries()) view.setBigUint64(index * 8, word, true);
  return [...new Uint8Array(view.buffer)];
}

describe('memoryEntropy', () => {
  it.each([0, 1, 7, 8, 9, 16, 23, 24])('fills %i bytes', (length) => {
    const room = new Uint8Array(length + 2).fill(1);
    memoryEntropy(1234567n).fill(room.subarray(1, 1 + length));
    expect([...room]).toEqual([1, ...expectedBytes().slice(0, length), 1]);
  });

  it('begins each filling with a new word', () => {
    const entropy = memoryEntropy(1234567n);
    entropy.fill(new Uint8Array(3));
    const second = new Uint8Array(8);
    entropy.fill(second);
    expect([...second]).toEqual(expectedBytes().slice(8, 16));
  });
});
