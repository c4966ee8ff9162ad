// The text of docs/reference/instructions.md, made of the instruction rows.
import { encodingIn } from '../packages/x86/src/decode/opcode-map.ts';
import { instructionFamilies } from '../packages/x86/src/isa/index.ts';
import type { Encoding, InstructionFamily, Row } from '../packages/x86/src/isa/row.ts';
import { testedRows } from '../packages/x86/src/test-support/case-generator.ts';

interface Entry {
  readonly encodings: Encoding[];
  readonly features: Set<string>;
  readonly modes: Set<string>;
  tested: number;
}

/** The whole page. */
export function instructionReference(): string {
  const entries = collect();
  const names = [...entries.keys()].sort((left, right) => (left < right ? -1 : 1));
  const rows = [...entries.values()].reduce((sum, { encodings }) => sum + encodings.length, 0);
  return [
    head(names.length, rows),
    '| instruction | encodings | CPUID | modes | tested on hardware |',
    '|---|---|---|---|---|',
    ...names.map((name) => line(name, entries.get(name)!)),
    '',
  ].join('\n');
}

const head = (names: number, rows: number) => `# Instructions

<!-- Made by scripts/generate-instruction-reference.ts from the rows in packages/x86/src/isa; a test compares. -->

What the CPU of @elf/x86 executes and \`elf disassemble\` names: ${names} instructions in ${rows} encodings.

Encodings are in the notation of Intel's manual (SDM vol. 2, section 3.1.1.1), in lower case: prefix, opcode bytes, \`/r\` or \`/digit\` for ModRM,
\`+r\` for a register in the opcode, \`ib iw iz io\` for immediates, \`cb cz\` for jump distances. \`np\` excludes 66, F2 and F3; \`w0\` and \`w1\` ask for
REX.W or VEX.W, \`vex.l0\` and \`vex.l1\` for VEX.L; \`m\` and \`mod3\` for memory or a register in ModRM, \`rm=N\` for one value of it.

"CPUID" is the feature that announces the instruction, a blank the base set. "Modes" are those where it exists. "Tested on hardware" says that
recorded vectors compare every encoding with a real processor (packages/x86/vectors): *no* stands for what is no function of the processor's state
(time, identification, entry into the kernel) and for state images, which other tests cover. Privileged instructions raise #GP, as they do for
user programs.
`;

function collect(): Map<string, Entry> {
  const tested = new Set<Row>();
  for (const mode of [64, 32] as const)
    for (const { row } of testedRows(instructionFamilies, undefined, mode)) tested.add(row);
  const entries = new Map<string, Entry>();
  for (const family of instructionFamilies)
    family.rows.forEach((row, position) => {
      const name = nameOf(family, position);
      const entry = entries.get(name) ?? { encodings: [], features: new Set(), modes: new Set(), tested: 0 };
      entries.set(name, entry);
      entry.encodings.push(row.encoding);
      const feature = typeof family.feature === 'object' ? family.feature[position] : family.feature;
      if (feature !== undefined && feature !== '') entry.features.add(feature);
      for (const mode of [64, 32] as const) if (encodingIn(row, mode) !== undefined) entry.modes.add(String(mode));
      if (tested.has(row)) entry.tested += 1;
    });
  return entries;
}

function nameOf({ mnemonic, suffixes }: InstructionFamily, position: number): string {
  return (mnemonic + (suffixes?.[position] ?? '')).replace(/^privileged\./, '');
}

function line(name: string, { encodings, features, modes, tested }: Entry): string {
  // By opcode: the order in which modules list their families is not the same everywhere.
  const code = [...encodings]
    .sort((left, right) => left.map - right.map || left.opcode - right.opcode || (left.text < right.text ? -1 : 1))
    .map(({ text }) => `\`${text.replace(/^m(32|64)only /, '')}\``)
    .join('<br>');
  const verdict = tested === 0 ? 'no' : tested === encodings.length ? 'yes' : `${tested} of ${encodings.length}`;
  return `| ${name} | ${code} | ${[...features].sort().join(', ')} | ${[...modes].sort().reverse().join(', ')} | ${verdict} |`;
}
