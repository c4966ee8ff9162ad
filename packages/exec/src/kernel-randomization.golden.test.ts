// Randomised starts: the kernel's offsets lie in our ranges, and with the same offsets ours starts a program in exactly the same state.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LayoutRandomization, randomizeLayout } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { hostFiles } from './test-support/kernel/host-files.ts';
import { buildPrograms } from './test-support/kernel/host-programs.ts';
import { kernelFacts, kernelRunner } from './test-support/kernel/kernel-runner.ts';
import { changingBits, observeRandomization } from './test-support/kernel/randomization.ts';

const RECORDED = fileURLToPath(new URL('../vectors/kernel-randomization.json', import.meta.url));
const STARTS = 200;
const PROGRAMS = ['free-static', 'free-static-pie', 'free-i386-static', 'free-i386-static-pie', 'glibc-pie'];
const NAMES = ['stackOffset', 'mmapOffset', 'executableOffset', 'brkOffset', 'stackFineOffset'] as const;
const STACK_ALIGNMENT = 16;
/** vm.mmap_rnd_bits and vm.mmap_rnd_compat_bits of kernels as they come; distributions raise the first to 32. */
const USUAL_BITS = { 64: 28, 32: 8 };

interface Observed {
  readonly program: string;
  readonly bits: 32 | 64;
  /** Random bits of the mmap area on that kernel. */
  readonly mmapBits: number;
  /** Values in the order of NAMES. */
  readonly offsets: readonly (readonly number[])[];
  readonly differences: readonly string[];
}

function live(): Observed[] {
  const directory = mkdtempSync(join(tmpdir(), 'elf-random-'));
  try {
    const runner = kernelRunner(directory);
    if (typeof runner === 'string' || sysctl('kernel/randomize_va_space') !== 2) return [];
    const files = hostFiles();
    const programs = buildPrograms(directory, PROGRAMS).filter(
      ({ kind }) => runner.startsI386 || !kind.startsWith('i386'),
    );
    const observed = programs.map(({ path }) => {
      const report = observeRandomization(runner, path, STARTS, files, kernelFacts());
      const bits = report.abi === 'i386' ? 32 : 64;
      const mmapBits = sysctl(bits === 32 ? 'vm/mmap_rnd_compat_bits' : 'vm/mmap_rnd_bits') ?? USUAL_BITS[bits];
      const offsets = report.offsets.map((each) => NAMES.map((name) => each[name]));
      return { program: basename(path), bits, mmapBits, offsets, differences: report.differences } as const;
    });
    files.close();
    return observed;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function sysctl(name: string): number | undefined {
  const path = `/proc/sys/${name}`;
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
}

const observedNow = live();
if (process.env.ELF_RECORD_KERNEL && observedNow.length > 0) {
  const rows = observedNow.map((each) => `  ${JSON.stringify({ ...each, differences: [] })}`);
  writeFileSync(
    RECORDED,
    `{\n "kernel": ${JSON.stringify(release().split('-')[0])},\n "programs": [\n${rows.join(',\n')}\n ]\n}\n`,
  );
}
const recorded: readonly Observed[] = JSON.parse(readFileSync(RECORDED, 'utf8')).programs;
const rows = [
  ...recorded.map((each) => ({ source: 'recorded', ...each })),
  ...observedNow.map((each) => ({ source: 'live', ...each })),
];

/** Ours over many seeds. */
function seeded(bits: 32 | 64): LayoutRandomization[] {
  return Array.from({ length: 4000 }, (_, seed) => randomizeLayout(seed, { bits }));
}

describe('randomised starts', () => {
  it('were recorded', () => {
    expect(recorded.map(({ program }) => program)).toEqual(PROGRAMS);
  });

  it.each(rows)('$source: $program starts as ours does with the same offsets', ({ offsets, differences }) => {
    expect(offsets.length).toBe(STARTS);
    expect(differences).toEqual([]);
  });

  it.each(rows)('$source: $program moves within our ranges', ({ bits, mmapBits, offsets }) => {
    // Page counts of randomize_stack_top and of mmap, 2 pages of the first fine offset, and the heap's range.
    const [stackBits, heapBits] = bits === 64 ? [22, 18] : [11, 13];
    const pages = (count: number) => 2 ** count * 4096; // not a page size: the unit the kernel counts offsets in
    const limits = [pages(stackBits) + 8192, pages(mmapBits), pages(mmapBits), pages(heapBits), 8192 + STACK_ALIGNMENT];
    NAMES.forEach((name, index) => {
      const values = offsets.map((each) => each[index]);
      expect(Math.min(...values), name).toBeGreaterThanOrEqual(0);
      expect(Math.max(...values), name).toBeLessThan(limits[index]);
      if (name !== 'stackFineOffset') for (const value of values) expect(value % 4096).toBe(0); // not a page size: as above
    });
  });

  it.each(rows)('$source: in $program the same bits change as in ours', ({ bits, mmapBits, offsets }) => {
    const mine = seeded(bits);
    for (const [index, name] of NAMES.entries()) {
      const values = offsets.map((each) => each[index]);
      const [lowest, highest, count] = changingBits(values);
      // What the program does not have does not move: an ET_EXEC and its mmap area, a static PIE's own offset.
      if (count === 0) continue;
      if (name === 'stackFineOffset') {
        expect([lowest, count >= 9]).toEqual([4, true]);
        continue;
      }
      const [myLowest, myHighest] = changingBits(mine.map((each) => each[name]));
      expect(lowest, name).toBe(myLowest);
      const isMmap = name === 'mmapOffset' || name === 'executableOffset';
      // The stack's two extra pages may carry into a bit above the range, which few starts show.
      const extra = name === 'stackOffset' ? 1 : 0;
      if (isMmap) expect(count, name).toBe(mmapBits);
      if (!isMmap || mmapBits === USUAL_BITS[bits])
        expect(Math.abs(highest - myHighest), name).toBeLessThanOrEqual(extra);
    }
  });
});
