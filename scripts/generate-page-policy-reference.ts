// Writes docs/reference/page-policies.md; run with `npx tsx scripts/generate-page-policy-reference.ts` after changing a policy row.
import { writeFileSync } from 'node:fs';
import { pagePolicyReference } from './page-policy-reference.ts';

writeFileSync(new URL('../docs/reference/page-policies.md', import.meta.url), pagePolicyReference());
