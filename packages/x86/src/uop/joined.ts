// Pairs of rows that end blocks together often enough to share one dispatch: a comparison and the jump that asks for it.
import { controlRows } from './control.ts';
import { integerRows } from './integer.ts';
import type { UopRow } from './uop-row.ts';

// Counted as executed in CoreMark, busybox sort and python3: these are 97 % or more of the jumps behind a comparison.
const AFTER_SUBTRACTION = ['e', 'ne', 'b', 'ae', 'be', 'a', 'l', 'ge', 'le', 'g'];
const AFTER_AND = ['e', 'ne', 's', 'ns'];

function join(first: UopRow, second: UopRow): UopRow {
  return {
    name: `${first.name}+${second.name}`,
    operands: [...first.operands, ...second.operands],
    hot: true,
    flags: first.flags,
    faults: first.faults || second.faults,
    ends: second.ends,
    emit: (e) => {
      first.emit(e);
      second.emit(e.behind(first));
    },
    joins: [first, second],
  };
}

function joinedWith(first: RegExp, conditions: readonly string[]): UopRow[] {
  const jumps = controlRows.filter(({ name }) => conditions.some((condition) => name === `jcc.${condition}`));
  return integerRows.filter(({ name }) => first.test(name)).flatMap((row) => jumps.map((jump) => join(row, jump)));
}

/** All rows of this file; each is made of two others, whose bodies it repeats. */
export const joinedRows: readonly UopRow[] = /* @__PURE__ */ [...joinedWith(/^sub\.o\./, AFTER_SUBTRACTION), ...joinedWith(/^and\.o\.(8|32|64)$/, AFTER_AND)];
