// The committed reference of check rules is what the rows say.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECK_RULES } from '../packages/exec/src/check.ts';
import { checkRuleReference } from './check-rule-reference.ts';

describe('docs/reference/check-rules.md', () => {
  const committed = readFileSync(new URL('../docs/reference/check-rules.md', import.meta.url), 'utf8');

  it('is up to date (npx tsx scripts/generate-check-rule-reference.ts)', () => {
    expect(committed).toBe(checkRuleReference());
  });

  it('has a section for every rule', () => {
    for (const { id, title } of CHECK_RULES) expect(committed).toContain(`### ${id}\n\n**${title}**`);
  });
});
