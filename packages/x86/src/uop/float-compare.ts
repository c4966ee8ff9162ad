// Float comparison micro-operations: masks (CMPPS and its kin) and flags (COMISS, UCOMISS), on one lane or on all.
import type { PlainOp } from '../wasm/code.ts';
import { type FloatWidth, helperOr, pushDenormal, pushDenormalLanes, pushFloat, pushNaN, pushNaNLanes, pushUnusual, shape, vectorOp } from './float-checks.ts';
import type { Predicate } from './helpers/float/compare-helpers.ts';
import { AuxBit } from './flag-words.ts';
import { type Emitter, type UopRow, uop } from './uop-row.ts';

const PREDICATES: readonly Predicate[] = ['eq', 'lt', 'le', 'unord'];
/** Parity correction bit of the aux word: PF is clear. */
const ODD_PARITY = 0x100;

// Operand bits in a and b; pushes whether the helper must decide: NaN, denormal, or an unusual MXCSR.
function pushDifficult(e: Emitter, width: FloatWidth): void {
  const { a, b } = e.local;
  pushUnusual(e, false);
  for (const local of [a, b]) {
    pushNaN(e, local, width);
    pushDenormal(e, local, width);
    e.code.ops('i32_or', 'i32_or');
  }
}

function scalarMask(predicate: Predicate, width: FloatWidth): UopRow {
  const name = `f${width}.cmp.${predicate}`;
  return uop(
    name,
    'out in in',
    (e) => {
      const { a, b, p } = e.local;
      e.get(1, width);
      e.code.set(a);
      e.get(2, width);
      e.code.set(b);
      // Numbers are never unordered.
      if (predicate === 'unord') e.code.i32(0).set(p);
      else {
        e.code.i32(0);
        pushFloat(e, a, width);
        pushFloat(e, b, width);
        e.code.ops(`f${width}_${predicate}` as PlainOp, 'i32_sub').set(p);
      }
      pushDifficult(e, width);
      helperOr(e, name, [0, 1, 2], () => {
        if (width === 64) e.set(0, 64, () => e.code.get(p).ops('i64_extend_i32_s'));
        else e.setFloat(0, 32, () => e.code.get(p).ops('f32_reinterpret_i32'));
      });
    },
    { faults: true },
  );
}

function packedMask(predicate: Predicate, width: FloatWidth): UopRow {
  const name = `${shape(width)}.cmp.${predicate}`;
  return uop(
    name,
    'out in in',
    (e) => {
      const { v, w } = e.local;
      e.getVector(1);
      e.code.set(v);
      e.getVector(2);
      e.code.set(w);
      for (const local of [v, w]) {
        pushNaNLanes(e, local, width);
        pushDenormalLanes(e, local, width);
        e.code.vector('v128_or');
      }
      e.code.vector('v128_or', 'v128_any_true');
      pushUnusual(e, false);
      e.code.ops('i32_or');
      helperOr(e, name, [0, 1, 2], () =>
        e.setVector(0, () => {
          if (predicate === 'unord') e.code.v128(new Array<number>(16).fill(0));
          else e.code.get(v).get(w).vector(vectorOp(width, predicate));
        }),
      );
    },
    { faults: true },
  );
}

function flags(name: 'comis' | 'ucomis', width: FloatWidth): UopRow {
  return uop(
    `f${width}.${name}`,
    'in in',
    (e) => {
      const { a, b } = e.local;
      e.get(0, width);
      e.code.set(a);
      e.get(1, width);
      e.code.set(b);
      pushDifficult(e, width);
      helperOr(e, `f${width}.${name}`, [0, 1], () => {
        // ZF: a result of zero. CF: bit 63 of the aux word, and bit 62 with it so that OF is clear.
        e.setFlagResult(() => {
          pushFloat(e, a, width);
          pushFloat(e, b, width);
          e.code.ops(`f${width}_ne`, 'i64_extend_i32_u').i64(8).ops('i64_shl');
        });
        e.setFlagAux(() => {
          e.code.i64(AuxBit.TOP_TWO | BigInt(ODD_PARITY)).i64(ODD_PARITY);
          pushFloat(e, a, width);
          pushFloat(e, b, width);
          e.code.ops(`f${width}_lt`, 'select');
        });
      });
    },
    { faults: true, flags: 'write', hot: width === 64 },
  );
}

const WIDTHS = [64, 32] as const;

/** All rows of this file. */
export const floatCompareRows: readonly UopRow[] = [
  ...PREDICATES.flatMap((predicate) => WIDTHS.flatMap((width) => [scalarMask(predicate, width), packedMask(predicate, width)])),
  ...WIDTHS.flatMap((width) => [flags('comis', width), flags('ucomis', width)]),
];
