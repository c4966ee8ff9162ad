// The name of an instruction that exists, but not on the CPU model at hand, so that a report can say what a program needs.
import { instructionFamilies } from '../isa/index.ts';
import { featuresOfRow } from '../isa/row-features.ts';
import { DecodeResult, Decoder } from './decoder.ts';
import { createInstruction } from './instruction.ts';
import { buildOpcodeMap } from './opcode-map.ts';

/**
 * Mnemonic and missing features of the instruction that `bytes` begin with, undefined where no model has it.
 * @param features what the model has
 * @example
 * nameOutsideModel(Uint8Array.of(0xc5, 0xf4, 0x58, 0xc2), 64, new Set(['sse2'])); // 'vaddps, which needs avx'
 */
export function nameOutsideModel(bytes: Uint8Array, mode: 32 | 64, features: ReadonlySet<string>): string | undefined {
  const decoder = new Decoder(buildOpcodeMap(instructionFamilies, mode), mode);
  const instruction = createInstruction();
  if (decoder.decode(bytes, 0, bytes.length, 0, instruction) !== DecodeResult.Ok) return undefined;
  const { family, position, mnemonic } = instruction.candidate;
  const missing = featuresOfRow(family, position).filter((feature) => !features.has(feature));
  // The row itself is there: then its 256-bit or register form is not.
  return `${mnemonic}, which needs ${missing.length > 0 ? missing.join(' and ') : 'avx2'}`;
}
