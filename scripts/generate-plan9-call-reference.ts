// Writes docs/reference/plan9-system-calls.md; run with `npx tsx scripts/generate-plan9-call-reference.ts` after changing a row.
import { writeFileSync } from 'node:fs';
import { plan9CallReference } from './plan9-call-reference.ts';

writeFileSync(new URL('../docs/reference/plan9-system-calls.md', import.meta.url), plan9CallReference());
