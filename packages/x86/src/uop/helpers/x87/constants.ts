/** The constants of FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 and FLDZ, rounded as the rounding control says. */
import { roundAndStore } from './round.ts';
import { EXPONENT_BIAS, PRECISION_CONTROL } from './status-bits.ts';
import { store } from './store.ts';

interface Constant {
  readonly exponent: number;
  readonly high: number;
  readonly low: number;
  /** The 32 bits that follow the significand. */
  readonly tail: number;
}

/** In the order of the opcodes D9 E8 to D9 ED: 1, log2 10, log2 e, pi, log10 2, ln 2. The digits are mathematics. */
// biome-ignore format: one constant per line
const CONSTANTS: readonly Constant[] = [
  { exponent:  0, high: 0x80000000, low: 0x00000000, tail: 0x00000000 },
  { exponent:  1, high: 0xd49a784b, low: 0xcd1b8afe, tail: 0x492bf6ff },
  { exponent:  0, high: 0xb8aa3b29, low: 0x5c17f0bb, tail: 0xbe87fed0 },
  { exponent:  1, high: 0xc90fdaa2, low: 0x2168c234, tail: 0xc4c6628b },
  { exponent: -2, high: 0x9a209a84, low: 0xfbcff798, tail: 0x8f8959ac },
  { exponent: -1, high: 0xb17217f7, low: 0xd1cf79ab, tail: 0xc9e3b398 },
];

/** target = constant number `index` (the low three bits of the opcode; 6 is zero). No exception is ever raised. */
export function loadConstant(words: Int32Array, target: number, index: number, control: number): void {
  if (index >= CONSTANTS.length) {
    store(words, target, 0, 0, 0);
    return;
  }
  const { exponent, high, low, tail } = CONSTANTS[index];
  roundAndStore(words, target, 0, exponent + EXPONENT_BIAS, high | 0, low | 0, tail | 0, control | PRECISION_CONTROL);
}
