// Packed integer comparisons and masks of sign bits. Intel SDM vol. 2: PCMPEQ, PCMPGT, PMOVMSKB, MOVMSKPS, MOVMSKPD.
import { r32, xm128 } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, w } from '../row.ts';
import { packed } from './forms.ts';

export const pcmpeqb = packed('pcmpeqb', '74', 'i8x16_eq');
export const pcmpeqw = packed('pcmpeqw', '75', 'i16x8_eq');
export const pcmpeqd = packed('pcmpeqd', '76', 'i32x4_eq');
export const pcmpgtb = packed('pcmpgtb', '64', 'i8x16_gt_s');
export const pcmpgtw = packed('pcmpgtw', '65', 'i16x8_gt_s');
export const pcmpgtd = packed('pcmpgtd', '66', 'i32x4_gt_s');

// The upper half of the general register becomes zero whatever REX.W says.
function signMask(mnemonic: string, encoding: string, op: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: encoding.startsWith('np') ? 'sse' : 'sse2',
    lift: (b) => b.uop(op, b.registerOperand(0), b.registerOperand(1)),
    rows: [row(encoding, w(r32), r(xm128))],
  });
}
export const pmovmskb = signMask('pmovmskb', '66 0f d7 mod3 /r', 'vmask.8');
export const movmskps = signMask('movmskps', 'np 0f 50 mod3 /r', 'vmask.32');
export const movmskpd = signMask('movmskpd', '66 0f 50 mod3 /r', 'vmask.64');
