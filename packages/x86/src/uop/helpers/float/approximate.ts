// RCPPS and RSQRTPS as Intel processors compute them: the value at the middle of a small interval of the operand, in 13 bits.
//
// The manual promises a relative error of 1.5 * 2^-12 and leaves the rest open; other makers' tables differ. That the formula
// gives the bits of an Intel processor for every significand has been seen on the hardware.
import { type HelperRow, helper } from '../helper-row.ts';
import { defaultNaN, isDenormal, isInfinite, isNaNBits, isZero, single } from './format.ts';
import { readLane, scratch, writeLane } from './lanes.ts';

// Denormal operands count as zero, tiny results become zero, no flag is raised and MXCSR is not looked at.
function special(bits: bigint): bigint | undefined {
  const sign = bits & single.signBit;
  if (isNaNBits(single, bits)) return bits | single.quiet;
  if (isZero(single, bits) || isDenormal(single, bits)) return sign | single.infinity;
  return undefined;
}

// A value in 13 bits times a power of two, as a single; below the normal numbers it is zero.
function assemble(sign: bigint, value: number, exponent: number): bigint {
  const scaled = Math.round(value * 8192) * 2 ** (exponent - 13);
  if (scaled < 2 ** -126) return sign;
  return sign | BigInt(new Uint32Array(new Float32Array([scaled]).buffer)[0]);
}

function reciprocal(bits: bigint): bigint {
  const sign = bits & single.signBit;
  const known = special(bits);
  if (known !== undefined) return known;
  if (isInfinite(single, bits)) return sign;
  const word = Number(bits & 0x7fff_ffffn);
  const middle = 1 + (((word >> 12) & 0x7ff) + 0.5) / 2048;
  return assemble(sign, 1 / middle, single.bias - (word >> 23));
}

function reciprocalRoot(bits: bigint): bigint {
  const known = special(bits);
  if (known !== undefined) return known;
  if ((bits & single.signBit) !== 0n) return defaultNaN(single);
  if (isInfinite(single, bits)) return 0n;
  const word = Number(bits);
  const exponent = (word >> 23) - single.bias;
  const odd = exponent & 1;
  const middle = (1 + odd) * (1 + (((word >> 13) & 0x3ff) + 0.5) / 1024);
  return assemble(0n, 1 / Math.sqrt(middle), (odd - exponent) / 2);
}

function row(name: string, lanes: number, approximate: (bits: bigint) => bigint): HelperRow {
  return helper(`${lanes === 1 ? 'f32' : 'f32x4'}.${name}`, (context, out, source) => {
    for (let offset = 0; offset < 4 * lanes; offset += 4)
      writeLane(context, single, scratch(context) + offset, approximate(readLane(context, single, source + offset)));
    context.memory.u8.copyWithin(out, scratch(context), scratch(context) + 4 * lanes);
    return 0;
  });
}

/** Helpers called by the instructions themselves: there is no plain WebAssembly for them. */
export const approximateHelpers: readonly HelperRow[] = [
  row('rcp', 1, reciprocal),
  row('rcp', 4, reciprocal),
  row('rsqrt', 1, reciprocalRoot),
  row('rsqrt', 4, reciprocalRoot),
];
