// Moves, extensions, address arithmetic, selections and bit operations on cells.
import { replaceCarry, replaceCarryAndOverflow, setResultWord, zeroExtend } from './flag-words.ts';
import { highProductSigned, highProductUnsigned, WIDTHS } from './integer.ts';
import { CONDITIONS, pushCondition } from './condition.ts';
import { type Emitter, type UopRow, uop } from './uop-row.ts';
import { setCarryAndOverflow } from './flag-words.ts';

const moves = WIDTHS.flatMap((width) => [
  // Register write of that width; the 64-bit one is also the copy of a whole cell.
  uop(`mov.${width}`, 'out in', (e) => e.set(0, width, () => e.get(1, width)), { hot: true }),
  // Extensions to a whole cell.
  uop(`zx.${width}`, 'out in', (e) => e.set(0, 64, () => e.get(1, width)), { hot: width < 64 }),
  uop(`sx.${width}`, 'out in', (e) => e.set(0, 64, () => e.getSigned(1, width)), { hot: width < 64 }),
  uop(`not.${width}`, 'out in', (e) => e.set(0, width, () => (e.get(1, width), e.code.i64(-1).ops('i64_xor')))),
  uop(
    `sel.${width}`,
    'out in in in',
    (e) => e.set(0, width, () => (e.get(2, width), e.get(3, width), e.get(1, 64), e.code.ops('i64_eqz', 'i32_eqz', 'select'))),
    { hot: width >= 32 },
  ),
]);

// Effective addresses: base + (index << scale) in 64 bits, base + (index << scale) + displacement modulo 2^32.
const addresses = [0, 1, 2, 3].flatMap((scale) => {
  const sum = (e: Emitter) => {
    e.get(1, 64);
    e.get(2, 64);
    if (scale > 0) e.code.i64(scale).ops('i64_shl');
    e.code.ops('i64_add');
  };
  return [
    uop(`lea.bi${scale}`, 'out in in', (e) => e.set(0, 64, () => sum(e)), { hot: true }),
    uop(
      `lea32.bid${scale}`,
      'out in in inline',
      (e) =>
        e.set(0, 32, () => {
          sum(e);
          e.inline(3);
          e.code.ops('i64_extend_i32_s', 'i64_add');
        }),
      { hot: true },
    ),
  ];
});
const baseDisplacement = [
  uop('lea.bd', 'out in inline', (e) => e.set(0, 64, () => (e.get(1, 64), e.inline(2), e.code.ops('i64_extend_i32_s', 'i64_add'))), { hot: true }),
  uop('lea32.bd', 'out in inline', (e) => e.set(0, 32, () => (e.get(1, 64), e.inline(2), e.code.ops('i64_extend_i32_s', 'i64_add'))), { hot: true }),
];

const conditions = CONDITIONS.map((name, index) =>
  uop(`cond.${name}`, 'out', (e) => e.set(0, 64, () => (pushCondition(e, index), e.code.ops('i64_extend_i32_u'))), {
    flags: 'read',
    hot: name === 'e' || name === 'ne',
  }),
);

// What LAHF gives: SF ZF 0 AF 0 PF 1 CF. The conditions stand at 2 (CF), 4 (ZF), 8 (SF) and 10 (PF); AF is bit 3 of the aux word.
const image = uop(
  'flags.image',
  'out',
  (e) =>
    e.set(0, 64, () => {
      e.flagAux();
      e.code.i64(8).ops('i64_and').i64(1).ops('i64_shl').i64(2).ops('i64_or');
      for (const [condition, bit] of [
        [2, 0],
        [4, 6],
        [8, 7],
        [10, 2],
      ]) {
        pushCondition(e, condition);
        e.code.ops('i64_extend_i32_u').i64(bit).ops('i64_shl', 'i64_or');
      }
    }),
  { flags: 'read' },
);

const comparisons = [
  uop('eq.64', 'out in in', (e) => e.set(0, 64, () => (e.get(1, 64), e.get(2, 64), e.code.ops('i64_eq', 'i64_extend_i32_u')))),
  uop('eqz.64', 'out in', (e) => e.set(0, 64, () => (e.get(1, 64), e.code.ops('i64_eqz', 'i64_extend_i32_u')))),
];

// One-operand multiplications: the low half first, so that `out` cells may be the inputs' registers only in the upper-half row.
const products = [
  uop('mulhi.u', 'out in in', (e) => high(e, highProductUnsigned)),
  uop('mulhi.s', 'out in in', (e) => high(e, highProductSigned)),
  uop('shrx.64', 'out in in', (e) => e.set(0, 64, () => (e.get(1, 64), e.get(2, 64), e.code.ops('i64_shr_u')))),
  uop('shlx.64', 'out in in', (e) => e.set(0, 64, () => (e.get(1, 64), e.get(2, 64), e.code.ops('i64_shl')))),
  uop('sarx.64', 'out in in', (e) => e.set(0, 64, () => (e.get(1, 64), e.get(2, 64), e.code.ops('i64_shr_s')))),
];

function high(e: Emitter, product: typeof highProductUnsigned): void {
  const { a, b, c } = e.local;
  e.get(1, 64);
  e.code.set(a);
  e.get(2, 64);
  e.code.set(b);
  product(e, a, b, c);
  e.set(0, 64, () => e.code.get(c));
}

const bits = WIDTHS.flatMap((width): UopRow[] => {
  if (width === 8) return [];
  const index = (e: Emitter) => {
    e.get(2, 64);
    e.code.i64(width - 1).ops('i64_and');
  };
  const count = (name: 'i64_ctz' | 'i64_clz') => (e: Emitter) => {
    e.get(1, width);
    if (name === 'i64_ctz' && width < 64) e.code.i64(1n << BigInt(width)).ops('i64_or');
    e.code.ops(name);
    if (name === 'i64_clz' && width < 64) e.code.i64(64 - width).ops('i64_sub');
  };
  return [
    uop(`bit.${width}`, 'out in in', (e) => e.set(0, 64, () => (e.get(1, width), index(e), e.code.ops('i64_shr_u').i64(1).ops('i64_and')))),
    uop(`bitset.${width}`, 'out in in', (e) => e.set(0, width, () => (e.get(1, width), e.code.i64(1), index(e), e.code.ops('i64_shl', 'i64_or')))),
    uop(`bitclear.${width}`, 'out in in', (e) =>
      e.set(0, width, () => (e.get(1, width), e.code.i64(1), index(e), e.code.ops('i64_shl').i64(-1).ops('i64_xor', 'i64_and'))),
    ),
    uop(`bitflip.${width}`, 'out in in', (e) => e.set(0, width, () => (e.get(1, width), e.code.i64(1), index(e), e.code.ops('i64_shl', 'i64_xor')))),
    // Counts of trailing and leading zeros; the operand width for zero.
    uop(`ctz.${width}`, 'out in', (e) => e.set(0, width, () => count('i64_ctz')(e)), { hot: width === 32 }),
    uop(`clz.${width}`, 'out in', (e) => e.set(0, width, () => count('i64_clz')(e))),
    uop(`popcnt.${width}`, 'out in', (e) => e.set(0, width, () => (e.get(1, width), e.code.ops('i64_popcnt')))),
  ];
});

// SHLD/SHRD: destination, source, count. 16-bit counts above 16 are undefined; hardware continues into the destination's own
// bits (Intel) and the result here is that of the 48-bit concatenation shifted on.
function doubleShift(name: 'shld' | 'shrd', width: 16 | 32 | 64): UopRow[] {
  const left = name === 'shld';
  const load = (e: Emitter, first: number) => {
    const { a, b, d } = e.local;
    e.get(first, width);
    e.code.set(a);
    e.get(first + 1, width);
    e.code.set(b);
    e.get(first + 2, 8);
    e.code
      .i64(width === 64 ? 63 : 31)
      .ops('i64_and')
      .set(d);
  };
  const compute = (e: Emitter) => {
    const { a, b, c, d } = e.local;
    const code = e.code;
    if (width === 16)
      code
        .get(a)
        .i64(32)
        .ops('i64_shl')
        .get(b)
        .i64(16)
        .ops('i64_shl', 'i64_or')
        .get(a)
        .ops('i64_or')
        .get(d)
        .ops(left ? 'i64_shl' : 'i64_shr_u')
        .i64(left ? 32 : 0)
        .ops('i64_shr_u');
    else {
      // The other operand's part disappears for a count of zero, where a shift by the whole width would wrap round.
      code
        .get(a)
        .get(d)
        .ops(left ? 'i64_shl' : 'i64_shr_u');
      code
        .i64(0)
        .get(b)
        .i64(width)
        .get(d)
        .ops('i64_sub', left ? 'i64_shr_u' : 'i64_shl')
        .get(d)
        .ops('i64_eqz', 'select', 'i64_or');
    }
    zeroExtend(e, width);
    code.set(c);
  };
  const setFlags = (e: Emitter) => {
    const { a, b, c, d } = e.local;
    const code = e.code;
    code.get(d).ops('i64_eqz', 'i32_eqz').if();
    setResultWord(e, width);
    e.setFlagAux(() => {
      // CF: the bit shifted out last; bit 62 = CF ^ OF, where OF says whether the sign changed.
      if (width === 16 && left) code.get(a).i64(16).ops('i64_shl').get(b).ops('i64_or').i64(32).get(d).ops('i64_sub', 'i64_shr_u');
      else if (width === 16) code.get(b).i64(16).ops('i64_shl').get(a).ops('i64_or').get(d).i64(1).ops('i64_sub', 'i64_shr_u');
      else if (left) code.get(a).i64(width).get(d).ops('i64_sub', 'i64_shr_u');
      else code.get(a).get(d).i64(1).ops('i64_sub', 'i64_shr_u');
      code.i64(63).ops('i64_shl').tee(d).get(d).i64(1).ops('i64_shr_u');
      code
        .get(a)
        .get(c)
        .ops('i64_xor')
        .i64(width - 1)
        .ops('i64_shr_u')
        .i64(1)
        .ops('i64_and')
        .i64(62)
        .ops('i64_shl', 'i64_xor', 'i64_or');
    });
    code.end();
  };
  const store = (e: Emitter) => e.set(0, width, () => e.code.get(e.local.c));
  return [
    uop(`${name}.${width}`, 'out in in in', (e) => (load(e, 1), compute(e), store(e))),
    uop(`${name}.f.${width}`, 'out in in in', (e) => (load(e, 1), compute(e), store(e), setFlags(e)), { flags: 'partial' }),
    uop(`${name}.o.${width}`, 'in in in', (e) => (load(e, 0), compute(e), setFlags(e)), { flags: 'partial' }),
  ];
}

const flagWrites = [
  // CF := bit 0 of the cell, the other flags stay.
  uop('flags.carry', 'in', (e) => replaceCarry(e, () => e.get(0, 64)), { flags: 'partial' }),
  // CF = OF = bit 0 of the first cell; SF, ZF, PF of the second (64-bit) cell, AF clear: multiplications.
  uop(
    'flags.product',
    'in in',
    (e) => {
      e.get(1, 64);
      e.code.set(e.local.c);
      setResultWord(e, 64);
      setCarryAndOverflow(e, () => (e.get(0, 64), e.code.ops('i32_wrap_i64')));
    },
    { flags: 'write' },
  ),
  // Both words as they come: POPF, SAHF, comparisons of floats.
  uop(
    'flags.words',
    'in in',
    (e) => {
      e.setFlagResult(() => e.get(0, 64));
      e.setFlagAux(() => e.get(1, 64));
    },
    { flags: 'write' },
  ),
  uop('flags.carryoverflow', 'in', (e) => replaceCarryAndOverflow(e, () => e.get(0, 64)), { flags: 'partial' }),
];

const swaps = [
  uop('bswap.32', 'out in', (e) => {
    const { p } = e.local;
    e.get(1, 32);
    e.code.ops('i32_wrap_i64').set(p);
    e.set(0, 32, () => {
      e.code
        .get(p)
        .i32(8)
        .ops('i32_rotl')
        .i32(0x00ff00ff)
        .ops('i32_and')
        .get(p)
        .i32(24)
        .ops('i32_rotl')
        .i32(0xff00ff00 | 0)
        .ops('i32_and', 'i32_or', 'i64_extend_i32_u');
    });
  }),
  uop('bswap.64', 'out in', (e) => {
    const { a } = e.local;
    const swap = (mask: bigint, distance: number) => {
      e.code.get(a).i64(mask).ops('i64_and').i64(distance).ops('i64_shl').get(a).i64(distance).ops('i64_shr_u').i64(mask).ops('i64_and', 'i64_or').set(a);
    };
    e.get(1, 64);
    e.code.set(a);
    swap(0x00ff00ff00ff00ffn, 8);
    swap(0x0000ffff0000ffffn, 16);
    e.set(0, 64, () => e.code.get(a).i64(32).ops('i64_rotl'));
  }),
];

const doubleShifts = (['shld', 'shrd'] as const).flatMap((name) => ([16, 32, 64] as const).flatMap((width) => doubleShift(name, width)));

/** All rows of this file. */
export const moveRows: readonly UopRow[] = [
  ...moves,
  ...addresses,
  ...baseDisplacement,
  ...conditions,
  image,
  ...comparisons,
  ...products,
  ...bits,
  ...doubleShifts,
  ...flagWrites,
  ...swaps,
];
