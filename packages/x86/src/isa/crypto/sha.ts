// SHA-1 and SHA-256. Intel SDM vol. 2: SHA1RNDS4, SHA1NEXTE, SHA1MSG1, SHA1MSG2, SHA256RNDS2, SHA256MSG1, SHA256MSG2.
import { imm8, xm128, xmm, xmm0 } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';

function step(mnemonic: string, opcode: string, name: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sha',
    lift: (b) => b.helper(name, b.registerOperand(0), b.registerOperand(0), b.readVector(1), b.registerOperand(0)),
    rows: [row(`np 0f 38 ${opcode} /r`, rw(xmm), r(xm128))],
  });
}
export const sha1nexte = step('sha1nexte', 'c8', 'sha1-next-e');
export const sha1msg1 = step('sha1msg1', 'c9', 'sha1-message-1');
export const sha1msg2 = step('sha1msg2', 'ca', 'sha1-message-2');
export const sha256msg1 = step('sha256msg1', 'cc', 'sha256-message-1');
export const sha256msg2 = step('sha256msg2', 'cd', 'sha256-message-2');

export const sha256rnds2 = instruction({
  mnemonic: 'sha256rnds2',
  feature: 'sha',
  lift: (b) => b.helper('sha256-rounds', b.registerOperand(0), b.registerOperand(0), b.readVector(1), b.registerOperand(2)),
  rows: [row('np 0f 38 cb /r', rw(xmm), r(xm128), r(xmm0))],
});
export const sha1rnds4 = instruction({
  mnemonic: 'sha1rnds4',
  feature: 'sha',
  lift: (b) =>
    b.helper('sha1-rounds', b.registerOperand(0), b.registerOperand(0), b.readVector(1), b.constantVector([b.immediate(2) & 3, ...new Array(15).fill(0)])),
  rows: [row('np 0f 3a cc /r ib', rw(xmm), r(xm128), r(imm8))],
});
