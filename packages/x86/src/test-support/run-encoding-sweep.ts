// Every encoding of every opcode map, on the real processor and on ours: npx tsx --tsconfig tsconfig.sources.json src/test-support/run-encoding-sweep.ts [--record]
//
// Prints how many encodings both treat alike, how many belong to features that no model of ours has, and all others. With --record
// the processor's outcomes become the committed ones.
import { SWEEP_SPACES } from './encoding-sweep.ts';
import { Hardware, hasHardware } from './hardware.ts';
import { createReport, Sweep, writeOutcomes } from './sweep-outcomes.ts';

if (!hasHardware()) {
  console.error('this needs x86-64 Linux and gcc');
  process.exit(2);
}
const hardware = new Hardware();
const sweep = new Sweep();
const report = createReport();
for (const mode of [64, 32] as const) {
  for (const space of SWEEP_SPACES) {
    const letters = await sweep.record(hardware, space, mode);
    if (process.argv.includes('--record'))
      console.log(`${space}, ${mode}-bit: ${writeOutcomes(space, mode, letters)} bytes`);
    sweep.compare(space, mode, letters, 1, report);
    console.log(`${space}, ${mode}-bit: ${letters.length} encodings, ${report.differing.length} differences so far`);
  }
}
hardware.close();
console.log(`${report.compared} encodings; of features that no model has:`);
for (const [feature, count] of [...report.foreign].sort()) console.log(`  ${String(count).padStart(6)}  ${feature}`);
console.log(`${report.differing.length} differ${report.differing.length > 0 ? ':' : ''}`);
for (const line of report.differing.slice(0, 40)) console.log(`  ${line}`);
process.exitCode = report.differing.length > 0 ? 1 : 0;
