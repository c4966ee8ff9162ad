// What two runs of a row disagree about, in words.
import type { RowResult } from './run-row.ts';

/** Characters of a differing line that are shown. */
const SHOWN_CHARACTERS = 300;

/** One line for each difference; none when the runs are equal. */
export function differences(native: RowResult, ours: RowResult): string[] {
  const found: string[] = [];
  if (native.status !== ours.status) found.push(`status: native ${native.status}, elf ${ours.status}`);
  found.push(...textDifference('stdout', native.stdout, ours.stdout));
  found.push(...textDifference('stderr', native.stderr, ours.stderr));
  for (const path of new Set([...native.files.keys(), ...ours.files.keys()])) {
    const [left, right] = [native.files.get(path), ours.files.get(path)];
    if (left !== right) found.push(`file ${path}: native ${left ?? 'absent'}, elf ${right ?? 'absent'}`);
  }
  return found;
}

function textDifference(title: string, native: string, ours: string): string[] {
  if (native === ours) return [];
  const [left, right] = [native.split('\n'), ours.split('\n')];
  const index = left.findIndex((line, at) => line !== right[at]);
  const at = index < 0 ? left.length : index;
  const show = (line: string | undefined) =>
    line === undefined ? 'the end' : JSON.stringify(line.slice(0, SHOWN_CHARACTERS));
  return [`${title} line ${at + 1}: native ${show(left[at])}, elf ${show(right[at])}`];
}
