// The full numbers of the stress tests: npm run test:stress -- [--seconds N] [--seed N] [--of forks,threads,pipes,code,fuzz].
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { NOTHING_HELD, runStress, type StressReport } from './stress.ts';

const fixture = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../fixtures/stress-c/${name}`, import.meta.url)));

/** What is done how often. */
const COUNTS = { forks: 10_000, threads: 1000, pipes: 200, code: 100_000 } as const;
const DEFAULT_SECONDS = 600;
/** Children of one machine, and calls of each. */
const CHILDREN = 60;
const CALLS = 300;
/** Longer than this between two looks at the host's events is a fault. */
const LONGEST_TURN = 10_000;
/** Of the Node process; a machine of its own may have 512 MiB. */
const MOST_RESIDENT_BYTES = 1.5 * 2 ** 30;

function faultsOf(report: StressReport, output: RegExp): string[] {
  const { outcome, holdings, longestTurn, callsOfLongestTurn } = report;
  const faults: string[] = [];
  if (outcome !== '{"kind":"exited","code":0}') faults.push(`ended as ${outcome}`);
  if (!output.test(report.output)) faults.push(`printed ${report.output}`);
  if (!isDeepStrictEqual(holdings, NOTHING_HELD)) faults.push(`left behind: ${JSON.stringify(holdings)}`);
  if (longestTurn > LONGEST_TURN)
    faults.push(`a turn of ${longestTurn.toFixed(0)} ms: ${callsOfLongestTurn.join('; ')}`);
  const { rss } = process.memoryUsage();
  if (rss > MOST_RESIDENT_BYTES) faults.push(`${rss} bytes of the host are in use`);
  return faults;
}

function print(name: string, { milliseconds, instructions, longestTurn, memoryBytes }: StressReport, faults: string[]) {
  const facts = [
    `${(milliseconds / 1000).toFixed(1)} s`,
    `${(instructions / 1e6).toFixed(1)} million instructions`,
    `longest turn ${longestTurn.toFixed(0)} ms`,
    `${(memoryBytes / 2 ** 20).toFixed(0)} MiB of guest memory`,
    `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB resident`,
  ];
  console.log(`${faults.length === 0 ? 'good' : 'BAD '}  ${name.padEnd(24)}${facts.join(', ')}`);
  for (const fault of faults) console.log(`      ${fault}`);
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { seconds: text, seed: text, of: text } });
  const parts = values.of?.split(',');
  const isWanted = (name: string) => parts === undefined || parts.includes(name);
  let bad = 0;
  for (const [part, count] of Object.entries(COUNTS).filter(([name]) => isWanted(name))) {
    const report = await runStress({ program: fixture('stress'), words: [part, String(count)] });
    const faults = faultsOf(report, new RegExp(`^${part}: ${count} of ${count}\n$`));
    print(`${part} ${count}`, report, faults);
    bad += faults.length;
  }
  if (!isWanted('fuzz')) return bad === 0 ? 0 : 1;
  const programs = (['fuzz', 'fuzz-i386'] as const).map((name) => ({ name, program: fixture(name) }));
  const end = performance.now() + Number(values.seconds ?? DEFAULT_SECONDS) * 1000;
  let runs = 0;
  for (let seed = Number(values.seed ?? 1); performance.now() < end; seed++)
    for (const { name, program } of programs) {
      const words = [seed, CHILDREN, CALLS].map(String);
      try {
        const report = await runStress({ program, words });
        const faults = faultsOf(report, /^exited \d+\nsignaled \d+\nkilled \d+\nrefused 0\n$/);
        if (faults.length > 0 || runs % 20 === 0) print(`${name} ${words.join(' ')}`, report, faults);
        bad += faults.length;
      } catch (error) {
        console.log(`BAD   ${name} ${words.join(' ')}: ${error instanceof Error ? error.stack : error}`);
        bad++;
      }
      runs++;
    }
  console.log(`${runs} runs of ${CHILDREN} children with ${CALLS} random calls each, ${bad} faults`);
  return bad === 0 ? 0 : 1;
}

process.exitCode = await main();
