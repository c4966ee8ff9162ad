// The inputs of a batch: pools of edge values and random ones that the loops read at random places, and the control words.
import { extended, integer, vector } from '../edge-values.ts';
import type { Random } from '../random.ts';
import * as layout from './layout.ts';

const MASKED_MXCSR = 0x1f80;
const MASKED_X87 = 0x37f;
/** FXSAVE's image is read with this MXCSR. */
const FXSAVE_MXCSR_AT = 24;

/** What a batch has that most have not. */
export interface PoolOptions {
  /** Any combination of flags, set by SAHF, in place of those that additions leave. */
  readonly anyFlags: boolean;
  /** SIMD floating-point exceptions may be unmasked. */
  readonly anyMasks: boolean;
}

/** Fills the pools region. The generator decides everything. */
export function fillPools(random: Random, pools: Buffer, { anyFlags, anyMasks }: PoolOptions): void {
  const each = (base: number, step: number, write: (at: number) => void) => {
    const start = base - layout.POOLS_BASE;
    // What is read from the last place on is there, too.
    for (let at = start; at < start + layout.POOL_BYTES + 0x400; at += step) write(at);
  };
  each(layout.INTEGER_POOL, 8, (at) => pools.writeBigUInt64LE(BigInt.asUintN(64, integer(random)), at));
  each(layout.VECTOR_POOL, 16, (at) => (random.oneIn(2) ? vector(random, pools, at) : numbers(random, pools, at)));
  each(layout.EXTENDED_POOL, 16, (at) => extended(random, pools, at));
  for (let entry = 0; entry < layout.CONTROL_ENTRIES; entry += 1)
    writeControl(
      random,
      pools,
      layout.CONTROL_POOL - layout.POOLS_BASE + entry * layout.CONTROL_BYTES,
      anyFlags,
      anyMasks,
    );
}

// Numbers without any special one among them, of one size or the other: what most programs have.
function numbers(random: Random, pools: Buffer, at: number): void {
  const isDouble = random.oneIn(2);
  for (let lane = 0; lane < 16; lane += 4) {
    const bits = random.next();
    if (!isDouble) pools.writeInt32LE((bits & ~0x7f80_0000) | ((127 - 20 + random.below(40)) << 23), at + lane);
    else if ((lane & 4) === 0) pools.writeInt32LE(bits, at + lane);
    else pools.writeInt32LE((bits & ~0x7ff0_0000) | ((1023 - 20 + random.below(40)) << 20), at + lane);
  }
}

/**
 * Flags are those of an addition, or any combination: then AL brings OF (1 + 127 overflows) and AH the others, and there is no addend.
 */
function writeControl(random: Random, pools: Buffer, at: number, anyFlags: boolean, anyMasks: boolean): void {
  const flags = anyFlags ? (random.next() & 1) | ((random.next() & 0xd5) << 8) : Number(integer(random) & 0xffff_ffffn);
  pools.writeUInt32LE(flags, at + layout.CONTROL_FLAGS_AT);
  const addend = random.oneIn(4) ? -flags | 0 : Number(BigInt.asIntN(32, integer(random)));
  pools.writeInt32LE(addend, at + layout.CONTROL_ADDEND_AT);
  pools.writeUInt32LE(mxcsr(random, anyMasks), at + layout.CONTROL_MXCSR_AT);
  const top = random.below(8);
  // Exceptions that are up already: where one is not masked, it is pending.
  const raised = random.oneIn(8) ? random.below(0x80) : 0;
  const status = (top << 11) | (random.oneIn(4) ? random.next() & 0x4700 : 0) | raised;
  pools.writeUInt16LE(x87Control(random), at + layout.CONTROL_X87_AT);
  pools.writeUInt16LE(status, at + layout.CONTROL_X87_AT + 2);
  pools.writeUInt32LE(random.oneIn(4) ? random.below(256) : 0xff, at + layout.CONTROL_TAGS_AT);
}

// Some entries have exceptions unmasked: each that happens costs a signal.
function mxcsr(random: Random, anyMasks: boolean): number {
  let value = MASKED_MXCSR;
  // In most programs the precision flag is up, and nothing else is special.
  if (!random.oneIn(3)) return value | 0x20;
  if (random.oneIn(2)) value |= random.below(4) << 13;
  if (random.oneIn(4)) value |= 0x8000;
  if (random.oneIn(4)) value |= 0x40;
  if (random.oneIn(2)) value |= random.below(64);
  if (anyMasks && random.oneIn(6)) value &= ~(random.below(64) << 7);
  return value;
}

function x87Control(random: Random): number {
  if (!random.oneIn(3)) return MASKED_X87;
  const masks = random.oneIn(24) ? 0x40 | random.below(64) : 0x7f;
  return masks | (random.below(4) << 10) | (random.pick([0, 2, 3]) << 8);
}

/** The state page before each instance: constants of the hash, and an image to restore x87 state from. */
export function createStatePage(random: Random): Buffer {
  const page = Buffer.alloc(layout.STATE_PAGE_BYTES);
  for (let lane = 0; lane < 32; lane += 1) {
    page[layout.ROTATION_AT + lane] = (lane + 5) & 15;
    page[layout.HASH_AT + lane] = random.next() & 0xff;
  }
  // Odd, and with bits everywhere.
  for (let lane = 0; lane < 32; lane += 4) page.writeInt32LE((random.next() << 3) | 5, layout.FACTOR_AT + lane);
  page.writeUInt32LE(MASKED_MXCSR, layout.X87_IN_AT + FXSAVE_MXCSR_AT);
  return page;
}
