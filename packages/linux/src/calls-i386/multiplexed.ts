// Running a row whose arguments a multiplexer found elsewhere than in registers.
import { CallFailure, type SystemCallResult, type SystemCallRow, type Thread } from '@elf/kernel';

const ARGUMENTS = 6;

/** Decodes `words` as the row's arguments, zeros after the last one, and runs it. */
export function runWithWords(task: Thread, row: SystemCallRow, words: readonly number[]): SystemCallResult {
  const low = new Int32Array(ARGUMENTS);
  low.set(words);
  const names = Object.keys(row.arguments);
  const raw = { task, low, high: new Int32Array(ARGUMENTS), indexOf: (key: string) => names.indexOf(key) };
  const values: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) {
    const value = row.arguments[name].decode(raw, index);
    if (value instanceof CallFailure) return -value.errno;
    values[name] = value;
  }
  return row.run(task, values);
}
