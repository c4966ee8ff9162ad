// x87 loads, stores and moves. Intel SDM vol. 2: FLD, FST, FSTP, FILD, FIST, FISTP, FISTTP, FBLD, FBSTP, FXCH, FCMOVcc, FLD1 and kin.
import { m16, m32, m64, m80, sti } from '../../decode/operand-kinds.ts';
import { MEMORY_DOUBLE, MEMORY_INT16, MEMORY_INT32, MEMORY_INT64, MEMORY_SINGLE } from '../../uop/helpers/x87/unit-arithmetic.ts';
import {
  STORE_DECIMAL,
  STORE_DOUBLE,
  STORE_EXTENDED,
  STORE_INT16,
  STORE_INT16_CHOP,
  STORE_INT32,
  STORE_INT32_CHOP,
  STORE_INT64,
  STORE_INT64_CHOP,
  STORE_SINGLE,
} from '../../uop/helpers/x87/unit-transfer.ts';
import { type InstructionFamily, instruction, type Operand, r, row, rw, w } from '../row.ts';
import { loadExtended, loadOperand, request, stackIndex } from './forms.ts';

function load(mnemonic: string, rows: readonly (readonly [text: string, operand: Operand, format: number])[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'fpu',
    lift: (b) => {
      const width = b.width(0);
      b.helper('x87-load', loadOperand(b, width), request(b, rows[b.position][2]));
    },
    rows: rows.map(([text, operand]) => row(text, operand)),
  });
}
export const fld = load('fld', [
  ['d9 m /0', r(m32), MEMORY_SINGLE],
  ['dd m /0', r(m64), MEMORY_DOUBLE],
]);
export const fild = load('fild', [
  ['df m /0', r(m16), MEMORY_INT16],
  ['db m /0', r(m32), MEMORY_INT32],
  ['df m /5', r(m64), MEMORY_INT64],
]);
export const fldExtended = instruction({
  mnemonic: 'fld',
  feature: 'fpu',
  lift: (b) => b.helper('x87-load-extended', loadExtended(b), request(b, 0)),
  rows: [row('db m /5', r(m80))],
});
export const fbld = instruction({
  mnemonic: 'fbld',
  feature: 'fpu',
  lift: (b) => b.helper('x87-load-decimal', loadExtended(b), request(b, 0)),
  rows: [row('df m /4', r(m80))],
});

// Converted first, written second, and only then do status and stack change: the write may fault in between.
function store(
  mnemonic: string,
  pops: boolean,
  rows: readonly (readonly [text: string, operand: Operand, format: number])[],
  feature = 'fpu',
): InstructionFamily {
  return instruction({
    mnemonic,
    feature,
    lift: (b) => {
      const [, operand, format] = rows[b.position];
      const value = b.temporary();
      const rest = b.temporary();
      const word = request(b, format | (pops ? 16 : 0));
      b.helper('x87-prepare-store', value, word, b.codeAddress(b.next));
      if (operand.kind.width === 80) {
        b.memoryUop('probe.64', 0);
        b.store(16, 0, rest, 8);
        b.store(64, 0, value);
      } else b.store(operand.kind.width as 16 | 32 | 64, 0, value);
      b.helper('x87-commit-store', word);
    },
    rows: rows.map(([text, operand]) => row(text, operand)),
  });
}
export const fst = store('fst', false, [
  ['d9 m /2', w(m32), STORE_SINGLE],
  ['dd m /2', w(m64), STORE_DOUBLE],
]);
export const fstp = store('fstp', true, [
  ['d9 m /3', w(m32), STORE_SINGLE],
  ['dd m /3', w(m64), STORE_DOUBLE],
  ['db m /7', w(m80), STORE_EXTENDED],
]);
export const fist = store('fist', false, [
  ['df m /2', w(m16), STORE_INT16],
  ['db m /2', w(m32), STORE_INT32],
]);
export const fistp = store('fistp', true, [
  ['df m /3', w(m16), STORE_INT16],
  ['db m /3', w(m32), STORE_INT32],
  ['df m /7', w(m64), STORE_INT64],
]);
export const fisttp = store(
  'fisttp',
  true,
  [
    ['df m /1', w(m16), STORE_INT16_CHOP],
    ['db m /1', w(m32), STORE_INT32_CHOP],
    ['dd m /1', w(m64), STORE_INT64_CHOP],
  ],
  'sse3',
);
export const fbstp = store('fbstp', true, [['df m /6', w(m80), STORE_DECIMAL]]);

export const fldRegister = instruction({
  mnemonic: 'fld',
  feature: 'fpu',
  lift: (b) => b.helper('x87-load-register', request(b, stackIndex(b))),
  rows: [row('d9 mod3 /0', r(sti))],
});
// DF D0 and DF D8 are undocumented twins of FSTP, DD C8 and DF C8 of FXCH.
export const fstRegister = instruction({
  mnemonic: 'fst',
  feature: 'fpu',
  lift: (b) => b.helper('x87-store-register', request(b, stackIndex(b))),
  rows: [row('dd mod3 /2', w(sti))],
});
export const fstpRegister = instruction({
  mnemonic: 'fstp',
  feature: 'fpu',
  lift: (b) => b.helper('x87-store-register', request(b, stackIndex(b) | 0x10)),
  rows: [row('dd mod3 /3', w(sti)), row('df mod3 /2', w(sti)), row('df mod3 /3', w(sti))],
});
export const fstpUnchecked = instruction({
  mnemonic: 'fstp',
  feature: 'fpu',
  lift: (b) => b.helper('x87-store-register-unchecked', request(b, stackIndex(b))),
  rows: [row('d9 mod3 /3', w(sti))],
});
export const fxch = instruction({
  mnemonic: 'fxch',
  feature: 'fpu',
  lift: (b) => b.helper('x87-exchange', request(b, stackIndex(b))),
  rows: [row('d9 mod3 /1', rw(sti)), row('dd mod3 /1', rw(sti)), row('df mod3 /1', rw(sti))],
});

const CONDITIONS = ['b', 'e', 'be', 'p', 'ae', 'ne', 'a', 'np'];
export const fcmov = instruction({
  mnemonic: 'fcmov',
  suffixes: ['b', 'e', 'be', 'u', 'nb', 'ne', 'nbe', 'nu'],
  flags: 'r:zpc',
  feature: 'cmov',
  lift: (b) => b.helper('x87-move', request(b, stackIndex(b)), b.value(`cond.${CONDITIONS[b.position]}`)),
  rows: ['da', 'db'].flatMap((opcode) => [0, 1, 2, 3].map((digit) => row(`${opcode} mod3 /${digit}`, r(sti)))),
});

export const constants = instruction({
  mnemonic: 'fld',
  suffixes: ['1', 'l2t', 'l2e', 'pi', 'lg2', 'ln2', 'z'],
  feature: 'fpu',
  lift: (b) => b.helper('x87-load-constant', request(b, b.position)),
  rows: [0, 1, 2, 3, 4, 5, 6].map((rm) => row(`d9 rm=${rm} /5`)),
});
