// Writes docs/reference/check-rules.md; run with `npx tsx scripts/generate-check-rule-reference.ts` after changing a rule of elf check.
import { writeFileSync } from 'node:fs';
import { checkRuleReference } from './check-rule-reference.ts';

writeFileSync(new URL('../docs/reference/check-rules.md', import.meta.url), checkRuleReference());
