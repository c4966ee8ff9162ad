// SSE4.2. Intel SDM vol. 2: PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM, PCMPGTQ, CRC32.
import { imm8, rm8, rmv, ry, xm128, xmm } from '../../decode/operand-kinds.ts';
import { TextRequest } from '../../uop/helpers/text-compare.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';
import { packed } from './forms.ts';

export const pcmpgtq = packed('pcmpgtq', '38 37', 'i64x2_gt_s', 'none', 'sse4.2');

// Memory operands need no alignment here (SDM vol. 2, section 4.1.6).
function compareText(mnemonic: string, opcode: string, explicit: boolean, mask: boolean): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'sse4.2',
    flags: 'w:oszc 0:ap',
    lift: (b) => {
      const request =
        (b.immediate(2) & 0xff) |
        (explicit ? TextRequest.Explicit : 0) |
        (explicit && b.instruction.rexW ? TextRequest.Wide : 0) |
        (mask ? TextRequest.Mask : 0);
      b.helper('text-compare', b.registerOperand(0), b.readVector(1, false), b.constant(request));
    },
    rows: [row(`66 0f 3a ${opcode} /r ib`, r(xmm), r(xm128), r(imm8))],
  });
}
export const pcmpestrm = compareText('pcmpestrm', '60', true, true);
export const pcmpestri = compareText('pcmpestri', '61', true, false);
export const pcmpistrm = compareText('pcmpistrm', '62', false, true);
export const pcmpistri = compareText('pcmpistri', '63', false, false);

/** The result is 32 bits whatever the operand size; a 64-bit register's upper half becomes zero. */
export const crc32 = instruction({
  mnemonic: 'crc32',
  feature: 'sse4.2',
  lift: (b) => {
    const width = b.width(1);
    const result = b.temporary();
    b.helper('crc32c', result, b.value('zx.32', b.registerOperand(0)), b.value(`zx.${width}`, b.read(1)), b.constant(width / 8));
    b.uop('mov.32', b.registerOperand(0), result);
  },
  rows: [row('f2 0f 38 f0 /r', rw(ry), r(rm8)), row('f2 0f 38 f1 /r', rw(ry), r(rmv))],
});
