// Bit tests and counts. Intel SDM vol. 2: BT, BTS, BTR, BTC, BSF, BSR, TZCNT, LZCNT, POPCNT.
import { imm8, rmv, rv } from '../../decode/operand-kinds.ts';
import type { Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';

// With a register index a memory operand is a bit string: the index, signed, selects the word (SDM vol. 1, section 3.1.1.9).
function bitString(b: Lifter, width: 16 | 32 | 64): number {
  const index = b.value(`sx.${width}`, b.read(1));
  const shift = width === 16 ? 4 : width === 32 ? 5 : 6;
  const distance = b.value('shlx.64', b.value('sarx.64', index, b.constant(shift)), b.constant(shift - 3));
  if (b.instruction.addressSize === 64) return b.value('add.64', b.address(0), distance);
  // The sum wraps at the address size before a segment base is added.
  return b.segmented(b.addressed(b.value('add.64', b.address(0, false), distance)));
}

function bitTest(mnemonic: string, number: number, opcode: string, change: string | undefined): InstructionFamily {
  return instruction({
    mnemonic,
    flags: 'w:c u:osap',
    lockable: change !== undefined,
    lift: (b) => {
      const width = b.width(0) as 16 | 32 | 64;
      const byRegister = b.kind(1).place === 'reg';
      if (!b.isMemory(0)) {
        const target = b.registerOperand(0);
        const bit = b.value(`bit.${width}`, target, b.read(1));
        if (change !== undefined) b.uop(`${change}.${width}`, target, target, b.read(1));
        b.uop('flags.carry', bit);
        return;
      }
      const address = byRegister ? bitString(b, width) : b.address(0);
      const word = b.loadAt(width, address, 0);
      const bit = b.value(`bit.${width}`, word, b.read(1));
      if (change !== undefined) b.storeAt(width, address, 0, b.value(`${change}.${width}`, word, b.read(1)));
      b.uop('flags.carry', bit);
    },
    rows: [
      row(`0f ${opcode} /r`, change === undefined ? r(rmv) : rw(rmv), r(rv)),
      row(`0f ba /${number} ib`, change === undefined ? r(rmv) : rw(rmv), r(imm8)),
    ],
  });
}

export const bt = bitTest('bt', 4, 'a3', undefined);
export const bts = bitTest('bts', 5, 'ab', 'bitset');
export const btr = bitTest('btr', 6, 'b3', 'bitclear');
export const btc = bitTest('btc', 7, 'bb', 'bitflip');

// BSF and BSR leave the destination as it is when the source is zero (documented by AMD, so on Intel), upper half included.
function scan(mnemonic: string, opcode: string, forward: boolean): InstructionFamily {
  return instruction({
    mnemonic,
    flags: 'w:z u:osapc',
    lift: (b) => {
      const width = b.width(0);
      const source = b.value(`zx.${width}`, b.read(1));
      const count = b.value(`${forward ? 'ctz' : 'clz'}.${width}`, source);
      const found = forward ? count : b.value('sub.64', b.constant(width - 1), b.value(`zx.${width}`, count));
      const target = b.registerOperand(0);
      const wide = width === 16 ? b.value('mov.64', target) : 0;
      if (width === 16) b.uop('mov.16', wide, found);
      b.uop('sel.64', target, source, width === 16 ? wide : b.value(`zx.${width}`, found), target);
      b.uop('and.o.64', source, source);
    },
    rows: [row(`0f ${opcode} /r`, rw(rv), r(rmv))],
  });
}
export const bsf = scan('bsf', 'bc', true);
export const bsr = scan('bsr', 'bd', false);

// CF = source is zero, ZF = result is zero.
function count(mnemonic: string, feature: string, opcode: string, uop: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature,
    flags: 'w:zc u:osap',
    lift: (b) => {
      const width = b.width(0);
      const source = b.value(`zx.${width}`, b.read(1));
      const result = b.value(`${uop}.${width}`, source);
      b.uop(`mov.${width}`, b.registerOperand(0), result);
      const wide = b.value(`zx.${width}`, result);
      b.uop('and.o.64', wide, wide);
      b.uop('flags.carry', b.value('eqz.64', source));
    },
    rows: [row(`f3 0f ${opcode} /r`, w(rv), r(rmv))],
  });
}
export const tzcnt = count('tzcnt', 'bmi1', 'bc', 'ctz');
export const lzcnt = count('lzcnt', 'lzcnt', 'bd', 'clz');

export const popcnt = instruction({
  mnemonic: 'popcnt',
  feature: 'popcnt',
  flags: 'w:z 0:osapc',
  lift: (b) => {
    const width = b.width(0);
    const source = b.value(`zx.${width}`, b.read(1));
    const result = b.value(`popcnt.${width}`, source);
    b.uop(`mov.${width}`, b.registerOperand(0), result);
    // ZF from the source; PF is clear in all cases, which the correction bit of the aux word says.
    const zero = b.value('eqz.64', source);
    b.uop('flags.words', b.value('shlx.64', b.value('eqz.64', zero), b.constant(8)), b.value('shlx.64', b.constant(1), b.constant(8)));
  },
  rows: [row('f3 0f b8 /r', w(rv), r(rmv))],
});
