// FPATAN of ratios below 2^-40 as processors answer it: the quotient cut to 67 bits, always inexact.
import { expect, it } from 'vitest';
import { angle } from './transcendental.ts';

type Extended = readonly [signAndExponent: number, significand: bigint];

// Recorded on hardware: control word, ST(1), ST(0), answer, exception flags and C1.
const RECORDED: readonly (readonly [number, Extended, Extended, Extended, number])[] = [
  [0x53f, [0x0ec3, 0x9022e5a210dc788cn], [0x0ef7, 0xed31dc0182a57c35n], [0x3fca, 0x9b904f32bd2cd552n], 0x20],
  [0x33f, [0xbf58, 0xd4d2746bb1ff3578n], [0x7f6f, 0xa81135c816e9540cn], [0x8000, 0x000000510aeb34e1n], 0x230],
  [0x13f, [0xbf4f, 0xf3eab7b195195ef7n], [0x7f97, 0xe236c0118b2fab22n], [0x8000, 0x0000000000000000n], 0x30],
  [0x63f, [0xbf37, 0x8215bba693e2b6a7n], [0x7f38, 0x8000000000000000n], [0x8000, 0x1042b774d27c56d5n], 0x230],
  [0x23f, [0xe592, 0xabb98b8cd2a760d6n], [0x6b76, 0x8a5fbedbed71152bn], [0xba1b, 0x9ed9b6d2943db58bn], 0x220],
  [0x73f, [0xdbbe, 0xb764a92332dc0454n], [0x5bec, 0xb339bd4d97d63651n], [0xbfd1, 0x82f9fa5c64531bb5n], 0x220],
  [0xf3f, [0x6355, 0xf03a1fc49de16b17n], [0x638d, 0xb9989e840d65a936n], [0x3fc7, 0xa5ad5ff8e2c0e01dn], 0x20],
  [0x3f, [0xbfc7, 0x8fb913b778de4095n], [0x7fcf, 0xafd3697a9c1218c0n], [0x8000, 0x001a2846ef0fd930n], 0x30],
  [0x93f, [0x85a9, 0xc5fa0ee0168d3de6n], [0x05d2, 0x8000000000000000n], [0xbfd6, 0xc5fa0ee0168d3de6n], 0x20],
  [0x83f, [0x3f16, 0xd8cf3c34f546b33dn], [0x7f54, 0xd8d61b0440b1b275n], [0x0000, 0x0000000000000001n], 0x230],
  [0x43f, [0xad92, 0x93397b49620c31b5n], [0x2dc4, 0x8000000000000000n], [0xbfcd, 0x93397b49620c31b5n], 0x20],
  [0x83f, [0x27ee, 0xa637582f2b199e41n], [0x281b, 0xa637582f2b199e41n], [0x3fd2, 0x8000000000000000n], 0x20],
  [0xd3f, [0xc025, 0xc71628faad7ee413n], [0x7ff0, 0xc71628faad7ee413n], [0x8034, 0x8000000000000000n], 0x20],
  [0x53f, [0x0000, 0x00001d1f04baf54fn], [0x7f81, 0xe8f825d7aa7dfc07n], [0x0000, 0x0000000000000000n], 0x32],
  [0x33f, [0x0000, 0x001ee3755a8e26ecn], [0x0a0a, 0x884b53c47eb6391cn], [0x35eb, 0xe811f8dec97470den], 0x22],
  [0x3f, [0xe637, 0x8f399c13aba58dcan], [0x6684, 0x8f399c13aba58dcan], [0xbfb2, 0x8000000000000000n], 0x20],
  [0xf3f, [0xa7f7, 0xe92bc1ce421515c6n], [0x5112, 0xe92bc1ce421515c6n], [0x96e4, 0x8000000000000000n], 0x20],
];

function put(words: Int32Array, slot: number, [head, significand]: Extended): void {
  words[slot] = Number(significand & 0xffff_ffffn) | 0;
  words[slot + 1] = Number(significand >> 32n) | 0;
  words[slot + 2] = head;
}

it.each(RECORDED)('row %#', (control, y, x, answer, flags) => {
  const words = new Int32Array(12);
  put(words, 0, x);
  put(words, 4, y);
  const found = angle(words, 4, 0, 4, control);
  const expected = new Int32Array(12);
  put(expected, 4, answer);
  expect([...words.subarray(4, 7)]).toEqual([...expected.subarray(4, 7)]);
  expect(found & 0x23f).toBe(flags);
});
