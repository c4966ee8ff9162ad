// Compares our decoder with iced-x86, instruction by instruction: length and mnemonic, and which encodings we lack.
import {
  Code,
  CpuidFeature,
  DecoderOptions,
  Decoder as IcedDecoder,
  Instruction as IcedInstruction,
  Mnemonic,
} from 'iced-x86';
import { DecodeResult, Decoder } from '../decode/decoder.ts';
import { createInstruction } from '../decode/instruction.ts';
import { buildOpcodeMap } from '../decode/opcode-map.ts';
import { instructionFamilies } from '../isa/index.ts';

/** Mnemonics that differ by size in iced and not in our rows. */
const SIZED: readonly (readonly [RegExp, string])[] = [
  [/^(movs|cmps|stos|lods|scas)[bwdq]$/, '$1'],
  [/^(cbw|cwde|cdqe)$/, 'cbw'],
  [/^(cwd|cdq|cqo)$/, 'cwd'],
  [/^(pushf|popf|pusha|popa|iret)[dq]$/, '$1'],
  [/^xlatb$/, 'xlat'],
  [/^wait$/, 'fwait'],
  [/^fstpnce$/, 'fstp'],
  [/^prefetchit[01]$/, 'nop'],
  [/^j[er]?cxz$/, 'jrcxz'],
  [
    /^(in|out|hlt|cli|sti|clts|invd|wbinvd|wbnoinvd|wrmsr|rdmsr|rdpmc|swapgs|lldt|ltr|lgdt|lidt|lmsw|invlpg)$/,
    'privileged.$1',
  ],
  [/^(sysret|sysexit)[dq]?$/, 'privileged.$1'],
  [/^(ins|outs)[bwd]$/, 'privileged.$1'],
  [
    /^(endbr64|endbr32|reservednop|cldemote|bndcl|bndcn|bndcu|bndldx|bndmk|bndmov|bndstx|rdsspd|rdsspq|prefetchw?|prefetch(nta|t0|t1|t2|wt1))$/,
    'nop',
  ],
];

/**
 * What one comparison came to; `length` is how far a linear disassembly goes on. `detail` is what iced has and we lack, as CPUID
 * feature; or our mnemonic, and iced's before it where both decode.
 */
export type Verdict =
  | { readonly kind: 'agree'; readonly length: number }
  | { readonly kind: 'both-invalid'; readonly length: number }
  | { readonly kind: Disagreement; readonly length: number; readonly detail: string };
export type Disagreement = 'missing' | 'mnemonic' | 'length' | 'we-accept';

/** Two decoders side by side over the same bytes. */
export class DecodeComparison {
  private readonly decoder: Decoder;
  private readonly mode: 32 | 64;
  private readonly instruction = createInstruction();
  private readonly iced = new IcedInstruction();

  constructor(mode: 32 | 64 = 64) {
    this.mode = mode;
    this.decoder = new Decoder(buildOpcodeMap(instructionFamilies, mode), mode);
  }

  /** Compares the instruction at `start`; `end` bounds what may be read. */
  compare(bytes: Uint8Array, start: number, end: number): Verdict {
    const part = bytes.subarray(start, Math.min(end, start + 15));
    const icedDecoder = new IcedDecoder(this.mode, part, DecoderOptions.None);
    icedDecoder.decodeOut(this.iced);
    icedDecoder.free();
    const result = this.decoder.decode(bytes, start, end, 0, this.instruction);
    const length = this.iced.length;
    const icedValid = this.iced.code !== Code.INVALID;
    if (!icedValid) {
      if (result !== DecodeResult.Ok) return { kind: 'both-invalid', length: Math.max(length, 1) };
      return { kind: 'we-accept', length: Math.max(length, 1), detail: this.instruction.candidate.mnemonic };
    }
    const code = Code[this.iced.code];
    if (result !== DecodeResult.Ok) {
      const features = [...this.iced.cpuidFeatures()].map((feature) => CpuidFeature[feature]);
      return { kind: 'missing', length, detail: features.join('+') };
    }
    const { lengthInBytes, candidate } = this.instruction;
    if (lengthInBytes !== length)
      return {
        kind: 'length',
        length,
        detail: `${code}: ${length} bytes, ours ${candidate.mnemonic} ${lengthInBytes}`,
      };
    const name = canonical(Mnemonic[this.iced.mnemonic].toLowerCase(), code);
    if (name !== candidate.mnemonic)
      return {
        kind: 'mnemonic',
        length,
        detail: `${Mnemonic[this.iced.mnemonic].toLowerCase()}: ${candidate.mnemonic}`,
      };
    return { kind: 'agree', length };
  }

  free(): void {
    this.iced.free();
  }
}

// iced calls a string move of doublewords and the SSE move both Movsd; the code tells them apart.
function canonical(mnemonic: string, code: string): string {
  if (/_[cd]r(_|$)/.test(code)) return code.includes('cr') ? 'privileged.mov cr' : 'privileged.mov dr';
  if ((mnemonic === 'movsd' || mnemonic === 'cmpsd') && code.includes('xmm')) return mnemonic;
  for (const [pattern, replacement] of SIZED) if (pattern.test(mnemonic)) return mnemonic.replace(pattern, replacement);
  return mnemonic;
}

/** Counts by key, most frequent first. */
export class Tally {
  private readonly counts = new Map<string, number>();

  add(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
  get entries(): [string, number][] {
    return [...this.counts].sort((left, right) => right[1] - left[1]);
  }
}

/** The sections of executable code of a little-endian ELF file. Small on purpose: this package does not know the parser. */
export function codeSections(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isWide = file[4] === 2;
  const word = (at: number) => (isWide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  const table = word(isWide ? 0x28 : 0x20);
  const [size, count] = isWide
    ? [view.getUint16(0x3a, true), view.getUint16(0x3c, true)]
    : [view.getUint16(0x2e, true), view.getUint16(0x30, true)];
  const sections: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = table + index * size;
    // SHT_PROGBITS with SHF_EXECINSTR.
    if (view.getUint32(at + 4, true) !== 1 || (view.getUint32(at + 8, true) & 4) === 0) continue;
    const offset = word(at + (isWide ? 0x18 : 0x10));
    sections.push(file.subarray(offset, offset + word(at + (isWide ? 0x20 : 0x14))));
  }
  return sections;
}
