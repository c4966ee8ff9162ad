// Crafted images, paths, scripts and limits: outcome and complete entry state, ours against the kernel, live where it can be asked and recorded anyway.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareCrafted } from './test-support/kernel/compare.ts';
import {
  askKernel,
  type CraftedAnswer,
  craftedCases,
  RECORDED,
  readRecording,
  recordingText,
} from './test-support/kernel/crafted-suite.ts';
import { type KernelFacts, kernelFacts, kernelRunner } from './test-support/kernel/kernel-runner.ts';

/** Issue 3 wants 40. */
const FEWEST_CASES = 40;

function live(): Map<string, CraftedAnswer> {
  const directory = mkdtempSync(join(tmpdir(), 'elf-kernel-'));
  try {
    const runner = kernelRunner(directory);
    return typeof runner === 'string' ? new Map() : askKernel(runner, directory, kernelFacts());
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const answers = live();
if (process.env.ELF_RECORD_KERNEL && answers.size > 0) {
  writeFileSync(RECORDED, recordingText(release().split('-')[0], kernelFacts(), answers));
}
const recording = readRecording();

describe('crafted cases', () => {
  it('were recorded, all of them', () => {
    expect(Object.keys(recording.answers)).toEqual(craftedCases.map(({ name }) => name));
    expect(craftedCases.length).toBeGreaterThanOrEqual(FEWEST_CASES);
  });

  const check = (name: string, answer: CraftedAnswer, facts: KernelFacts) => {
    const crafted = craftedCases.find((each) => each.name === name);
    if (crafted === undefined) throw new Error(`there is no case ${name}`);
    expect(compareCrafted(crafted, answer, facts).differences).toEqual([]);
  };

  it.each(Object.keys(recording.answers))('recorded: %s', (name) => {
    check(name, recording.answers[name], recording.facts);
  });

  it.each([...answers.keys()])('live: %s', (name) => {
    check(name, answers.get(name) as CraftedAnswer, kernelFacts());
  });
});
