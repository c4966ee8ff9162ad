// Records the committed vectors on the machine it runs on: npx tsx --tsconfig tsconfig.sources.json native/record.ts [--cases-per-row N] [--cases-per-row-32 N] [--seed N]
//
// Each file holds the rows of one kind. All registers that a kind does not use are zero in its cases, which is most of the compression.
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createInstruction } from '../src/decode/instruction.ts';
import { instructionFamilies } from '../src/isa/index.ts';
import { Batch } from '../src/test-support/batch.ts';
import { CaseGenerator, type TestedRow, testedRows } from '../src/test-support/case-generator.ts';
import { caseMode } from '../src/test-support/compare-case.ts';
import { createDecoders } from '../src/test-support/decoders.ts';
import { Hardware } from '../src/test-support/hardware.ts';
import { Random } from '../src/test-support/random.ts';
import * as layout from '../src/test-support/recorder-layout.ts';
import { writeVectors } from '../src/test-support/vectors.ts';

const { values } = parseArgs({
  options: {
    'cases-per-row': { type: 'string', default: '24' },
    'cases-per-row-32': { type: 'string', default: '4' },
    seed: { type: 'string', default: '2026' },
  },
});

const isVector = ({ row }: TestedRow) => row.operands.some(({ kind }) => kind.place.startsWith('vector'));
const isX87 = ({ row }: TestedRow) =>
  (row.encoding.map === 0 && row.encoding.opcode >= 0xd8 && row.encoding.opcode <= 0xdf) ||
  row.encoding.text.includes('0f 77') ||
  row.operands.some(({ kind }) => kind.place.startsWith('mmx'));
const kinds: readonly [string, (row: TestedRow) => boolean][] = [
  ['integer', (row) => !isVector(row) && !isX87(row)],
  ['x87-and-mmx', (row) => isX87(row)],
  ['vector', (row) => isVector(row) && !isX87(row)],
];

const directory = fileURLToPath(new URL('../vectors', import.meta.url));
for (const file of readdirSync(directory)) if (file.endsWith('.vectors.br')) rmSync(`${directory}/${file}`);
const hardware = new Hardware();
const decoders = createDecoders();
const instruction = createInstruction();
for (const mode of [64, 32] as const) {
  const all = testedRows(instructionFamilies, undefined, mode);
  const perRow = Number(mode === 64 ? values['cases-per-row'] : values['cases-per-row-32']);
  for (const [kind, belongs] of kinds)
    await recordKind(mode === 64 ? kind : `${kind}-32`, all.filter(belongs), perRow, mode);
}
hardware.close();

async function recordKind(kind: string, rows: readonly TestedRow[], perRow: number, mode: 32 | 64): Promise<void> {
  const random = new Random(Number(values.seed));
  const generator = new CaseGenerator(random, rows, { unmasked: true, mode });
  let next = 0;
  for (let part = 0, left = rows.length * perRow; left > 0; part += 1, left -= 4096) {
    const batch = new Batch(Math.min(left, 4096));
    next = generator.fill(batch, next);
    // Random pages do not compress; a pattern with every byte value does.
    batch.image.forEach((_, at) => {
      batch.image[at] = (at * 0x9d + (at >> 8) * 0x35) & 0xff;
    });
    keepUsedVectors(batch, kind.startsWith('vector'));
    const answer = await hardware.run(batch.message);
    const bytes = writeVectors(`${kind}-${part}`, batch.message, batch, answer);
    process.stdout.write(`${kind}-${part}: ${batch.count} cases, ${bytes} bytes\n`);
  }
}

// Only registers that a case could name keep random contents, and their upper halves are the same everywhere: the rest is zero.
function keepUsedVectors(batch: Batch, usesVectors: boolean): void {
  for (let index = 0; index < batch.count; index += 1) {
    const at = batch.offsetOf(index) + layout.YMM_AT;
    const named = usesVectors ? namedRegisters(batch, index) : new Set<number>();
    for (let register = 0; register < 16; register += 1) {
      const start = at + 32 * register;
      if (!named.has(register)) batch.bytes.fill(0, start, start + 32);
      else batch.bytes.fill(0xa5, start + 16, start + 32);
    }
  }
}

// Every field that can name a register, and the implicit register 0.
function namedRegisters(batch: Batch, index: number): Set<number> {
  const start = batch.offsetOf(index) + layout.CASE_CODE_AT;
  decoders[caseMode(batch, index)].decode(batch.bytes, start, start + 15, 0, instruction);
  const { reg, rm, vvvv, index: element, immediateLow } = instruction;
  return new Set([0, reg, rm, vvvv, element, (immediateLow[0] >> 4) & 15]);
}
