/** The memory images of FNSTENV, FNSAVE and FXSAVE. Intel SDM vol. 1, figures 8-9 to 8-12 and table 10-2. */
import { fullTagWord, setFullTagWord } from './environment.ts';
import { CONTROL_STATUS, INSTRUCTION_POINTER, OPERAND_POINTER, registerSlot, setControlWord, summarise, TAGS } from './stack.ts';

/** Bytes of the environment: protected-mode formats with 16-bit and 32-bit operand size. */
export function environmentBytes(narrow: boolean): number {
  return narrow ? 14 : 28;
}

const viewOf = (image: Uint8Array) => new DataView(image.buffer, image.byteOffset, image.length);

/**
 * Control, status, tags and the instruction pointer. The operand pointer and the opcode, which recent processors write only at
 * an unmasked exception, are not tracked: they hold what FLDENV, FRSTOR or FXRSTOR put there.
 */
export function writeEnvironment(image: Uint8Array, words: Int32Array, unit: number, narrow: boolean): void {
  const view = viewOf(image);
  const fields = [words[unit] & 0xffff, words[unit] >>> 16, fullTagWord(words, unit)];
  fields.forEach((field, index) => {
    if (narrow) view.setUint16(2 * index, field, true);
    else view.setUint32(4 * index, 0xffff0000 | field, true);
  });
  if (narrow) {
    view.setUint16(6, words[unit + INSTRUCTION_POINTER], true);
    view.setUint16(10, words[unit + OPERAND_POINTER], true);
    return;
  }
  view.setInt32(12, words[unit + INSTRUCTION_POINTER], true);
  view.setUint32(16, (words[unit + TAGS] >>> 16) << 16, true);
  view.setInt32(20, words[unit + OPERAND_POINTER], true);
  view.setUint32(24, 0xffff0000, true);
}

export function readEnvironment(image: Uint8Array, words: Int32Array, unit: number, narrow: boolean): void {
  const view = viewOf(image);
  const field = (index: number) => view.getUint16((narrow ? 2 : 4) * index, true);
  words[unit + CONTROL_STATUS] = field(1) << 16;
  setFullTagWord(words, unit, field(2));
  setControlWord(words, unit, field(0));
  words[unit + INSTRUCTION_POINTER] = narrow ? field(3) : view.getInt32(12, true);
  words[unit + INSTRUCTION_POINTER + 1] = 0;
  words[unit + OPERAND_POINTER] = narrow ? field(5) : view.getInt32(20, true);
  words[unit + OPERAND_POINTER + 1] = 0;
  words[unit + TAGS] = (words[unit + TAGS] & 0xffff) | (narrow ? 0 : (view.getUint16(18, true) & 0x7ff) << 16);
}

/** The eight registers in stack order, ten bytes each, from byte `at`. */
export function writeRegisters(image: Uint8Array, at: number, words: Int32Array, unit: number, stride = 10): void {
  const view = viewOf(image);
  for (let index = 0; index < 8; index += 1) {
    const slot = registerSlot(words, unit, index);
    view.setInt32(at + stride * index, words[slot], true);
    view.setInt32(at + stride * index + 4, words[slot + 1], true);
    view.setUint16(at + stride * index + 8, words[slot + 2], true);
  }
}

export function readRegisters(image: Uint8Array, at: number, words: Int32Array, unit: number, stride = 10): void {
  const view = viewOf(image);
  for (let index = 0; index < 8; index += 1) {
    const slot = registerSlot(words, unit, index);
    words[slot] = view.getInt32(at + stride * index, true);
    words[slot + 1] = view.getInt32(at + stride * index + 4, true);
    words[slot + 2] = view.getUint16(at + stride * index + 8, true);
  }
}

/**
 * The x87 part of FXSAVE's image (the first 160 bytes). The registers stand in stack order there, and in physical order in
 * the unit; words 2 to 7 (pointers, MXCSR and its mask) are the same in both.
 */
export function writeFxsave(image: Uint8Array, words: Int32Array, unit: number): void {
  const view = viewOf(image);
  for (let word = 0; word < 8; word += 1) view.setInt32(4 * word, words[unit + word], true);
  writeRegisters(image, 32, words, unit, 16);
}

/** Loads what `writeFxsave` writes, MXCSR excepted. */
export function readFxsave(image: Uint8Array, words: Int32Array, unit: number): void {
  const view = viewOf(image);
  words[unit + CONTROL_STATUS] = view.getInt32(0, true);
  words[unit + TAGS] = view.getInt32(4, true) & 0x07ff00ff;
  for (let word = 2; word < 6; word += 1) words[unit + word] = view.getInt32(4 * word, true);
  setControlWord(words, unit, view.getUint16(0, true));
  summarise(words, unit);
  readRegisters(image, 32, words, unit, 16);
}
