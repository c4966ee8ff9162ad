// Crafted images, paths, scripts and limits: outcome and complete entry state, ours against the kernel, live where it can be asked and recorded anyway.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Comparison, compareCrafted, compareRandom } from './test-support/kernel/compare.ts';
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

/** Random images: always the same ones, so that a failure comes back. `npm run test:kernel` takes others too. */
const RANDOM = { first: 1, count: 500 };

function live(): { answers: Map<string, CraftedAnswer>; random: readonly Comparison[] } {
  const directory = mkdtempSync(join(tmpdir(), 'elf-kernel-'));
  try {
    const runner = kernelRunner(directory);
    if (typeof runner === 'string') return { answers: new Map(), random: [] };
    const answers = askKernel(runner, directory, kernelFacts());
    return { answers, random: compareRandom(runner, directory, RANDOM.first, RANDOM.count) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const { answers, random } = live();
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

  it('agree on random images too', () => {
    expect(random.flatMap(({ differences }) => differences)).toEqual([]);
    // Not all of them are refused.
    const started = random.filter(({ outcome }) => outcome === 'started').length;
    expect(started).toBeGreaterThanOrEqual(random.length / 3);
  });
});
