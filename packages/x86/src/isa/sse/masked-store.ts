// Stores of chosen bytes to [rdi]. Intel SDM vol. 2: MASKMOVDQU, MASKMOVQ.
import { mm, mm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type Lifter, Register } from '../../lift/lifter.ts';
import { instruction, r, row } from '../row.ts';

// Address: rdi in the instruction's address size, in DS or the FS or GS override.
function maskedStore(b: Lifter, bytes: number): void {
  if (b.instruction.codeSegment) {
    b.raise(13);
    return;
  }
  const rdi = b.register(Register.rdi);
  const address = b.segmented(b.addressed(rdi));
  b.helper('masked-store', b.registerOperand(0), b.registerOperand(1), address, b.constant(bytes));
}

export const maskmovdqu = instruction({
  mnemonic: 'maskmovdqu',
  feature: 'sse2',
  lift: (b) => maskedStore(b, 16),
  rows: [row('66 0f f7 mod3 /r', r(xmm), r(xm128))],
});
export const maskmovq = instruction({
  mnemonic: 'maskmovq',
  feature: 'sse',
  lift: (b) => {
    b.uop('mmx.check');
    b.uop('mmx.enter');
    maskedStore(b, 8);
  },
  rows: [row('np 0f f7 mod3 /r', r(mm), r(mm64))],
});
