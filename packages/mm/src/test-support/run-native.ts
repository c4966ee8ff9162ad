// Runs native/memory-calls.c: builds it where there is a compiler and an x86-64 Linux, feeds it a script, reads its answer.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type NativeStart, type Operation, type Step, shortMaps } from './script-runner.ts';

const SOURCE = fileURLToPath(new URL('../../native/memory-calls.c', import.meta.url));

/** Builds the program; false where it cannot run. */
export function buildNative(path: string): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false;
  return spawnSync('gcc', ['-O1', '-static', '-o', path, SOURCE]).status === 0;
}

/** A script as the program reads it. */
export function scriptText(script: readonly Operation[]): string {
  return script.map(({ kind, numbers }) => `${kind} ${numbers.join(' ')}\n`).join('');
}

/** Where the program stands before its script, and what each operation gave. */
export function runNative(path: string, script: readonly Operation[]): { start: NativeStart; steps: Step[] } {
  const ran = spawnSync(path, { input: scriptText(script), encoding: 'utf8', maxBuffer: 1 << 30 });
  if (ran.status !== 0) throw new Error(`the native run ended with status ${ran.status}, signal ${ran.signal}`);
  const lines = ran.stdout.trimEnd().split('\n');
  const [programBreak, dataBytes, memoryBytes] = lines[0].slice(1).split(' ').map(Number);
  let maps: string[] = [];
  const blocks: { result: string; maps: string[] }[] = [];
  let initial: string[] | undefined;
  for (const line of lines.slice(1)) {
    if (line.startsWith('=')) {
      initial ??= maps;
      blocks.push({ result: line.slice(1), maps: blocks.at(-1)?.maps ?? initial });
      maps = [];
    } else {
      // Where the program was built must not show in recordings.
      maps.push(line.slice(1).replace(/\S*\/memory-calls$/, '/memory-calls'));
      const last = blocks.at(-1);
      if (last !== undefined) last.maps = maps;
    }
  }
  const start = { programBreak, dataBytes, memoryBytes, maps: initial ?? maps };
  const window = windowOf(start);
  return { start, steps: blocks.map((block) => ({ result: block.result, maps: shortMaps(block.maps, window) })) };
}

function windowOf({ maps }: NativeStart): [number, number] {
  const startOf = (name: string) => Number.parseInt(maps.find((line) => line.endsWith(name)) as string, 16);
  return [startOf('[heap]'), startOf('[vvar]')];
}
