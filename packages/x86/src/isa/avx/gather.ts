// Gathers. Intel SDM vol. 2: VPGATHERDD, VPGATHERDQ, VPGATHERQD, VPGATHERQQ, VGATHERDPS, VGATHERDPD, VGATHERQPS, VGATHERQPD.
import { vsib32, vsib64, vymm, ymm } from '../../decode/operand-kinds.ts';
import { Gather } from '../../uop/helpers/gather.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';

function gather(mnemonic: string, encoding: string, wideIndices: boolean, wideElements: boolean): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx2',
    lift: (b) => {
      const { instruction: decoded } = b;
      // Destination, mask and indices must be three registers (SDM vol. 2, VPGATHERDD, "#UD").
      if (decoded.reg === decoded.vvvv || decoded.reg === decoded.index || decoded.vvvv === decoded.index) {
        b.raise(6);
        return;
      }
      const { base, elements } = b.gatherAddress(1);
      const registerBytes = 16 * b.lanes;
      const count = registerBytes / (wideIndices || wideElements ? 8 : 4);
      const usedBytes = count * (wideElements ? 8 : 4);
      const [target, mask] = [b.registerOperand(0), b.registerOperand(2)];
      b.helper(
        'gather',
        target,
        elements,
        mask,
        base,
        b.constant(
          (wideElements ? Gather.WideElements : 0) |
            (wideIndices ? Gather.WideIndices : 0) |
            (decoded.addressSize === 32 ? Gather.ShortAddress : 0) |
            (b.lanes === 2 ? Gather.Long : 0) |
            (decoded.scale << Gather.ScaleShift) |
            (count << Gather.CountShift),
        ),
      );
      for (const register of [target, mask]) {
        if (usedBytes === 8) b.uop('mov.64', register + 8, b.constant(0));
        if (usedBytes <= 16) b.uop('vzero', register + 16);
      }
    },
    rows: [row(`vex 66 ${encoding} m /r`, rw(ymm), r(wideElements ? vsib64 : vsib32), rw(vymm))],
  });
}
export const vpgatherdd = gather('vpgatherdd', 'w0 0f 38 90', false, false);
export const vpgatherdq = gather('vpgatherdq', 'w1 0f 38 90', false, true);
export const vpgatherqd = gather('vpgatherqd', 'w0 0f 38 91', true, false);
export const vpgatherqq = gather('vpgatherqq', 'w1 0f 38 91', true, true);
export const vgatherdps = gather('vgatherdps', 'w0 0f 38 92', false, false);
export const vgatherdpd = gather('vgatherdpd', 'w1 0f 38 92', false, true);
export const vgatherqps = gather('vgatherqps', 'w0 0f 38 93', true, false);
export const vgatherqpd = gather('vgatherqpd', 'w1 0f 38 93', true, true);
