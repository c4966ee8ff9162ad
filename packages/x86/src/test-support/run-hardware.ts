// Live differential test: cases generated from the instruction rows, on the real processor and on ours, until the time is up.
//
// npm run test:hardware -- [--seed N] [--seconds S] [--only add,shl] [--ignore mxcsr,x87] [--keep-going] [--batch N] [--mode 32] [--sequences] [--unmasked] [--aligned]
// With --bulk, run-bulk.ts takes over: fifty times as many comparisons, by hashes.
// The seed is printed with each failure; the same seed with the same --only and --batch gives the same cases.
import { parseArgs } from 'node:util';
import type { CpuExit } from '../cpu-exit.ts';
import { instructionFamilies } from '../isa/index.ts';
import { Batch } from './batch.ts';
import { CaseGenerator, isSequential, testedRows } from './case-generator.ts';
import { CaseComparison } from './compare-case.ts';
import { createDecoders } from './decoders.ts';
import { describeCase } from './describe-case.ts';
import { Hardware, hasHardware } from './hardware.ts';
import { Random } from './random.ts';
import { CASE_NOTE_AT } from './recorder-layout.ts';
import { Subject } from './subject.ts';

if (process.argv.includes('--bulk')) {
  await import('./run-bulk.ts');
  process.exit();
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    ignore: { type: 'string', default: '' },
    batch: { type: 'string', default: '2048' },
    mode: { type: 'string', default: '64' },
    unmasked: { type: 'boolean', default: false },
    aligned: { type: 'boolean', default: false },
    sequences: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

if (!hasHardware()) {
  console.error('this needs x86-64 Linux and gcc');
  process.exit(2);
}
const ignored = new Set(values.ignore.split(','));
const mode = values.mode === '32' ? 32 : 64;
const rows = testedRows(
  instructionFamilies,
  values.only === undefined ? undefined : new Set(values.only.split(',')),
  mode,
).filter((row) => !values.sequences || isSequential(row));
if (rows.length === 0) {
  console.error('no row has such a mnemonic');
  process.exit(2);
}
const hardware = new Hardware();
const subject = new Subject();
const comparison = new CaseComparison(createDecoders());
const until = Date.now() + Number(values.seconds) * 1000;
const failures = new Map<string, number>();
let seed = Number(values.seed);
let compared = 0;
let inOurs = 0;
let nextRow = 0;

// The next batch runs on the hardware while ours runs this one.
function prepare(): { batch: Batch; seed: number } {
  const batch = new Batch(Number(values.batch));
  const generator = new CaseGenerator(new Random(seed), rows, { ...values, mode });
  if (values.sequences) generator.fillSequences(batch);
  else nextRow = generator.fill(batch, values.only === undefined ? nextRow : 0);
  return { batch, seed: seed++ };
}

// Nothing a guest does may throw: when it does, the case that did it is what has to be seen.
function runOurs(batch: Batch, index: number): CpuExit {
  try {
    return subject.run(batch, index);
  } catch (error) {
    console.log(describeCase(batch, index, `throws ${error}`, []));
    return { kind: 'unsupported', bytes: new Uint8Array(), mnemonic: 'throws' };
  }
}

const started = Date.now();
let current = prepare();
let answer = hardware.run(current.batch.message);
for (;;) {
  const result = await answer;
  const { batch, seed: batchSeed } = current;
  const more = Date.now() < until && (values['keep-going'] || failures.size === 0);
  if (more) {
    current = prepare();
    answer = hardware.run(current.batch.message);
  }
  const before = process.hrtime.bigint();
  subject.load(batch);
  for (let index = 0; index < batch.count; index += 1) {
    const exit = runOurs(batch, index);
    const differences = comparison
      .compare(batch, index, result, subject, exit)
      .filter(({ part }) => !ignored.has(part));
    subject.restoreImage(batch);
    compared += 1;
    if (differences.length === 0) continue;
    const { name, row } = rows[batch.bytes.readUInt32LE(batch.offsetOf(index) + CASE_NOTE_AT)];
    const label = `${name} [${row.encoding.text}] ${differences[0].part}`;
    const count = (failures.get(label) ?? 0) + 1;
    failures.set(label, count);
    if (count === 1)
      console.log(`${describeCase(batch, index, label, differences)}\n  (seed ${batchSeed}, case ${index})\n`);
    if (!values['keep-going']) break;
  }
  inOurs += Number(process.hrtime.bigint() - before);
  if (!more) break;
}
hardware.close();
const seconds = (Date.now() - started) / 1000;
console.log(
  `${compared} comparisons over ${rows.length} rows in ${seconds.toFixed(1)} s: ${Math.round(compared / seconds)} a second (${(inOurs / compared / 1000).toFixed(1)} us each on our side); next seed ${seed}`,
);
if (failures.size > 0) {
  console.log('differing:');
  for (const [label, count] of [...failures].sort((left, right) => right[1] - left[1]))
    console.log(`  ${String(count).padStart(7)}  ${label}`);
}
process.exitCode = failures.size > 0 ? 1 : 0;
