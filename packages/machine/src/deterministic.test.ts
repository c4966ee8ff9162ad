// The same run twice: programs with threads, signals, timers, pipes and processes give the same output after the same number of instructions.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createMemoryHost, memoryClock } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { createMachine } from './index.ts';

const fixture = (name: string) => readFileSync(fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url)));

interface Run {
  readonly text: string;
  readonly trace: string;
  readonly outcome: unknown;
  readonly instructions: number;
}

async function runOnce(program: Uint8Array, words: readonly string[]): Promise<Run> {
  const output: string[] = [];
  const lines: string[] = [];
  const host = createMemoryHost({
    files: { '/program': program },
    // Looks at the clock take long here, so that programs which wait by looking do not look a million times.
    clock: memoryClock({ tick: 50_000 }),
    input: new TextEncoder().encode('some input\n'),
    onOutput: (bytes) => output.push(Buffer.from(bytes).toString('latin1')),
  });
  const machine = createMachine({ host, trace: (line) => lines.push(line) });
  const outcome = await machine.run({ path: '/program', arguments: ['program', ...words] });
  return { text: output.join(''), trace: lines.join('\n'), outcome, instructions: machine.instructions };
}

describe('two runs on a host in memory', () => {
  it.each([
    ['hello-asm/hello', ['a', 'b']],
    ['printf-c/printf-musl', ['text', '3.14159']],
    ['memory-c/memory-musl', []],
    ...['counters', 'timers', 'signals', 'processes', 'waits', 'pairs', 'words'].map(
      (part) => ['descriptors-c/descriptors-musl', [part]] as const,
    ),
    ['stress-c/stress', ['threads', '50']],
    ['stress-c/stress', ['pipes', '20']],
    ['stress-c/stress', ['forks', '30']],
    ['i386-calls/calls', []],
    // Dies of a signal.
    ['faults-asm/faults', ['s']],
  ] as const)('%s %j', async (name, words) => {
    const program = fixture(name);
    const first = await runOnce(program, words);
    const second = await runOnce(program, words);
    expect(first.instructions).toBeGreaterThan(0);
    expect(second).toEqual(first);
  });
});
