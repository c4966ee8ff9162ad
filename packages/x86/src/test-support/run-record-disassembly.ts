// Records objdump's text of instructions made from the rows: npx tsx --tsconfig tsconfig.sources.json src/test-support/run-record-disassembly.ts
import { askObjdump, encodeForms, hasObjdump, writeForms } from './disassembly-forms.ts';

const SEED = 2026;
const FORMS_PER_ROW = 3;

if (!hasObjdump()) {
  console.error('objdump of GNU binutils 2.40 is needed, as later versions print some instructions differently');
  process.exit(2);
}
for (const mode of [64, 32] as const) {
  const forms = askObjdump(encodeForms(mode, SEED, FORMS_PER_ROW), mode);
  console.log(`${mode}-bit mode: ${forms.length} forms, ${writeForms(mode, forms)} bytes`);
}
