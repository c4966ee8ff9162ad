// The MXCSR register. Intel SDM vol. 2: LDMXCSR, STMXCSR.
import { m32 } from '../../decode/operand-kinds.ts';
import { MXCSR } from '../../state/layout.ts';
import { instruction, r, row, w } from '../row.ts';

export const ldmxcsr = instruction({
  mnemonic: 'ldmxcsr',
  feature: 'sse',
  lift: (b) => b.helper('mxcsr-write', b.read(0)),
  rows: [row('np 0f ae m /2', r(m32))],
});
export const stmxcsr = instruction({
  mnemonic: 'stmxcsr',
  feature: 'sse',
  lift: (b) => b.write(0, b.stateCell(MXCSR)),
  rows: [row('np 0f ae m /3', w(m32))],
});
