// System calls as rows: name, numbers, arguments, support level and code in one place (decision D1).
import type { ArgumentKind } from './argument-kind.ts';
import type { SystemCallResult } from './pending.ts';
import type { Thread } from './thread.ts';

/** How much of a call is there. `note` says what is missing. */
export type SupportLevel = 'full' | 'partial' | 'refused';

type ArgumentKinds = Readonly<Record<string, ArgumentKind<unknown>>>;
type ArgumentValues<Kinds> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends ArgumentKind<infer Value> ? Value : never;
};

/** A row without its argument types: what tables, traces and the reference page read. */
export interface SystemCallRow {
  readonly name: string;
  /** Call numbers by ABI name. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly support: SupportLevel;
  readonly note?: string;
  /** One kind per argument register, in register order. */
  readonly arguments: ArgumentKinds;
  /** Name of a variant of the personality's structures that this row uses, such as 64-bit times on a 32-bit ABI. */
  readonly variant?: string;
  /** How the trace prints a result that is not an error. */
  readonly result?: 'decimal' | 'hex' | 'octal' | 'none';
  run(task: Thread, values: Readonly<Record<string, unknown>>): SystemCallResult;
}

/** A row while it is written: `run` sees the decoded values with their types. */
export interface SystemCallDefinition<Kinds extends ArgumentKinds> extends Omit<SystemCallRow, 'arguments' | 'run'> {
  readonly arguments: Kinds;
  run(task: Thread, values: ArgumentValues<Kinds>): SystemCallResult;
}

/**
 * Makes a row. Arguments are decoded before `run` is called; a bad pointer is EFAULT without the call being entered.
 * @example
 * export const getpid = defineSystemCall({
 *   name: 'getpid', numbers: { 'x86-64': 39 }, support: 'full', arguments: {},
 *   run: (task) => task.process.id,
 * });
 */
export function defineSystemCall<Kinds extends ArgumentKinds>(definition: SystemCallDefinition<Kinds>): SystemCallRow {
  return definition as unknown as SystemCallRow;
}

/** Rows by ABI and number. */
export interface SystemCallTable {
  readonly rows: readonly SystemCallRow[];
  find(abi: string, number: number): SystemCallRow | undefined;
}

/**
 * Indexes rows by number.
 * @throws TypeError when two rows claim the same number: a mistake in the table.
 */
export function createSystemCallTable(rows: readonly SystemCallRow[]): SystemCallTable {
  const byAbi = new Map<string, SystemCallRow[]>();
  for (const row of rows) {
    for (const [abi, number] of Object.entries(row.numbers)) {
      const numbered = byAbi.get(abi) ?? [];
      byAbi.set(abi, numbered);
      const taken = numbered[number];
      if (taken !== undefined) throw new TypeError(`${row.name} and ${taken.name} both claim ${abi} call ${number}.`);
      numbered[number] = row;
    }
  }
  return { rows, find: (abi, number) => byAbi.get(abi)?.[number] };
}
