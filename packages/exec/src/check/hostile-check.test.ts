// Hostile headers cost a check bounded time and memory: the worst tables, and thousands of mutated files.
import { bytesSource, countingSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { buildElf, LOAD, NOTE, R, STACK, textSegment, W, X } from '../test-support/elf-builder.ts';
import { quickestRun } from '../test-support/processor-time.ts';
import { checkImage } from './check-image.ts';
import { findCheckRule } from './check-rules.ts';

const MOST_MILLISECONDS = 100;
const MOST_BYTES = 100 << 20;

const many = (count: number, make: (index: number) => object) =>
  Array.from({ length: count }, (_, index) => ({ type: LOAD, flags: R | W, align: 0x4000, ...make(index) }));

// biome-ignore format: one row per file
const rows: readonly [name: string, image: Uint8Array][] = [
  ['65535 program headers', buildElf({ phnum: 65535, fileBytes: 64 + 65535 * 56, segments: [] })],
  ['1170 segments that share pages', buildElf({ fileBytes: 0x20000, segments: many(1170, (i) => ({ vaddr: 0x400000 + i * 0x1800, offset: (i % 16) * 0x800, filesz: 0x1000, memsz: 0x2000 })) })],
  ['32 segments that share pages', buildElf({ fileBytes: 0x20000, segments: many(32, (i) => ({ flags: i % 8, vaddr: 0x400000 + i * 0x1800, offset: (i % 16) * 0x800, filesz: 0x1000, memsz: 0x2000 })) })],
  ['32 gigantic overlapping segments', buildElf({ fileBytes: 0x200000, segments: many(32, (i) => ({ vaddr: 0x400000 + i * 0x1800, offset: (i % 16) * 0x800, filesz: 0x1000000, memsz: 0x20000000 })) })],
  ['addresses that wrap around', buildElf({ segments: many(60, (i) => ({ vaddr: 2n ** 64n - 0x1000n * BigInt(i + 1), filesz: 2n ** 63n, memsz: 2n ** 64n - 1n, align: 3 })) })],
  ['1170 notes', buildElf({ fileBytes: 0x40000, segments: many(1170, () => ({ type: NOTE, offset: 0x20000, filesz: 1000 })) })],
  ['65000 sections', withSections(buildElf({ fileBytes: 6 << 20, segments: [textSegment, { type: STACK, flags: R | X }] }))],
];

function withSections(image: Uint8Array): Uint8Array {
  const view = new DataView(image.buffer);
  view.setBigUint64(40, 0x1000n, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, 65000, true);
  view.setUint16(62, 1, true);
  return image;
}

describe('hostile headers', () => {
  it.each(rows)('%s: a report in time', (_name, image) => {
    const milliseconds = quickestRun(MOST_MILLISECONDS, () => {
      const source = countingSource(bytesSource(image));
      const report = checkImage(source);
      expect(source.bytesRead).toBeLessThan(MOST_BYTES);
      expect(report.findings.length + report.verdicts.length).toBeGreaterThan(0);
    });
    expect(milliseconds).toBeLessThan(MOST_MILLISECONDS);
  });

  it('mutated files always get a report whose parts fit together', () => {
    const seeds = [
      buildElf({
        segments: [
          textSegment,
          { type: LOAD, flags: R | W, offset: 0x1800, vaddr: 0x402800, filesz: 0x400, memsz: 0x900, align: 0x4000 },
          { type: STACK, flags: R | W },
        ],
      }),
      buildElf({
        machine: 183,
        type: 3,
        segments: [
          { ...textSegment, vaddr: 0 },
          { type: NOTE, flags: R, offset: 0x100, filesz: 0x40, memsz: 0x40, align: 4 },
        ],
      }),
      withSections(buildElf({ type: 1, fileBytes: 0x2000 })),
    ];
    let state = 11;
    const random = (limit: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    for (let round = 0; round < 600; round++) {
      const image = seeds[round % seeds.length].slice();
      for (let change = random(6); change >= 0; change--) {
        // Headers are where bytes matter; values with high bits are where arithmetic breaks.
        image[4 + random(260)] = [0, 1, 0x7f, 0x80, 0xff, random(256)][random(6)];
      }
      const cut = random(10) === 0 ? image.subarray(0, random(image.length)) : image;
      const { findings, verdicts } = checkImage(bytesSource(cut));
      for (const { rule, fix } of findings) {
        expect(findCheckRule(rule)?.id).toBe(rule);
        expect(fix).not.toBe('');
      }
      for (const { verdict, rules, reason } of verdicts) {
        expect(rules.length > 0).toBe(
          verdict === 'refused' || verdict === 'damaged' || rules.includes('ELF-PG-SAME-BYTES'),
        );
        expect(reason !== undefined).toBe(verdict === 'n/a');
        for (const rule of rules) expect(findings.some((finding) => finding.rule === rule)).toBe(true);
      }
    }
  });
});
