// Moves of whole vector registers and between vector and general registers. Intel SDM vol. 2: MOVDQA, MOVDQU, MOVAPS, MOVUPS, MOVD, MOVQ, MOVNT*, LDDQU.
import { m128, rm32, rm64, xm64, xm128, xmm } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, type Row, r, row, w } from '../row.ts';

// Load and store rows; the load goes straight to its register.
function wholeMove(mnemonic: string, aligned: boolean, rows: readonly Row[], suffixes?: string[]): InstructionFamily {
  return instruction({
    mnemonic,
    suffixes,
    feature: rows[0].encoding.prefix === 'np' ? 'sse' : 'sse2',
    lift: (b) => {
      if (b.isMemory(1)) b.loadVector(1, b.registerOperand(0), aligned);
      else if (b.isMemory(0)) b.storeVector(0, b.registerOperand(1), aligned);
      else b.uop('mov.128', b.registerOperand(0), b.registerOperand(1));
    },
    rows,
  });
}

const load = (encoding: string) => row(encoding, w(xmm), r(xm128));
const store = (encoding: string) => row(encoding, w(xm128), r(xmm));
const storeOnly = (encoding: string) => row(encoding, w(m128), r(xmm));

export const movdqa = wholeMove('movdqa', true, [load('66 0f 6f /r'), store('66 0f 7f /r')]);
export const movdqu = wholeMove('movdqu', false, [load('f3 0f 6f /r'), store('f3 0f 7f /r')]);
export const movaps = wholeMove('movaps', true, [load('np 0f 28 /r'), store('np 0f 29 /r')]);
export const movapd = wholeMove('movapd', true, [load('66 0f 28 /r'), store('66 0f 29 /r')]);
export const movups = wholeMove('movups', false, [load('np 0f 10 /r'), store('np 0f 11 /r')]);
export const movupd = wholeMove('movupd', false, [load('66 0f 10 /r'), store('66 0f 11 /r')]);
/** Non-temporal stores: the hint changes nothing that a program can see. */
export const movntdq = wholeMove('movntdq', true, [storeOnly('66 0f e7 m /r')]);
export const movntps = wholeMove('movntps', true, [storeOnly('np 0f 2b m /r')]);
export const movntpd = wholeMove('movntpd', true, [storeOnly('66 0f 2b m /r')]);

/** Between general registers or memory and the low part of a vector register, whose rest becomes zero. */
export const movd = instruction({
  mnemonic: 'mov',
  suffixes: ['d', 'q', 'd', 'q'],
  feature: 'sse2',
  lift: (b) => {
    const width = b.position & 1 ? 64 : 32;
    if (b.position >= 2) b.write(0, b.registerOperand(1));
    else if (b.isMemory(1)) b.memoryUop(`ldv.${width}`, 1, b.registerOperand(0));
    else b.uop(`vfromlow.${width}`, b.registerOperand(0), b.registerOperand(1));
  },
  rows: [
    row('66 w0 0f 6e /r', w(xmm), r(rm32)),
    row('66 w1 0f 6e /r', w(xmm), r(rm64)),
    row('66 w0 0f 7e /r', w(rm32), r(xmm)),
    row('66 w1 0f 7e /r', w(rm64), r(xmm)),
  ],
});

export const movq = instruction({
  mnemonic: 'movq',
  feature: 'sse2',
  lift: (b) => {
    if (b.isMemory(0)) b.store(64, 0, b.registerOperand(1));
    else if (b.isMemory(1)) b.loadVector(1, b.registerOperand(0));
    else b.uop('vfromlow.64', b.registerOperand(0), b.registerOperand(1));
  },
  rows: [row('f3 0f 7e /r', w(xmm), r(xm64)), row('66 0f d6 /r', w(xm64), r(xmm))],
});
