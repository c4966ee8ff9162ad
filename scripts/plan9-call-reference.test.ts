// The committed reference of Plan 9 calls is what the rows say.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLAN9_CALLS } from '../packages/plan9/src/index.ts';
import { plan9CallReference } from './plan9-call-reference.ts';

describe('docs/reference/plan9-system-calls.md', () => {
  it('is up to date: npm run reference', () => {
    const page = readFileSync(new URL('../docs/reference/plan9-system-calls.md', import.meta.url), 'utf8');
    expect(page).toBe(plan9CallReference());
  });

  it('says of every call that is not full what is missing', () => {
    const silent = PLAN9_CALLS.filter(({ support, note }) => support !== 'full' && (note ?? '') === '');
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('has a row for every number of the system', () => {
    // 48 and 49 are not used (/sys/src/libc/9syscall/sys.h).
    const wanted = Array.from({ length: 54 }, (_, number) => number).filter((number) => number !== 48 && number !== 49);
    for (const machine of ['amd64', '386']) {
      const numbers = PLAN9_CALLS.flatMap((row) => row.numbers[machine] ?? []);
      expect(numbers.sort((left, right) => left - right)).toEqual(wanted);
    }
  });
});
