// Bitwise logic on whole registers. Intel SDM vol. 2: PAND, PANDN, POR, PXOR, ANDPS, ANDNPS, ORPS, XORPS and the PD forms.
import { type InstructionFamily, instruction } from '../row.ts';
import { applyPacked, packed, packedRow } from './forms.ts';

export const pand = packed('pand', 'db', 'v128_and');
export const pandn = packed('pandn', 'df', 'vandnot');
export const por = packed('por', 'eb', 'v128_or');
export const pxor = packed('pxor', 'ef', 'v128_xor');

function float(mnemonic: string, opcode: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    suffixes: ['ps', 'pd'],
    feature: ['sse', 'sse2'],
    lift: (b) => applyPacked(b, op),
    rows: [packedRow(`np 0f ${opcode} /r`), packedRow(`66 0f ${opcode} /r`)],
  });
}
export const and = float('and', '54', 'v128_and');
export const andn = float('andn', '55', 'vandnot');
export const or = float('or', '56', 'v128_or');
export const xor = float('xor', '57', 'v128_xor');
