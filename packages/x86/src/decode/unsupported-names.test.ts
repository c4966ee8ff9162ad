// Unsupported encodings are named through prefixes, REX and escape bytes; unknown ones have no name.
import { describe, expect, it } from 'vitest';
import { nameUnsupported } from './unsupported-names.ts';

const name = (...bytes: number[]) => nameUnsupported(Uint8Array.from(bytes));

describe('nameUnsupported', () => {
  it('names instructions in all maps', () => {
    expect(name(0xc5, 0xf8, 0x77)).toContain('AVX');
    expect(name(0x66, 0x44, 0x0f, 0x38, 0xdc, 0xc1)).toBe('aesenc');
    expect(name(0x66, 0x0f, 0x3a, 0x44, 0xc1, 0)).toBe('pclmulqdq');
    expect(name(0x0f, 0x32)).toBe('rdmsr');
  });
  it('has no name for what is no instruction, or cut off', () => {
    expect(name(0x0f, 0x04)).toBeUndefined();
    expect(name(0x0f)).toBeUndefined();
    expect(name(0x66)).toBeUndefined();
    expect(name()).toBeUndefined();
  });
});
