// Rows are complete, and each keeps to what its loader is known for: AT_PAGESZ, refusals, shared pages.
import { describe, expect, it } from 'vitest';
import { damage, protectionChanges } from '../damage/damage.ts';
import { imageFacts } from '../image-facts.ts';
import type { LoadSegment } from '../load-segment.ts';
import type { ImageFacts } from '../page-policy.ts';
import { segment } from '../test-support/segments.ts';
import { findPagePolicy, PAGE_POLICIES } from './index.ts';

const R = 4;
const RX = 5;
const RW = 6;

function plan(name: string, segments: readonly LoadSegment[], hostPageBytes: number) {
  return findPagePolicy(name)!.plan(segments, hostPageBytes);
}

/** Code and data as linkers place them for 4 KiB pages: next guest page, next page of the file. */
const SMALL_PAGES = [
  segment(RX, 0n, 0x400000n, 0x1800n, 0x1800n, 0x1000n),
  segment(RW, 0x1e00n, 0x402e00n, 0x400n, 0x600n, 0x1000n),
];
/** The same linked for 64 KiB pages. */
const LARGE_PAGES = [
  segment(RX, 0n, 0x400000n, 0x1800n, 0x1800n, 0x10000n),
  segment(RW, 0x2000n, 0x412000n, 0x400n, 0x600n, 0x10000n),
];

describe('page policies', () => {
  it('are complete rows with names of their own', () => {
    expect(new Set(PAGE_POLICIES.map(({ name }) => name)).size).toBe(PAGE_POLICIES.length);
    for (const { name, title, description, sources } of PAGE_POLICIES) {
      expect(name).toMatch(/^[a-z0-9.-]+$/);
      expect(findPagePolicy(name)?.title).toBe(title);
      expect(title.length).toBeGreaterThan(2);
      expect(description).toMatch(/\.$/);
      expect(sources.length).toBeGreaterThan(0);
    }
    expect(findPagePolicy('no-such-policy')).toBeUndefined();
  });

  it('refuse a host page that is none, as a mistake of the caller', () => {
    for (const { plan: planWith } of PAGE_POLICIES) {
      expect(() => planWith(SMALL_PAGES, 0x1800)).toThrow(RangeError);
      expect(() => planWith(SMALL_PAGES, 2048)).toThrow(RangeError);
    }
  });

  it.each([
    // policy, AT_PAGESZ for 4 KiB segments and for 64 KiB segments on a host with 64 KiB pages
    ['elf', 0x1000, 0x1000],
    ['guest-4k', 0x1000, 0x1000],
    ['linux', 0x10000, 0x10000],
    ['qemu-pre-2014', 0x1000, 0x1000],
    ['qemu-2014', 0x10000, 0x10000],
    ['qemu-2018', 0x1000, 0x10000],
    ['qemu-3.1-8.0', 0x1000, 0x10000],
    ['qemu-8.1', 0x1000, 0x1000],
    ['latx-pre304', 0x1000, 0x1000],
    ['latx-304', 0x1000, 0x1000],
    ['box64-4158', 0x10000, 0x10000],
    ['box64-4160', 0x10000, 0x10000],
    ['box64-4182', 0x1000, 0x1000],
    ['fex', 0x1000, 0x1000],
    ['blink-linear', 0x10000, 0x10000],
    ['blink', 0x1000, 0x1000],
    ['glibc-ld.so', 0x10000, 0x10000],
    ['android-16k', 0x10000, 0x10000],
  ])('%s tells its guest the page size %i or %i', (name, forSmall, forLarge) => {
    expect(plan(name, SMALL_PAGES, 0x10000).auxiliaryPageBytes).toBe(forSmall);
    expect(plan(name, LARGE_PAGES, 0x10000).auxiliaryPageBytes).toBe(forLarge);
  });

  it('load an image linked for 64 KiB everywhere without damage', () => {
    for (const policy of PAGE_POLICIES.filter(({ name }) => name !== 'fex')) {
      for (const host of [0x1000, 0x4000, 0x10000]) {
        const result = policy.plan(LARGE_PAGES, host);
        expect(result.refusal, policy.name).toBeUndefined();
        if (policy.name !== 'p-align-as-mask') expect(damage(result, LARGE_PAGES), policy.name).toEqual([]);
      }
    }
  });

  it.each([
    ['linux', 0x4000, 'EINVAL', 'congruence', 1],
    ['fex', 0x4000, 'EINVAL', 'host-page', 0],
    ['glibc-ld.so', 0x4000, 'dlerror', 'alignment-page', 0],
    ['android-16k', 0x4000, 'dlerror', 'program-alignment', 0],
    ['android-16k-compat', 0x10000, 'dlerror', 'program-alignment', 0],
    ['blink-linear', 0x4000, 'ENOEXEC', 'congruence', 1],
  ])('%s refuses 4 KiB segments at %i: %s by %s at segment %i', (name, host, errno, rule, index) => {
    const { refusal, segments } = plan(name, SMALL_PAGES, host);
    expect(refusal).toMatchObject({ errno, rule, segment: index });
    expect(refusal?.sentence).toMatch(/\.$/);
    expect(segments.length).toBe(index);
    expect(plan(name, SMALL_PAGES, 0x1000).refusal).toBeUndefined();
  });

  it('name a segment by its program header where that is known', () => {
    const numbered = SMALL_PAGES.map((load, index) => ({ ...load, index: index + 4 }));
    expect(plan('linux', SMALL_PAGES, 0x4000).refusal?.sentence).toMatch(/^PT_LOAD 1 would/);
    expect(plan('linux', numbered, 0x4000).refusal).toMatchObject({
      segment: 1,
      sentence: expect.stringMatching(/^PT_LOAD 5 would/),
    });
    expect(plan('android-16k', numbered, 0x4000).refusal?.sentence).toMatch(/^PT_LOAD 4 is aligned/);
  });

  it('qemu-8.1 copies into shared host pages and unites their permissions', () => {
    const result = plan('qemu-8.1', SMALL_PAGES, 0x4000);
    expect(result.segments.flatMap(({ actions }) => actions.map(({ kind }) => kind))).toEqual([
      'map-anonymous',
      'read-file',
      'read-file',
      'protect',
      'zero',
    ]);
    expect(damage(result, SMALL_PAGES)).toEqual([]);
    expect(protectionChanges(result, SMALL_PAGES)).toEqual([
      { start: 0x400000n, end: 0x402000n, wanted: 5, got: 7 },
      { start: 0x402000n, end: 0x404000n, wanted: 3, got: 7 },
    ]);
    expect(protectionChanges(plan('elf', SMALL_PAGES, 0x4000), SMALL_PAGES)).toEqual([]);
  });

  it('qemu-8.1 refuses zeros after a file part that it cannot write', () => {
    const code = segment(RX, 0n, 0x400000n, 0x1800n, 0x3000n, 0x1000n);
    expect(plan('qemu-8.1', [code], 0x1000).refusal).toMatchObject({ rule: 'bss-writable', segment: 0 });
    const text = segment(RX, 0n, 0x400000n, 0x1800n, 0x1800n, 0x1000n);
    const zeros = segment(RW, 0x1900n, 0x401900n, 0n, 0x400n, 0x1000n);
    expect(plan('qemu-8.1', [text, zeros], 0x1000).refusal).toMatchObject({ rule: 'bss-page-writable', segment: 1 });
    // Linux gives the rest of such a segment to whoever asks: file bytes to the page end, then pages that are writable too.
    expect(plan('guest-4k', [code], 0x1000).segments[0].actions).toEqual([
      { kind: 'map-file', start: 0x400000n, end: 0x402000n, fileOffset: 0n, protection: 5, segment: 0 },
      { kind: 'map-anonymous', start: 0x402000n, end: 0x403000n, protection: 7, segment: 0 },
    ]);
  });

  it('glibc asks that address and offset agree modulo p_align', () => {
    const skewed = segment(RX, 0x1000n, 0x404000n, 0x1000n, 0x1000n, 0x4000n);
    expect(plan('glibc-ld.so', [skewed], 0x4000).refusal).toMatchObject({ rule: 'alignment-offset' });
    const unaligned = segment(RX, 0x4000n, 0x404000n, 0x1000n, 0x1000n, 0n);
    expect(plan('glibc-ld.so', [unaligned], 0x4000).refusal).toMatchObject({ rule: 'alignment-offset' });
  });

  it("Android's compatibility mode has one border between code and data", () => {
    const result = plan('android-16k-compat', SMALL_PAGES, 0x4000);
    expect(result.segments.at(-1)?.actions.slice(-2)).toEqual([
      { kind: 'protect', start: 0x400000n, end: 0x402000n, protection: 5, segment: 1 },
      { kind: 'protect', start: 0x402000n, end: 0x404000n, protection: 3, segment: 1 },
    ]);
    expect(damage(result, SMALL_PAGES)).toEqual([]);
    const torn = [...SMALL_PAGES, segment(R, 0x3000n, 0x405000n, 0x100n, 0x100n, 0x1000n), SMALL_PAGES[1]];
    expect(plan('android-16k-compat', torn, 0x4000).refusal).toMatchObject({
      rule: 'compatibility-layout',
      segment: 2,
    });
    const open = plan('android-16k-compat-rwx', torn, 0x4000);
    expect(open.refusal).toBeUndefined();
    expect(open.segments.at(-1)?.actions.at(-1)).toMatchObject({ kind: 'protect', protection: 7 });
  });

  it("blink's linear memory shares one page and wants order", () => {
    const congruent = [
      segment(RX, 0n, 0x400000n, 0x1800n, 0x1800n, 0x1000n),
      segment(RW, 0x2e00n, 0x402e00n, 0x2400n, 0x2600n, 0x1000n),
    ];
    const shared = plan('blink-linear', congruent, 0x4000);
    expect(shared.segments[1].actions.map(({ kind }) => kind)).toEqual(['protect', 'read-file', 'map-file', 'zero']);
    expect(damage(shared, congruent)).toEqual([]);
    for (const name of ['blink', 'blink-linear']) {
      expect(plan(name, congruent.toReversed(), 0x4000).refusal).toMatchObject({ rule: 'order', segment: 1 });
    }
    const inside = [
      segment(RX, 0n, 0x400000n, 0x9000n, 0x9000n, 0x1000n),
      segment(RW, 0n, 0x400000n, 0x9000n, 0x9000n, 0x1000n),
    ];
    expect(plan('blink-linear', inside, 0x4000).refusal).toMatchObject({ rule: 'overlap', segment: 1 });
  });

  it('box64 4158 claims one host page more than it needs', () => {
    const loads = [segment(RX, 0x200n, 0x400200n, 0x1000n, 0x1000n, 0x1000n)];
    expect(plan('box64-4158', loads, 0x4000).segments[0].actions[0]).toMatchObject({
      start: 0x400000n,
      end: 0x408000n,
    });
    expect(plan('box64-4182', loads, 0x4000).segments[0].actions[0]).toMatchObject({
      start: 0x400000n,
      end: 0x404000n,
    });
  });
});

describe('PT_GNU_RELRO', () => {
  const code = segment(RX, 0n, 0n, 0x1800n, 0x1800n, 0x1000n);
  const data = segment(RW, 0x2000n, 0x3000n, 0x3400n, 0x3600n, 0x1000n);
  const with16k = [code, data].map((load) => ({ ...load, align: 0x4000n }));
  const relro = (start: bigint, end: bigint) => ({ relro: [{ start, end }] });
  const android = (name: string, loads: readonly LoadSegment[], facts: ImageFacts) =>
    findPagePolicy(name)!.plan(loads, 0x4000, facts);

  it("moves the border of Android's compatibility mode to its end", () => {
    const actions = android('android-16k-compat', [code, data], relro(0x3000n, 0x4800n)).segments.at(-1)?.actions;
    expect(actions?.slice(-2)).toMatchObject([
      { start: 0n, end: 0x5000n, protection: 5 },
      { start: 0x5000n, end: 0x7000n, protection: 3 },
    ]);
  });

  it('must be one, at the start of the first writable segment', () => {
    for (const facts of [relro(0x3400n, 0x4000n), relro(0x3000n, 0x7000n), relro(0n, 0x1000n)]) {
      expect(android('android-16k-compat', [code, data], facts).refusal).toMatchObject({
        rule: 'compatibility-layout',
      });
      const open = android('android-16k-compat-rwx', [code, data], facts);
      expect(open.refusal).toBeUndefined();
      expect(open.segments.at(-1)?.actions.at(-1)).toMatchObject({ kind: 'protect', protection: 7 });
    }
    const two = { relro: [...relro(0x3000n, 0x4000n).relro, ...relro(0x4000n, 0x5000n).relro] };
    expect(android('android-16k-compat', [code, data], two).refusal).toMatchObject({ rule: 'compatibility-layout' });
  });

  it('lowers the alignment of its segment when it ends inside it on a smaller one', () => {
    expect(android('android-16k', with16k, {}).refusal?.rule).toBe('congruence');
    expect(android('android-16k', with16k, relro(0x3000n, 0x4000n)).refusal?.rule).toBe('congruence');
    expect(android('android-16k', with16k, relro(0x3000n, 0x6600n)).refusal?.rule).toBe('congruence');
    expect(android('android-16k', with16k, relro(0x3000n, 0x5000n)).refusal).toMatchObject({
      rule: 'program-alignment',
      segment: 1,
      sentence: expect.stringContaining('holds a RELRO whose end is aligned to 4096 bytes'),
    });
  });

  it('is found among program headers', () => {
    const headers = [
      { type: 1, vaddr: 0n, memsz: 1n },
      { type: 0x6474e552, vaddr: 0x3000n, memsz: 0x1800n },
    ];
    expect(imageFacts(headers)).toEqual(relro(0x3000n, 0x4800n));
    expect(imageFacts([])).toEqual({ relro: [] });
  });
});

describe('hostile segment lists', () => {
  const limitInMilliseconds = 100;

  /** Processor time in milliseconds, of the fastest of three runs where the first is too slow: others that use the machine do not count. */
  function fastest(run: () => void): number {
    let time = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 3 && time >= limitInMilliseconds; attempt++) {
      const started = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(started);
      time = Math.min(time, (user + system) / 1000);
    }
    return time;
  }

  function timed(segments: readonly LoadSegment[]): void {
    for (const policy of PAGE_POLICIES) {
      for (const host of [0x1000, 0x10000]) {
        let result = policy.plan([], host);
        let ranges = 0;
        const time = fastest(() => {
          result = policy.plan(segments, host);
          ranges = damage(result, segments).length;
          protectionChanges(result, segments);
        });
        expect(time, policy.name).toBeLessThan(limitInMilliseconds);
        expect(result.refusal !== undefined || ranges <= 4 * segments.length, policy.name).toBe(true);
      }
    }
  }

  it('of 65535 gigantic overlapping segments are refused by their number', () => {
    const huge = Array.from({ length: 65535 }, (_, index) =>
      segment(RW, 0n, BigInt(index) * 0x1000n, 1n << 46n, 1n << 46n, 0x1000n),
    );
    timed(huge);
    expect(plan('elf', huge, 0x1000).refusal).toMatchObject({ rule: 'segment-count', errno: 'ENOEXEC' });
  });

  it('of 1170 gigantic overlapping segments are planned', () => {
    timed(
      Array.from({ length: 1170 }, (_, index) => {
        const start = BigInt((index * 7919) % 1170) * 0x1000n;
        return segment(
          1 + (index % 7),
          start,
          start,
          1n << 45n,
          (1n << 45n) + 0x1234n,
          [0n, 0x1000n, 0x10000n][index % 3],
        );
      }),
    );
  });

  it('of 1170 segments inside each other are planned', () => {
    timed(
      Array.from({ length: 1170 }, (_, index) => {
        const start = BigInt(index) * 0x11000n;
        return segment(RX, start, start, (1n << 40n) - 2n * start, (1n << 40n) - 2n * start, 0x1000n);
      }),
    );
  });

  it('that wrap around or have impossible alignments end in a refusal or a plan', () => {
    timed([segment(RW, 0n, (1n << 64n) - 0x1000n, 0x1000n, 0x2000n, 0x1000n)]);
    timed([segment(RW, (1n << 64n) - 1n, 0x1000n, 1n, 1n, 1n << 63n)]);
    timed([segment(RW, 0n, 0n, (1n << 64n) - 1n, (1n << 64n) - 1n, 3n)]);
    timed([segment(RX, 0n, 0x1000n, 0x2000n, 0x1000n, 0x1000n)]);
    timed([]);
    expect(plan('elf', [segment(RW, 0n, (1n << 64n) - 0x1000n, 0x1000n, 0x2000n, 0n)], 0x1000).refusal).toMatchObject({
      rule: 'address',
    });
  });
});
