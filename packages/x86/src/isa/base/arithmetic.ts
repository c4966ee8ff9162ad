// Integer addition, subtraction, logic and comparison. Intel SDM vol. 2: ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST, INC, DEC, NEG, NOT.
import { al, axv, imm8, immz, ov, r8, rm8, rmv, rv } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, type Operand, type Row, r, row, rw } from '../row.ts';

const hex = (value: number) => value.toString(16).padStart(2, '0');

// The eight operations of the classic layout: opcode base 8n, /n in group 1.
function classic(mnemonic: string, number: number, flags: string, uop: string, writes: boolean): InstructionFamily {
  const base = number * 8;
  const target: (kind: Operand['kind']) => Operand = writes ? rw : r;
  return instruction({
    mnemonic,
    flags,
    lockable: writes,
    lift: (b) => b.compute(uop, writes ? 0 : -1, b.width(0), b.read(0), b.read(1)),
    rows: [
      row(`${hex(base)} /r`, target(rm8), r(r8)),
      row(`${hex(base + 1)} /r`, target(rmv), r(rv)),
      row(`${hex(base + 2)} /r`, target(r8), r(rm8)),
      row(`${hex(base + 3)} /r`, target(rv), r(rmv)),
      row(`${hex(base + 4)} ib`, target(al), r(imm8)),
      row(`${hex(base + 5)} iz`, target(axv), r(immz)),
      row(`80 /${number} ib`, target(rm8), r(imm8)),
      row(`81 /${number} iz`, target(rmv), r(immz)),
      row(`m32only 82 /${number} ib`, target(rm8), r(imm8)),
      row(`83 /${number} ib`, target(rmv), r(imm8)),
    ],
  });
}

export const add = classic('add', 0, 'w:oszapc', 'add', true);
export const or = classic('or', 1, 'w:szp 0:oc u:a', 'or', true);
export const adc = classic('adc', 2, 'r:c w:oszapc', 'adc', true);
export const sbb = classic('sbb', 3, 'r:c w:oszapc', 'sbb', true);
export const and = classic('and', 4, 'w:szp 0:oc u:a', 'and', true);
export const sub = classic('sub', 5, 'w:oszapc', 'sub', true);
export const xor = classic('xor', 6, 'w:szp 0:oc u:a', 'xor', true);
export const cmp = classic('cmp', 7, 'w:oszapc', 'sub', false);

export const test = instruction({
  mnemonic: 'test',
  flags: 'w:szp 0:oc u:a',
  lift: (b) => b.compute('and', -1, b.width(0), b.read(0), b.read(1)),
  rows: [
    row('84 /r', r(rm8), r(r8)),
    row('85 /r', r(rmv), r(rv)),
    row('a8 ib', r(al), r(imm8)),
    row('a9 iz', r(axv), r(immz)),
    row('f6 /0 ib', r(rm8), r(imm8)),
    row('f7 /0 iz', r(rmv), r(immz)),
    // Undocumented alias, present in all processors.
    row('f6 /1 ib', r(rm8), r(imm8)),
    row('f7 /1 iz', r(rmv), r(immz)),
  ],
});

function unary(mnemonic: string, flags: string, uop: string, opcode: string, digit: number, ...more: readonly Row[]): InstructionFamily {
  const byte = Number.parseInt(opcode, 16);
  return instruction({
    mnemonic,
    flags,
    lockable: true,
    lift: (b) => b.compute(uop, 0, b.width(0), b.read(0)),
    rows: [row(`${hex(byte)} /${digit}`, rw(rm8)), row(`${hex(byte + 1)} /${digit}`, rw(rmv)), ...more],
  });
}

export const inc = unary('inc', 'w:oszap', 'inc', 'fe', 0, row('m32only 40 +r', rw(ov)));
export const dec = unary('dec', 'w:oszap', 'dec', 'fe', 1, row('m32only 48 +r', rw(ov)));
export const neg = unary('neg', 'w:oszapc', 'neg', 'f6', 3);

export const not = instruction({
  mnemonic: 'not',
  lockable: true,
  lift: (b) => {
    const source = b.read(0);
    const target = b.target(0);
    b.uop(`not.${b.width(0)}`, target, source);
    if (b.isMemory(0)) b.write(0, target);
  },
  rows: [row('f6 /2', rw(rm8)), row('f7 /2', rw(rmv))],
});
