// Multiplication and division. Intel SDM vol. 2: MUL, IMUL, DIV, IDIV.
import { imm8, immz, rm8, rmv, rv } from '../../decode/operand-kinds.ts';
import { type Lifter, Register } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';

// One-operand form: accumulator times operand, twice as wide. CF = OF = the upper half matters.
function wide(b: Lifter, signed: boolean): void {
  const width = b.width(0);
  const source = b.read(0);
  const rax = b.register(Register.rax);
  const rdx = b.register(Register.rdx);
  const extend = signed ? 'sx' : 'zx';
  if (width === 64) {
    const high = b.value(signed ? 'mulhi.s' : 'mulhi.u', rax, source);
    const low = b.value('imul.64', rax, source);
    const plain = signed ? b.value('sarx.64', low, b.constant(63)) : b.constant(0);
    const same = b.value('eq.64', high, plain);
    b.uop('mov.64', rax, low);
    b.uop('mov.64', rdx, high);
    b.uop('flags.product', b.value('eqz.64', same), low);
    return;
  }
  const left = b.value(`${extend}.${width}`, rax);
  const right = b.value(`${extend}.${width}`, source);
  const product = b.value('imul.64', left, right);
  const low = b.value(`${signed ? 'sx' : 'zx'}.${width}`, product);
  const same = b.value('eq.64', product, low);
  if (width === 8) b.uop('mov.16', rax, product);
  else {
    b.uop(`mov.${width}`, rax, product);
    b.uop(`mov.${width}`, rdx, b.value('shrx.64', product, b.constant(width)));
  }
  b.uop('flags.product', b.value('eqz.64', same), b.value(`sx.${width}`, product));
}

export const mul = instruction({
  mnemonic: 'mul',
  flags: 'w:oc u:szap',
  lift: (b) => wide(b, false),
  rows: [row('f6 /4', r(rm8)), row('f7 /4', r(rmv))],
});

export const imul = instruction({
  mnemonic: 'imul',
  flags: 'w:oc u:szap',
  lift: (b) => wide(b, true),
  rows: [row('f6 /5', r(rm8)), row('f7 /5', r(rmv))],
});

export const imul2 = instruction({
  mnemonic: 'imul',
  flags: 'w:oc u:szap',
  lift: (b) => b.compute('imul', 0, b.width(0), b.read(0), b.read(1)),
  rows: [row('0f af /r', rw(rv), r(rmv))],
});

export const imul3 = instruction({
  mnemonic: 'imul',
  flags: 'w:oc u:szap',
  lift: (b) => b.compute('imul', 0, b.width(0), b.read(1), b.read(2)),
  rows: [row('69 /r iz', w(rv), r(rmv), r(immz)), row('6b /r ib', w(rv), r(rmv), r(imm8))],
});

function division(mnemonic: string, digit: number, sign: 's' | 'u'): InstructionFamily {
  return instruction({
    mnemonic,
    flags: 'u:oszapc',
    lift: (b) => {
      const width = b.width(0);
      const divisor = b.read(0);
      const rax = b.register(Register.rax);
      const rdx = b.register(Register.rdx);
      if (width === 8) {
        // AX by r/m8: quotient to AL, remainder to AH.
        const high = b.value('shrx.64', b.value('zx.16', rax), b.constant(8));
        const quotient = b.temporary();
        const remainder = b.temporary();
        b.uop(`div.${sign}.8`, quotient, remainder, high, rax, divisor);
        b.uop('mov.8', rax, quotient);
        b.uop('mov.8', rax + 1, remainder);
        return;
      }
      b.uop(`div.${sign}.${width}`, rax, rdx, rdx, rax, divisor);
    },
    rows: [row(`f6 /${digit}`, r(rm8)), row(`f7 /${digit}`, r(rmv))],
  });
}

export const div = division('div', 6, 'u');
export const idiv = division('idiv', 7, 's');
