// The text of docs/reference/system-calls.md, made of the rows of the Linux personality.
import { LINUX_CALLS } from '../packages/linux/src/index.ts';

type Row = (typeof LINUX_CALLS)[number];

const HEAD = `# System calls

<!-- Made by scripts/generate-system-call-reference.ts from the rows in packages/linux/src/calls; a test compares. -->

What a Linux program may ask of a machine, by the calls' numbers for x86-64 and i386. \`elf run -strace\` prints them as they happen.

- **full**: every argument and flag Linux has, with its errors.
- **partial**: the last column says what is missing.
- **refused**: the call is known and always the error of the last column.

A number that is not here is ENOSYS.
`;

/** The whole page. */
export function systemCallReference(): string {
  const rows = [...LINUX_CALLS].sort(
    (left, right) => order(left) - order(right) || left.name.localeCompare(right.name),
  );
  const table = ['| call | x86-64 | i386 | support | what is missing |', '|---|---|---|---|---|', ...rows.map(line)];
  return `${[HEAD, counts(rows), '', ...table].join('\n')}\n`;
}

function counts(rows: readonly Row[]): string {
  const count = (abi: string, support: Row['support']) =>
    rows.filter((row) => row.numbers[abi] !== undefined && row.support === support).length;
  const text = ['x86-64', 'i386'].map(
    (abi) => `| ${abi} | ${(['full', 'partial', 'refused'] as const).map((level) => count(abi, level)).join(' | ')} |`,
  );
  return ['| numbers | full | partial | refused |', '|---|---|---|---|', ...text].join('\n');
}

/** By the number for x86-64; calls of i386 alone come last. */
function order({ numbers }: Row): number {
  const last = 100_000;
  return numbers['x86-64'] ?? last + (numbers.i386 ?? last);
}

function line({ name, numbers, support, note }: Row): string {
  const cells = [`\`${name}\``, numbers['x86-64'] ?? '', numbers.i386 ?? '', support, note ?? ''];
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}
