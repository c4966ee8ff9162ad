// The bulk judge: programs that hash all their results run on the real processor and on ours; only the hashes are compared.
//
// npm run test:hardware -- --bulk [--seconds S] [--seed N] [--mode 32] [--only a,b] [--keep-going] [--resume FILE] [--list]
// A failure names the seed of its batch; the same seed with the same --only and --mode gives the same batch. With --resume, seed and
// totals are kept in a file, so that several runs add up.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BulkJudge, KINDS } from './bulk/judge.ts';
import { canRunBulk } from './bulk/native-side.ts';

const { values } = parseArgs({
  options: {
    bulk: { type: 'boolean' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    mode: { type: 'string', default: '64' },
    resume: { type: 'string' },
    list: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

/** What several runs add up to, for each mode. */
interface Totals {
  nextSeed: number;
  comparisons: number;
  faults: number;
  instances: number;
  seconds: number;
  differing: number;
  /** Comparisons of each kind of program. */
  byKind?: Record<string, number>;
}

const mode = values.mode === '32' ? 32 : 64;
const file = values.resume;
const saved: Record<string, Totals> =
  file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const none: Totals = {
  nextSeed: Number(values.seed),
  comparisons: 0,
  faults: 0,
  instances: 0,
  seconds: 0,
  differing: 0,
};
const totals: Totals = saved[mode] ?? none;

if (!canRunBulk()) {
  console.error('this needs x86-64 Linux with AVX2, and gcc');
  process.exit(2);
}
const judge = new BulkJudge(mode, values.only === undefined ? undefined : new Set(values.only.split(',')));
if (judge.rows.length === 0) {
  console.error('no row has such a mnemonic');
  process.exit(2);
}
if (judge.rest.length > 0) {
  console.log(`${judge.rest.length} rows are left to the judge of single instructions:`);
  const reasons = new Map<string, string[]>();
  for (const { name, reason } of judge.rest) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  for (const [reason, names] of reasons)
    console.log(`  ${reason}: ${values.list ? names.join(', ') : `${names.length} rows`}`);
}

function save(): void {
  if (file === undefined) return;
  saved[mode] = totals;
  writeFileSync(`${file}.new`, `${JSON.stringify(saved, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

const started = Date.now();
const until = started + Number(values.seconds) * 1000;
const failures = new Map<string, number>();
let compared = 0;
let lastReport = started;
const secondsSince = (time: number) => (Date.now() - time) / 1000;
const earlier = totals.seconds;
for (;;) {
  const seed = totals.nextSeed;
  const round = await judge.round(seed, seed + 1);
  totals.nextSeed = seed + 1;
  compared += round.comparisons;
  totals.comparisons += round.comparisons;
  totals.faults += round.faults;
  totals.byKind ??= {};
  for (const kind of KINDS) totals.byKind[kind] = (totals.byKind[kind] ?? 0) + round.byKind[kind];
  totals.differing += round.failures.length;
  totals.seconds = earlier + secondsSince(started);
  for (const failure of round.failures) {
    const count = (failures.get(failure.label) ?? 0) + 1;
    failures.set(failure.label, count);
    if (count === 1) console.log(`${await judge.describe(seed, failure)}\n  (--bulk --seed ${seed} --mode ${mode})\n`);
  }
  totals.instances += round.instances;
  save();
  if (secondsSince(lastReport) >= 60) {
    lastReport = Date.now();
    console.log(
      `${new Date().toISOString()} ${totals.comparisons} comparisons, ${Math.round(compared / secondsSince(started))} a second`,
    );
  }
  if (Date.now() >= until || (failures.size > 0 && !values['keep-going'])) break;
}
judge.close();
const seconds = secondsSince(started);
const covered = judge.instancesOfRow.filter((count) => count > 0).length;
console.log(
  `${compared} comparisons over ${covered} of ${judge.rows.length} rows in ${seconds.toFixed(1)} s: ${Math.round(compared / seconds)} a second, ${Math.round(judge.ours.instructions / seconds)} guest instructions a second; next seed ${totals.nextSeed}`,
);
if (file !== undefined)
  console.log(
    `in all runs: ${totals.comparisons} comparisons, ${totals.instances} programs, ${totals.faults} exceptions and faults, ${totals.differing} programs differing, ${(totals.seconds / 3600).toFixed(2)} hours`,
  );
console.log(
  `of these${file === undefined ? '' : ', in all runs'}: ${KINDS.map((kind) => `${totals.byKind?.[kind] ?? 0} with ${kind}`).join(', ')}`,
);
if (failures.size > 0) {
  console.log('differing:');
  for (const [label, count] of [...failures].sort((left, right) => right[1] - left[1]))
    console.log(`  ${String(count).padStart(7)}  ${label}`);
}
process.exitCode = failures.size > 0 ? 1 : 0;
