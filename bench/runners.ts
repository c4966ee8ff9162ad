// The runners a benchmark compares (native, qemu-x86_64, blink, elf run) and their interleaved timing: wall clock and CPU time of each run.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The built command. */
export const elf = fileURLToPath(new URL('../apps/cli/dist/elf.js', import.meta.url));

/** One way to run a program: what stands before its name on the command line. */
interface Runner {
  readonly name: string;
  readonly command: readonly string[];
}

/** One run: seconds by the clock, seconds of CPU time in all threads, and what it printed. */
export interface Timing {
  readonly wall: number;
  readonly cpu: number;
  readonly output: string;
}

export function found(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** The runners of this machine, `native` first and `elf` last. */
export function runnersHere(): Runner[] {
  return [
    { name: 'native', command: [] },
    { name: 'qemu-x86_64', command: ['qemu-x86_64'] },
    { name: 'blink', command: ['blink'] },
    { name: 'elf', command: [process.execPath, elf, 'run'] },
  ].filter(({ command, name }) => name === 'elf' || name === 'native' || found(command[0]));
}

// The shell's `times` names the CPU time of its children (POSIX, times); Node tells nobody else's.
function timed(command: readonly string[]): Timing & { readonly status: number | null; readonly errors: string } {
  const start = performance.now();
  const result = spawnSync('sh', ['-c', '"$@"; s=$?; times >&3; exit $s', 'sh', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  const wall = (performance.now() - start) / 1000;
  const child = /\n(\d+)m([\d.]+)s (\d+)m([\d.]+)s/.exec(result.output[3] ?? '');
  if (child === null) throw new Error(`no CPU time of ${command.join(' ')}`);
  const [minutes, seconds, systemMinutes, systemSeconds] = child.slice(1).map(Number);
  const cpu = 60 * (minutes + systemMinutes) + seconds + systemSeconds;
  return { wall, cpu, output: result.stdout, status: result.status, errors: result.stderr };
}

/**
 * Runs a program with every runner in turn, round after round, so that all of them see the machine in the same states.
 * @returns all timings by runner name, in the runners' order
 */
export function measure(runners: readonly Runner[], program: readonly string[], rounds: number): Map<string, Timing[]> {
  const all = new Map<string, Timing[]>(runners.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, command } of runners) {
      const timing = timed([...command, ...program]);
      if (timing.status !== 0) throw new Error(`${name} ended with ${timing.status ?? 'a signal'}: ${timing.errors}`);
      all.get(name)?.push(timing);
    }
  }
  return all;
}

/** The smallest of some timings by one of their measures. */
export function smallest(timings: readonly Timing[], by: 'wall' | 'cpu'): number {
  return Math.min(...timings.map((timing) => timing[by]));
}

/** Guest instructions a run retires, counted by our CPU (`elf run --stats`). */
export function guestInstructions(program: readonly string[]): number {
  const result = spawnSync(process.execPath, [elf, 'run', '--stats', ...program], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const match = /([\d,]+) (?:guest )?instructions/.exec(result.stderr);
  if (match === null) throw new Error(`elf run --stats named no instruction count: ${result.stderr}`);
  return Number(match[1].replaceAll(',', ''));
}
