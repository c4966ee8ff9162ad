// The bulk judge judged: both sides agree on every row, and an instruction that is missing on one side is noticed.
import { afterAll, describe, expect, it } from 'vitest';
import { instructionFamilies } from '../../isa/index.ts';
import { testedRows } from '../case-generator.ts';
import { createDecoders } from '../decoders.ts';
import { CODE_BASE } from '../recorder-layout.ts';
import { type BulkBatch, BulkGenerator } from './bulk-batch.ts';
import { leftOut } from './coverage.ts';
import { agrees } from './narrow.ts';
import { canRunBulk, NativeSide } from './native-side.ts';
import { OurSide } from './our-side.ts';

const NOP = 0x90;
const ITERATIONS = 32;
/** Milliseconds; alone on a machine a test takes 3 seconds, among many others 40. */
const TIMEOUT = 240_000;
/** Seeds in a row that go through all rows once. */
const SEEDS = [16, 17, 18, 19, 20, 21, 22];
/** Instructions whose lack nobody can see. */
const WITHOUT_EFFECT = /^(nop|pause|clflush|clflushopt|clwb|[lms]fence|prefetch\w*|fnop|fneni|fndisi|fnsetpm|fwait|)$/;

const ours = new OurSide();
const native = canRunBulk() ? new NativeSide() : undefined;
afterAll(() => native?.close());

describe.each([64, 32] as const)('bulk judge in %i-bit mode', (mode) => {
  const rows = testedRows(instructionFamilies, undefined, mode).filter((row) => leftOut(row) === undefined);
  const generator = new BulkGenerator(rows, createDecoders()[mode], mode);
  const batches = SEEDS.map((seed) => generator.generate(seed).limited(ITERATIONS));
  const nameOf = (batch: BulkBatch, index: number) => {
    const { row, isSequence, code } = batch.instances[index];
    return isSequence ? `sequence ${Buffer.from(code).toString('hex')}` : rows[row].name;
  };

  it('has an instance of every row', () => {
    const covered = new Set(batches.flatMap(({ instances }) => instances.map(({ row }) => row)));
    expect(rows.filter((_, number) => !covered.has(number)).map(({ name }) => name)).toEqual([]);
  });

  it.skipIf(native === undefined)(
    'finds no difference',
    async () => {
      const differing: string[] = [];
      for (const batch of batches) {
        const expected = await (native as NativeSide).run(batch);
        const actual = ours.run(batch);
        batch.instances.forEach((_, index) => {
          if (!agrees(expected, actual, index)) differing.push(nameOf(batch, index));
        });
      }
      expect(differing).toEqual([]);
    },
    TIMEOUT,
  );

  it('gives an instance the same result whatever ran before it', () => {
    const batchOf = (pattern: RegExp) =>
      new BulkGenerator(
        rows.filter(({ name }) => pattern.test(name)),
        createDecoders()[mode],
        mode,
      )
        .generate(1)
        .limited(ITERATIONS);
    const states = batchOf(/^fxsave/);
    const first = ours.run(states);
    ours.run(batchOf(/^(fadd|vpadd|paddb)/));
    const second = ours.run(states);
    expect(states.instances.filter((_, index) => !agrees(first, second, index))).toEqual([]);
  });

  // The numbers of rows of which the lack of one instance was noticed, in batches over these rows.
  function noticed(batchesOfRows: readonly BulkBatch[]): Set<number> {
    const found = new Set<number>();
    for (const batch of batchesOfRows) {
      const expected = ours.run(batch);
      const without = batch.limited(ITERATIONS);
      for (const { address, code } of batch.instances)
        without.code.fill(NOP, address - CODE_BASE, address - CODE_BASE + code.length);
      const actual = ours.run(without);
      batch.instances.forEach(({ row, isSequence }, index) => {
        if (!isSequence && !agrees(expected, actual, index)) found.add(row);
      });
    }
    return found;
  }

  it(
    'notices that an instruction is not there',
    () => {
      const first = noticed(batches);
      // A shift by zero and the like is not there anyway: what is left gets many more instances.
      const rest = rows.filter((row, number) => !first.has(number) && !WITHOUT_EFFECT.test(row.name));
      expect(rest.length).toBeLessThan(rows.length / 50);
      const more = new BulkGenerator(rest, createDecoders()[mode], mode);
      const second = noticed(SEEDS.slice(0, 2).map((seed) => more.generate(seed).limited(ITERATIONS)));
      expect(rest.filter((_, number) => !second.has(number)).map(({ name }) => name)).toEqual([]);
    },
    TIMEOUT,
  );
});
