// Integer arithmetic micro-operations: each operation is written once and yields a value row, a value-and-flags row and a flags-only row.
import {
  AuxBit,
  clearAux,
  replaceCarryAndOverflow,
  restoreCarry,
  setAddAux,
  setCarryAndOverflow,
  setResultWord,
  setSubtractAux,
  signExtend,
  zeroExtend,
} from './flag-words.ts';
import { type Emitter, type FlagUse, type UopRow, uop, type Width } from './uop-row.ts';

/** Operand widths in the order of the variants of a family. */
export const WIDTHS: readonly Width[] = [8, 16, 32, 64];

interface Arithmetic {
  readonly name: string;
  readonly inputs: 1 | 2;
  readonly reads?: boolean;
  readonly flags: FlagUse;
  /** With the inputs in locals a (and b): leaves the result in local c (upper bits beyond the width may hold rubbish). */
  readonly compute: (e: Emitter, width: Width) => void;
  /** With a, b and c in place: writes both flag words. */
  readonly setFlags: (e: Emitter, width: Width) => void;
}

function binary(op: 'i64_add' | 'i64_sub' | 'i64_and' | 'i64_or' | 'i64_xor') {
  return (e: Emitter) => {
    const { a, b, c } = e.local;
    e.code.get(a).get(b).ops(op).set(c);
  };
}

function withCarry(op: 'i64_add' | 'i64_sub') {
  return (e: Emitter) => {
    const { a, b, c } = e.local;
    e.code.get(a).get(b).ops(op);
    e.flagAux();
    e.code.i64(63).ops('i64_shr_u', op).set(c);
  };
}

const addFlags = (e: Emitter, width: Width) => {
  setResultWord(e, width);
  setAddAux(e, width);
};
const subtractFlags = (e: Emitter, width: Width) => {
  setResultWord(e, width);
  setSubtractAux(e, width);
};
const logicFlags = (e: Emitter, width: Width) => {
  setResultWord(e, width);
  clearAux(e);
};

function step(op: 'i64_add' | 'i64_sub', setAux: (e: Emitter, width: Width) => void) {
  return {
    compute: (e: Emitter) => e.code.get(e.local.a).i64(1).tee(e.local.b).ops(op).set(e.local.c),
    setFlags: (e: Emitter, width: Width) => {
      setResultWord(e, width);
      const { q } = e.local;
      // The old CF outlives the new word in the 32-bit scratch local: setAux uses local d itself.
      e.flagAux();
      e.code.i64(63).ops('i64_shr_u', 'i32_wrap_i64').set(q);
      setAux(e, width);
      e.code.get(q).ops('i64_extend_i32_u').i64(63).ops('i64_shl').set(e.local.d);
      restoreCarry(e);
    },
  };
}

// Shift counts are taken modulo 32, or 64 for 64-bit operands (SDM vol. 2, SHL); a count of zero changes nothing at all.
function maskCount(e: Emitter, width: Width): void {
  const { b } = e.local;
  e.code
    .get(b)
    .i64(width === 64 ? 63 : 31)
    .ops('i64_and')
    .tee(b)
    .ops('i64_eqz');
}

function shift(name: string, before: (e: Emitter, width: Width) => void, last: (e: Emitter) => void, aux: (e: Emitter, width: Width) => void): Arithmetic {
  return {
    name,
    inputs: 2,
    flags: 'partial',
    compute: (e, width) => {
      const { a, b, c, d } = e.local;
      maskCount(e, width);
      e.code.if().depth;
      e.code.get(a).set(c).else();
      // d = a shifted by count - 1: the last bit out is still in it.
      before(e, width);
      e.code.get(b).i64(1).ops('i64_sub');
      e.code.ops(name === 'shl' ? 'i64_shl' : name === 'shr' ? 'i64_shr_u' : 'i64_shr_s').tee(d);
      last(e);
      e.code.set(c).end();
    },
    setFlags: (e, width) => {
      e.code.get(e.local.b).ops('i64_eqz', 'i32_eqz').if();
      aux(e, width);
      setResultWord(e, width);
      e.code.end();
    },
  };
}

const shiftLeft = shift(
  'shl',
  (e) => e.code.get(e.local.a),
  (e) => e.code.i64(1).ops('i64_shl'),
  // CF is the bit shifted out last and OF = CF ^ sign: both are the top two bits of d at operand width.
  (e, width) =>
    e.setFlagAux(() =>
      e.code
        .get(e.local.d)
        .i64(64 - width)
        .ops('i64_shl')
        .i64(AuxBit.TOP_TWO)
        .ops('i64_and'),
    ),
);
const shiftRight = shift(
  'shr',
  (e) => e.code.get(e.local.a),
  (e) => e.code.i64(1).ops('i64_shr_u'),
  (e, width) =>
    e.setFlagAux(() => {
      const { c, d } = e.local;
      e.code.get(d).i64(63).ops('i64_shl');
      e.code
        .get(d)
        .i64(62)
        .ops('i64_shl')
        .get(c)
        .i64(64 - width)
        .ops('i64_shl', 'i64_xor')
        .i64(AuxBit.SECOND)
        .ops('i64_and', 'i64_or');
    }),
);
const shiftArithmetic = shift(
  'sar',
  (e, width) => {
    e.code.get(e.local.a);
    signExtend(e, width);
  },
  (e) => e.code.i64(1).ops('i64_shr_s'),
  (e) =>
    e.setFlagAux(() => {
      const { d } = e.local;
      e.code.get(d).i64(63).ops('i64_shl').get(d).i64(62).ops('i64_shl').i64(AuxBit.SECOND).ops('i64_and', 'i64_or');
    }),
);

function rotate(name: 'rol' | 'ror'): Arithmetic {
  return {
    name,
    inputs: 2,
    flags: 'partial',
    compute: (e, width) => {
      const { a, b, c, d } = e.local;
      maskCount(e, width);
      e.code.ops('drop');
      if (width === 64) {
        e.code
          .get(a)
          .get(b)
          .ops(name === 'rol' ? 'i64_rotl' : 'i64_rotr')
          .set(c);
        return;
      }
      // d = count modulo width; a rotation right by n is one left by width - n.
      e.code
        .get(b)
        .i64(width - 1)
        .ops('i64_and')
        .set(d);
      if (name === 'ror')
        e.code
          .i64(width)
          .get(d)
          .ops('i64_sub')
          .i64(width - 1)
          .ops('i64_and')
          .set(d);
      e.code.get(a).get(d).ops('i64_shl').get(a).i64(width).get(d).ops('i64_sub', 'i64_shr_u', 'i64_or');
      zeroExtend(e, width);
      e.code.set(c);
    },
    setFlags: (e, width) => {
      const { b, c } = e.local;
      e.code.get(b).ops('i64_eqz', 'i32_eqz').if();
      replaceCarryAndOverflow(e, () => {
        if (name === 'ror')
          e.code
            .get(c)
            .i64(64 - width)
            .ops('i64_shl');
        else {
          // CF = bit 0; bit 62 = CF ^ OF = sign of the result.
          e.code
            .get(c)
            .i64(63)
            .ops('i64_shl')
            .get(c)
            .i64(64 - width)
            .ops('i64_shl')
            .i64(1)
            .ops('i64_shr_u')
            .i64(AuxBit.SECOND)
            .ops('i64_and', 'i64_or');
        }
      });
      e.code.end();
    },
  };
}

// Rotations through CF work on width + 1 bits; the count is taken modulo that for 8 and 16 bits (SDM vol. 2, RCL).
function rotateCarry(name: 'rcl' | 'rcr'): Arithmetic {
  return {
    name,
    inputs: 2,
    reads: true,
    flags: 'partial',
    compute: (e, width) => {
      const { a, b, c, d } = e.local;
      e.code
        .get(b)
        .i64(width === 64 ? 63 : 31)
        .ops('i64_and');
      if (width < 32) e.code.i64(width + 1).ops('i64_rem_u');
      e.code.tee(b).ops('i64_eqz').if();
      e.code.get(a).set(c).else();
      e.flagAux();
      e.code.i64(63).ops('i64_shr_u').set(d);
      if (name === 'rcl') {
        e.code.get(a).get(b).ops('i64_shl').get(d).get(b).i64(1).ops('i64_sub', 'i64_shl', 'i64_or');
        e.code.get(a).i64(1).ops('i64_shr_u').i64(width).get(b).ops('i64_sub', 'i64_shr_u', 'i64_or');
      } else {
        e.code.get(a).get(b).ops('i64_shr_u').get(d).i64(width).get(b).ops('i64_sub', 'i64_shl', 'i64_or');
        e.code.get(a).i64(1).ops('i64_shl').i64(width).get(b).ops('i64_sub', 'i64_shl', 'i64_or');
      }
      zeroExtend(e, width);
      e.code.set(c).end();
    },
    setFlags: (e, width) => {
      const { a, b, c } = e.local;
      e.code.get(b).ops('i64_eqz', 'i32_eqz').if();
      replaceCarryAndOverflow(e, () => {
        if (name === 'rcl') {
          // CF = bit (width - count) of the source, bit 62 = CF ^ OF = sign of the result.
          e.code.get(a).i64(width).get(b).ops('i64_sub', 'i64_shr_u').i64(63).ops('i64_shl');
          e.code
            .get(c)
            .i64(64 - width)
            .ops('i64_shl')
            .i64(1)
            .ops('i64_shr_u')
            .i64(AuxBit.SECOND)
            .ops('i64_and', 'i64_or');
        } else {
          // CF = bit (count - 1) of the source; OF = xor of the two top bits of the result.
          e.code.get(a).get(b).i64(1).ops('i64_sub', 'i64_shr_u').i64(63).ops('i64_shl').tee(e.local.d);
          e.code
            .get(e.local.d)
            .i64(1)
            .ops('i64_shr_u')
            .get(c)
            .i64(64 - width)
            .ops('i64_shl')
            .tee(e.local.d);
          e.code.i64(1).ops('i64_shr_u').get(e.local.d).ops('i64_xor').i64(AuxBit.SECOND).ops('i64_and', 'i64_xor', 'i64_or');
        }
      });
      e.code.end();
    },
  };
}

const multiply: Arithmetic = {
  name: 'imul',
  inputs: 2,
  flags: 'write',
  compute: (e, width) => {
    const { a, b, c } = e.local;
    e.code.get(a);
    signExtend(e, width);
    e.code.tee(a).get(b);
    signExtend(e, width);
    e.code.tee(b).ops('i64_mul').set(c);
  },
  setFlags: (e, width) => {
    const { a, b, c, d } = e.local;
    setResultWord(e, width);
    if (width !== 64) {
      setCarryAndOverflow(e, () => {
        e.code.get(c).get(c);
        signExtend(e, width);
        e.code.ops('i64_ne');
      });
      return;
    }
    highProductSigned(e, a, b, d);
    setCarryAndOverflow(e, () => e.code.get(d).get(c).i64(63).ops('i64_shr_s', 'i64_ne'));
  },
};

/** Leaves the upper 64 bits of the unsigned product of locals x and y in local `out` (schoolbook on 32-bit halves); uses p and q as 32-bit scratch only. */
export function highProductUnsigned(e: Emitter, x: number, y: number, out: number): void {
  const low = 0xffff_ffffn;
  const code = e.code;
  // middle = hi(x) * lo(y) + (lo(x) * lo(y) >> 32), which cannot overflow.
  code.get(x).i64(32).ops('i64_shr_u').get(y).i64(low).ops('i64_and', 'i64_mul');
  code.get(x).i64(low).ops('i64_and').get(y).i64(low).ops('i64_and', 'i64_mul').i64(32).ops('i64_shr_u', 'i64_add').set(out);
  // lo(x) * hi(y) + lo(middle), then everything's upper half.
  code.get(x).i64(low).ops('i64_and').get(y).i64(32).ops('i64_shr_u', 'i64_mul').get(out).i64(low).ops('i64_and', 'i64_add').i64(32).ops('i64_shr_u');
  code.get(out).i64(32).ops('i64_shr_u', 'i64_add');
  code.get(x).i64(32).ops('i64_shr_u').get(y).i64(32).ops('i64_shr_u', 'i64_mul', 'i64_add').set(out);
}

/** As highProductUnsigned for signed factors: subtract each factor where the other is negative. */
export function highProductSigned(e: Emitter, x: number, y: number, out: number): void {
  highProductUnsigned(e, x, y, out);
  e.code.get(out).get(x).i64(63).ops('i64_shr_s').get(y).ops('i64_and', 'i64_sub').get(y).i64(63).ops('i64_shr_s').get(x).ops('i64_and', 'i64_sub').set(out);
}

const negate: Arithmetic = {
  name: 'neg',
  inputs: 1,
  flags: 'write',
  compute: (e) => {
    const { a, b, c } = e.local;
    e.code.get(a).set(b).i64(0).tee(a).get(b).ops('i64_sub').set(c);
  },
  setFlags: subtractFlags,
};

const ARITHMETIC: readonly Arithmetic[] = [
  { name: 'add', inputs: 2, flags: 'write', compute: binary('i64_add'), setFlags: addFlags },
  { name: 'sub', inputs: 2, flags: 'write', compute: binary('i64_sub'), setFlags: subtractFlags },
  { name: 'and', inputs: 2, flags: 'write', compute: binary('i64_and'), setFlags: logicFlags },
  { name: 'or', inputs: 2, flags: 'write', compute: binary('i64_or'), setFlags: logicFlags },
  { name: 'xor', inputs: 2, flags: 'write', compute: binary('i64_xor'), setFlags: logicFlags },
  { name: 'adc', inputs: 2, reads: true, flags: 'partial', compute: withCarry('i64_add'), setFlags: addFlags },
  { name: 'sbb', inputs: 2, reads: true, flags: 'partial', compute: withCarry('i64_sub'), setFlags: subtractFlags },
  { name: 'inc', inputs: 1, flags: 'partial', ...step('i64_add', setAddAux) },
  { name: 'dec', inputs: 1, flags: 'partial', ...step('i64_sub', setSubtractAux) },
  negate,
  shiftLeft,
  shiftRight,
  shiftArithmetic,
  rotate('rol'),
  rotate('ror'),
  rotateCarry('rcl'),
  rotateCarry('rcr'),
  multiply,
];

// 32- and 64-bit forms and every comparison are frequent; the rest is reached through the indirect call. Chosen by counting
// executed micro-operations of busybox sh, sort and gzip.
const HOT = new Set(['add', 'sub', 'and', 'or', 'xor', 'inc', 'dec', 'shl', 'shr', 'sar', 'imul']);
const HOT_FLAGS_ONLY = new Set(['sub', 'and']);

function variants(operation: Arithmetic): UopRow[] {
  const { name, inputs, reads = false, flags, compute, setFlags } = operation;
  const load = (e: Emitter, first: number, width: Width) => {
    e.get(first, width);
    e.code.set(e.local.a);
    if (inputs === 2) {
      e.get(first + 1, width);
      e.code.set(e.local.b);
    }
  };
  const ins = inputs === 2 ? 'in in' : 'in';
  return WIDTHS.flatMap((width) => {
    const store = (e: Emitter) => e.set(0, width, () => e.code.get(e.local.c));
    const hot = width >= 32 && HOT.has(name);
    return [
      uop(`${name}.${width}`, `out ${ins}`, (e) => (load(e, 1, width), compute(e, width), store(e)), { hot, flags: reads ? 'read' : 'none' }),
      uop(`${name}.f.${width}`, `out ${ins}`, (e) => (load(e, 1, width), compute(e, width), store(e), setFlags(e, width)), { hot, flags }),
      uop(`${name}.o.${width}`, ins, (e) => (load(e, 0, width), compute(e, width), setFlags(e, width)), { hot: HOT_FLAGS_ONLY.has(name), flags }),
    ];
  });
}

/** All rows of this file. */
export const integerRows: readonly UopRow[] = /* @__PURE__ */ ARITHMETIC.flatMap(variants);
