// Bit manipulation with a second source register. Intel SDM vol. 2: ANDN, BLSI, BLSMSK, BLSR, BEXTR, BZHI, MULX, PDEP, PEXT, RORX, SARX, SHLX, SHRX, ADCX, ADOX.
import { imm8, rmy, ry, vy } from '../../decode/operand-kinds.ts';
import { type Lifter, Register } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';

export const andn = instruction({
  mnemonic: 'andn',
  feature: 'bmi1',
  flags: 'w:sz 0:oc u:ap',
  lift: (b) => {
    const width = b.width(0);
    b.compute('and', 0, width, b.value(`not.${width}`, b.read(1)), b.read(2));
  },
  rows: [row('vex.l0 np 0f 38 f2 /r', w(ry), r(vy), r(rmy))],
});

// The lowest set bit: isolated, as a mask up to it, or cleared. CF tells whether the source was zero.
function lowestBit(mnemonic: string, digit: number, change: string, combine: string, carryIfZero: boolean): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'bmi1',
    flags: 'w:szc 0:o u:ap',
    lift: (b) => {
      const width = b.width(0);
      const source = b.value(`zx.${width}`, b.read(1));
      b.compute(combine, 0, width, b.value(`${change}.${width}`, source), source);
      const isZero = b.value('eqz.64', source);
      b.uop('flags.carry', carryIfZero ? isZero : b.value('eqz.64', isZero));
    },
    rows: [row(`vex.l0 np 0f 38 f3 /${digit}`, w(vy), r(rmy))],
  });
}
export const blsr = lowestBit('blsr', 1, 'dec', 'and', true);
export const blsmsk = lowestBit('blsmsk', 2, 'dec', 'xor', true);
export const blsi = lowestBit('blsi', 3, 'neg', 'and', false);

/** A mask of `count` low bits, all ones when `isBelowLimit` is zero: a shift by 64 would be one by 0. */
function lowMask(b: Lifter, count: number, isBelowLimit: number): number {
  const ones = b.value('sub.64', b.value('shlx.64', b.constant(1), count), b.constant(1));
  return b.value('sel.64', isBelowLimit, ones, b.constant(-1));
}

export const bextr = instruction({
  mnemonic: 'bextr',
  feature: 'bmi1',
  flags: 'w:z 0:oc u:sap',
  lift: (b) => {
    const width = b.width(0);
    const source = b.value(`zx.${width}`, b.read(1));
    const control = b.registerOperand(2);
    const start = b.value('zx.8', control);
    const count = b.value('zx.8', b.value('shrx.64', control, b.constant(8)));
    const isBelow64 = (cell: number) => b.value('eqz.64', b.value('shrx.64', cell, b.constant(6)));
    const shifted = b.value('sel.64', isBelow64(start), b.value('shrx.64', source, start), b.constant(0));
    b.compute('and', 0, width, shifted, lowMask(b, count, isBelow64(count)));
  },
  rows: [row('vex.l0 np 0f 38 f7 /r', w(ry), r(rmy), r(vy))],
});

export const bzhi = instruction({
  mnemonic: 'bzhi',
  feature: 'bmi2',
  flags: 'w:szc 0:o u:ap',
  lift: (b) => {
    const width = b.width(0);
    const source = b.value(`zx.${width}`, b.read(1));
    const count = b.value('zx.8', b.registerOperand(2));
    const isBelowWidth = b.value('eqz.64', b.value('shrx.64', count, b.constant(width === 64 ? 6 : 5)));
    b.compute('and', 0, width, source, lowMask(b, count, isBelowWidth));
    b.uop('flags.carry', b.value('eqz.64', isBelowWidth));
  },
  rows: [row('vex.l0 np 0f 38 f5 /r', w(ry), r(rmy), r(vy))],
});

export const mulx = instruction({
  mnemonic: 'mulx',
  feature: 'bmi2',
  lift: (b) => {
    const wide = b.width(0) === 64;
    const rdx = b.register(Register.rdx);
    const source = wide ? b.read(2) : b.value('zx.32', b.read(2));
    const factor = wide ? rdx : b.value('zx.32', rdx);
    const low = b.value('imul.64', factor, source);
    const high = wide ? b.value('mulhi.u', factor, source) : b.value('shrx.64', low, b.constant(32));
    // The upper half wins when both go to one register.
    b.uop(`mov.${b.width(1)}`, b.registerOperand(1), low);
    b.uop(`mov.${b.width(0)}`, b.registerOperand(0), high);
  },
  rows: [row('vex.l0 f2 0f 38 f6 /r', w(ry), w(vy), r(rmy))],
});

function scatter(mnemonic: string, prefix: string, name: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'bmi2',
    lift: (b) => {
      const width = b.width(0);
      const mask = b.value(`zx.${width}`, b.read(2));
      const result = b.temporary();
      b.helper(name, result, b.value(`zx.${width}`, b.registerOperand(1)), mask);
      b.uop(`mov.${width}`, b.registerOperand(0), result);
    },
    rows: [row(`vex.l0 ${prefix} 0f 38 f5 /r`, w(ry), r(vy), r(rmy))],
  });
}
export const pdep = scatter('pdep', 'f2', 'deposit-bits');
export const pext = scatter('pext', 'f3', 'extract-bits');

export const rorx = instruction({
  mnemonic: 'rorx',
  feature: 'bmi2',
  lift: (b) => b.uop(`ror.${b.width(0)}`, b.registerOperand(0), b.read(1), b.read(2)),
  rows: [row('vex.l0 f2 0f 3a f0 /r ib', w(ry), r(rmy), r(imm8))],
});

// Shifts by a register that leave the flags alone.
function shift(mnemonic: string, prefix: string, uop: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'bmi2',
    lift: (b) => b.uop(`${uop}.${b.width(0)}`, b.registerOperand(0), b.read(1), b.registerOperand(2)),
    rows: [row(`vex.l0 ${prefix} 0f 38 f7 /r`, w(ry), r(rmy), r(vy))],
  });
}
export const sarx = shift('sarx', 'f3', 'sar');
export const shlx = shift('shlx', '66', 'shl');
export const shrx = shift('shrx', 'f2', 'shr');

// Additions of two independent carry chains: ADCX goes through CF alone, ADOX through OF alone.
function carryChain(mnemonic: string, prefix: string, condition: string, flags: string, write: (b: Lifter, carry: number) => void): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'adx',
    flags,
    lift: (b) => {
      const width = b.width(0);
      const left = b.value(`zx.${width}`, b.registerOperand(0));
      const right = b.value(`zx.${width}`, b.read(1));
      const sum = b.value('add.64', b.value('add.64', left, right), b.value(`cond.${condition}`));
      // The carry out of the top bit: both have it, or one has it and the sum has not.
      const either = b.value('and.64', b.value('or.64', left, right), b.value('not.64', sum));
      const out = width === 64 ? b.value('or.64', b.value('and.64', left, right), either) : sum;
      const carry = b.value('and.64', b.value('shrx.64', out, b.constant(width === 64 ? 63 : 32)), b.constant(1));
      b.uop(`mov.${width}`, b.registerOperand(0), sum);
      write(b, carry);
    },
    rows: [row(`${prefix} 0f 38 f6 /r`, rw(ry), r(rmy))],
  });
}
const OVERFLOW_BIT = 11;
export const adcx = carryChain('adcx', '66', 'b', 'r:c w:c', (b, carry) => b.uop('flags.carry', carry));
export const adox = carryChain('adox', 'f3', 'o', 'r:o w:o', (b, carry) =>
  b.helper('flags-write', b.value('shlx.64', carry, b.constant(OVERFLOW_BIT)), b.constant(2 ** OVERFLOW_BIT)),
);
