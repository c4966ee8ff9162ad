// Operand values that find bugs: edges of integers, floats and shift counts, mixed with random ones.
import type { Random } from './random.ts';

const INTEGER_EDGES = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x100n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_ffff_ff80n,
  0xffff_ffff_ffff_8000n,
  0x5555_5555_5555_5555n,
  0xaaaa_aaaa_aaaa_aaaan,
  0x0f0f_0f0f_f0f0_f0f0n,
];
const SHIFT_COUNTS = [0, 1, 2, 7, 8, 9, 15, 16, 17, 18, 31, 32, 33, 34, 63, 64, 65, 0x80, 0xff];
const SINGLE_EDGES = [
  0, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_0000, 0x7fa1_2345,
  0xff91_2345, 0x7fd5_4321, 1, 0x8000_0001, 0x007f_ffff, 0x0080_0000, 0x8080_0000, 0x7f7f_ffff, 0xff7f_ffff,
  0x3f00_0000, 0x3fc0_0000, 0xc020_0000, 0x4f00_0000, 0xcf00_0000, 0x4eff_ffff, 0x5f00_0000, 0xdf00_0000, 0x3f7f_ffff,
  0x4b80_0001, 0x3400_0000, 0x0000_ffff,
];
const DOUBLE_EDGES = [
  0n,
  0x8000_0000_0000_0000n,
  0x3ff0_0000_0000_0000n,
  0xbff0_0000_0000_0000n,
  0x7ff0_0000_0000_0000n,
  0xfff0_0000_0000_0000n,
  0x7ff8_0000_0000_0000n,
  0xfff8_0000_0000_0000n,
  0x7ff4_1234_5678_9abcn,
  0xfff1_2345_0000_0001n,
  0x7ffb_cdef_0123_4567n,
  1n,
  0x8000_0000_0000_0001n,
  0x000f_ffff_ffff_ffffn,
  0x0010_0000_0000_0000n,
  0x7fef_ffff_ffff_ffffn,
  0xffef_ffff_ffff_ffffn,
  0x3fe0_0000_0000_0000n,
  0x3ff8_0000_0000_0000n,
  0xc004_0000_0000_0000n,
  0x41df_ffff_ffc0_0000n,
  0x41e0_0000_0000_0000n,
  0xc1e0_0000_0000_0000n,
  0xc1e0_0000_0020_0000n,
  0x43e0_0000_0000_0000n,
  0xc3e0_0000_0000_0000n,
  0x43df_ffff_ffff_ffffn,
  0x47ef_ffff_e000_0000n,
  0x47ef_ffff_f000_0000n,
  0x3690_0000_0000_0000n,
  0x3810_0000_0000_0000n,
  0x36a0_0000_0000_0000n,
];
/** Exponent and sign, significand: the special numbers of the 80-bit format, unsupported encodings included. */
const EXTENDED_EDGES: readonly (readonly [number, bigint])[] = [
  [0, 0n],
  [0x8000, 0n],
  [0x3fff, 1n << 63n],
  [0xbfff, 1n << 63n],
  [0x7fff, 1n << 63n],
  [0xffff, 1n << 63n],
  [0x7fff, 3n << 62n],
  [0xffff, 3n << 62n],
  [0x7fff, (1n << 63n) | 5n],
  [0xffff, (3n << 62n) | 77n],
  [0, 1n],
  [0, (1n << 63n) - 1n],
  [0, 1n << 63n],
  [1, 1n << 63n],
  [0x7ffe, (1n << 64n) - 1n],
  [0x4000, 0xc90f_daa2_2168_c235n],
  [0x3ffe, 1n << 63n],
  [0x403e, 1n << 63n],
  [0xc03e, 1n << 63n],
  [0x401e, 0xffff_ffff_0000_0000n],
  [0x3fff, 0x1234_5678_9abc_def0n],
  [0x7fff, 0n],
  [0x7fff, 42n],
  [0x4001, 0xa000_0000_0000_0000n],
];

/** A 64-bit integer: an edge, a small number or random bits. */
export function integer(random: Random): bigint {
  const choice = random.below(8);
  if (choice < 3) return random.pick(INTEGER_EDGES);
  if (choice === 3) return BigInt.asUintN(64, BigInt((random.next() << 24) >> 24));
  if (choice === 4) return random.bits64() >> BigInt(random.below(64));
  return random.bits64();
}

/** A shift count around the operand sizes. */
export function shiftCount(random: Random): number {
  return random.oneIn(5) ? random.below(256) : random.pick(SHIFT_COUNTS);
}

/** 16 bytes of a vector register: floats of both sizes, integers or random bits. */
export function vector(random: Random, target: Buffer, at: number): void {
  const choice = random.below(6);
  for (let lane = 0; lane < 16; lane += 8) {
    if (choice === 0) target.writeBigUInt64LE(random.bits64(), at + lane);
    else if (choice === 1) target.writeBigUInt64LE(integer(random), at + lane);
    else if (choice <= 3) target.writeBigUInt64LE(double(random), at + lane);
    else {
      target.writeUInt32LE(single(random), at + lane);
      target.writeUInt32LE(single(random), at + lane + 4);
    }
  }
}

/** 10 bytes of an x87 register. */
export function extended(random: Random, target: Buffer, at: number): void {
  const [exponent, significand] = random.oneIn(2)
    ? random.pick(EXTENDED_EDGES)
    : [
        (random.next() & 0x8000) | (0x3fff - 70 + random.below(140)),
        (1n << 63n) | (random.bits64() << BigInt(random.below(64))),
      ];
  target.writeBigUInt64LE(BigInt.asUintN(64, significand), at);
  target.writeUInt16LE(exponent, at + 8);
}

function single(random: Random): number {
  if (random.oneIn(3)) return random.next() >>> 0;
  if (random.oneIn(3)) return ((random.next() & 0x807f_ffff) | ((127 - 40 + random.below(80)) << 23)) >>> 0;
  return random.pick(SINGLE_EDGES);
}

function double(random: Random): bigint {
  if (random.oneIn(3)) return random.bits64();
  if (random.oneIn(3))
    return (random.bits64() & 0x800f_ffff_ffff_ffffn) | (BigInt(1023 - 80 + random.below(160)) << 52n);
  return random.pick(DOUBLE_EDGES);
}
