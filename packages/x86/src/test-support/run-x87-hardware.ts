// Live differential test of the x87 unit against the processor, and the recorder of vectors/x87.
//
// [--operations all|fadd,fsqrt] [--count N cases per operation] [--seed N] [--through unit|cpu] [--record FILE]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasHardware } from './hardware.ts';
import {
  describeAnswer,
  describeCase,
  difference,
  executeRecord,
  putCase,
  RECORD_BYTES,
  randomSource,
} from './x87-cases.ts';
import { createX87Machine } from './x87-machine.ts';
import { packVectors } from './x87-vectors.ts';

const { values } = parseArgs({
  options: {
    source: { type: 'string', default: 'packages/x86/native/x87-oracle.c' },
    operations: { type: 'string', default: 'all' },
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    through: { type: 'string', default: 'unit' },
    record: { type: 'string' },
  },
});
const BATCH = 50_000;

if (!hasHardware()) {
  process.stderr.write('this needs x86-64 Linux and gcc\n');
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), 'x87-oracle-'));
const oracle = join(directory, 'x87-oracle');
execFileSync('gcc', ['-O2', '-o', oracle, values.source]);
const names = execFileSync(oracle, ['--list'])
  .toString()
  .trim()
  .split('\n')
  .map((line) => line.split(' ')[1]);
const machine = createX87Machine(names);
const run =
  values.through === 'cpu'
    ? machine
    : (record: DataView, answer: DataView): void => executeRecord(names, record, answer);
const random = randomSource(Number(values.seed));
const wanted = Number(values.count);
const selected = values.operations === 'all' ? undefined : new Set(values.operations.split(','));
const kept: { records: Uint8Array; answers: Uint8Array }[] = [];
let compared = 0;
let failed = 0;

names.forEach((name, operation) => {
  if (selected !== undefined && !selected.has(name)) return;
  for (let done = 0; done < wanted; done += BATCH) {
    const size = Math.min(BATCH, wanted - done);
    const records = new Uint8Array(size * RECORD_BYTES);
    const record = (index: number) => new DataView(records.buffer, index * RECORD_BYTES, RECORD_BYTES);
    for (let index = 0; index < size; index += 1) putCase(random, name, operation, record(index));
    const answers = new Uint8Array(spawnSync(oracle, { input: records, maxBuffer: 1 << 28 }).stdout);
    const ours = new DataView(new ArrayBuffer(RECORD_BYTES));
    for (let index = 0; index < size; index += 1) {
      run(record(index), ours);
      const expected = new DataView(answers.buffer, answers.byteOffset + index * RECORD_BYTES, RECORD_BYTES);
      const found = difference(name, expected, ours);
      compared += 1;
      if (found === undefined) continue;
      failed += 1;
      if (failed > 10) continue;
      process.stdout.write(
        `${found}: ${describeCase(name, record(index))}\n  hardware ${describeAnswer(expected)}\n  ours     ${describeAnswer(ours)}\n`,
      );
    }
    if (values.record !== undefined) kept.push({ records, answers });
  }
});
rmSync(directory, { recursive: true });
process.stdout.write(`${compared} compared, ${failed} different\n`);
if (values.record !== undefined) {
  const join = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
  writeFileSync(
    values.record,
    packVectors(names, join(kept.map((part) => part.records)), join(kept.map((part) => part.answers))),
  );
}
process.exit(failed === 0 ? 0 : 1);
