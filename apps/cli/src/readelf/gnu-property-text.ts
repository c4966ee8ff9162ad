// The program properties of an NT_GNU_PROPERTY_TYPE_0 note in words.
import type { ElfFile } from '@elf/parse';
import { hex } from './number-text.ts';

interface BitProperty {
  readonly label: string;
  readonly names: readonly string[];
  /** What zero is called; the older ISA properties leave it empty. */
  readonly none: string;
}

const COMPATIBLE_ISA =
  'i486 586 686 SSE SSE2 SSE3 SSSE3 SSE4_1 SSE4_2 AVX AVX2 AVX512F AVX512CD AVX512ER AVX512PF AVX512VL AVX512DQ AVX512BW'.split(
    ' ',
  );
const ISA_2 =
  'CMOV SSE SSE2 SSE3 SSSE3 SSE4_1 SSE4_2 AVX AVX2 FMA AVX512F AVX512CD AVX512ER AVX512PF AVX512VL AVX512DQ AVX512BW AVX512_4FMAPS AVX512_4VNNIW AVX512_BITALG AVX512_IFMA AVX512_VBMI AVX512_VBMI2 AVX512_VNNI AVX512_BF16'.split(
    ' ',
  );
const ISA = ['x86-64-baseline', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'];
const FEATURE_2 = 'x86 x87 MMX XMM YMM ZMM FXSR XSAVE XSAVEOPT XSAVEC TMM MASK'.split(' ');

// x86-64 psABI, "Program Property" and binutils' include/elf/common.h for the superseded numbers.
const X86: Readonly<Record<number, BitProperty>> = {
  [0xc0000000]: { label: 'x86 ISA used', names: COMPATIBLE_ISA, none: '' },
  [0xc0000001]: { label: 'x86 ISA needed', names: COMPATIBLE_ISA, none: '' },
  [0xc0000002]: { label: 'x86 feature', names: ['IBT', 'SHSTK', 'LAM_U48', 'LAM_U57'], none: '<None>' },
  [0xc0008000]: { label: 'x86 ISA needed', names: ISA_2, none: '<None>' },
  [0xc0008001]: { label: 'x86 feature needed', names: FEATURE_2, none: '<None>' },
  [0xc0008002]: { label: 'x86 ISA needed', names: ISA, none: '' },
  [0xc0010000]: { label: 'x86 ISA used', names: ISA_2, none: '<None>' },
  [0xc0010001]: { label: 'x86 feature used', names: FEATURE_2, none: '<None>' },
  [0xc0010002]: { label: 'x86 ISA used', names: ISA, none: '' },
};
const AARCH64: Readonly<Record<number, BitProperty>> = {
  [0xc0000000]: { label: 'AArch64 feature', names: ['BTI', 'PAC'], none: '' },
};
const MACHINES: Readonly<Record<number, Readonly<Record<number, BitProperty>>>> = {
  3: X86,
  6: X86,
  62: X86,
  183: AARCH64,
};
const NEEDED_1: BitProperty = { label: '1_needed', names: ['indirect external access'], none: '<None>' };

function bitsText({ label, names, none }: BitProperty, bits: number): string {
  const words: string[] = [];
  for (let bit = 0; bit < 32; bit++)
    if ((bits >>> bit) & 1) words.push(names[bit] ?? `<unknown: ${hex((1 << bit) >>> 0)}>`);
  return `${label}: ${words.length > 0 ? words.join(', ') : none}`;
}

/** The text behind the note's name; several properties stand in one line (wide) or one line each. */
export function gnuPropertyText(elf: ElfFile, description: Uint8Array, wide: boolean): string {
  const corrupt = `<corrupt GNU_PROPERTY_TYPE, size = ${description.length === 0 ? '0' : `0x${hex(description.length)}`}>`;
  const word = elf.wordSize;
  if (description.length < 8 || description.length % word !== 0) return corrupt;
  const reader = elf.reader(description);
  const texts: string[] = [];
  let position = 0;
  while (position + 8 <= description.length) {
    const type = reader.u32(position);
    const size = reader.u32(position + 4);
    position += 8;
    if (position + size > description.length) {
      texts.push(`<corrupt type (0x${hex(type)}) datasz: 0x${hex(size)}>`);
      break;
    }
    texts.push(propertyText(elf, type, description.subarray(position, position + size)));
    position = Math.ceil((position + size) / word) * word;
  }
  return texts.join(wide ? ', ' : '\n\t');
}

function propertyText(elf: ElfFile, type: number, data: Uint8Array): string {
  const reader = elf.reader(data);
  const corruptLength = `<corrupt length: 0x${hex(data.length)}>`;
  if (type === 1)
    return `stack size: ${data.length === elf.wordSize ? `0x${hex(reader.word(0, elf.wordSize))}` : corruptLength}`;
  if (type === 2) return `no copy on protected ${data.length === 0 ? '' : corruptLength}`;
  const own = type === 0xb0008000 ? NEEDED_1 : MACHINES[elf.fileHeader.machine]?.[type];
  if (own !== undefined) return data.length === 4 ? bitsText(own, reader.u32(0)) : `${own.label}: ${corruptLength}`;
  if (type >= 0xb0000000 && type <= 0xb000ffff && data.length === 4)
    return `UINT32_${type < 0xb0008000 ? 'AND' : 'OR'} (0x${hex(type)}): 0x${hex(reader.u32(0))}`;
  const kind =
    type < 0xc0000000 ? 'unknown type' : type < 0xe0000000 ? 'processor-specific type' : 'application-specific type';
  return `<${kind} 0x${hex(type)} data: ${Array.from(data, (byte) => `${hex(byte, 2)} `).join('')}>`;
}
