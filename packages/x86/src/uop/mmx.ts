// The change of the x87 unit to MMX use (SDM vol. 1, section 9.5.1).
import { ExitStatus } from '../engine/exit-status.ts';
import { EXIT_DETAIL, X87_CONTROL } from '../state/layout.ts';
import { type UopRow, uop } from './uop-row.ts';

// The i64 at X87_CONTROL: control word, status word, tag byte (one bit for each register in use).
const ERROR_SUMMARY = 1n << 23n;
const TOP = 0x3800n << 16n;
const ALL_IN_USE = 0xffn << 32n;
/** #MF. */
const FLOATING_POINT_ERROR = 16;

/** All rows of this file. */
export const mmxRows: readonly UopRow[] = [
  // An x87 exception that waits is raised before the instruction does anything.
  uop(
    'mmx.check',
    '',
    (e) => {
      e.state(X87_CONTROL);
      e.code.i64(ERROR_SUMMARY).ops('i64_and', 'i64_eqz', 'i32_eqz').if();
      e.setState(EXIT_DETAIL, () => e.code.i64(FLOATING_POINT_ERROR));
      e.exit(ExitStatus.Exception);
      e.code.end();
    },
    { faults: true },
  ),
  // A store moves the stack top before it can fault, and marks the registers after it.
  uop('mmx.top', '', (e) =>
    e.setState(X87_CONTROL, () => {
      e.state(X87_CONTROL);
      e.code.i64(~TOP).ops('i64_and');
    }),
  ),
  // The stack top becomes 0 and every register is in use.
  uop('mmx.enter', '', (e) =>
    e.setState(X87_CONTROL, () => {
      e.state(X87_CONTROL);
      e.code.i64(~TOP).ops('i64_and').i64(ALL_IN_USE).ops('i64_or');
    }),
  ),
];
