// The committed reference of system calls is what the rows say.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LINUX_CALLS } from '../packages/linux/src/index.ts';
import { systemCallReference } from './system-call-reference.ts';

describe('docs/reference/system-calls.md', () => {
  it('is up to date: npm run reference', () => {
    const page = readFileSync(new URL('../docs/reference/system-calls.md', import.meta.url), 'utf8');
    expect(page).toBe(systemCallReference());
  });

  it('says of every call that is not full what is missing', () => {
    const silent = LINUX_CALLS.filter(({ support, note }) => support !== 'full' && (note ?? '') === '');
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});
