// damage() and protectionChanges() against memory made of cells, and the worked examples of two bug reports.
import { describe, expect, it } from 'vitest';
import type { LoadSegment } from '../load-segment.ts';
import type { ImagePlan } from '../page-policy.ts';
import { findPagePolicy, PAGE_POLICIES } from '../policies/index.ts';
import { type Cell, cellIndex, NaiveMemory } from '../test-support/naive-memory.ts';
import { RANDOM_STEP, randomSegments, randomSource, segment } from '../test-support/segments.ts';
import { damage, protectionChanges } from './damage.ts';
import { memoryAfter } from './memory-after.ts';

const HOST_PAGES = [0x1000, 0x4000, 0x1_0000];
/** Policies that promise never to lose a byte. */
const HARMLESS = ['elf', 'guest-4k', 'qemu-8.1'];
const ROUNDS = 120;

/** One line for each cell of a segment that is not what it should be. */
function naiveDamage(segments: readonly LoadSegment[], wanted: NaiveMemory, got: NaiveMemory): string[] {
  const lines = new Set<string>();
  for (const { vaddr, memsz } of segments) {
    for (let address = Number(vaddr); address < Number(vaddr + memsz); address += RANDOM_STEP) {
      const [a, b] = [wanted.at(address).content, got.at(address).content];
      if (a !== b) lines.add(`${address} ${a} ${b ?? 'unmapped'}`);
    }
  }
  return [...lines].sort();
}

function ourDamage(plan: ImagePlan, segments: readonly LoadSegment[]): string[] {
  const lines: string[] = [];
  for (const { start, end, wanted, got } of damage(plan, segments)) {
    for (let address = Number(start); address < Number(end); address += RANDOM_STEP) {
      const [a, b] = [wanted, got].map((origin) =>
        origin.kind === 'file' ? Number(origin.fileOffset) + address - Number(start) : origin.kind,
      );
      lines.push(`${address} ${a} ${b}`);
    }
  }
  return lines.sort();
}

function naiveProtectionChanges(wanted: NaiveMemory, got: NaiveMemory): string[] {
  const lines: string[] = [];
  wanted.cells.forEach(({ protection }: Cell, index: number) => {
    const other = got.cells[index].protection ?? 0;
    if (protection !== undefined && protection !== other) lines.push(`${index} ${protection} ${other}`);
  });
  return lines;
}

function ourProtectionChanges(plan: ImagePlan, segments: readonly LoadSegment[]): string[] {
  const lines: string[] = [];
  for (const { start, end, wanted: before, got } of protectionChanges(plan, segments)) {
    for (let address = Number(start); address < Number(end); address += RANDOM_STEP) {
      lines.push(`${cellIndex(address)} ${before} ${got}`);
    }
  }
  return lines;
}

describe('damage', () => {
  it.each(PAGE_POLICIES.map(({ name }) => name))('of %s equals what cells of memory show', (name) => {
    const policy = findPagePolicy(name)!;
    const random = randomSource(0x1357);
    let compared = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const segments = randomSegments(random);
      const plan = policy.plan(segments, HOST_PAGES[random(3)]);
      if (plan.refusal !== undefined) {
        expect(damage(plan, segments)).toEqual([]);
        continue;
      }
      const [wanted, got] = [new NaiveMemory(), new NaiveMemory()];
      for (const load of segments) wanted.loadAsLinux(load);
      for (const { actions } of plan.segments) for (const action of actions) got.perform(action);
      const where = `round ${round}: ${JSON.stringify(segments, (_, value) => (typeof value === 'bigint' ? value.toString(16) : value))}`;
      expect(got.mistakes, where).toEqual([]);
      expect(ourDamage(plan, segments), where).toEqual(naiveDamage(segments, wanted, got));
      expect(ourProtectionChanges(plan, segments), where).toEqual(naiveProtectionChanges(wanted, got));
      if (HARMLESS.includes(name)) expect(damage(plan, segments), where).toEqual([]);
      if (name === 'elf') expect(protectionChanges(plan, segments), where).toEqual([]);
      compared++;
    }
    expect(compared).toBeGreaterThan(ROUNDS / 40);
  });

  it('of the image that started it: 416 bytes of code at 16 KiB, none since pull request 304', () => {
    const loads = [
      segment(4, 0n, 0x200000n, 0x22a9350n, 0x22a9350n, 0x1000n),
      segment(5, 0x22a9400n, 0x24aa400n, 0x3c41da0n, 0x3c41da0n, 0x1000n),
      segment(6, 0x5eed1a0n, 0x60ed1a0n, 0x8593e60n, 0x8593e60n, 0x4000n),
    ];
    expect(loads[1].vaddr + loads[1].memsz).toBe(0x60ec1a0n);
    const before = findPagePolicy('latx-pre304')!.plan(loads, 0x4000);
    expect(before.segments[2]).toMatchObject({
      granularity: 0x4000,
      pageStart: 0x60ec000n,
      pageOffset: 0x11a0n,
      fileOffset: 0x5eec000n,
      mappedBytes: 0x8593e60n + 0x11a0n,
      overlaps: true,
    });
    const [range, ...others] = damage(before, loads);
    expect(others).toEqual([]);
    expect(range).toEqual({
      start: 0x60ec000n,
      end: 0x60ec1a0n,
      wanted: { kind: 'file', fileOffset: 0x5eeb000n },
      got: { kind: 'file', fileOffset: 0x5eec000n },
      segment: 1,
      by: 2,
    });
    expect(range.end - range.start).toBe(416n);
    const after = findPagePolicy('latx-304')!.plan(loads, 0x4000);
    expect(after.segments[2]).toMatchObject({ granularity: 0x1000, pageStart: 0x60ed000n, overlaps: false });
    expect(damage(after, loads)).toEqual([]);
    expect(damage(findPagePolicy('qemu-3.1-8.0')!.plan(loads, 0x1_0000), loads)).toEqual([]);
    expect(damage(findPagePolicy('linux')!.plan(loads, 0x1000), loads)).toEqual([]);
  });

  it('keeps to the three cases of pull request 304', () => {
    const granularity = (loads: LoadSegment[], index: number) =>
      findPagePolicy('latx-304')!.plan(loads, 0x4000).segments[index].granularity;
    const code = segment(5, 0x22a9400n, 0x24aa400n, 0x3c41da0n, 0x3c41da0n, 0x1000n);
    const data = segment(6, 0x5eed1a0n, 0x60ed1a0n, 0x8593e60n, 0x8593e60n, 0x4000n);
    expect(granularity([code, data], 1)).toBe(0x1000);
    expect(granularity([segment(6, 0x20000n, 0x20000n, 0x1800n, 0x1800n, 0x4000n)], 0)).toBe(0x4000);
    expect(granularity([segment(6, 0x20000n, 0x20000n, 0x1800n, 0x1800n, 0x1000n)], 0)).toBe(0x1000);
  });

  it('tells who did it when segments overlap, and that memory is missing', () => {
    const loads = [segment(5, 0n, 0x10000n, 0x2000n, 0x2000n, 0x1000n)];
    const whole = findPagePolicy('elf')!.plan(loads, 0x1000);
    const half = { ...whole, segments: [{ ...whole.segments[0], actions: [] }] };
    expect(damage(half, loads)).toEqual([
      {
        start: 0x10000n,
        end: 0x12000n,
        wanted: { kind: 'file', fileOffset: 0n },
        got: { kind: 'unmapped' },
        segment: 0,
        by: 0,
      },
    ]);
    expect(protectionChanges(half, loads)).toEqual([{ start: 0x10000n, end: 0x12000n, wanted: 5, got: 0 }]);
  });

  it('is what memory shows after a plan, piece by piece', () => {
    const loads = [
      segment(5, 0n, 0x10000n, 0x1800n, 0x1800n, 0x1000n),
      segment(6, 0x2000n, 0x12000n, 0x400n, 0x1800n, 0x1000n),
    ];
    expect(memoryAfter(findPagePolicy('guest-4k')!.plan(loads, 0x4000))).toEqual([
      { start: 0x10000n, end: 0x12000n, origin: { kind: 'file', fileOffset: 0n }, segment: 0, protection: 5 },
      { start: 0x12000n, end: 0x12400n, origin: { kind: 'file', fileOffset: 0x2000n }, segment: 1, protection: 3 },
      { start: 0x12400n, end: 0x13000n, origin: { kind: 'zero' }, segment: 1, protection: 3 },
      { start: 0x13000n, end: 0x14000n, origin: { kind: 'zero' }, segment: 1, protection: 3 },
    ]);
  });
});
