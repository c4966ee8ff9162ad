// One file at a time: kinds, machines, severities, rules of the file, run-time libraries, and what wrong calls answer.
import { bytesSource, countingSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import {
  type BuiltElf,
  buildElf,
  ET_DYN,
  INTERP,
  LOAD,
  R,
  STACK,
  textSegment,
  W,
  X,
} from '../test-support/elf-builder.ts';
import { checkImage } from './check-image.ts';
import type { CheckOptions } from './check-options.ts';
import { findCheckRule } from './check-rules.ts';
import type { CheckReport } from './finding.ts';

const EM_AARCH64 = 183;
const GNU_RELRO = 0x6474e552;
const stack = { type: STACK, flags: R | W };

function check(elf: BuiltElf | Uint8Array, options: CheckOptions = {}): CheckReport {
  return checkImage(bytesSource(elf instanceof Uint8Array ? elf : buildElf(elf)), options);
}

const rulesOf = ({ findings }: CheckReport) => findings.map(({ rule }) => rule);
const verdictOf = ({ verdicts }: CheckReport, loader: string, page = 4096) =>
  verdicts.find((row) => row.loader === loader && row.hostPageBytes === page)?.verdict;

/** Code and data that share a 16 KiB page, at different distances from their place in the file. */
const crowded: BuiltElf = {
  fileBytes: 0x4000,
  segments: [
    { type: LOAD, flags: R | X, offset: 0, vaddr: 0x400000, filesz: 0x1800, memsz: 0x1800, align: 0x1000 },
    { type: LOAD, flags: R | W, offset: 0x1800, vaddr: 0x402800, filesz: 0x400, memsz: 0x400, align: 0x4000 },
    stack,
  ],
  contents: { 0x1000: new Uint8Array(0x1000).fill(0xcc) },
};

/** The same for pages up to 64 KiB. */
const roomy: BuiltElf = {
  fileBytes: 0x12000,
  segments: [
    { type: LOAD, flags: R | X, offset: 0, vaddr: 0x400000, filesz: 0x1800, memsz: 0x1800, align: 0x10000 },
    { type: LOAD, flags: R | W, offset: 0x10000, vaddr: 0x410000, filesz: 0x400, memsz: 0x800, align: 0x10000 },
    stack,
  ],
};

const library = (align: number, vaddr = 0): BuiltElf => ({
  type: ET_DYN,
  entry: 0,
  segments: [{ type: LOAD, flags: R | X, offset: 0, vaddr, filesz: 0x1000, memsz: 0x1000, align }, stack],
});

describe('programs', () => {
  it('that are laid out for every page load everywhere', () => {
    const report = check(roomy);
    expect(report).toMatchObject({
      kind: 'elf-executable',
      description: expect.stringContaining('executable, static'),
    });
    const bad = report.verdicts.filter(
      ({ verdict, loader }) => verdict !== 'loads' && verdict !== 'n/a' && loader !== 'fex',
    );
    expect(bad.filter(({ loader }) => loader !== 'freebsd-linuxulator')).toEqual([]);
  });

  it('that crowd a page are refused, damaged or loaded, by loader', () => {
    const report = check(crowded);
    expect(verdictOf(report, 'linux')).toBe('loads');
    expect(verdictOf(report, 'linux', 16384)).toBe('refused');
    expect(verdictOf(report, 'qemu-3.1-8.0', 16384)).toBe('damaged');
    expect(verdictOf(report, 'latx-304', 16384)).toBe('loads');
    expect(verdictOf(report, 'qemu-3.1-8.0', 65536)).toBe('loads');
    const damage = report.findings.find(({ rule }) => rule === 'ELF-PG-DAMAGE');
    expect(damage).toMatchObject({ hostPageBytes: 16384, location: { address: 0x400000n, segment: 0 } });
    expect(damage?.fix).toContain('max-page-size=16384');
    expect(damage?.evidence.ranges?.[0]).toMatchObject({
      segment: 0,
      by: 1,
      before: expect.stringMatching(/^[0-9a-f ]+$/),
    });
  });

  it('have errors where somebody asked, and warnings where nobody did', () => {
    const severities = (options: CheckOptions) =>
      new Set(
        check(crowded, options)
          .findings.filter(({ loader }) => loader === 'qemu-3.1-8.0')
          .map(({ severity }) => severity),
      );
    expect(severities({}).has('error')).toBe(false);
    expect(severities({}).has('warning')).toBe(true);
    expect(severities({ hostPageBytes: [16384] }).has('error')).toBe(true);
    expect(severities({ loaders: ['qemu-3.1-8.0'] }).has('error')).toBe(true);
  });

  it('count bytes only when they are measured', () => {
    const [with_, without] = [true, false].map((measureDamage) =>
      check(crowded, { loaders: ['qemu-3.1-8.0'], hostPageBytes: [16384], measureDamage }),
    );
    expect(with_.verdicts[0].differingBytes).toBeGreaterThan(0);
    expect(without.verdicts[0]).toEqual({
      loader: 'qemu-3.1-8.0',
      hostPageBytes: 16384,
      verdict: 'damaged',
      rules: ['ELF-PG-DAMAGE'],
    });
  });

  it('are not damaged where the wrong bytes are the right ones', () => {
    const report = check(
      { ...crowded, contents: {}, fileBytes: 0x8000, phoff: 0x6000 },
      { loaders: ['qemu-3.1-8.0'], hostPageBytes: [16384] },
    );
    // Only the file header differs from zeros; without it nothing would.
    expect(report.verdicts[0].differingBytes ?? 0).toBeLessThan(64);
  });

  it('of other machines get page rules but no x86 profile', () => {
    const report = check({ ...crowded, machine: EM_AARCH64 });
    expect(verdictOf(report, 'linux', 4096)).toBe('loads');
    expect(verdictOf(report, 'linux', 16384)).toBe('refused');
    expect(rulesOf(report)).toContain('ELF-PG-CONGRUENCE');
    for (const loader of ['uek', 'gvisor', 'box64-4182', 'latx-304', 'fex'])
      expect(verdictOf(report, loader)).toBe('n/a');
    expect(verdictOf(report, 'qemu-3.1-8.0', 16384)).toBe('damaged');
  });

  it('of another system are not asked of the BSDs, unless they are named', () => {
    expect(verdictOf(check(roomy), 'openbsd')).toBe('n/a');
    expect(verdictOf(check(roomy, { loaders: ['openbsd'] }), 'openbsd')).toBe('refused');
  });
});

describe('libraries', () => {
  it('are asked of dynamic linkers, not of kernels', () => {
    const report = check(library(0x1000));
    expect(report.kind).toBe('elf-shared-object');
    expect(verdictOf(report, 'linux')).toBe('n/a');
    expect(verdictOf(report, 'glibc-ld.so')).toBe('loads');
    expect(verdictOf(report, 'glibc-ld.so', 16384)).toBe('refused');
    expect(rulesOf(report)).toContain('ELF-PG-LDSO-ALIGNMENT');
    expect(verdictOf(check(library(0x10000)), 'glibc-ld.so', 65536)).toBe('loads');
  });

  it('with addresses that contradict p_align fail everywhere', () => {
    const report = check(library(0x10000, 0x1000));
    expect(verdictOf(report, 'glibc-ld.so')).toBe('refused');
    expect(rulesOf(report)).toEqual(expect.arrayContaining(['ELF-PG-LDSO-OFFSET', 'ELF-PG-ALIGNMENT']));
  });

  it('for Android must be linked for 16 KiB, and lie on a page of the package', () => {
    const at = (dataOffset: number, align: number, isCompressed = false) =>
      rulesOf(
        check({ ...library(align), machine: EM_AARCH64 }, { zip: { dataOffset, isCompressed, isInstallable: true } }),
      );
    expect(at(0x4000, 0x1000)).toContain('ELF-AN-ALIGNMENT');
    expect(at(0x4000, 0x4000)).toEqual([]);
    expect(at(0x5000, 0x4000)).toEqual(['ELF-AN-ZIP-ALIGNMENT']);
    expect(at(0x5000, 0x4000, true)).toEqual(['ELF-AN-COMPRESSED']);
    const report = check(
      { ...library(0x1000), machine: EM_AARCH64 },
      { zip: { dataOffset: 0, isCompressed: false, isInstallable: true } },
    );
    expect(report.findings.filter(({ rule }) => rule === 'ELF-AN-ALIGNMENT').map(({ severity }) => severity)).toContain(
      'error',
    );
    expect(verdictOf(report, 'android-16k', 16384)).toBe('refused');
    expect(verdictOf(report, 'glibc-ld.so')).toBe('n/a');
  });
});

describe('files that nothing loads', () => {
  it('relocatable files answer for the stack of their program', () => {
    const report = check({ type: 1, segments: [], phoff: 0 });
    expect(report.kind).toBe('elf-relocatable');
    expect(report.verdicts.every(({ verdict }) => verdict === 'n/a')).toBe(true);
  });

  it('debug information without its program is no program', () => {
    const report = check({
      segments: [
        { ...textSegment, filesz: 0 },
        { ...textSegment, flags: R | W, vaddr: 0x500000 },
      ],
    });
    expect(report).toMatchObject({ kind: 'elf-debug', findings: [] });
    expect(report.verdicts.every(({ verdict }) => verdict === 'n/a')).toBe(true);
  });

  it('scripts and Plan 9 programs get a short verdict', () => {
    const script = check(Uint8Array.from('#!/bin/sh -e\n', (c) => c.charCodeAt(0)));
    expect(script).toMatchObject({ kind: 'script', description: 'script for /bin/sh', findings: [] });
    expect(verdictOf(script, 'linux')).toBe('loads');
    expect(verdictOf(script, 'qemu-8.1')).toBe('n/a');
    const blank = check(Uint8Array.from('#!   \n', (c) => c.charCodeAt(0)));
    expect(verdictOf(blank, 'linux')).toBe('refused');
    const plan9 = new Uint8Array(64);
    new DataView(plan9.buffer).setUint32(0, 0x1eb);
    expect(check(plan9)).toMatchObject({ kind: 'plan9-executable', findings: [] });
    new DataView(plan9.buffer).setUint32(4, 0x7fff_ffff);
    expect(rulesOf(check(plan9))).toEqual(['ELF-IM-MALFORMED']);
  });

  it('everything else is unknown', () => {
    expect(check(new Uint8Array(0))).toMatchObject({ kind: 'unknown', findings: [] });
    expect(check(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2]))).toMatchObject({ kind: 'elf-damaged' });
  });
});

describe('rules of the file', () => {
  const oneSegment = (change: object, more: BuiltElf = {}): BuiltElf => ({
    segments: [{ ...textSegment, ...change }, stack],
    ...more,
  });
  // biome-ignore format: one row per rule
  const rows: readonly [rule: string, elf: BuiltElf, isFound: boolean][] = [
    ['ELF-SG-WRITE-EXECUTE',    oneSegment({ flags: R | W | X }), true],
    ['ELF-SG-WRITE-EXECUTE',    oneSegment({ flags: R | W }), false],
    ['ELF-SG-EXECUTABLE-STACK', { segments: [textSegment, { type: STACK, flags: R | W | X }] }, true],
    ['ELF-SG-EXECUTABLE-STACK', { segments: [textSegment, stack] }, false],
    ['ELF-SG-NO-STACK-HEADER',  { segments: [textSegment] }, true],
    ['ELF-SG-NO-STACK-HEADER',  { segments: [textSegment, stack] }, false],
    ['ELF-SG-HEADER-TABLE',     { segments: [textSegment, stack], phoff: 0x1004 }, true],
    ['ELF-SG-HEADER-TABLE',     { segments: [textSegment, stack], phoff: 68 }, true],
    ['ELF-SG-HEADER-TABLE',     { segments: [textSegment, stack] }, false],
    ['ELF-IM-TRUNCATED',        oneSegment({ filesz: 0x2001, memsz: 0x2001 }), true],
    ['ELF-IM-TRUNCATED',        oneSegment({ filesz: 0x2000, memsz: 0x2000 }), false],
    ['ELF-PG-ALIGNMENT',        oneSegment({ align: 3 }), true],
    ['ELF-PG-ALIGNMENT',        oneSegment({ align: 0x200000, vaddr: 0x401000 }), true],
    ['ELF-PG-ALIGNMENT',        oneSegment({ align: 0x1000 }), false],
    ['ELF-PG-ALIGNMENT',        oneSegment({ align: 0 }), false],
    ['ELF-IM-MALFORMED',        { phnum: 4, fileBytes: 200 }, true],
    ['ELF-PG-RELRO',            oneSegment({ flags: R | W, filesz: 0x1000, memsz: 0x8000, align: 0x4000 }, { segments: [
                                  { ...textSegment, flags: R | W, memsz: 0x8000, align: 0x4000 },
                                  { type: GNU_RELRO, flags: R, vaddr: 0x400000, filesz: 0x1000, memsz: 0x1000, align: 1 }] }), true],
    ['ELF-PG-RELRO',            oneSegment({}, { segments: [
                                  { ...textSegment, flags: R | W, memsz: 0x8000, align: 0x4000 },
                                  { type: GNU_RELRO, flags: R, vaddr: 0x400000, filesz: 0x4000, memsz: 0x4000, align: 1 }] }), false],
    ['ELF-LD-INTERP-TERMINATION', { segments: [textSegment, { type: INTERP, offset: 0x800, filesz: 3, memsz: 3 }, stack], contents: { 0x800: '/ld' } }, true],
    ['ELF-LD-ELF-PHNUM',        { segments: [], phnum: 0 }, true],
  ];

  it.each(rows)('%s in %j: %s', (rule, elf, isFound) => {
    const report = check(elf);
    expect(rulesOf(report).includes(rule)).toBe(isFound);
    for (const finding of report.findings) {
      expect(findCheckRule(finding.rule)?.id).toBe(finding.rule);
      expect(finding.fix).not.toBe('');
      expect(finding.message).toMatch(/[.:]$|\.$/);
    }
  });

  it('say that nobody loads a file without the table it announces', () => {
    const { verdicts } = check({ phnum: 4, fileBytes: 200 });
    const asked = verdicts.filter(({ verdict }) => verdict !== 'n/a');
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter(({ verdict }) => verdict !== 'refused')).toEqual([]);
  });

  it('name the file in commands', () => {
    const { findings } = check({ segments: [textSegment], phoff: 0x1000 }, { path: 'my program' });
    expect(findings.find(({ rule }) => rule === 'ELF-SG-HEADER-TABLE')?.fix).toContain('my program');
  });
});

describe('run-time libraries', () => {
  const text = '<jemalloc>: Unsupported system page size';
  const withText = (at: number): BuiltElf => ({ ...roomy, contents: { [at]: text }, fileBytes: 0x12000 });

  it('are found in data, with the pages under which they matter', () => {
    const report = check(withText(0x1234));
    expect(report.runtimes).toMatchObject([{ name: 'jemalloc', confidence: 'certain', offset: 0x1234n }]);
    const notes = report.findings.filter(({ rule }) => rule === 'ELF-RT-JEMALLOC');
    expect(notes.map(({ hostPageBytes, severity }) => [hostPageBytes, severity])).toEqual([
      [16384, 'note'],
      [65536, 'note'],
    ]);
  });

  it('are not looked for when nobody wants to know, nor found where they are not', () => {
    expect(check(withText(0x1234), { scanRuntimes: false }).runtimes).toEqual([]);
    expect(check(roomy).runtimes).toEqual([]);
    expect(check({ ...withText(0x1234), contents: { 4660: text.slice(0, -1) } }).runtimes).toEqual([]);
  });

  it('are found across the borders of what is read at once', () => {
    const bytes = buildElf({
      fileBytes: 0x90000,
      segments: [
        { type: LOAD, flags: R, offset: 0, vaddr: 0x400000, filesz: 0x90000, memsz: 0x90000, align: 0x10000 },
        stack,
      ],
      contents: { [0x40000 - 7]: text },
    });
    expect(check(bytes).runtimes).toMatchObject([{ offset: BigInt(0x40000 - 7) }]);
  });
});

describe('calls', () => {
  it('that name what does not exist are refused', () => {
    expect(() => check(roomy, { loaders: ['windows'] })).toThrow(RangeError);
    expect(() => check(roomy, { hostPageBytes: [5000] })).toThrow(RangeError);
    expect(check(roomy, { loaders: ['linux-5.4'] }).verdicts[0]).toMatchObject({
      loader: 'linux-5.4',
      verdict: 'loads',
    });
  });

  it('read headers only where nothing is damaged', () => {
    const bytes = buildElf({ ...roomy, fileBytes: 64 << 20 });
    const source = countingSource(bytesSource(bytes));
    checkImage(source, { scanRuntimes: false });
    expect(source.bytesRead).toBeLessThan(64 << 10);
  });
});
