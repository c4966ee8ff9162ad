// Writes docs/reference/instructions.md; run with `npx tsx scripts/generate-instruction-reference.ts` after changing an instruction row.
import { writeFileSync } from 'node:fs';
import { instructionReference } from './instruction-reference.ts';

writeFileSync(new URL('../docs/reference/instructions.md', import.meta.url), instructionReference());
