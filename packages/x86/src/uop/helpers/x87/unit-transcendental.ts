/** The transcendental instructions on the register stack. */
import { aborts, controlWord, faultTwice, isEmpty, isFull, markValid, moveTop, pop, raise, registerSlot, underflowTo, WORK, WORK_2 } from './stack.ts';
import { C2 } from './status-bits.ts';
import { copySlot } from './store.ts';
import { angle, exponentialBase2, logarithmBase2, logarithmOfOnePlus, trigonometric } from './transcendental.ts';

/** Opcodes behind D9. */
const EXPONENTIAL = 0xf0;
const LOGARITHM = 0xf1;
const TANGENT = 0xf2;
const ANGLE = 0xf3;
const LOGARITHM_ONE_PLUS = 0xf9;
const SINE_COSINE = 0xfb;
const SINE = 0xfe;

/** F2XM1, FYL2X, FYL2XP1, FPATAN, FPTAN, FSIN, FCOS, FSINCOS, by the byte behind D9. */
export function computeTranscendental(words: Int32Array, unit: number, opcode: number): void {
  switch (opcode) {
    case LOGARITHM:
    case LOGARITHM_ONE_PLUS:
    case ANGLE:
      combine(words, unit, opcode);
      break;
    case TANGENT:
    case SINE_COSINE:
      expand(words, unit, opcode === TANGENT);
      break;
    default:
      replace(words, unit, opcode);
  }
}

// ST(1) = f(ST(0), ST(1)), then a pop.
function combine(words: Int32Array, unit: number, opcode: number): void {
  if (isEmpty(words, unit, 0) || isEmpty(words, unit, 1)) {
    if (underflowTo(words, unit, 1)) pop(words, unit);
    return;
  }
  const top = registerSlot(words, unit, 0);
  const next = registerSlot(words, unit, 1);
  const control = controlWord(words, unit);
  const compute = opcode === LOGARITHM ? logarithmBase2 : opcode === ANGLE ? angle : logarithmOfOnePlus;
  const flags = compute(words, next, top, next, control);
  raise(words, unit, flags);
  if (!aborts(words, unit, flags)) pop(words, unit);
}

// ST(0) = f(ST(0)).
function replace(words: Int32Array, unit: number, opcode: number): void {
  if (isEmpty(words, unit, 0)) {
    underflowTo(words, unit, 0, opcode === EXPONENTIAL ? 0 : C2);
    return;
  }
  const top = registerSlot(words, unit, 0);
  const control = controlWord(words, unit);
  if (opcode === EXPONENTIAL) {
    raise(words, unit, exponentialBase2(words, top, top, control));
    return;
  }
  const targets = { sine: opcode === SINE ? top : -1, cosine: opcode === SINE ? -1 : top, tangent: false };
  raise(words, unit, trigonometric(words, targets, top, control), C2);
}

// FSINCOS and FPTAN replace ST(0) and push a second result.
function expand(words: Int32Array, unit: number, tangent: boolean): void {
  if (isEmpty(words, unit, 0) || isFull(words, unit)) {
    faultTwice(words, unit, C2);
    return;
  }
  const top = registerSlot(words, unit, 0);
  const targets = { sine: unit + WORK, cosine: unit + WORK_2, tangent };
  const flags = trigonometric(words, targets, top, controlWord(words, unit));
  raise(words, unit, flags, C2);
  if (flags & C2 || aborts(words, unit, flags)) return;
  copySlot(words, top, unit + WORK);
  moveTop(words, unit, -1);
  copySlot(words, registerSlot(words, unit, 0), unit + WORK_2);
  markValid(words, unit, 0);
}
