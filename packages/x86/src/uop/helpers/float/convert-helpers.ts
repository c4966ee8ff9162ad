// Helper rows behind the conversion micro-operations.
import { type HelperRow, helper } from '../helper-row.ts';
import { changeFormat, fromInteger, toInteger, toIntegral } from './convert.ts';
import { double, type FloatFormat, single } from './format.ts';
import { beginFloat, deliver, endFloat, readLane, scratch, writeLane } from './lanes.ts';

const name = (format: FloatFormat) => `f${format.width}`;

function scalarToInteger(how: 'from' | 'trunc', format: FloatFormat, bits: 32 | 64): HelperRow {
  return helper(`i${bits}.${how}.${name(format)}`, (context, out, source) => {
    const control = beginFloat(context);
    const integer = toInteger(control, format, readLane(context, format, source), bits, how === 'trunc');
    const status = endFloat(context, control);
    // A 32-bit result clears the upper half of its register.
    if (status === 0) context.memory.i64[out >>> 3] = bits === 32 ? BigInt.asUintN(32, integer) : integer;
    return status;
  });
}

// Four integers from four singles, or two from two doubles with two zeros above them.
function packedToInteger(how: 'from' | 'trunc', format: FloatFormat): HelperRow {
  const bytes = format.width / 8;
  return helper(`i32x4.${how}.${name(format)}`, (context, out, source) => {
    const control = beginFloat(context);
    for (let lane = 0; lane < 4; lane += 1) {
      const bits = lane * bytes < 16 ? readLane(context, format, source + lane * bytes) : 0n;
      const integer = toInteger(control, format, bits, 32, how === 'trunc');
      context.memory.i32[(scratch(context) >>> 2) + lane] = Number(integer);
    }
    return deliver(context, control, out, 16);
  });
}

function scalarFromInteger(format: FloatFormat, bits: 32 | 64): HelperRow {
  return helper(`${name(format)}.from.i${bits}`, (context, out, source) => {
    const control = beginFloat(context);
    const integer = BigInt.asIntN(bits, context.memory.i64[source >>> 3]);
    writeLane(context, format, scratch(context), fromInteger(control, format, integer));
    return deliver(context, control, out, format.width / 8);
  });
}

const packedFromInteger = helper('f32x4.from.i32', (context, out, source) => {
  const control = beginFloat(context);
  for (let offset = 0; offset < 16; offset += 4) {
    const integer = BigInt(context.memory.i32[(source + offset) >>> 2]);
    writeLane(context, single, scratch(context) + offset, fromInteger(control, single, integer));
  }
  return deliver(context, control, out, 16);
});

// One lane, or two; two singles have zeros above them.
function formatChange(from: FloatFormat, to: FloatFormat, lanes: 1 | 2): HelperRow {
  const label = lanes === 1 ? name(to) : `${name(to)}x${128 / to.width}`;
  return helper(`${label}.from.${name(from)}`, (context, out, source) => {
    const control = beginFloat(context);
    const target = scratch(context);
    if (lanes === 2) context.memory.u8.fill(0, target, target + 16);
    for (let lane = 0; lane < lanes; lane += 1) {
      const bits = readLane(context, from, source + (lane * from.width) / 8);
      writeLane(context, to, target + (lane * to.width) / 8, changeFormat(control, from, to, bits));
    }
    return deliver(context, control, out, lanes === 2 ? 16 : to.width / 8);
  });
}

// ROUNDPS and its kin: the immediate says which rounding (4: MXCSR's) and whether precision stays down (8).
function integral(format: FloatFormat, lanes: number): HelperRow {
  const bytes = format.width / 8;
  return helper(`${lanes === 1 ? name(format) : `${name(format)}x${lanes}`}.round`, (context, out, source, request) => {
    const control = beginFloat(context);
    const immediate = context.memory.i32[request >>> 2];
    const rounding = immediate & 4 ? control.rounding : immediate & 3;
    for (let offset = 0; offset < lanes * bytes; offset += bytes) {
      const bits = readLane(context, format, source + offset);
      const rounded = toIntegral(control, format, bits, rounding, (immediate & 8) !== 0);
      writeLane(context, format, scratch(context) + offset, rounded);
    }
    return deliver(context, control, out, lanes * bytes);
  });
}

/** Rows named as the micro-operations they stand behind. */
export const floatConvertHelpers: readonly HelperRow[] = [
  ...(['from', 'trunc'] as const).flatMap((how) =>
    [double, single].flatMap((format) => [scalarToInteger(how, format, 32), scalarToInteger(how, format, 64), packedToInteger(how, format)]),
  ),
  integral(double, 1),
  integral(single, 1),
  integral(double, 2),
  integral(single, 4),
  scalarFromInteger(double, 64),
  scalarFromInteger(single, 32),
  scalarFromInteger(single, 64),
  packedFromInteger,
  formatChange(double, single, 1),
  formatChange(single, double, 1),
  formatChange(double, single, 2),
  formatChange(single, double, 2),
];
