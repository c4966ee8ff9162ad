/** Rounding a normalised 96-bit significand to the precision in force, with every masked and unmasked response. */
import {
  C1,
  EXPONENT_MASK,
  OVERFLOW,
  PRECISION,
  PRECISION_24,
  PRECISION_53,
  PRECISION_CONTROL,
  ROUND_CHOP,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_UP,
  ROUNDING_CONTROL,
  UNDERFLOW,
  WRAPPED_BIAS,
} from './status-bits.ts';
import { store, storeInfinity } from './store.ts';

/** Whether a discarded part (non-zero, as a fraction of 2^32 of the last place) rounds the magnitude up. */
export function roundsUp(discarded: number, odd: number, sign: number, control: number): boolean {
  switch (control & ROUNDING_CONTROL) {
    case ROUND_NEAREST:
      return discarded < 0 && (discarded !== -0x80000000 || odd !== 0);
    case ROUND_DOWN:
      return sign !== 0;
    case ROUND_UP:
      return sign === 0;
    default:
      return false;
  }
}

/**
 * Rounds and writes `high:low:tail * 2^(exponent - 16383 - 95)`.
 *
 * @param sign 0 or 0x8000.
 * @param exponent Biased exponent; may lie outside the format's range on either side.
 * @param high Upper 32 bits of the significand, top bit set.
 * @param tail 32 bits below the significand; the last bit also stands for everything lower ("sticky").
 * @param control Control word: precision, rounding and masks.
 * @returns Exception bits, and C1 when the magnitude was rounded up.
 */
export function roundAndStore(
  words: Int32Array,
  target: number,
  sign: number,
  exponent: number,
  high: number,
  low: number,
  tail: number,
  control: number,
): number {
  if (exponent <= 0) return roundTiny(words, target, sign, exponent, high, low, tail, control);
  const precision = control & PRECISION_CONTROL;
  let discarded = tail;
  let odd = low & 1;
  let step = 1;
  if (precision === PRECISION_53) {
    discarded = ((low & 0x7ff) << 21) | (tail !== 0 ? 1 : 0);
    odd = low & 0x800;
    low &= ~0x7ff;
    step = 0x800;
  } else if (precision === PRECISION_24) {
    discarded = ((high & 0xff) << 24) | ((low | tail) !== 0 ? 1 : 0);
    odd = high & 0x100;
    high &= ~0xff;
    low = 0;
    step = 0;
  }
  let flags = 0;
  if (discarded !== 0) {
    flags = PRECISION;
    if (roundsUp(discarded, odd, sign, control)) {
      flags = PRECISION | C1;
      if (step === 0) high = (high + 0x100) | 0;
      else {
        low = (low + step) | 0;
        if (low === 0) high = (high + 1) | 0;
      }
      if (high === 0) {
        high = 0x80000000 | 0;
        exponent++;
      }
    }
  }
  if (exponent >= EXPONENT_MASK) return overflow(words, target, sign, exponent, high, low, control, flags);
  store(words, target, sign | exponent, high, low);
  return flags;
}

function overflow(words: Int32Array, target: number, sign: number, exponent: number, high: number, low: number, control: number, flags: number): number {
  if ((control & OVERFLOW) === 0) {
    const wrapped = exponent - WRAPPED_BIAS;
    if (wrapped < EXPONENT_MASK) {
      store(words, target, sign | wrapped, high, low);
      return flags | OVERFLOW;
    }
    storeInfinity(words, target, sign); // only FSCALE can go that far
    return OVERFLOW | PRECISION | C1;
  }
  const mode = control & ROUNDING_CONTROL;
  if (mode === ROUND_CHOP || (mode === ROUND_DOWN && sign === 0) || (mode === ROUND_UP && sign !== 0)) {
    const precision = control & PRECISION_CONTROL;
    const largestHigh = precision === PRECISION_24 ? -0x100 : -1;
    const largestLow = precision === PRECISION_24 ? 0 : precision === PRECISION_53 ? -0x800 : -1;
    store(words, target, sign | (EXPONENT_MASK - 1), largestHigh, largestLow);
    return OVERFLOW | PRECISION;
  }
  storeInfinity(words, target, sign);
  return OVERFLOW | PRECISION | C1;
}

/** Exponent below the range: tininess is judged after rounding as if the exponent had no limit (SDM vol. 1, 4.9.1.5). */
function roundTiny(words: Int32Array, target: number, sign: number, exponent: number, high: number, low: number, tail: number, control: number): number {
  const precision = control & PRECISION_CONTROL;
  let tiny = true;
  if (exponent === 0 && high === -1) {
    let discarded = tail;
    let allOnes = low === -1;
    if (precision === PRECISION_53) {
      allOnes = low >>> 11 === 0x1fffff;
      discarded = ((low & 0x7ff) << 21) | (tail !== 0 ? 1 : 0);
    }
    if (precision !== PRECISION_24) tiny = !(allOnes && discarded !== 0 && roundsUp(discarded, 1, sign, control));
  }
  if (exponent === 0 && precision === PRECISION_24 && high >>> 8 === 0xffffff) {
    const discarded = ((high & 0xff) << 24) | ((low | tail) !== 0 ? 1 : 0);
    tiny = !(discarded !== 0 && roundsUp(discarded, 1, sign, control));
  }
  if (tiny && (control & UNDERFLOW) === 0) {
    const wrapped = exponent + WRAPPED_BIAS;
    if (wrapped > 0) return roundAndStore(words, target, sign, wrapped, high, low, tail, control) | UNDERFLOW;
    store(words, target, sign, 0, 0); // only FSCALE can go that far
    return UNDERFLOW | PRECISION;
  }
  // Shift right into the format's lowest exponent, gathering what falls off.
  const distance = 1 - exponent;
  if (distance >= 96) {
    tail = 1;
    low = 0;
    high = 0;
  } else {
    for (let left = distance; left > 0; left -= 31) {
      const shift = Math.min(left, 31);
      const lost = tail & ((1 << shift) - 1);
      tail = (tail >>> shift) | (low << (32 - shift)) | (lost !== 0 ? 1 : 0);
      low = (low >>> shift) | (high << (32 - shift));
      high >>>= shift;
    }
  }
  // The precision limit counts from the register's top, so denormals lose the same low bits as everybody.
  let discarded = tail;
  let odd = low & 1;
  if (precision === PRECISION_53) {
    discarded = ((low & 0x7ff) << 21) | (tail !== 0 ? 1 : 0);
    odd = low & 0x800;
    low &= ~0x7ff;
  } else if (precision === PRECISION_24) {
    discarded = ((high & 0xff) << 24) | ((low | tail) !== 0 ? 1 : 0);
    odd = high & 0x100;
    high &= ~0xff;
    low = 0;
  }
  let flags = 0;
  if (discarded !== 0) {
    flags = tiny ? PRECISION | UNDERFLOW : PRECISION;
    if (roundsUp(discarded, odd, sign, control)) {
      flags |= C1;
      if (precision === PRECISION_24) high = (high + 0x100) | 0;
      else {
        low = (low + (precision === PRECISION_53 ? 0x800 : 1)) | 0;
        if (low === 0) high = (high + 1) | 0;
      }
    }
  }
  if (tiny && (control & UNDERFLOW) === 0) flags |= UNDERFLOW;
  store(words, target, high < 0 ? sign | 1 : sign, high, low);
  return flags;
}
