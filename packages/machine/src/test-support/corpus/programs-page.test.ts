// The page of programs keeps the lines of rows that were not run, and every row of the corpus can be found by its name.
import { describe, expect, it } from 'vitest';
import { row } from './corpus-row.ts';
import { CORPUS } from './corpus-rows.ts';
import { programsPage } from './programs-page.ts';

const rows = [row('first', 'pack', 'first -a | wc'), row('second', 'pack', 'second')];

describe('programsPage', () => {
  it('replaces the lines of rows that ran and keeps the others', () => {
    const run = { name: 'first', result: 'equal', seconds: 1.25, instructions: 2_500_000 };
    const page = programsPage(rows, [run], '', '2026-01-02');
    expect(page).toContain('2 rows, 1 equal.');
    expect(page).toContain('| first | pack | `first -a \\| wc` | equal | 2.5 | 1.3 | 2026-01-02 |');
    expect(page).toContain('| second | pack | `second` | not run | - | - | - |');
    const later = programsPage(rows, [{ ...run, name: 'second', result: 'different: a|b' }], page, '2026-02-03');
    expect(later).toContain('| equal | 2.5 | 1.3 | 2026-01-02 |');
    expect(later).toContain('| different: a\\|b | 2.5 | 1.3 | 2026-02-03 |');
  });
});

describe('the corpus', () => {
  it('has one row for each name, and names without spaces', () => {
    const names = CORPUS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => /\s/.test(name))).toEqual([]);
  });
});
