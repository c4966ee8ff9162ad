// Values of run's options: what is taken, and what is refused with a sentence.
import { describe, expect, it } from 'vitest';
import { readBase, readCoreLimit, readFileMemory, readRelease, readSeconds, readStackBytes } from './run-values.ts';

const mistake = { mistake: expect.stringMatching(/^option --?[\w-]+ takes .*, not /) };

describe('values of elf run', () => {
  it.each([
    ['stack', readStackBytes, '16M', 16 << 20],
    ['stack', readStackBytes, '8388608', 8 << 20],
    ['stack', readStackBytes, '1g', 1 << 30],
    ['stack', readStackBytes, '4k', mistake],
    ['stack', readStackBytes, 'lots', mistake],
    ['file memory', readFileMemory, '512M', 512 << 20],
    ['file memory', readFileMemory, '100k', mistake],
    ['seconds', readSeconds, '0.5', 0.5],
    ['seconds', readSeconds, '0', mistake],
    ['seconds', readSeconds, '99999999', mistake],
    ['core', readCoreLimit, 'unlimited', Number.POSITIVE_INFINITY],
    ['core', readCoreLimit, '0', 0],
    ['core', readCoreLimit, '-1', mistake],
    ['release', readRelease, '5.4.0-42-generic', '5.4.0-42-generic'],
    ['release', readRelease, 'new', mistake],
  ] as const)('%s: %o of %s', (_, read, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('takes page-aligned bases only', () => {
    expect(readBase('0x40000000', 4096)).toBe(0x4000_0000);
    expect(readBase('0x40001000', 16384)).toEqual(mistake);
    expect(readBase('0xffffffffffff', 4096)).toEqual(mistake);
  });
});
