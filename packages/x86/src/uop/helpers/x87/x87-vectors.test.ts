// Replays what a real processor answered to thousands of x87 cases: on the unit's functions and through the whole CPU.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeAnswer, describeCase, difference, executeRecord, RECORD_BYTES } from '../../../test-support/x87-cases.ts';
import { createX87Machine } from '../../../test-support/x87-machine.ts';
import { unpackVectors } from '../../../test-support/x87-vectors.ts';

const vectors = unpackVectors(readFileSync(new URL('../../../../vectors/x87/x87.bin.gz', import.meta.url)));

function replay(name: string, run: (record: DataView, answer: DataView) => void): { compared: number; failures: string[] } {
  const failures: string[] = [];
  const ours = new DataView(new ArrayBuffer(RECORD_BYTES));
  let compared = 0;
  for (let index = 0; index < vectors.count; index += 1) {
    const record = vectors.record(index);
    if (vectors.names[record.getUint8(0)] !== name) continue;
    compared += 1;
    run(record, ours);
    const found = difference(name, vectors.answer(index), ours);
    if (found !== undefined)
      failures.push(`${found}: ${describeCase(name, record)}, hardware ${describeAnswer(vectors.answer(index))}, ours ${describeAnswer(ours)}`);
  }
  return { compared, failures };
}

describe('x87 unit against recorded hardware', () => {
  it.each(vectors.names)('%s', (name) => {
    const { compared, failures } = replay(name, (record, answer) => executeRecord(vectors.names, record, answer));
    expect(failures).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(50);
  });
});

describe('x87 instructions on the CPU against recorded hardware', () => {
  const machine = createX87Machine(vectors.names);
  it.each(vectors.names)('%s', (name) => {
    expect(replay(name, machine).failures).toEqual([]);
  });
});
