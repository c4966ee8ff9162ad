// Our decoder against iced-x86: length and mnemonic of random byte sequences and of real code.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { codeSections, DecodeComparison, Tally, type Verdict } from './test-support/decode-comparison.ts';
import { disagreementExamples, findDisagreement } from './test-support/decode-disagreements.ts';
import { outcomeOfOurs } from './test-support/decode-judge.ts';
import { Random } from './test-support/random.ts';
import { fillEncoding } from './test-support/random-encodings.ts';

const I386_PROGRAM = fileURLToPath(new URL('../../../fixtures/i386-c/work', import.meta.url));

describe.each([64, 32] as const)('the decoder and iced-x86 in %i-bit mode', (mode) => {
  it('agree on random bytes', () => {
    const comparison = new DecodeComparison(mode);
    const random = new Random(20261121);
    const bytes = new Uint8Array(16);
    const disagreements = new Tally();
    let agreed = 0;
    for (let round = 0; round < 200_000; round += 1) {
      fillEncoding(bytes, random, round);
      const verdict = comparison.compare(bytes, 0, bytes.length);
      if (verdict.kind === 'agree') agreed += 1;
      else if (!isListed(verdict)) disagreements.add(describeVerdict(verdict, bytes));
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
          if (!isListed(verdict)) disagreements.add(describeVerdict(verdict, section.subarray(at, at + 15)));
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

describe('the list of disagreements', () => {
  it.each(disagreementExamples())('is right about $name: $outcome', ({ bytes, mode, outcome }) => {
    expect(outcomeOfOurs({ bytes, mode })).toBe(outcome);
  });

  it('has no room for what every processor has', () => {
    for (const feature of [
      'INTEL8086',
      'INTEL386',
      'X64',
      'CMOV',
      'SSE2',
      'SSE4_2',
      'AVX',
      'AVX+AES',
      'AVX2',
      'BMI2',
      'FMA',
      'SHA',
      'FPU287',
    ])
      expect(findDisagreement('missing', feature)).toBeUndefined();
    expect(findDisagreement('length', 'add: add')).toBeUndefined();
    expect(findDisagreement('mnemonic', 'vpcmpestri64: vpcmpestrm')).toBeUndefined();
    expect(findDisagreement('we-accept', 'movaps')).toBeUndefined();
  });
});

function isListed(verdict: Verdict): boolean {
  if (verdict.kind === 'agree' || verdict.kind === 'both-invalid') return true;
  return findDisagreement(verdict.kind, verdict.detail) !== undefined;
}

function describeVerdict(verdict: Verdict, bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return 'detail' in verdict ? `${verdict.kind} ${verdict.detail} ${hex}` : verdict.kind;
}
