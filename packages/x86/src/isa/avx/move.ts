// VEX moves. Intel SDM vol. 2: VMOVAPS, VMOVUPS, VMOVDQA, VMOVDQU, VLDDQU, VMOVNT*, VMOVSS, VMOVSD, VMOVD, VMOVQ, VMOVDDUP, VZEROUPPER, VZEROALL.
import { m32, m64, mx, vxmm, xm32, xm64, xmm, ym, ymm } from '../../decode/operand-kinds.ts';
import { movd } from '../sse/move.ts';
import { movhlps, movhpd, movhps, movlhps, movlpd, movlps, pextrw, pinsrw } from '../sse/partial-move.ts';
import { type InstructionFamily, instruction, type Row, r, row, w } from '../row.ts';
import { vexForm } from './lanes.ts';

function whole(mnemonic: string, aligned: boolean, ...rows: Row[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const bits = 128 * b.lanes;
      const a = aligned ? 'a' : '';
      if (b.isMemory(0)) b.memoryUop(`st${a}.${bits}`, 0, b.registerOperand(1));
      else if (b.isMemory(1)) {
        const target = b.registerOperand(0);
        b.memoryUop(`ld${a}.${bits}`, 1, target);
        if (bits === 128) b.uop('vzero', target + 16);
      } else {
        const source = b.registerOperand(1);
        b.writeLanes(0, b.lanes === 1 ? [source] : [source, source + 16]);
      }
    },
    rows,
  });
}
const load = (encoding: string) => row(`vex ${encoding}`, w(ymm), r(ym));
const store = (encoding: string) => row(`vex ${encoding}`, w(ym), r(ymm));
const loadOnly = (encoding: string) => row(`vex ${encoding}`, w(ymm), r(mx));
const storeOnly = (encoding: string) => row(`vex ${encoding}`, w(mx), r(ymm));

export const vmovdqa = whole('vmovdqa', true, load('66 0f 6f /r'), store('66 0f 7f /r'));
export const vmovdqu = whole('vmovdqu', false, load('f3 0f 6f /r'), store('f3 0f 7f /r'));
export const vmovaps = whole('vmovaps', true, load('np 0f 28 /r'), store('np 0f 29 /r'));
export const vmovapd = whole('vmovapd', true, load('66 0f 28 /r'), store('66 0f 29 /r'));
export const vmovups = whole('vmovups', false, load('np 0f 10 /r'), store('np 0f 11 /r'));
export const vmovupd = whole('vmovupd', false, load('66 0f 10 /r'), store('66 0f 11 /r'));
export const vlddqu = whole('vlddqu', false, loadOnly('f2 0f f0 m /r'));
/** The non-temporal hint changes nothing that a program can see. */
export const vmovntdq = whole('vmovntdq', true, storeOnly('66 0f e7 m /r'));
export const vmovntps = whole('vmovntps', true, storeOnly('np 0f 2b m /r'));
export const vmovntpd = whole('vmovntpd', true, storeOnly('66 0f 2b m /r'));
export const vmovntdqa = whole('vmovntdqa', true, loadOnly('66 0f 38 2a m /r'));

// One float: from memory alone, or over the low part of the register in vvvv.
function single(mnemonic: string, prefix: string, width: 32 | 64): InstructionFamily {
  const memory = width === 32 ? m32 : m64;
  const source = width === 32 ? xm32 : xm64;
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      if (b.isMemory(0)) b.store(width, 0, b.registerOperand(1));
      else if (b.isMemory(1)) {
        const target = b.registerOperand(0);
        b.memoryUop(`ldv.${width}`, 1, target);
        b.uop('vzero', target + 16);
      } else {
        const merged = b.vectorTemporary();
        b.uop('mov.128', merged, b.registerOperand(1));
        b.uop(width === 32 ? 'vlow.32' : 'mov.64', merged, b.registerOperand(2));
        b.writeLanes(0, [merged]);
      }
    },
    rows: [
      row(`vex ${prefix} 0f 10 m /r`, w(xmm), r(memory)),
      row(`vex ${prefix} 0f 11 m /r`, w(memory), r(xmm)),
      row(`vex ${prefix} 0f 10 mod3 /r`, w(xmm), r(vxmm), r(source)),
      row(`vex ${prefix} 0f 11 mod3 /r`, w(source), r(vxmm), r(xmm)),
    ],
  });
}
export const vmovss = single('vmovss', 'f3', 32);
export const vmovsd = single('vmovsd', 'f2', 64);

export const vmovlps = vexForm(movlps, { length: 'low' });
export const vmovlpd = vexForm(movlpd, { length: 'low' });
export const vmovhps = vexForm(movhps, { length: 'low' });
export const vmovhpd = vexForm(movhpd, { length: 'low' });
export const vmovhlps = vexForm(movhlps, { length: 'low' });
export const vmovlhps = vexForm(movlhps, { length: 'low' });
export const vpinsrw = vexForm(pinsrw, { length: 'low' });
export const vpextrw = vexForm(pextrw, { length: 'low' });
export const vmovd = vexForm(movd, { length: 'low' });

export const vmovq = instruction({
  mnemonic: 'vmovq',
  feature: 'avx',
  lift: (b) => {
    if (b.isMemory(0)) {
      b.store(64, 0, b.registerOperand(1));
      return;
    }
    const target = b.registerOperand(0);
    if (b.isMemory(1)) b.memoryUop('ldv.64', 1, target);
    else b.uop('vfromlow.64', target, b.registerOperand(1));
    b.uop('vzero', target + 16);
  },
  rows: [row('vex.l0 f3 0f 7e /r', w(xmm), r(xm64)), row('vex.l0 66 0f d6 /r', w(xm64), r(xmm))],
});

/** With 256 bits the lower half of each lane of a whole operand, with 128 bits only 64 bits of memory are read. */
export const vmovddup = instruction({
  mnemonic: 'vmovddup',
  feature: 'avx',
  lift: (b) => {
    const source = b.readLanes(1);
    const results = Array.from({ length: b.lanes }, (_, lane) => {
      const doubled = b.vectorTemporary();
      b.uop('unpack.low.64', doubled, source + 16 * lane, source + 16 * lane);
      return doubled;
    });
    b.writeLanes(0, results);
  },
  rows: [row('vex.l0 f2 0f 12 /r', w(xmm), r(xm64)), row('vex.l1 f2 0f 12 /r', w(ymm), r(ym))],
});

export const vzero = instruction({
  mnemonic: '',
  suffixes: ['vzeroupper', 'vzeroall'],
  feature: 'avx',
  lift: (b) => {
    // Only the registers that the mode has.
    for (let register = 0; register < (b.mode === 64 ? 16 : 8); register += 1) {
      if (b.position === 1) b.uop('vzero', b.vectorRegister(register));
      b.uop('vzero', b.vectorRegister(register) + 16);
    }
  },
  rows: [row('vex.l0 np 0f 77'), row('vex.l1 np 0f 77')],
});
