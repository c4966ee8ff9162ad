// Our CPU against recorded hardware: every instruction row, its encodings and edge values, replayed from the committed vectors.
import { describe, expect, it } from 'vitest';
import { createInstruction } from './decode/instruction.ts';
import { instructionFamilies } from './isa/index.ts';
import { CF } from './state/flags.ts';
import { FXSAVE, GPR, VECTOR } from './state/layout.ts';
import { testedRows } from './test-support/case-generator.ts';
import { CaseComparison, caseMode } from './test-support/compare-case.ts';
import { createDecoders } from './test-support/decoders.ts';
import { describeCase } from './test-support/describe-case.ts';
import { CASE_CODE_AT } from './test-support/recorder-layout.ts';
import { Subject } from './test-support/subject.ts';
import { readVectors } from './test-support/vectors.ts';

describe('recorded hardware vectors', () => {
  const decoders = createDecoders();
  const comparison = new CaseComparison(decoders);
  const subject = new Subject();
  const instruction = createInstruction();
  const covered = { 32: new Set<unknown>(), 64: new Set<unknown>() };
  const recorded = [...readVectors()];

  it.each(recorded.map(({ file }, index) => [file, index] as const))('%s', (_file, number) => {
    const { batch, answer } = recorded[number];
    subject.load(batch);
    let failing = 0;
    let firstFailure = '';
    for (let index = 0; index < batch.count; index += 1) {
      const at = batch.offsetOf(index) + CASE_CODE_AT;
      const mode = caseMode(batch, index);
      const isKnown = decoders[mode].decode(batch.bytes, at, at + 15, 0, instruction) === 0;
      if (isKnown) covered[mode].add(instruction.candidate.row);
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

  it.each([
    ['register', GPR + 24],
    ['vector', VECTOR + 32 * 15 + 31],
    ['x87', FXSAVE + 32 + 9],
    ['mxcsr', FXSAVE + 24],
  ] as const)('would notice a wrong bit in a %s', (part, offset) => {
    const { batch, answer } = recorded[0];
    subject.load(batch);
    const exit = subject.run(batch, 0);
    subject.memory.u8[subject.cpu.state + offset] ^= 1;
    const found = comparison.compare(batch, 0, answer, subject, exit);
    expect(found.map((difference) => difference.part)).toEqual([part]);
  });

  it('would notice a wrong flag, a wrong byte in memory and a wrong end', () => {
    const { batch, answer } = recorded[0];
    subject.load(batch);
    subject.run(batch, 0);
    subject.cpu.flags ^= CF;
    subject.memory.u8[subject.imageFrames[2] + 4095] ^= 0x80;
    const found = comparison.compare(batch, 0, answer, subject, { kind: 'exception', vector: 6 });
    expect(found.map((difference) => difference.part)).toEqual(['exit', 'flags', 'memory']);
  });

  it.each([64, 32] as const)('has cases for every row in %i-bit mode', (mode) => {
    const missing = testedRows(instructionFamilies, undefined, mode).filter(({ row }) => !covered[mode].has(row));
    expect(missing.map(({ name, row }) => `${name} ${row.encoding.text}`)).toEqual([]);
  });
});
