// Records the committed vectors on the machine it runs on: npx tsx --tsconfig tsconfig.sources.json native/record.ts [--cases-per-row N] [--seed N]
//
// Each file holds the rows of one kind. All registers that a kind does not use are zero in its cases, which is most of the compression.
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { instructionFamilies } from '../src/isa/index.ts';
import { Batch } from '../src/test-support/batch.ts';
import { CaseGenerator, type TestedRow, testedRows } from '../src/test-support/case-generator.ts';
import { Hardware } from '../src/test-support/hardware.ts';
import { Random } from '../src/test-support/random.ts';
import * as layout from '../src/test-support/recorder-layout.ts';
import { writeVectors } from '../src/test-support/vectors.ts';

const { values } = parseArgs({
  options: { 'cases-per-row': { type: 'string', default: '24' }, seed: { type: 'string', default: '2026' } },
});
const perRow = Number(values['cases-per-row']);

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
const all = testedRows(instructionFamilies);
for (const [kind, belongs] of kinds) {
  const rows = all.filter(belongs);
  if (rows.length === 0) continue;
  const random = new Random(Number(values.seed));
  const generator = new CaseGenerator(random, rows);
  let next = 0;
  for (let part = 0, left = rows.length * perRow; left > 0; part += 1, left -= 4096) {
    const batch = new Batch(Math.min(left, 4096));
    next = generator.fill(batch, next);
    // Random pages do not compress; a pattern with every byte value does.
    batch.image.forEach((_, at) => {
      batch.image[at] = (at * 0x9d + (at >> 8) * 0x35) & 0xff;
    });
    if (kind !== 'vector')
      for (let index = 0; index < batch.count; index += 1)
        batch.bytes.fill(
          0,
          batch.offsetOf(index) + layout.YMM_AT,
          batch.offsetOf(index) + layout.YMM_AT + layout.YMM_BYTES,
        );
    else keepUsedVectors(batch);
    const answer = await hardware.run(batch.message);
    const bytes = writeVectors(`${kind}-${part}`, batch.message, batch, answer);
    process.stdout.write(`${kind}-${part}: ${batch.count} cases, ${bytes} bytes\n`);
  }
}
hardware.close();

// Only registers 0 to 3 keep random contents, and their upper halves are the same everywhere: the rest is zero.
function keepUsedVectors(batch: Batch): void {
  for (let index = 0; index < batch.count; index += 1) {
    const at = batch.offsetOf(index) + layout.YMM_AT;
    const modrmRegisters = usedRegisters(batch, index);
    for (let register = 0; register < 16; register += 1) {
      const start = at + 32 * register;
      if (register !== 0 && !modrmRegisters.has(register)) batch.bytes.fill(0, start, start + 32);
      else batch.bytes.fill(0xa5, start + 16, start + 32);
    }
  }
}

// The register numbers any byte of the code could name as a ModRM operand: a superset of those it uses.
function usedRegisters(batch: Batch, index: number): Set<number> {
  const start = batch.offsetOf(index) + layout.CASE_CODE_AT;
  const code = batch.bytes.subarray(start, start + batch.bytes[batch.offsetOf(index)]);
  const rex = [...code].find((byte, at) => byte >= 0x40 && byte <= 0x4f && at < 5) ?? 0;
  const opcode = code.indexOf(0x0f);
  const modrm = code[opcode + (code[opcode + 1] === 0x38 || code[opcode + 1] === 0x3a ? 3 : 2)];
  return new Set([((modrm >> 3) & 7) | ((rex & 4) << 1), (modrm & 7) | ((rex & 1) << 3), (modrm >> 3) & 7, modrm & 7]);
}
