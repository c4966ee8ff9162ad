// The text in which scripts and what the real kernel answered are kept: one operation a line, with result and a hash of the maps.
import type { NativeStart, Operation, Step } from './script-runner.ts';

/** Scripts of one recording, which all began at the same place. */
export interface Recording {
  readonly start: NativeStart;
  readonly scripts: readonly RecordedScript[];
}

/** A script and what came of it; maps are hashed. */
export interface RecordedScript {
  readonly operations: readonly Operation[];
  readonly results: readonly string[];
}

/** A step as it is recorded: its result and the hash of its maps (32 bits, FNV-1a). */
export function digest({ result, maps }: Step): string {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < maps.length; index++) hash = Math.imul(hash ^ maps.charCodeAt(index), 0x0100_0193);
  return `${result} ${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

/** The lines of a recording. */
export function writeRecording({ start, scripts }: Recording): string {
  const lines = [
    `B ${start.programBreak} ${start.dataBytes} ${start.memoryBytes}`,
    ...start.maps.map((line) => `M ${line}`),
  ];
  for (const { operations, results } of scripts) {
    lines.push('S');
    const forks: number[] = [];
    let next = 0;
    for (const { kind, numbers } of operations) {
      const shown = numbers.map((number) => (number > 0xffff ? `0x${number.toString(16)}` : String(number)));
      lines.push(`${kind} ${shown.join(' ')} = ${results[next++]}`);
      if (kind === 'F') forks.push(numbers[0]);
      else if (forks.length > 0 && --forks[0] === 0) {
        forks.pop();
        lines.push(`J = ${results[next++]}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Reads what {@link writeRecording} wrote. */
export function readRecording(text: string): Recording {
  const maps: string[] = [];
  const scripts: { operations: Operation[]; results: string[] }[] = [];
  let begin: readonly number[] = [];
  for (const line of text.trimEnd().split('\n')) {
    const kind = line[0];
    if (kind === 'B') begin = line.slice(2).split(' ').map(Number);
    else if (kind === 'M') maps.push(line.slice(2));
    else if (kind === 'S') scripts.push({ operations: [], results: [] });
    else {
      const script = scripts[scripts.length - 1];
      const [left, result] = line.split(' = ');
      script.results.push(result);
      if (kind !== 'J') script.operations.push({ kind, numbers: left.split(' ').slice(1).map(Number) });
    }
  }
  const [programBreak, dataBytes, memoryBytes] = begin;
  return { start: { programBreak, dataBytes, memoryBytes, maps }, scripts };
}

/** Whether our step is the kernel's: residency digits of file pages, "-" in ours, may be anything. */
export function sameStep(ours: string, kernel: string): boolean {
  if (ours === kernel) return true;
  return (
    ours.includes('-') && ours.length === kernel.length && [...ours].every((c, at) => c === '-' || c === kernel[at])
  );
}
