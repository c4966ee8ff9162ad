// VEX float comparisons with 32 predicates, tests and sign masks. Intel SDM vol. 2: VCMPPS and its companions, VPTEST, VTESTPS, VTESTPD, VMOVMSK, VPMOVMSKB.
import { imm8, r32, vxmm, vymm, xm32, xm64, xmm, ym, ymm } from '../../decode/operand-kinds.ts';
import type { Cell, Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, r, row, w } from '../row.ts';
import { SHAPES } from '../sse/forms.ts';

/** The low four bits of a predicate (SDM vol. 2, table 3-1): a comparison, perhaps with operands swapped, joined with unordered, negated. */
interface Predicate {
  readonly base: 'eq' | 'lt' | 'le' | 'unord' | 'false';
  readonly swaps?: boolean;
  readonly orUnordered?: boolean;
  readonly negates?: boolean;
  /** A quiet NaN raises the invalid exception; bit 4 of the predicate turns this round. */
  readonly signals?: boolean;
}

const PREDICATES: readonly Predicate[] = [
  { base: 'eq' },
  { base: 'lt', signals: true },
  { base: 'le', signals: true },
  { base: 'unord' },
  { base: 'eq', negates: true },
  { base: 'lt', negates: true, signals: true },
  { base: 'le', negates: true, signals: true },
  { base: 'unord', negates: true },
  { base: 'eq', orUnordered: true },
  { base: 'le', swaps: true, negates: true, signals: true },
  { base: 'lt', swaps: true, negates: true, signals: true },
  { base: 'false' },
  { base: 'eq', orUnordered: true, negates: true },
  { base: 'le', swaps: true, signals: true },
  { base: 'lt', swaps: true, signals: true },
  { base: 'false', negates: true },
];
const ALL_ONES = new Array<number>(16).fill(0xff);

// The comparison in a fresh vector temporary. Its pieces are the SSE comparisons: EQ and UNORD are quiet, LT and LE signal.
function compare(b: Lifter, shape: string, number: number, left: Cell, right: Cell): Cell {
  const { base, swaps, orUnordered, negates, signals = false } = PREDICATES[number & 15];
  const shallSignal = signals !== number >= 16;
  const run = (name: string, first: Cell, second: Cell) => {
    const out = b.vectorTemporary();
    // A scalar comparison writes its own element only.
    b.uop('vzero', out);
    b.uop(`${shape}.cmp.${name}`, out, first, second);
    return out;
  };
  const [first, second] = swaps ? [right, left] : [left, right];
  let result: Cell;
  if (base === 'lt' || base === 'le') {
    if (shallSignal) result = run(base, first, second);
    else {
      // Where an operand is NaN, zeros are compared in their place, and the answer there is no.
      const unordered = run('unord', first, second);
      const [kept, other] = [first, second].map((operand) => {
        const ordered = b.vectorTemporary();
        b.uop('vandnot', ordered, unordered, operand);
        return ordered;
      });
      result = run(base, kept, other);
      b.uop('vandnot', result, unordered, result);
    }
  } else {
    if (shallSignal) run('lt', first, second);
    result = run(base === 'false' ? 'eq' : base, first, second);
    if (base === 'false') b.uop('vzero', result);
    if (orUnordered) b.uop('v128_or', result, result, run('unord', first, second));
  }
  if (negates) b.uop('v128_xor', result, result, b.constantVector(ALL_ONES));
  return result;
}

export const vcmp = instruction({
  mnemonic: 'vcmp',
  suffixes: ['ps', 'pd', 'ss', 'sd'],
  feature: 'avx',
  lift: (b) => {
    const right = b.readLanes(2);
    const left = b.registerOperand(1);
    const predicate = b.immediate(3) & 31;
    const shape = SHAPES[b.position];
    if (b.position < 2) {
      b.writeLanes(
        0,
        Array.from({ length: b.lanes }, (_, lane) => compare(b, shape, predicate, left + 16 * lane, right + 16 * lane)),
      );
      return;
    }
    const merged = b.vectorTemporary();
    b.uop('mov.128', merged, left);
    b.uop(b.position === 2 ? 'vlow.32' : 'mov.64', merged, compare(b, shape, predicate, left, right));
    b.writeLanes(0, [merged]);
  },
  rows: [
    row('vex np 0f c2 /r ib', w(ymm), r(vymm), r(ym), r(imm8)),
    row('vex 66 0f c2 /r ib', w(ymm), r(vymm), r(ym), r(imm8)),
    row('vex f3 0f c2 /r ib', w(xmm), r(vxmm), r(xm32), r(imm8)),
    row('vex f2 0f c2 /r ib', w(xmm), r(vxmm), r(xm64), r(imm8)),
  ],
});

// ZF: no bit of the conjunction; CF: no bit of the second operand outside the first. With 256 bits both lanes count.
function test(mnemonic: string, encoding: string, mask: number | undefined): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    flags: 'w:zc 0:osap',
    lift: (b) => {
      const second = b.readLanes(1);
      const first = b.registerOperand(0);
      const parts = Array.from({ length: b.lanes }, (_, lane) => {
        const both = b.vectorTemporary();
        const outside = b.vectorTemporary();
        b.uop('v128_and', both, first + 16 * lane, second + 16 * lane);
        b.uop('vandnot', outside, first + 16 * lane, second + 16 * lane);
        if (mask !== undefined) {
          const signs = b.constantVector(Array.from({ length: 16 }, (_, byte) => (byte % mask === mask - 1 ? 0x80 : 0)));
          b.uop('v128_and', both, both, signs);
          b.uop('v128_and', outside, outside, signs);
        }
        return { both, outside };
      });
      const [{ both, outside }, upper] = parts;
      if (upper !== undefined) {
        b.uop('v128_or', both, both, upper.both);
        b.uop('v128_or', outside, outside, upper.outside);
      }
      const isEmpty = (vector: Cell) => b.value('eqz.64', b.value('or.64', vector, vector + 8));
      const zero = isEmpty(both);
      const carry = isEmpty(outside);
      // The result word is 0 or 0x100; PF is clear, which the correction bit of the aux word says.
      b.uop('flags.words', b.value('shlx.64', b.value('eqz.64', zero), b.constant(8)), b.constant(0x100));
      b.uop('flags.carry', carry);
    },
    rows: [row(encoding, r(ymm), r(ym))],
  });
}
export const vptest = test('vptest', 'vex 66 0f 38 17 /r', undefined);
export const vtestps = test('vtestps', 'vex 66 w0 0f 38 0e /r', 4);
export const vtestpd = test('vtestpd', 'vex 66 w0 0f 38 0f /r', 8);

function signMask(mnemonic: string, encoding: string, op: string, perLane: number): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const source = b.registerOperand(1);
      const low = b.value(op, source);
      if (b.lanes === 1) b.uop('mov.64', b.registerOperand(0), low);
      else b.uop('or.64', b.registerOperand(0), low, b.value('shlx.64', b.value(op, source + 16), b.constant(perLane)));
    },
    rows: [row(encoding, w(r32), r(ym))],
  });
}
export const vpmovmskb = signMask('vpmovmskb', 'vex 66 0f d7 mod3 /r', 'vmask.8', 16);
export const vmovmskps = signMask('vmovmskps', 'vex np 0f 50 mod3 /r', 'vmask.32', 4);
export const vmovmskpd = signMask('vmovmskpd', 'vex 66 0f 50 mod3 /r', 'vmask.64', 2);
