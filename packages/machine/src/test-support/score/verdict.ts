// What a test program's end says: LTP's exit statuses (tst_res_flags.h), which for 0 and 1 are everybody's.

/** PASS; CONF: not for this system; WARN, FAIL, BROK: LTP's; KILLED: by a signal; TIMEOUT; SKIP: not started. */
export type Verdict = 'PASS' | 'CONF' | 'WARN' | 'FAIL' | 'BROK' | 'KILLED' | 'TIMEOUT' | 'SKIP';

/** In the order of a table's columns. */
export const VERDICTS: readonly Verdict[] = ['PASS', 'CONF', 'WARN', 'FAIL', 'BROK', 'KILLED', 'TIMEOUT', 'SKIP'];

/** How one program ended under one runner. */
export interface Ending {
  /** Exit status; undefined for one that a signal ended. */
  readonly status: number | undefined;
  readonly isLate: boolean;
}

/** Statuses of the shell, env(1) and ours for "ended by a signal". */
const FIRST_SIGNAL_STATUS = 128;

/** The bits of an exit status, worst first: a program that failed and warned has failed. */
const BITS: readonly (readonly [bit: number, verdict: Verdict])[] = [
  [1, 'FAIL'],
  [2, 'BROK'],
  [4, 'WARN'],
  [32, 'CONF'],
];

/** The verdict of an ending. */
export function verdictOf({ status, isLate }: Ending): Verdict {
  if (isLate) return 'TIMEOUT';
  if (status === undefined || status > FIRST_SIGNAL_STATUS) return 'KILLED';
  if (status === 0) return 'PASS';
  return BITS.find(([bit]) => (status & bit) !== 0)?.[1] ?? 'FAIL';
}
