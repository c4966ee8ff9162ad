// String instructions, alone and repeated. Intel SDM vol. 2: MOVS, STOS, LODS, CMPS, SCAS, REP.
import { type InstructionFamily, instruction, row } from '../row.ts';

function string(mnemonic: string, opcode: number, flags: string): InstructionFamily {
  const hex = (value: number) => value.toString(16);
  return instruction({
    mnemonic,
    flags,
    repeatable: true,
    lift: (b) => {
      const { instruction: decoded, position } = b;
      const size = position === 0 ? 1 : decoded.operandSize / 8;
      const repeat = decoded.repeat === 0 ? 0 : decoded.repeat === 0xf3 ? 3 : 2;
      const narrow = decoded.addressSize === 64 ? 0 : decoded.addressSize === 32 ? 64 : 64 | 1024;
      // The helper's request word: see uop/helpers/strings.ts.
      b.helper(mnemonic, b.constant(size | (repeat << 4) | narrow | (decoded.segment << 7)));
    },
    rows: [row(hex(opcode)), row(hex(opcode + 1))],
  });
}

export const movs = string('movs', 0xa4, '');
export const cmps = string('cmps', 0xa6, 'w:oszapc');
export const stos = string('stos', 0xaa, '');
export const lods = string('lods', 0xac, '');
export const scas = string('scas', 0xae, 'w:oszapc');
