// Rows of i386 that do what another row does: under another name, with wider structures or with their arguments packed differently.
import type { SystemCallRow } from '@elf/kernel';

/** What such a row has otherwise. Arguments that are not named stay, in their order. */
export type RowChanges = Partial<Pick<SystemCallRow, 'arguments' | 'variant' | 'run' | 'result'>>;

/** A row with only an i386 number that takes everything else from another. */
export function derivedRow(row: SystemCallRow, name: string, number: number, changes: RowChanges = {}): SystemCallRow {
  return { ...row, ...changes, name, numbers: { i386: number }, arguments: { ...row.arguments, ...changes.arguments } };
}
