// The committed reference of page policies is what the rows say.
import { readFileSync } from 'node:fs';
import { PAGE_POLICIES } from '../packages/pagesize/src/index.ts';
import { describe, expect, it } from 'vitest';
import { pagePolicyReference } from './page-policy-reference.ts';

describe('docs/reference/page-policies.md', () => {
  const committed = readFileSync(new URL('../docs/reference/page-policies.md', import.meta.url), 'utf8');

  it('is up to date (npx tsx scripts/generate-page-policy-reference.ts)', () => {
    expect(committed).toBe(pagePolicyReference());
  });

  it('has a section for every policy', () => {
    for (const { name, title } of PAGE_POLICIES) expect(committed).toContain(`## ${name}\n\n**${title}.**`);
  });
});
