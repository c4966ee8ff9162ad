// Instruction bytes made from the rows, and what GNU objdump 2.40 prints for them: live where it is installed, recorded elsewhere.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { encodingIn } from '../decode/opcode-map.ts';
import { instructionFamilies } from '../isa/index.ts';
import { createEncoded, encodeRow } from './instruction-encoder.ts';
import { Random } from './random.ts';

/** One instruction with objdump's text of it. */
export interface Form {
  readonly bytes: Uint8Array;
  readonly lengthInBytes: number;
  readonly att: string;
  readonly intel: string;
}

const SLOT = 32;
const NOP = 0x90;
const MACHINES = { 32: 'i386', 64: 'i386:x86-64' } as const;
/** Attempts per form: not every random choice can be encoded. */
const ATTEMPTS = 8;

/** Bytes of `perRow` forms of every row that exists in a mode. */
export function encodeForms(mode: 32 | 64, seed: number, perRow: number): Uint8Array[] {
  const random = new Random(seed);
  const encoded = createEncoded(mode);
  const forms: Uint8Array[] = [];
  for (const family of instructionFamilies)
    for (const row of family.rows) {
      if (encodingIn(row, mode) === undefined) continue;
      for (let made = 0, tries = 0; made < perRow && tries < perRow * ATTEMPTS; tries += 1) {
        if (!encodeRow(random, family, row, random.below(8), 0x800_0000, encoded)) continue;
        forms.push(encoded.bytes.slice(0, encoded.length));
        made += 1;
      }
    }
  return forms;
}

/** Whether the objdump whose text we print is installed. */
export function hasObjdump(): boolean {
  const { stdout, status } = spawnSync('objdump', ['--version'], { encoding: 'utf8' });
  return status === 0 && /\b2\.40\b/.test(stdout.split('\n', 1)[0]);
}

/** Asks objdump; every form stands at a multiple of 32 from address 0 on. */
export function askObjdump(forms: readonly Uint8Array[], mode: 32 | 64): Form[] {
  const image = Buffer.alloc(forms.length * SLOT, NOP);
  forms.forEach((bytes, index) => void image.set(bytes, index * SLOT));
  const directory = mkdtempSync(join(tmpdir(), 'elf-forms-'));
  try {
    const path = join(directory, 'forms.bin');
    writeFileSync(path, image);
    const [att, intel] = ['att', 'intel'].map((syntax) => {
      const words = ['-D', '-z', '-b', 'binary', '-m', MACHINES[mode], '-M', syntax, '--insn-width=16', path];
      return parseListing(execFileSync('objdump', words, { encoding: 'latin1', maxBuffer: 1 << 28 }));
    });
    return forms.flatMap((bytes, index) => {
      const [one, other] = [att.get(index * SLOT), intel.get(index * SLOT)];
      if (one === undefined || other === undefined) return [];
      return [{ bytes, lengthInBytes: one.lengthInBytes, att: one.text, intel: other.text }];
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function parseListing(listing: string): Map<number, { readonly lengthInBytes: number; readonly text: string }> {
  const lines = new Map<number, { lengthInBytes: number; text: string }>();
  for (const line of listing.split('\n')) {
    const [address, bytes, text] = line.split('\t');
    if (text === undefined) continue;
    lines.set(Number.parseInt(address, 16), { lengthInBytes: bytes.trim().split(' ').length, text });
  }
  return lines;
}

/** Address that a recorded or live form has; jumps show it. */
export function formAddress(index: number): number {
  return index * SLOT;
}

/** The bytes with what objdump saw behind them. */
export function padded({ bytes }: Form): Uint8Array {
  const slot = new Uint8Array(SLOT).fill(NOP);
  slot.set(bytes);
  return slot;
}

const recordPath = (mode: 32 | 64) =>
  fileURLToPath(new URL(`../../vectors/disassembly-${mode}.txt.br`, import.meta.url));

/** Writes forms as lines of text, compressed. */
export function writeForms(mode: 32 | 64, forms: readonly Form[]): number {
  const lines = forms.map(({ bytes, lengthInBytes, att, intel }) =>
    [Buffer.from(bytes).toString('hex'), lengthInBytes, att, intel].join('\t'),
  );
  const packed = brotliCompressSync(Buffer.from(lines.join('\n'), 'latin1'));
  writeFileSync(recordPath(mode), packed);
  return packed.length;
}

/** The recorded forms of a mode. */
export function readForms(mode: 32 | 64): Form[] {
  const text = brotliDecompressSync(readFileSync(recordPath(mode))).toString('latin1');
  return text.split('\n').map((line) => {
    const [bytes, length, att, intel] = line.split('\t');
    return { bytes: Uint8Array.from(Buffer.from(bytes, 'hex')), lengthInBytes: Number(length), att, intel };
  });
}

/** Differences that stay, each with its reason. */
const TOLERATED: readonly (readonly [reason: string, applies: (theirs: string, ours: string) => boolean])[] = [
  [
    'undocumented twins that processors execute, and groups whose other ModRM bits they ignore: objdump calls them (bad)',
    (theirs, ours) =>
      theirs.includes('(bad)') &&
      /^(fcomp?|fxch|fstp|salc|[lms]fence|movbe|nop|wb(no)?invd|prefetchw?)/.test(withoutPrefixes(ours)),
  ],
  [
    "an operand-size prefix before a near jump in 64-bit mode: objdump shortens the displacement as AMD's processors do, we do not",
    (theirs, ours) => /^(bnd )?(j|call)/.test(withoutPrefixes(theirs)) && ours.includes('data16'),
  ],
  [
    'stores of vmovss and vmovsd between registers with VEX.L set: objdump calls the destination ymm, and the upper half is zero',
    (theirs, ours) => /^vmovs[sd] /.test(withoutPrefixes(ours)) && theirs.replace('ymm', 'xmm') === ours,
  ],
  [
    'control and debug registers: processors take ModRM.mod as 3 whatever it is; the row reads an address and raises #GP either way',
    (theirs, ours) =>
      /^mov .*\b([cd]r|db)\d/.test(withoutPrefixes(theirs)) && /^mov .*\b([cd]r|db)\d/.test(withoutPrefixes(ours)),
  ],
  ['segment registers that do not exist have no name', (theirs, ours) => theirs.includes('?') && ours.includes('?')],
  [
    'hint space that newer processors gave names: the rows see a hint',
    (theirs, ours) => /^(ud|nop|bnd)/.test(withoutPrefixes(ours)) && !theirs.includes(ours),
  ],
];

function withoutPrefixes(text: string): string {
  return text.replace(/^((data16|addr16|addr32|rex\S*|repn?z|lock|xacquire|xrelease|[cdefgs]s) )*/, '');
}

/** Why a difference is tolerated; undefined when it is not. */
export function formTolerance(theirs: string, ours: string): string | undefined {
  return TOLERATED.find(([, applies]) => applies(theirs, ours))?.[0];
}
