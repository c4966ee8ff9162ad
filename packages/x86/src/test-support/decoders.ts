// The decoders of both modes over all rows, for tests that get cases of either.
import { Decoder } from '../decode/decoder.ts';
import { buildOpcodeMap } from '../decode/opcode-map.ts';
import { instructionFamilies } from '../isa/index.ts';

export function createDecoders(): Readonly<Record<32 | 64, Decoder>> {
  return {
    32: new Decoder(buildOpcodeMap(instructionFamilies, 32), 32),
    64: new Decoder(buildOpcodeMap(instructionFamilies)),
  };
}
