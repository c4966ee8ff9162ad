// Writes docs/reference/system-calls.md; run with `npx tsx scripts/generate-system-call-reference.ts` after changing a row.
import { writeFileSync } from 'node:fs';
import { systemCallReference } from './system-call-reference.ts';

writeFileSync(new URL('../docs/reference/system-calls.md', import.meta.url), systemCallReference());
