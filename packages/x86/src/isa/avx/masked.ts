// Masked loads and stores, and the control register under VEX. Intel SDM vol. 2: VMASKMOVPS, VMASKMOVPD, VPMASKMOVD, VPMASKMOVQ, VMASKMOVDQU, VLDMXCSR, VSTMXCSR.
import { mx, vymm, ymm } from '../../decode/operand-kinds.ts';
import { ldmxcsr, stmxcsr } from '../sse/control.ts';
import { maskmovdqu } from '../sse/masked-store.ts';
import { type InstructionFamily, instruction, r, row, w } from '../row.ts';
import { vexForm } from './lanes.ts';

function masked(mnemonic: string, feature: string, loadCode: string, storeCode: string, bytes: 4 | 8): InstructionFamily {
  return instruction({
    mnemonic,
    feature,
    lift: (b) => {
      const mask = b.registerOperand(1);
      const request = b.constant(bytes | (256 * b.lanes));
      if (b.position === 1) {
        b.helper('masked-element-store', b.registerOperand(2), mask, b.address(0), request);
        return;
      }
      const out = b.vectorTemporary();
      b.helper('masked-load', out, mask, b.address(2), request);
      b.writeLanes(0, b.lanes === 1 ? [out] : [out, out + 16]);
    },
    rows: [row(`vex 66 ${loadCode} m /r`, w(ymm), r(vymm), r(mx)), row(`vex 66 ${storeCode} m /r`, w(mx), r(vymm), r(ymm))],
  });
}
export const vmaskmovps = masked('vmaskmovps', 'avx', 'w0 0f 38 2c', 'w0 0f 38 2e', 4);
export const vmaskmovpd = masked('vmaskmovpd', 'avx', 'w0 0f 38 2d', 'w0 0f 38 2f', 8);
export const vpmaskmovd = masked('vpmaskmovd', 'avx2', 'w0 0f 38 8c', 'w0 0f 38 8e', 4);
export const vpmaskmovq = masked('vpmaskmovq', 'avx2', 'w1 0f 38 8c', 'w1 0f 38 8e', 8);

export const vmaskmovdqu = vexForm(maskmovdqu, { length: 'low' });
export const vldmxcsr = vexForm(ldmxcsr, { length: 'low' });
export const vstmxcsr = vexForm(stmxcsr, { length: 'low' });
