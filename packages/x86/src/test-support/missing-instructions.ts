// Which instructions of real binaries our decoder lacks, by frequency: npx tsx --tsconfig tsconfig.sources.json src/test-support/missing-instructions.ts FILE...
import { readFileSync } from 'node:fs';
import { codeSections, DecodeComparison, Tally } from './decode-comparison.ts';

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: missing-instructions.ts FILE...');
  process.exit(2);
}
const comparison = new DecodeComparison();
const tallies = { missing: new Tally(), length: new Tally(), mnemonic: new Tally(), 'we-accept': new Tally() };
let instructions = 0;
let missing = 0;
for (const file of files) {
  for (const section of codeSections(readFileSync(file))) {
    for (let at = 0; at < section.length; ) {
      const verdict = comparison.compare(section, at, section.length);
      instructions += 1;
      at += verdict.length;
      if (verdict.detail === undefined) continue;
      tallies[verdict.kind].add(verdict.detail);
      if (verdict.kind === 'missing') missing += 1;
    }
  }
}
console.log(
  `${instructions} instructions, ${missing} that our rows lack (${((100 * missing) / instructions).toFixed(3)} %)`,
);
for (const [kind, tally] of Object.entries(tallies)) {
  const { entries } = tally;
  if (entries.length === 0) continue;
  console.log(`${kind}: ${entries.length} kinds`);
  for (const [key, count] of entries.slice(0, 60)) console.log(`  ${String(count).padStart(8)}  ${key}`);
}
