// Address randomisation from a seed: off by default, repeatable, within Linux's ranges, recorded, and nothing else changes.
import { UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import type { ExecRequest, ExecSuccess } from './exec-request.ts';
import { buildElf, ET_DYN, INTERP, LOAD, R, textSegment, W, X } from './test-support/elf-builder.ts';
import { buildElf32 } from './test-support/kernel/elf32-builder.ts';
import { run, succeed } from './test-support/run-execve.ts';

const GIB = 2 ** 30;
const segments = [
  { type: INTERP, offset: 0x1800, filesz: 4, memsz: 4 },
  { type: LOAD, flags: R | X, vaddr: 0, filesz: 0x1000, memsz: 0x1000 },
  { type: LOAD, flags: R | W, vaddr: 0x2000, filesz: 0x100, memsz: 0x2000 },
];
const pie = { type: ET_DYN, entry: 0x800, segments, contents: { 6144: '/ld\0' } };
const staticPie = { ...pie, segments: segments.slice(1) };
const fixed = { segments: [textSegment] };
const files = {
  '/pie': buildElf(pie),
  '/static': buildElf(staticPie),
  '/fixed': buildElf(fixed),
  '/ld': buildElf(staticPie),
  '/pie32': buildElf32({
    ...pie,
    contents: { 6144: '/ld32\0' },
    segments: [{ ...segments[0], filesz: 6, memsz: 6 }, ...segments.slice(1)],
  }),
  '/ld32': buildElf32(staticPie),
};
const start = (path: string, randomizationSeed?: number, changes: Partial<ExecRequest> = {}) =>
  succeed(run(files, { path, argv: ['one', 'two'], envp: ['A=1'], randomizationSeed, ...changes }));
const stackTop = ({ space }: ExecSuccess) => space.areas.at(-1)?.end ?? 0;
const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

describe('a start without a seed', () => {
  it('is the same every time and says nothing of randomisation', () => {
    const [first, second] = [start('/pie'), start('/pie')];
    expect(first.space.mapsText()).toBe(second.space.mapsText());
    expect(first.loadBias).toBe(0x555555554000);
    expect(first.record.some(({ step }) => step === 'randomise layout')).toBe(false);
  });
});

describe('a start with a seed', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(start('/pie', 7).space.mapsText()).toBe(start('/pie', 7).space.mapsText());
    expect(start('/pie', 7).space.mapsText()).not.toBe(start('/pie', 8).space.mapsText());
  });

  it('tells what was moved and how far', () => {
    const outcome = start('/pie', 7);
    const step = outcome.record.find((each) => each.step === 'randomise layout');
    expect(step?.kernelFunction).toBe('arch_pick_mmap_layout');
    expect(step?.inputs.seed).toBe(7);
    expect(step?.inputs.dynamicBase).toBe(`+0x${(outcome.loadBias - 0x555555554000).toString(16)}`);
    expect(step?.inputs.stackTop).toBe(`-0x${(0x7ffffffff000 - stackTop(outcome)).toString(16)}`);
  });

  // biome-ignore format: one row per line
  const widths: [string, string, { base: number; top: number; span: number; stack: number; heap: number }][] = [
    ['64-bit', '/pie',   { base: 0x555555554000, top: 0x7ffffffff000, span: 2 ** 40, stack: 16 * GIB,  heap: GIB }],
    ['32-bit', '/pie32', { base: 0x56555000,     top: 0xffffe000,     span: 2 ** 20, stack: 8 * 2 ** 20, heap: 32 * 2 ** 20 }],
  ];
  it.each(widths)(
    'stays within the ranges of %s programs and uses them',
    (_name, path, { base, top, span, stack, heap }) => {
      const plain = start(path);
      const reached = { base: 0, stack: 0, mmap: 0, heap: 0 };
      const fine = new Set<number>();
      for (const seed of SEEDS) {
        const outcome = start(path, seed);
        const moved = {
          base: outcome.loadBias - base,
          stack: top - stackTop(outcome),
          // The largest stack offset is set aside below the stack, whatever the seed.
          mmap: plain.space.layout.mmapBase - outcome.space.layout.mmapBase,
          // The heap follows the program, a page apart.
          heap: outcome.brk - (plain.brk + (outcome.loadBias - base)) - 0x1000,
        };
        expect(moved.base >= 0 && moved.base < span && moved.base % 4096 === 0).toBe(true);
        // The first fine offset may cost two pages more.
        expect(moved.stack >= 0 && moved.stack < stack + 2 * 4096 && moved.stack % 4096 === 0).toBe(true);
        expect(moved.mmap >= 0 && moved.mmap < span + stack && moved.mmap % 4096 === 0).toBe(true);
        expect(moved.heap >= 0 && moved.heap < heap && moved.heap % 4096 === 0).toBe(true);
        expect(outcome.stackPointer % 16).toBe(0);
        fine.add(outcome.stackPointer % 4096);
        for (const key of ['base', 'stack', 'mmap', 'heap'] as const) reached[key] = Math.max(reached[key], moved[key]);
        expect(outcome.space.checkInvariants()).toEqual([]);
        outcome.space.destroy();
      }
      expect(reached.base).toBeGreaterThan(span * 0.9);
      expect(reached.stack).toBeGreaterThan(stack * 0.9);
      expect(reached.heap).toBeGreaterThan(heap * 0.9);
      expect(fine.size).toBeGreaterThan(100);
    },
  );

  it('moves the heap of a static PIE from the fixed base, and nothing of an ET_EXEC but stack, mmap area and heap', () => {
    for (const seed of SEEDS.slice(0, 50)) {
      const { brk, space } = start('/static', seed);
      expect(brk >= 0x555555555000 && brk < 0x555555555000 + GIB).toBe(true);
      space.destroy();
      const exec = start('/fixed', seed);
      expect(exec.loadBias).toBe(0);
      expect(exec.entry).toBe(0x400800);
      expect(exec.brk >= 0x402000 && exec.brk < 0x402000 + GIB).toBe(true);
      exec.space.destroy();
    }
  });

  it('leaves the strings and the vector whole', () => {
    const { stackPointer, space, marks, auxiliaryVector } = start('/pie', 5);
    const user = new UserMemory(space);
    expect(user.readU64(stackPointer)).toBe(2n);
    const second = Number(user.readU64(stackPointer + 16));
    expect(Buffer.from(user.readCString(second, 100) ?? []).toString()).toBe('two');
    expect(marks.argumentStart).toBe(Number(user.readU64(stackPointer + 8)));
    const name = auxiliaryVector.find((entry) => entry.name === 'AT_EXECFN')?.value ?? 0;
    expect(Buffer.from(user.readCString(name, 100) ?? []).toString()).toBe('/pie');
  });

  it('works in pages of the host', () => {
    for (const seed of SEEDS.slice(0, 20)) {
      const { space } = start('/fixed', seed, { hostPageBytes: 65536 });
      for (const { start: from, end } of space.areas) expect([from % 65536, end % 65536]).toEqual([0, 0]);
      space.destroy();
    }
  });
});
