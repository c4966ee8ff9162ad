/** Bits of the x87 status and control words, and the words of one register slot. Intel SDM vol. 1, sections 8.1.3 and 8.1.5. */

/** IE: invalid operation. The same bit masks it in the control word. */
export const INVALID = 0x01;
/** DE: denormal operand. */
export const DENORMAL = 0x02;
/** ZE: division of a finite number by zero. */
export const ZERO_DIVIDE = 0x04;
/** OE: the rounded result is too large. */
export const OVERFLOW = 0x08;
/** UE: the result is tiny (and inexact, when masked). */
export const UNDERFLOW = 0x10;
/** PE: the result is inexact. */
export const PRECISION = 0x20;
/** All six exceptions: in the control word, the masks. */
export const EXCEPTIONS = 0x3f;
/** Exceptions found before a result exists: unmasked, they leave every operand untouched. */
export const EARLY_EXCEPTIONS = INVALID | DENORMAL | ZERO_DIVIDE;
/** SF: the invalid operation was a stack overflow (C1 = 1) or underflow (C1 = 0). */
export const STACK_FAULT = 0x40;
/** ES: an unmasked exception is pending. */
export const ERROR_SUMMARY = 0x80;
/** B: mirrors ES since the 80287. */
export const BUSY = 0x8000;
export const C0 = 0x0100;
/** C1: the result was rounded up (when PE is set), or the direction of a stack fault. */
export const C1 = 0x0200;
export const C2 = 0x0400;
export const C3 = 0x4000;

/** Precision control field. Neither of the two values below: 64 bits, also for the reserved pattern. */
export const PRECISION_CONTROL = 0x300;
export const PRECISION_24 = 0x000;
export const PRECISION_53 = 0x200;
/** Rounding control field. */
export const ROUNDING_CONTROL = 0xc00;
export const ROUND_NEAREST = 0x000;
export const ROUND_DOWN = 0x400;
export const ROUND_UP = 0x800;
export const ROUND_CHOP = 0xc00;

/**
 * Added to a control word that is passed to an arithmetic function when its memory operand was a denormal of its own
 * format: as an 80-bit number it is normal, yet DE is due.
 */
export const MEMORY_DENORMAL = 0x10000;

/** Words (int32) of one register slot: significand low, significand high, sign and exponent (upper half zero), spare. */
export const SLOT_WORDS = 4;
export const EXPONENT_MASK = 0x7fff;
export const EXPONENT_BIAS = 16383;
export const SIGN = 0x8000;
/** What unmasked overflow and underflow take from and add to the exponent. SDM vol. 1, 8.5.4 and 8.5.5. */
export const WRAPPED_BIAS = 24576;
