// Much of one thing, and random system calls: everything is done, nothing throws, nothing is left behind. `npm run test:stress` has the full numbers.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { NOTHING_HELD, runStress } from './test-support/stress.ts';

const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../fixtures/stress-c/${name}`, import.meta.url)));

describe('everything is done and nothing stays', () => {
  it.each([
    ['forks', 300],
    ['threads', 100],
    ['pipes', 50],
    ['code', 3000],
  ])('%s: %i', async (part, count) => {
    const { outcome, output, holdings } = await runStress({ program: fixture('stress'), words: [part, String(count)] });
    expect({ outcome, output }).toEqual({
      outcome: '{"kind":"exited","code":0}',
      output: `${part}: ${count} of ${count}\n`,
    });
    expect(holdings).toEqual(NOTHING_HELD);
  });

  it('code that is rewritten all the time does not make memory grow', async () => {
    const [few, many] = [
      await runStress({ program: fixture('stress'), words: ['code', '500'] }),
      await runStress({ program: fixture('stress'), words: ['code', '5000'] }),
    ];
    expect(many.memoryBytes).toBe(few.memoryBytes);
  });
});

describe('random system calls', () => {
  // Seed, children, calls of each child.
  it.each([
    ['fuzz', 2, 10, 250],
    ['fuzz', 3, 10, 1000],
    ['fuzz', 8, 60, 300],
    ['fuzz', 24, 10, 300],
    ['fuzz-i386', 3, 10, 1000],
    ['fuzz-i386', 18, 28, 300],
    ['fuzz-i386', 19, 53, 300],
  ])('%s with seed %i: %i children of %i calls', async (program, ...numbers) => {
    const report = await runStress({ program: fixture(program), words: numbers.map(String) });
    expect(report.outcome).toBe('{"kind":"exited","code":0}');
    expect(report.output).toMatch(/^exited \d+\nsignaled \d+\nkilled \d+\nrefused 0\n$/);
    expect(report.holdings).toEqual(NOTHING_HELD);
    // Far more than any call takes: a call that depends on a number that a program chose would take for ever.
    expect(report.longestTurn, report.callsOfLongestTurn.join('; ')).toBeLessThan(10_000);
  });

  it('are the same for the same seed', async () => {
    const [first, second] = [
      await runStress({ program: fixture('fuzz'), words: ['7', '10', '200'] }),
      await runStress({ program: fixture('fuzz'), words: ['7', '10', '200'] }),
    ];
    expect([second.output, second.instructions]).toEqual([first.output, first.instructions]);
  });
});
