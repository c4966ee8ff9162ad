// Data movement. Intel SDM vol. 2: MOV, MOVZX, MOVSX, MOVSXD, LEA, XCHG, BSWAP, MOVBE, MOVNTI, CBW family, CWD family, XLAT, SETcc, CMOVcc.
import { al, axv, imm8, immv, immz, m, moffs8, moffsv, mv, my, o8, ov, r8, rm8, rm16, rm32, rmv, rv, ry } from '../../decode/operand-kinds.ts';
import { CONDITIONS } from '../../uop/condition.ts';
import { Register } from '../../lift/lifter.ts';
import { instruction, r, row, rw, w } from '../row.ts';

const hex = (value: number) => value.toString(16).padStart(2, '0');

export const mov = instruction({
  mnemonic: 'mov',
  lift: (b) => {
    // A load goes straight to its register, a store straight from its.
    if (b.isMemory(1) && !b.isMemory(0)) b.load(b.width(0), 1, 0, b.registerOperand(0));
    else b.write(0, b.read(1));
  },
  rows: [
    row('88 /r', w(rm8), r(r8)),
    row('89 /r', w(rmv), r(rv)),
    row('8a /r', w(r8), r(rm8)),
    row('8b /r', w(rv), r(rmv)),
    row('a0 ao', w(al), r(moffs8)),
    row('a1 ao', w(axv), r(moffsv)),
    row('a2 ao', w(moffs8), r(al)),
    row('a3 ao', w(moffsv), r(axv)),
    row('b0 +r ib', w(o8), r(imm8)),
    row('b8 +r iv', w(ov), r(immv)),
    row('c6 /0 ib', w(rm8), r(imm8)),
    row('c7 /0 iz', w(rmv), r(immz)),
  ],
});

export const movzx = instruction({
  mnemonic: 'movzx',
  lift: (b) => extend(b, 'zx'),
  rows: [row('0f b6 /r', w(rv), r(rm8)), row('0f b7 /r', w(rv), r(rm16))],
});
export const movsx = instruction({
  mnemonic: 'movsx',
  lift: (b) => extend(b, 'sx'),
  rows: [row('0f be /r', w(rv), r(rm8)), row('0f bf /r', w(rv), r(rm16))],
});
export const movsxd = instruction({
  mnemonic: 'movsxd',
  lift: (b) => extend(b, 'sx'),
  rows: [row('m64only 63 /r', w(rv), r(rm32))],
});

function extend(b: Parameters<typeof mov.lift>[0], how: 'zx' | 'sx'): void {
  const width = b.width(0);
  // MOVSXD without REX.W moves 32 (or 16) bits as they are.
  const from = Math.min(b.width(1), width);
  const direct = width === 64 || (how === 'zx' && width === 32);
  const target = direct ? b.registerOperand(0) : b.temporary();
  if (b.isMemory(1) && from < 64) b.memoryUop(`ld${how}.${from}`, 1, target);
  else b.uop(`${how}.${from}`, target, b.read(1));
  if (!direct) b.write(0, target);
}

export const lea = instruction({
  mnemonic: 'lea',
  lift: (b) => b.uop(`mov.${b.width(0)}`, b.registerOperand(0), b.address(1, false)),
  rows: [row('8d m /r', w(rv), r(m))],
});

export const xchg = instruction({
  mnemonic: 'xchg',
  lockable: true,
  lift: (b) => {
    const width = b.width(0);
    const first = b.isMemory(0) ? b.read(0) : b.value(`mov.${width}`, b.read(0));
    b.write(0, b.read(1));
    b.write(1, first);
  },
  rows: [row('86 /r', rw(rm8), rw(r8)), row('87 /r', rw(rmv), rw(rv)), row('90 +r', rw(ov), rw(axv))],
});

export const bswap = instruction({
  mnemonic: 'bswap',
  lift: (b) => {
    const register = b.registerOperand(0);
    // With a 16-bit operand the result is undefined; processors clear the register's low 16 bits.
    if (b.width(0) === 16) b.uop('mov.16', register, b.constant(0));
    else b.uop(`bswap.${b.width(0)}`, register, register);
  },
  rows: [row('0f c8 +r', rw(ov))],
});

export const movnti = instruction({
  mnemonic: 'movnti',
  feature: 'sse2',
  lift: (b) => b.write(0, b.read(1)),
  rows: [row('np 0f c3 m /r', w(my), r(ry))],
});

/** CBW, CWDE, CDQE by operand size. */
export const cbw = instruction({
  mnemonic: 'cbw',
  lift: (b) => {
    const rax = b.register(Register.rax);
    const width = b.instruction.operandSize;
    const wide = b.value(`sx.${width / 2}`, rax);
    b.uop(`mov.${width}`, rax, wide);
  },
  rows: [row('98')],
});
/** CWD, CDQ, CQO. */
export const cwd = instruction({
  mnemonic: 'cwd',
  lift: (b) => {
    const width = b.instruction.operandSize;
    const wide = b.value(`sx.${width}`, b.register(Register.rax));
    b.uop(`mov.${width}`, b.register(Register.rdx), b.value('sarx.64', wide, b.constant(63)));
  },
  rows: [row('99')],
});

export const xlat = instruction({
  mnemonic: 'xlat',
  lift: (b) => {
    const index = b.value('zx.8', b.register(Register.rax));
    const address = b.addressed(b.value('add.64', b.register(Register.rbx), index));
    const value = b.loadAt(8, b.segmented(address), 0);
    b.uop('mov.8', b.register(Register.rax), value);
  },
  rows: [row('d7')],
});

export const setcc = instruction({
  mnemonic: 'set',
  suffixes: CONDITIONS,
  flags: 'r:oszpc',
  lift: (b) => b.write(0, b.value(`cond.${CONDITIONS[b.position]}`)),
  rows: CONDITIONS.map((_, index) => row(`0f ${hex(0x90 + index)} /r`, w(rm8))),
});

export const cmovcc = instruction({
  mnemonic: 'cmov',
  feature: 'cmov',
  suffixes: CONDITIONS,
  flags: 'r:oszpc',
  lift: (b) => {
    // The source is read even when it is not moved, so a bad address faults (SDM vol. 2, CMOVcc).
    const source = b.read(1);
    const condition = b.value(`cond.${CONDITIONS[b.position]}`);
    const target = b.registerOperand(0);
    b.uop(`sel.${b.width(0)}`, target, condition, source, target);
  },
  rows: CONDITIONS.map((_, index) => row(`0f ${hex(0x40 + index)} /r`, rw(rv), r(rmv))),
});

export const movbe = instruction({
  mnemonic: 'movbe',
  feature: 'movbe',
  lift: (b) => {
    // F2 makes it CRC32, which we do not have; F3 is no instruction.
    if (b.instruction.repeat !== 0) {
      b.raise(6);
      return;
    }
    const width = b.width(0);
    const source = b.read(1);
    const swapped = width === 16 ? b.value('shrx.64', b.value('bswap.32', source), b.constant(16)) : b.value(`bswap.${width}`, source);
    b.write(0, swapped);
  },
  rows: [row('0f 38 f0 m /r', w(rv), r(mv)), row('0f 38 f1 m /r', w(mv), r(rv))],
});
