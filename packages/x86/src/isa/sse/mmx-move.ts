// Moves to, from and within MMX registers. Intel SDM vol. 2: MOVD, MOVQ, MOVNTQ, MOVQ2DQ, MOVDQ2Q, PSHUFW, PINSRW, PEXTRW, PMOVMSKB.
import { imm8, m64, mm, mm64, r32, rm32, rm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { instruction, r, row, rw, w } from '../row.ts';
import { writeMmx } from './forms.ts';
import { elementIndices, fields } from './lane-indices.ts';

/** Between MMX and general registers or memory. */
export const movdMmx = instruction({
  mnemonic: 'mov',
  suffixes: ['d', 'q', 'd', 'q'],
  feature: 'mmx',
  lift: (b) => {
    b.uop('mmx.check');
    if (b.position >= 2) {
      b.uop('mmx.top');
      b.write(0, b.registerOperand(1));
      b.uop('mmx.enter');
    } else writeMmx(b, b.registerOperand(0), b.value(`zx.${b.width(1)}`, b.read(1)));
  },
  rows: [
    row('np w0 0f 6e /r', w(mm), r(rm32)),
    row('np w1 0f 6e /r', w(mm), r(rm64)),
    row('np w0 0f 7e /r', w(rm32), r(mm)),
    row('np w1 0f 7e /r', w(rm64), r(mm)),
  ],
});

export const movqMmx = instruction({
  mnemonic: 'movq',
  feature: 'mmx',
  lift: (b) => {
    b.uop('mmx.check');
    if (b.isMemory(0)) {
      b.uop('mmx.top');
      b.store(64, 0, b.registerOperand(1));
      b.uop('mmx.enter');
    } else writeMmx(b, b.registerOperand(0), b.isMemory(1) ? b.load(64, 1) : b.registerOperand(1));
  },
  rows: [row('np 0f 6f /r', w(mm), r(mm64)), row('np 0f 7f /r', w(mm64), r(mm))],
});
export const movntq = instruction({
  mnemonic: 'movntq',
  feature: 'sse',
  lift: movqMmx.lift,
  rows: [row('np 0f e7 m /r', w(m64), r(mm))],
});

export const movq2dq = instruction({
  mnemonic: 'movq2dq',
  feature: 'sse2',
  lift: (b) => {
    b.uop('mmx.check');
    b.uop('vfromlow.64', b.registerOperand(0), b.registerOperand(1));
    b.uop('mmx.enter');
  },
  rows: [row('f3 0f d6 mod3 /r', w(xmm), r(mm64))],
});
export const movdq2q = instruction({
  mnemonic: 'movdq2q',
  feature: 'sse2',
  lift: (b) => {
    b.uop('mmx.check');
    writeMmx(b, b.registerOperand(0), b.registerOperand(1));
  },
  rows: [row('f2 0f d6 mod3 /r', w(mm), r(xm128))],
});

export const pshufw = instruction({
  mnemonic: 'pshufw',
  feature: 'sse',
  lift: (b) => {
    b.uop('mmx.check');
    const result = b.vectorTemporary();
    b.uop('swizzle', result, b.readVector(1), b.constantVector(elementIndices(2, [...fields(b.immediate(2)), -1, -1, -1, -1])));
    writeMmx(b, b.registerOperand(0), result);
  },
  rows: [row('np 0f 70 /r ib', w(mm), r(mm64), r(imm8))],
});

export const pinsrwMmx = instruction({
  mnemonic: 'pinsrw',
  feature: 'sse',
  lift: (b) => {
    b.uop('mmx.check');
    const source = b.isMemory(1) ? b.load(16, 1) : b.registerOperand(1);
    const register = b.registerOperand(0);
    writeMmx(b, register, register);
    b.uop('mov.16', register + 2 * (b.immediate(2) & 3), source);
  },
  rows: [row('np 0f c4 /r ib', rw(mm), r(rm32), r(imm8))],
});
export const pextrwMmx = instruction({
  mnemonic: 'pextrw',
  feature: 'sse',
  lift: (b) => {
    b.uop('mmx.check');
    b.uop('zx.16', b.registerOperand(0), b.registerOperand(1) + 2 * (b.immediate(2) & 3));
    b.uop('mmx.enter');
  },
  rows: [row('np 0f c5 mod3 /r ib', w(r32), r(mm64), r(imm8))],
});
export const pmovmskbMmx = instruction({
  mnemonic: 'pmovmskb',
  feature: 'sse',
  lift: (b) => {
    b.uop('mmx.check');
    const low = b.vectorTemporary();
    b.uop('vfromlow.64', low, b.registerOperand(1));
    b.uop('vmask.8', b.registerOperand(0), low);
    b.uop('mmx.enter');
  },
  rows: [row('np 0f d7 mod3 /r', w(r32), r(mm64))],
});
