// Half-precision conversions. Intel SDM vol. 2: VCVTPH2PS, VCVTPS2PH.
import { imm8, xm64, xm128, xmm, ymm } from '../../decode/operand-kinds.ts';
import { instruction, r, row, w } from '../row.ts';

export const vcvtph2ps = instruction({
  mnemonic: 'vcvtph2ps',
  feature: 'f16c',
  lift: (b) => {
    const source = b.readLanes(1);
    const results = Array.from({ length: b.lanes }, (_, lane) => {
      const out = b.vectorTemporary();
      b.helper('singles-from-halves', out, source + 8 * lane);
      return out;
    });
    b.writeLanes(0, results);
  },
  rows: [row('vex.l0 66 w0 0f 38 13 /r', w(xmm), r(xm64)), row('vex.l1 66 w0 0f 38 13 /r', w(ymm), r(xm128))],
});

export const vcvtps2ph = instruction({
  mnemonic: 'vcvtps2ph',
  feature: 'f16c',
  lift: (b) => {
    const source = b.registerOperand(1);
    const out = b.vectorTemporary();
    b.uop('vzero', out);
    b.helper('halves-from-singles', out, source, b.constant((b.immediate(2) & 7) | ((4 * b.lanes) << 16)));
    if (!b.isMemory(0)) b.writeLanes(0, [out]);
    else if (b.lanes === 1) b.store(64, 0, out);
    else b.memoryUop('st.128', 0, out);
  },
  rows: [row('vex.l0 66 w0 0f 3a 1d /r ib', w(xm64), r(xmm), r(imm8)), row('vex.l1 66 w0 0f 3a 1d /r ib', w(xm128), r(ymm), r(imm8))],
});
