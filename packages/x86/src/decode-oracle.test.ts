// Our decoder against iced-x86: length and mnemonic of random byte sequences and of real code.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { codeSections, DecodeComparison, isJudged, Tally } from './test-support/decode-comparison.ts';
import { Random } from './test-support/random.ts';

const I386_PROGRAM = fileURLToPath(new URL('../../../fixtures/i386-c/work', import.meta.url));
const PREFIXES = [0x66, 0xf2, 0xf3, 0xf0, 0x67, 0x2e, 0x64, 0x65];

describe.each([64, 32] as const)('the decoder and iced-x86 in %i-bit mode', (mode) => {
  it('agree on random bytes', () => {
    const comparison = new DecodeComparison(mode);
    const random = new Random(20261121);
    const bytes = new Uint8Array(16);
    const disagreements = new Tally();
    let agreed = 0;
    for (let round = 0; round < 200_000; round += 1) {
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = random.next();
      shape(bytes, random, round % 8);
      const verdict = comparison.compare(bytes, 0, bytes.length);
      if (verdict.kind === 'agree') agreed += 1;
      else if (verdict.kind !== 'both-invalid' && verdict.kind !== 'missing' && !isJudged(bytes, verdict)) {
        disagreements.add(`${verdict.kind} ${verdict.detail} ${Buffer.from(bytes).toString('hex')}`);
      }
    }
    comparison.free();
    expect(disagreements.entries).toEqual([]);
    expect(agreed).toBeGreaterThan(90_000);
  });

  it('agree on the code of this Node and its C library, and say what is missing', () => {
    // Code of one mode is a good source of bytes for the other.
    const files = [I386_PROGRAM, '/usr/bin/busybox', '/lib/x86_64-linux-gnu/libc.so.6', process.execPath].filter(
      (file) => existsSync(file),
    );
    const disagreements = new Tally();
    const comparison = new DecodeComparison(mode);
    let instructions = 0;
    let missing = 0;
    for (const file of files) {
      if (process.arch !== 'x64') continue;
      for (const section of codeSections(readFileSync(file))) {
        const end = Math.min(section.length, 400_000);
        for (let at = 0; at < end; ) {
          const verdict = comparison.compare(section, at, section.length);
          instructions += 1;
          if (verdict.kind === 'missing') missing += 1;
          else if (
            verdict.kind !== 'agree' &&
            verdict.kind !== 'both-invalid' &&
            !isJudged(section.subarray(at, at + 15), verdict)
          ) {
            disagreements.add(`${verdict.kind} ${verdict.detail}`);
          }
          at += verdict.length;
        }
      }
    }
    comparison.free();
    expect(disagreements.entries).toEqual([]);
    // Vector code behind a CPUID check is what is missing; base code is complete.
    expect(missing / Math.max(instructions, 1)).toBeLessThan(0.1);
  });
});

// Random bytes rarely have prefixes and the two-byte map: most rounds get some.
function shape(bytes: Uint8Array, random: Random, kind: number): void {
  if (kind === 1 || kind === 2) bytes[0] = 0x0f;
  if (kind === 3) bytes.set([random.pick(PREFIXES), 0x0f]);
  if (kind === 4) bytes.set([random.pick(PREFIXES), 0x40 + random.below(16)]);
  if (kind === 5) bytes.set([random.pick(PREFIXES), random.pick(PREFIXES), 0x40 + random.below(16), 0x0f]);
  if (kind === 6) bytes.set([0xc4, (random.next() & 0xe0) | (1 + random.below(3))]);
  if (kind === 7) bytes[0] = 0xc5;
}
