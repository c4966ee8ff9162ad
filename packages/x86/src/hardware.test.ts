// Our CPU against recorded hardware: every instruction row, its encodings and edge values, replayed from the committed vectors.
import { describe, expect, it } from 'vitest';
import { Decoder } from './decode/decoder.ts';
import { buildOpcodeMap } from './decode/opcode-map.ts';
import { createInstruction } from './decode/instruction.ts';
import { instructionFamilies } from './isa/index.ts';
import { testedRows } from './test-support/case-generator.ts';
import { CaseComparison } from './test-support/compare-case.ts';
import { describeCase } from './test-support/describe-case.ts';
import { CASE_CODE_AT } from './test-support/recorder-layout.ts';
import { Subject } from './test-support/subject.ts';
import { readVectors } from './test-support/vectors.ts';

describe('recorded hardware vectors', () => {
  const decoder = new Decoder(buildOpcodeMap(instructionFamilies));
  const comparison = new CaseComparison(decoder);
  const subject = new Subject();
  const instruction = createInstruction();
  const covered = new Set<unknown>();
  const recorded = [...readVectors()];

  it.each(recorded.map(({ file }, index) => [file, index] as const))('%s', (_file, number) => {
    const { batch, answer } = recorded[number];
    subject.load(batch);
    let failing = 0;
    let firstFailure = '';
    for (let index = 0; index < batch.count; index += 1) {
      const at = batch.offsetOf(index) + CASE_CODE_AT;
      const isKnown = decoder.decode(batch.bytes, at, at + 15, 0, instruction) === 0;
      if (isKnown) covered.add(instruction.candidate.row);
      const exit = subject.run(batch, index);
      const differences = comparison.compare(batch, index, answer, subject, exit);
      subject.restoreImage(batch);
      if (differences.length === 0) continue;
      failing += 1;
      if (failing === 1)
        firstFailure = describeCase(batch, index, isKnown ? instruction.candidate.mnemonic : 'unknown', differences);
    }
    expect(firstFailure).toBe('');
    expect(failing).toBe(0);
  });

  it('has cases for every row', () => {
    const missing = testedRows(instructionFamilies).filter(({ row }) => !covered.has(row));
    expect(missing.map(({ name, row }) => `${name} ${row.encoding.text}`)).toEqual([]);
  });
});
