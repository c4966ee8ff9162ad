/** The two forms of the tag word. Intel SDM vol. 1, 8.1.7 and 10.5.1.1. */
import { CLASS_NORMAL, CLASS_ZERO, classify } from './classify.ts';
import { REGISTERS, TAGS } from './stack.ts';
import { SLOT_WORDS } from './status-bits.ts';

/** The 16-bit tag word of FNSTENV: per physical register 0 valid, 1 zero, 2 special, 3 empty. */
export function fullTagWord(words: Int32Array, unit: number): number {
  let tags = 0;
  for (let register = 0; register < 8; register++) {
    let tag = 3;
    if ((words[unit + TAGS] >>> register) & 1) {
      const found = classify(words, unit + REGISTERS + register * SLOT_WORDS);
      tag = found === CLASS_ZERO ? 1 : found === CLASS_NORMAL ? 0 : 2;
    }
    tags |= tag << (register * 2);
  }
  return tags;
}

/** Takes a 16-bit tag word; only "empty" or "not empty" is kept, as in the processor. */
export function setFullTagWord(words: Int32Array, unit: number, tags: number): void {
  let valid = 0;
  for (let register = 0; register < 8; register++) {
    if (((tags >>> (register * 2)) & 3) !== 3) valid |= 1 << register;
  }
  words[unit + TAGS] = (words[unit + TAGS] & ~0xff) | valid;
}
