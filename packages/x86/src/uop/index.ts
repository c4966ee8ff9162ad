// The table of all micro-operations, numbered: hot ones first, because the interpreter's dispatch indexes them directly.
import { controlRows } from './control.ts';
import { floatArithmeticRows } from './float-arithmetic.ts';
import { floatCompareRows } from './float-compare.ts';
import { floatConvertRows } from './float-convert.ts';
import { floatRoundRows } from './float-round.ts';
import { integerRows } from './integer.ts';
import { joinedRows } from './joined.ts';
import { memoryRows } from './memory.ts';
import { mmxRows } from './mmx.ts';
import { moveRows } from './move.ts';
import { recordBytes, type UopRow } from './uop-row.ts';
import { vectorRows } from './vector.ts';
import { vectorLaneRows } from './vector-lanes.ts';
import { vectorMemoryRows } from './vector-memory.ts';

/** A row with its number and record size. */
export interface NumberedUop {
  readonly number: number;
  readonly sizeInBytes: number;
  readonly row: UopRow;
}

/** Every micro-operation by number and by name. */
export interface UopTable {
  readonly hotCount: number;
  readonly list: readonly NumberedUop[];
  /** Throws a TypeError for a name that no row has: a wrong lift fails when it is built, not when it runs. */
  find(name: string): NumberedUop;
}

/** Numbers the rows; throws a TypeError when two rows share a name. */
export function buildUopTable(rows: readonly UopRow[] = allRows()): UopTable {
  const ordered = [...rows.filter((row) => row.hot), ...rows.filter((row) => !row.hot)];
  const list = ordered.map((row, number) => ({ number, sizeInBytes: recordBytes(row), row }));
  const byName = new Map(list.map((entry) => [entry.row.name, entry]));
  if (byName.size !== list.length) throw new TypeError('two micro-operation rows have the same name');
  const find = (name: string): NumberedUop => {
    const entry = byName.get(name);
    if (entry === undefined) throw new TypeError(`no micro-operation is called ${name}`);
    return entry;
  };
  return { hotCount: rows.filter((row) => row.hot).length, list, find };
}

function allRows(): UopRow[] {
  return [
    ...controlRows,
    ...integerRows,
    ...moveRows,
    ...memoryRows,
    ...vectorRows,
    ...vectorLaneRows,
    ...vectorMemoryRows,
    ...floatArithmeticRows,
    ...floatCompareRows,
    ...floatConvertRows,
    ...floatRoundRows,
    ...mmxRows,
    ...joinedRows,
  ];
}
