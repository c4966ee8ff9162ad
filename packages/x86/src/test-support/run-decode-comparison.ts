// Compares our decoder with iced-x86 over random bytes and the code of files: npm run compare:decoders -- [--count N] [--seed N] [--page] [FILES]
//
// Every disagreement must be one that decode-disagreements.ts lists; samples of each are put to the processor and to our CPU. With
// --page the figures go to docs/reference/decoder-disagreements.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { codeSections, DecodeComparison, type Disagreement, type Verdict } from './decode-comparison.ts';
import { disagreementExamples, disagreementsPage, findDisagreement } from './decode-disagreements.ts';
import { type Encoding, judge } from './decode-judge.ts';
import { hasHardware } from './hardware.ts';
import { Random } from './random.ts';
import { fillEncoding } from './random-encodings.ts';

const { values, positionals } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    page: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const SAMPLES = 256;
const MODES = [64, 32] as const;
/** Where an ELF file says whether it is one of 32 bits. */
const EI_CLASS = 4;

interface Found {
  readonly kind: Disagreement;
  readonly detail: string;
  readonly counts: Record<32 | 64, number>;
  readonly samples: Record<32 | 64, Uint8Array[]>;
}
const found = new Map<string, Found>();

function note(verdict: Verdict, bytes: Uint8Array, mode: 32 | 64): void {
  if (verdict.kind === 'agree' || verdict.kind === 'both-invalid') return;
  const key = `${verdict.kind} ${verdict.detail}`;
  let entry = found.get(key);
  if (entry === undefined) {
    entry = { kind: verdict.kind, detail: verdict.detail, counts: { 32: 0, 64: 0 }, samples: { 32: [], 64: [] } };
    found.set(key, entry);
  }
  entry.counts[mode] += 1;
  if (entry.samples[mode].length < SAMPLES) entry.samples[mode].push(bytes.slice(0, verdict.length));
}

const figures: { readonly what: string; readonly mode: 32 | 64; readonly compared: number; readonly agreed: number }[] =
  [];
const count = Number(values.count);
for (const mode of MODES) {
  const comparison = new DecodeComparison(mode);
  const random = new Random(Number(values.seed));
  const bytes = new Uint8Array(16);
  let agreed = 0;
  for (let round = 0; round < count; round += 1) {
    fillEncoding(bytes, random, round);
    const verdict = comparison.compare(bytes, 0, bytes.length);
    if (verdict.kind === 'agree' || verdict.kind === 'both-invalid') agreed += 1;
    else note(verdict, bytes, mode);
  }
  figures.push({ what: 'random bytes', mode, compared: count, agreed });
  for (const file of positionals) {
    let [compared, right] = [0, 0];
    const contents = readFileSync(file);
    for (const section of codeSections(contents))
      for (let at = 0; at < section.length; ) {
        const verdict = comparison.compare(section, at, section.length);
        compared += 1;
        if (verdict.kind === 'agree' || verdict.kind === 'both-invalid') right += 1;
        else note(verdict, section.subarray(at), mode);
        at += verdict.length;
      }
    figures.push({
      what: `${basename(file)}${contents[EI_CLASS] === 1 ? ' of i386' : ''}`,
      mode,
      compared,
      agreed: right,
    });
  }
  comparison.free();
}
for (const { what, mode, compared, agreed } of figures)
  console.log(`${mode}-bit mode, ${what}: ${compared} compared, ${agreed} agree, ${compared - agreed} disagree`);

const entries = [...found.values()].sort(
  (left, right) => left.kind.localeCompare(right.kind) || left.detail.localeCompare(right.detail),
);
let unlisted = 0;
let wrong = 0;
const rows: { readonly entry: Found; readonly hardware: string; readonly ours: string }[] = [];
for (const entry of entries) {
  const listed = findDisagreement(entry.kind, entry.detail);
  if (listed === undefined) unlisted += 1;
  const encodings: Encoding[] = MODES.flatMap((mode) => entry.samples[mode].map((bytes) => ({ bytes, mode })));
  const outcomes = hasHardware() && listed?.isHarmful !== true ? await judge(encodings) : [];
  const summary = (side: 'hardware' | 'ours') => {
    const refused = outcomes.filter((outcome) => outcome[side] === 'refuses').length;
    if (outcomes.length === 0) return 'not asked';
    return refused === outcomes.length
      ? 'refuses'
      : refused === 0
        ? 'executes'
        : `refuses ${refused} of ${outcomes.length}`;
  };
  // What we lack we refuse, whatever the processor has; everything else ends as on the processor.
  const differing = outcomes.findIndex(
    ({ hardware, ours }) => ours !== (entry.kind === 'missing' ? 'refuses' : hardware),
  );
  if (differing >= 0) wrong += 1;
  rows.push({ entry, hardware: summary('hardware'), ours: summary('ours') });
  console.log(
    `${listed === undefined ? 'NOT LISTED ' : ''}${entry.kind} ${entry.detail}: ${entry.counts[64]} + ${entry.counts[32]}; hardware ${summary('hardware')}, ours ${summary('ours')}` +
      (differing < 0
        ? ''
        : `, WRONG ${encodings[differing].mode}: ${Buffer.from(encodings[differing].bytes).toString('hex')}`),
  );
}
if (hasHardware()) {
  const examples = disagreementExamples();
  const outcomes = await judge(examples);
  for (const [index, { name, outcome }] of examples.entries()) {
    if (outcomes[index].hardware === outcome && outcomes[index].ours === outcome) continue;
    wrong += 1;
    console.log(`WRONG ${name}: listed ${outcome}, hardware ${outcomes[index].hardware}, ours ${outcomes[index].ours}`);
  }
}
console.log(
  `${entries.length} kinds of disagreement, ${unlisted} not listed, ${wrong} in which our CPU does something else than the processor`,
);
if (unlisted > 0 || wrong > 0) process.exitCode = 1;
if (values.page)
  writeFileSync(
    new URL('../../../../docs/reference/decoder-disagreements.md', import.meta.url),
    disagreementsPage(
      figures,
      rows.map(({ entry, hardware, ours }) => ({ ...entry, hardware, ours })),
    ),
  );
