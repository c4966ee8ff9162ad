// UTF-8 both ways, and bytes that are not UTF-8.
import { describe, expect, it } from 'vitest';
import { createRandom } from './test-support/mutate.ts';
import { decodeCString, decodeText, encodeText } from './text.ts';

describe('decodeText', () => {
  it.each(['', 'plain', 'ü', '漢字', '😀 end', 'a'.repeat(9000), `${'a'.repeat(4095)}é${'b'.repeat(5000)}`])(
    'agrees with TextDecoder',
    (text) => {
      expect(decodeText(new TextEncoder().encode(text))).toBe(text);
      expect(encodeText(text)).toEqual(new TextEncoder().encode(text));
    },
  );

  it('agrees with TextDecoder about what is valid, on random bytes', () => {
    const random = createRandom(5);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from(
        { length: 1 + Math.floor(random() * 6) },
        () => (random() < 0.8 ? 0x80 : 0) + random() * 128,
      );
      let expected: string | undefined;
      try {
        expected = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {}
      const text = decodeText(bytes);
      if (expected === undefined) expect(text).toMatch(/[\udc80-\udcff]/);
      else expect(text).toBe(expected);
      expect(encodeText(text)).toEqual(bytes);
    }
  });
});

describe('decodeCString', () => {
  it('ends at the NUL or at the end', () => {
    const bytes = encodeText('ab\0cd');
    expect([decodeCString(bytes), decodeCString(bytes, 3), decodeCString(bytes, 0, 1)]).toEqual(['ab', 'cd', 'a']);
  });
});
