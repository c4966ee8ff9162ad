// The loops that run a tested instruction over and over: each iteration takes its inputs from the pools, jumps to the tested code,
// and folds everything that may have changed into a running hash of 256 bits.
//
// The hash: for each 32 bytes the accumulator's bytes are rotated within their halves and the bytes added; once an iteration all its
// lanes are multiplied by odd numbers. The rotation brings a wrong top bit, which no factor moves, to places where one does.
import { DATA_BASE, DATA_BYTES, STACK_BASE, STACK_BYTES } from '../recorder-layout.ts';
import { Assembler, type Place, RAX, RCX, RDX, RSI } from './assembler.ts';
import * as layout from './layout.ts';

/** What a loop loads and hashes besides general registers and flags. */
export interface LoopParts {
  /** The window around the memory operand. */
  readonly memory: boolean;
  /** YMM registers and MXCSR. */
  readonly vector: boolean;
  /** The x87 stack with tags, control and status words; MMX registers are in it. */
  readonly x87: boolean;
  /** The slot itself loads and stores what its instruction names; only what the loop works with is stored by the loop. */
  readonly light: boolean;
}

/** One loop in place. */
export interface Loop {
  readonly entry: number;
  /** Where the tested code comes back to. */
  readonly resume: number;
  /** Where a loop that had too many faults goes. */
  readonly close: number;
  /** The address behind the int3 at its very end. */
  readonly end: number;
}

const state = (offset: number): Place => ({ at: layout.STATE_BASE + offset });
/** Bits of the generator's word that choose the control entry and the place in the pools. */
const CONTROL_SHIFT = 3;
const POOL_SHIFT = 13;
/** The generator of places (Numerical Recipes). */
export const MULTIPLIER = 1664525;
export const INCREMENT = 1013904223;

/** All loops of a mode, in the bytes of the harness region. */
export class Harness {
  readonly bytes = Buffer.alloc(layout.HARNESS_BYTES, 0xcc);
  private readonly loops: Loop[] = [];
  /** The way in and the closing of compact loops; they have a way back of their own. */
  readonly compact: Loop;

  /** Flags are set by SAHF, as `fillPools` knows it. */
  readonly anyFlags: boolean;

  constructor(mode: 32 | 64, anyFlags: boolean) {
    this.anyFlags = anyFlags;
    let address = layout.HARNESS_BASE;
    for (let choice = 0; choice < 16; choice += 1) {
      const code = new Assembler(address, mode);
      const [memory, vector, x87, light] = [1, 2, 4, 8].map((bit) => (choice & bit) !== 0);
      this.loops.push(writeLoop(code, { memory, vector, x87, light }, anyFlags));
      this.bytes.set(code.bytes, address - layout.HARNESS_BASE);
      address = (code.here + 63) & ~63;
    }
    const code = new Assembler(address, mode);
    this.compact = writeCompact(code);
    this.bytes.set(code.bytes, address - layout.HARNESS_BASE);
  }

  loop({ memory, vector, x87, light }: LoopParts): Loop {
    return this.loops[(memory ? 1 : 0) | (vector ? 2 : 0) | (x87 ? 4 : 0) | (light ? 8 : 0)];
  }
}

/** The place in the pools and the control entry that the generator's word stands for. */
export function inputsOf(word: number): { poolOffset: number; controlOffset: number } {
  return {
    poolOffset: (word >>> POOL_SHIFT) & (layout.POOL_BYTES - 16),
    controlOffset: (word >>> CONTROL_SHIFT) & ((layout.CONTROL_ENTRIES - 1) * layout.CONTROL_BYTES),
  };
}

/** The generator's next word. */
export const nextWord = (word: number): number => (Math.imul(word, MULTIPLIER) + INCREMENT) | 0;

/** General registers a light loop works with, so that it stores them itself; rows of four others and six vectors come from the slot. */
export const LOOP_REGISTERS: readonly number[] = [RAX, RCX, RDX, RSI];
export const LIGHT_REGISTERS = 4;
export const LIGHT_VECTORS = 4;
const LOOP_VECTORS = 2;

/** True for loops that leave general registers to the slot; in 32-bit mode all of them are one row anyway. */
export const isLightOnRegisters = (mode: 32 | 64, { light }: LoopParts): boolean => light && mode === 64;

function writeLoop(code: Assembler, parts: LoopParts, anyFlags: boolean): Loop {
  const registers = code.mode === 64 ? 16 : 8;
  const entry = code.here;
  writeEntry(code, registers);
  const start = code.here;
  writeInputs(code, parts, registers, anyFlags);
  const resume = code.here;
  writeOutputs(code, parts, registers);
  writeHash(code, parts, registers);
  code.decrement(state(layout.LEFT_AT));
  code.jumpNotZero(start);
  const close = code.here;
  writeClosing(code, registers, LOOP_REGISTERS);
  code.emit(0xcc);
  return { entry, resume, close, end: code.here };
}

function writeCompact(code: Assembler): Loop {
  const registers = code.mode === 64 ? 16 : 8;
  const entry = code.here;
  writeEntry(code, registers);
  code.jumpIndirect(state(layout.SLOT_AT));
  const close = code.here;
  writeClosing(code, registers, [RAX]);
  code.emit(0xcc);
  return { entry, resume: 0, close, end: code.here };
}

// All registers hold something, once.
function writeEntry(code: Assembler, registers: number): void {
  code.emit(0xdb, 0xe3); // fninit
  code.ldmxcsr(state(layout.MXCSR_AT));
  for (let register = 0; register < registers; register += 1) {
    code.load(register, { at: layout.INTEGER_POOL + 8 * register });
    code.vector('vmovdqu', register, { at: layout.VECTOR_POOL + 32 * register });
  }
}

function writeInputs(code: Assembler, parts: LoopParts, registers: number, anyFlags: boolean): void {
  // esi: place in the pools; edx: control entry.
  code.load32(RSI, state(layout.SEED_AT));
  code.emit(0x69, 0xf6);
  code.word32(MULTIPLIER); // imul esi, esi, ...
  code.emit(0x81, 0xc6);
  code.word32(INCREMENT); // add esi, ...
  code.store32(state(layout.SEED_AT), RSI);
  code.emit(0x89, 0xf2, 0xc1, 0xee, POOL_SHIFT, 0xc1, 0xea, CONTROL_SHIFT); // mov edx, esi; shr esi; shr edx
  code.emit(0x81, 0xe6);
  code.word32(layout.POOL_BYTES - 16);
  code.emit(0x81, 0xe2);
  code.word32((layout.CONTROL_ENTRIES - 1) * layout.CONTROL_BYTES);
  const control = (offset: number): Place => ({ base: RDX, at: layout.CONTROL_POOL + offset });
  if (parts.memory) {
    code.load32(RAX, state(layout.SOURCE_AT));
    code.emit(0x01, 0xf0); // add eax, esi
    code.load32(RCX, state(layout.WINDOW_AT));
    code.vector('vmovdqu', 0, { base: RAX, at: 0 });
    code.vector('vmovdqu', 1, { base: RAX, at: 32 });
    code.vector('vmovdqu.store', 0, { base: RCX, at: 0 });
    code.vector('vmovdqu.store', 1, { base: RCX, at: 32 });
  }
  if (parts.x87) {
    code.emit(0x89, 0xf1, 0x83, 0xe1, 0xf0); // mov ecx, esi; and ecx, -16
    for (let row = 0; row < 4; row += 1) {
      code.vector('vmovdqu', 0, { base: RCX, at: layout.EXTENDED_POOL + 32 * row });
      code.vector('vmovdqu.store', 0, state(layout.X87_IN_AT + 32 + 32 * row));
    }
    code.load32(RAX, control(layout.CONTROL_X87_AT));
    code.store32(state(layout.X87_IN_AT), RAX);
    code.load32(RAX, control(layout.CONTROL_TAGS_AT));
    code.store32(state(layout.X87_IN_AT + 4), RAX);
    code.fxrstor(state(layout.X87_IN_AT));
  }
  if (parts.vector) {
    for (let register = 0; register < (parts.light ? LOOP_VECTORS : registers); register += 1)
      code.vector('vmovdqu', register, { base: RSI, at: layout.VECTOR_POOL + 32 * register });
    code.ldmxcsr(control(layout.CONTROL_MXCSR_AT));
  }
  // Nothing behind changes flags.
  code.load32(RAX, control(layout.CONTROL_FLAGS_AT));
  if (anyFlags)
    code.emit(0x04, 0x7f, 0x9e); // add al, 127; sahf
  else code.add32(RAX, control(layout.CONTROL_ADDEND_AT));
  const bytes = code.mode / 8;
  const loadFromPool = (register: number) =>
    code.load(register, { base: RSI, at: layout.INTEGER_POOL + bytes * register });
  if (!isLightOnRegisters(code.mode, parts)) {
    for (let register = 0; register < registers; register += 1) if (register !== RSI) loadFromPool(register);
    // A light slot needs it once more, for vectors.
    if (!parts.light) loadFromPool(RSI);
  } else for (const register of [RAX, RCX, RDX]) loadFromPool(register);
  code.jumpIndirect(state(layout.SLOT_AT));
}

function writeOutputs(code: Assembler, parts: LoopParts, registers: number): void {
  const bytes = code.mode / 8;
  if (isLightOnRegisters(code.mode, parts))
    LOOP_REGISTERS.forEach((register, index) => {
      code.store(state(layout.OUT_GPR_AT + bytes * index), register);
    });
  else
    for (let register = 0; register < registers; register += 1)
      code.store(state(layout.OUT_GPR_AT + bytes * register), register);
  code.emit(0x9f, 0x0f, 0x90, 0xc0); // lahf; seto al
  code.and32(RAX, state(layout.FLAG_MASK_AT));
  code.store32(state(layout.OUT_FLAGS_AT), RAX);
  if (parts.vector) {
    code.stmxcsr(state(layout.OUT_MXCSR_AT));
    for (let register = 0; register < LOOP_VECTORS; register += 1)
      code.vector('vmovdqu.store', register, state(layout.OUT_VECTORS_AT + 32 * register));
  }
  if (parts.x87) {
    code.fxsave(state(layout.X87_OUT_AT));
    code.load32(RAX, state(layout.X87_OUT_AT));
    code.store32(state(layout.OUT_X87_AT), RAX);
    code.loadByte(RAX, state(layout.X87_OUT_AT + 4));
    code.store32(state(layout.OUT_TAGS_AT), RAX);
  }
}

function writeHash(code: Assembler, parts: LoopParts, registers: number): void {
  code.vector('vmovdqu', 1, state(layout.ROTATION_AT));
  code.vector('vmovdqu', 0, state(layout.HASH_AT));
  code.vector('vpmulld', 0, state(layout.FACTOR_AT), 0);
  const fold = (place: Place) => {
    code.vectorRegister('vpshufb', 0, 0, 1);
    code.vector('vpaddd', 0, place, 0);
  };
  const stored = isLightOnRegisters(code.mode, parts) ? LOOP_REGISTERS.length + LIGHT_REGISTERS : registers;
  for (let row = 0; row < (stored * code.mode) / 8; row += 32) fold(state(layout.OUT_GPR_AT + row));
  fold(state(layout.OUT_FLAGS_AT));
  if (parts.vector) {
    for (let row = 0; row < LOOP_VECTORS + (parts.light ? LIGHT_VECTORS : 0); row += 1)
      fold(state(layout.OUT_VECTORS_AT + 32 * row));
    if (!parts.light) foldRegisters(code, registers);
  }
  if (parts.x87) for (let row = 0; row < 4; row += 1) fold(state(layout.X87_OUT_AT + 32 + 32 * row));
  if (parts.memory) {
    code.load32(RCX, state(layout.WINDOW_AT));
    fold({ base: RCX, at: 0 });
    fold({ base: RCX, at: 32 });
  }
  code.vector('vmovdqu.store', 0, state(layout.HASH_AT));
}

function foldRegisters(code: Assembler, registers: number): void {
  for (let register = LOOP_VECTORS; register < registers; register += 1) {
    code.vectorRegister('vpshufb', 0, 0, 1);
    code.vectorRegister('vpaddd', 0, 0, register);
  }
}

// What no iteration puts back is seen once, at the end: registers that the loop leaves alone, and all of the data and stack pages.
function writeClosing(code: Assembler, registers: number, stored: readonly number[]): void {
  for (let register = 0; register < registers; register += 1) {
    if (!stored.includes(register)) code.store(state(layout.LAST_GPR_AT + (code.mode / 8) * register), register);
    if (register >= LOOP_VECTORS) code.vector('vmovdqu.store', register, state(layout.OUT_VECTORS_AT + 32 * register));
  }
  code.vector('vmovdqu', 1, state(layout.ROTATION_AT));
  code.vector('vmovdqu', 0, state(layout.HASH_AT));
  for (let row = 0; row < (registers * code.mode) / 8; row += 32) {
    code.vectorRegister('vpshufb', 0, 0, 1);
    code.vector('vpaddd', 0, state(layout.LAST_GPR_AT + row), 0);
  }
  foldRegisters(code, registers);
  for (const [address, length] of [
    [DATA_BASE, DATA_BYTES],
    [STACK_BASE, STACK_BYTES],
  ]) {
    code.move(RCX, BigInt(address));
    const start = code.here;
    code.vectorRegister('vpshufb', 0, 0, 1);
    code.vector('vpaddd', 0, { base: RCX, at: 0 }, 0);
    code.vector('vpmulld', 0, state(layout.FACTOR_AT), 0);
    code.emit(0x83, 0xc1, 32, 0x81, 0xf9); // add ecx, 32; cmp ecx, end
    code.word32(address + length);
    code.jumpNotZero(start);
  }
  code.vector('vmovdqu.store', 0, state(layout.HASH_AT));
}
