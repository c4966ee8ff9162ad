// The micro-operation table: within its budget, consistent, and deterministic as a module.
import { describe, expect, it } from 'vitest';
import { generateInterpreter } from '../engine/interpreter.ts';
import { buildUopTable } from './index.ts';

const table = buildUopTable();

/** The operation behind the variants of a row: width, shape, mode and condition removed. */
function family(name: string): string {
  return name
    .replace(/^(jcc|cond)\..*/, '$1')
    .replace(/^([if])(32|64)(x[24])?\./, '$1.')
    .replace(/^i(8x16|16x8)\./, 'i.')
    .replace(/\.(cmp|round)\..*/, '.$1')
    .replace(/[if](8x16|16x8|32x4|64x2)_/g, '')
    .replace(/[._](f|o|s|u|low|high)(?=[._]|$)/g, '')
    .replace(/\.(bi|bid|bd)\d?$/, '')
    .replace(/[._]?\d+(?=\.|$)/g, '');
}

describe('micro-operations', () => {
  it('stay within the budget of 120 operations', () => {
    // A joined row is the work of two others.
    const families = new Set(table.list.filter(({ row }) => row.joins === undefined).map(({ row }) => family(row.name)));
    expect(families.size, [...families].join(' ')).toBeLessThanOrEqual(120);
  });
  it('keep the dispatch loop below 300 handlers', () => {
    expect(table.hotCount).toBeLessThanOrEqual(300);
  });
  it('have a flagless twin for every row with flags', () => {
    const names = new Set(table.list.map(({ row }) => row.name));
    for (const name of names) if (name.includes('.f.')) expect(names).toContain(name.replace('.f.', '.'));
  });
  it('generate the same module each time', () => {
    const placement = { state: 64, tlb: 4096, lookup: 65536, lookupEntries: 4096 };
    const first = generateInterpreter(table, placement);
    expect(generateInterpreter(buildUopTable(), placement)).toEqual(first);
    expect(WebAssembly.validate(first)).toBe(true);
  });
  it('refuses a name no row has', () => {
    expect(() => table.find('add.128')).toThrow(/add\.128/);
  });
});
