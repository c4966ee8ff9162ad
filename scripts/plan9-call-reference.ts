// The text of docs/reference/plan9-system-calls.md, made of the rows of the Plan 9 personality.
import { PLAN9_CALLS } from '../packages/plan9/src/index.ts';

type Row = (typeof PLAN9_CALLS)[number];

const HEAD = `# Plan 9 system calls

<!-- Made by scripts/generate-plan9-call-reference.ts from the rows in packages/plan9/src/calls; a test compares. -->

What a Plan 9 program for amd64 or 386 may ask of a machine; the numbers are the same on both. \`elf run -strace\` prints them as they
happen. Names that begin with an underscore are those of programs before the 4th edition.

- **full**: every argument Plan 9 has, with its error strings.
- **partial**: the last column says what is missing.
- **refused**: the call is known and always fails, with what the last column says.

A number that is not here is what it is on Plan 9: the line \`bad sys call number N pc P\` on descriptor 2 and the note
\`sys: bad sys call\`, which ends a program that does not handle it.
`;

/** The whole page. */
export function plan9CallReference(): string {
  const rows = [...PLAN9_CALLS].sort(
    (left, right) => numberOf(left) - numberOf(right) || machines(left).localeCompare(machines(right)),
  );
  const table = [
    '| call | number | arguments | support | what is missing |',
    '|---|---|---|---|---|',
    ...rows.map(line),
  ];
  return `${[HEAD, counts(), '', ...table].join('\n')}\n`;
}

function numberOf({ numbers }: Row): number {
  return numbers.amd64 ?? numbers['386'];
}

/** For a row of one machine only. */
function machines({ numbers }: Row): string {
  const names = Object.keys(numbers);
  return names.length > 1 ? '' : ` (${names[0]})`;
}

function counts(): string {
  const levels = ['full', 'partial', 'refused'] as const;
  const count = (level: Row['support']) =>
    PLAN9_CALLS.filter(({ support, numbers }) => support === level && numbers.amd64 !== undefined).length;
  return ['| full | partial | refused |', '|---|---|---|', `| ${levels.map(count).join(' | ')} |`].join('\n');
}

function line(row: Row): string {
  const { name, support, note } = row;
  const names = Object.keys(row.arguments).join(', ');
  const cells = [`\`${name}\`${machines(row)}`, numberOf(row), names, support, note ?? ''];
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}
