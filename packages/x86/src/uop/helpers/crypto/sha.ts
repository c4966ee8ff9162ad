// SHA-1 and SHA-256 steps on vector registers (FIPS 180-4; SDM vol. 2, SHA1RNDS4 to SHA256RNDS2). Word 0 is the lowest lane.
import { type HelperRow, helper } from '../helper-row.ts';

const rotateLeft = (word: number, count: number) => (word << count) | (word >>> (32 - count));
const rotateRight = (word: number, count: number) => rotateLeft(word, 32 - count);

/** The functions f of rounds 0-19, 20-39, 40-59 and 60-79 with their constants. */
const SHA1_ROUNDS: readonly { readonly constant: number; readonly mix: (b: number, c: number, d: number) => number }[] = [
  { constant: 0x5a82_7999, mix: (b, c, d) => (b & c) ^ (~b & d) },
  { constant: 0x6ed9_eba1, mix: (b, c, d) => b ^ c ^ d },
  { constant: 0x8f1b_bcdc, mix: (b, c, d) => (b & c) ^ (b & d) ^ (c & d) },
  { constant: 0xca62_c1d6, mix: (b, c, d) => b ^ c ^ d },
];

type Words = (destination: readonly number[], source: readonly number[], third: readonly number[]) => readonly number[];

/** A helper with the cells result, first, second and (where used) third operand, each of four words. */
function words(name: string, compute: Words): HelperRow {
  return helper(name, ({ memory: { i32 } }, out, first, second, third) => {
    const read = (cell: number) => [0, 1, 2, 3].map((lane) => i32[(cell >>> 2) + lane]);
    i32.set(compute(read(first), read(second), read(third)), out >>> 2);
    return 0;
  });
}

const sigma0 = (word: number) => rotateRight(word, 7) ^ rotateRight(word, 18) ^ (word >>> 3);
const sigma1 = (word: number) => rotateRight(word, 17) ^ rotateRight(word, 19) ^ (word >>> 10);

export const shaHelpers: readonly HelperRow[] = [
  // Third operand: the immediate, which chooses the group of rounds.
  words('sha1-rounds', (state, message, [group]) => {
    const { constant, mix } = SHA1_ROUNDS[group & 3];
    let [d, c, b, a] = state;
    let e = 0;
    for (let step = 3; step >= 0; step -= 1) {
      // The first message word already contains E.
      const next = (mix(b, c, d) + rotateLeft(a, 5) + message[step] + e + constant) | 0;
      [e, d, c, b, a] = [d, c, rotateLeft(b, 30), a, next];
    }
    return [d, c, b, a];
  }),
  words('sha1-next-e', (state, message) => [message[0], message[1], message[2], message[3] + rotateLeft(state[3], 30)]),
  words('sha1-message-1', ([w3, w2, w1, w0], [, , w5, w4]) => [w5 ^ w3, w4 ^ w2, w3 ^ w1, w2 ^ w0]),
  words('sha1-message-2', ([x3, x2, x1, x0], [w15, w14, w13]) => {
    const w16 = rotateLeft(x0 ^ w13, 1);
    return [rotateLeft(x3 ^ w16, 1), rotateLeft(x2 ^ w15, 1), rotateLeft(x1 ^ w14, 1), w16];
  }),
  // Third operand: the implicit xmm0 with two words of message plus constant.
  words('sha256-rounds', ([h0, g0, d0, c0], [f0, e0, b0, a0], message) => {
    let [a, b, c, d, e, f, g, h] = [a0, b0, c0, d0, e0, f0, g0, h0];
    for (let step = 0; step < 2; step += 1) {
      const choose = (e & f) ^ (~e & g);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const upper = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
      const lower = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
      const sum = (choose + upper + message[step] + h) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (sum + d) | 0, c, b, a, (sum + majority + lower) | 0];
    }
    return [f, e, b, a];
  }),
  words('sha256-message-1', ([w0, w1, w2, w3], [w4]) => [w0 + sigma0(w1), w1 + sigma0(w2), w2 + sigma0(w3), w3 + sigma0(w4)]),
  words('sha256-message-2', (partial, [, , w14, w15]) => {
    const w16 = (partial[0] + sigma1(w14)) | 0;
    const w17 = (partial[1] + sigma1(w15)) | 0;
    return [w16, w17, partial[2] + sigma1(w16), partial[3] + sigma1(w17)];
  }),
];
