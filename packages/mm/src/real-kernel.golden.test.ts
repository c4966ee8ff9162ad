// Random scripts of memory calls: results, faults and maps against the real kernel, live where it can run, recorded elsewhere.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from './test-support/random.ts';
import { buildNative, runNative } from './test-support/run-native.ts';
import { Scripts } from './test-support/script-generator.ts';
import { digest, type RecordedScript, readRecording, sameStep, writeRecording } from './test-support/script-record.ts';
import { type NativeStart, type Operation, ScriptRunner } from './test-support/script-runner.ts';

const RECORDED = fileURLToPath(new URL('../vectors/memory-calls.txt', import.meta.url));
const STEPS = 80;
const RECORDED_SCRIPTS = 24;
const LIVE_SCRIPTS = Number(process.env.ELF_MM_LIVE_SCRIPTS ?? 100);
const LIVE_SEED = Number(process.env.ELF_MM_LIVE_SEED ?? 1);
/** Memory that may be locked, in every other script; the others run with all privileges. */
const LOCK_LIMITS = [0x1_0000, 0x4_0000, 0];

const directory = mkdtempSync(join(tmpdir(), 'elf-mm-'));
const program = join(directory, 'memory-calls');
afterAll(() => rmSync(directory, { recursive: true }));

/** mremap moves several areas at once since Linux 6.17, so that older kernels answer differently. */
function isComparable(): boolean {
  const [major, minor] = release().split('.').map(Number);
  return (major > 6 || (major === 6 && minor >= 17)) && buildNative(program);
}

/** A script made while our side runs it, and what our side gave. */
function generate(start: NativeStart, seed: number): Scripts {
  const scripts = new Scripts(new Random(seed * 7919), ScriptRunner.start(start));
  if (seed % 2 === 1) scripts.perform({ kind: 'P', numbers: [LOCK_LIMITS[(seed >>> 1) % LOCK_LIMITS.length]] });
  for (let step = 0; step < STEPS; step++) scripts.add();
  return scripts;
}

/** The first step at which our side and the kernel differ, with both answers and the operations before it. */
function difference(operations: readonly Operation[], ours: readonly string[], kernel: readonly string[]): unknown {
  const at = ours.findIndex((step, index) => !sameStep(step, kernel[index] ?? 'nothing'));
  if (at < 0 && ours.length === kernel.length) return undefined;
  return { step: at, ours: ours[at], kernel: kernel[at], operations: operations.slice(0, at + 1) };
}

const live = isComparable() ? runNative(program, []).start : undefined;
if (process.env.ELF_RECORD_OUTCOMES && live !== undefined) {
  const scripts = Array.from({ length: RECORDED_SCRIPTS }, (_, seed): RecordedScript => {
    const { operations } = generate(live, 1000 + seed);
    return { operations, results: runNative(program, operations).steps.map(digest) };
  });
  writeFileSync(RECORDED, writeRecording({ start: live, scripts }));
}
const recording = readRecording(readFileSync(RECORDED, 'utf8'));

describe('recorded scripts', () => {
  it('are as many as were recorded', () => {
    expect(recording.scripts).toHaveLength(RECORDED_SCRIPTS);
    for (const { results } of recording.scripts) expect(results.length).toBeGreaterThanOrEqual(STEPS);
  });

  it.each(recording.scripts.map((script, index) => [index, script] as const))('script %i', (_, script) => {
    const ours = ScriptRunner.start(recording.start).run(script.operations).map(digest);
    expect(difference(script.operations, ours, script.results)).toBeUndefined();
  });
});

describe('live scripts', () => {
  // A place without them is no failure: the recorded scripts have been compared there.
  if (live === undefined)
    console.info('Memory calls are not compared live: that takes Linux 6.17 or later and a C compiler.');
  it.runIf(live !== undefined)('do here what they do on this kernel', () => {
    for (let seed = LIVE_SEED; seed < LIVE_SEED + LIVE_SCRIPTS; seed++) {
      const { operations, steps } = generate(live as NativeStart, seed);
      const kernel = runNative(program, operations).steps;
      const found = difference(operations, steps.map(digest), kernel.map(digest));
      expect({ seed, found }).toEqual({ seed, found: undefined });
    }
  });
});
