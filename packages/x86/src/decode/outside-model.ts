// The name of an instruction that exists, but not on the CPU model at hand, so that a report can say what a program needs.
import { instructionFamilies } from '../isa/index.ts';
import { featuresOfRow } from '../isa/row-features.ts';
import { DecodeResult, Decoder } from './decoder.ts';
import { createInstruction } from './instruction.ts';
import { buildOpcodeMap } from './opcode-map.ts';
import { nameUnsupported } from './unsupported-names.ts';

/** Names what a CPU model lacks. The decoders of everything there is are made when they are first asked. */
export class OutsideModel {
  private readonly decoders: Partial<Record<32 | 64, Decoder>> = {};
  private readonly features: ReadonlySet<string>;

  /** @param features what the model has */
  constructor(features: ReadonlySet<string>) {
    this.features = features;
  }

  /**
   * What is known of the instruction that `bytes` begin with and the model does not have: mnemonic and missing features, or the name
   * alone where no model has it.
   * @example
   * new OutsideModel(new Set(['sse2'])).name(Uint8Array.of(0xc5, 0xf4, 0x58, 0xc2), 64); // 'vaddps, which needs avx'
   */
  name(bytes: Uint8Array, mode: 32 | 64): string | undefined {
    this.decoders[mode] ??= new Decoder(buildOpcodeMap(instructionFamilies, mode), mode);
    const instruction = createInstruction();
    if (this.decoders[mode].decode(bytes, 0, bytes.length, 0, instruction) !== DecodeResult.Ok)
      return nameUnsupported(bytes, mode);
    const { family, position, mnemonic } = instruction.candidate;
    const missing = featuresOfRow(family, position).filter((feature) => !this.features.has(feature));
    // The row itself is there: then its 256-bit or register form is not.
    return `${mnemonic}, which needs ${missing.length > 0 ? missing.join(' and ') : 'avx2'}`;
  }
}
