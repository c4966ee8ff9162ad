// Compact loops: for instructions of general registers alone the slot holds a whole loop of its own, with nothing but what they need.
//
// Each iteration reads the registers that the instruction names, and those the loop works with, from two places of the pool, so that
// pairs of operands do not repeat. The hash is scalar: values are added to an accumulator that is multiplied by an odd number or has
// its bytes reversed in between, so that a wrong top bit does not stay one. All other registers and memory wait for the closing.
import { type Assembler, RAX, RCX, RDI, RDX, RSI } from './assembler.ts';
import { INCREMENT, MULTIPLIER } from './harness.ts';
import * as layout from './layout.ts';

/** What an instance asks of its loop. */
export interface CompactPlan {
  /** General registers the instruction names, besides those the loop works with. */
  readonly general: readonly number[];
  /** Address of a memory operand of up to 8 bytes, which every iteration fills. */
  readonly memory: number | undefined;
  /** Bits of what LAHF (in AH) and SETO (in AL) give. */
  readonly flagMask: number;
  /** Flags are set by SAHF. */
  readonly anyFlags: boolean;
}

/** Registers every compact loop loads and hashes. */
export const COMPACT_REGISTERS: readonly number[] = [RAX, RCX, RDX, RSI, RDI];

const PLACE_MASK = layout.POOL_BYTES - 8;
const FIRST_SHIFT = 16;
const SECOND_SHIFT = 3;
/** Behind the registers of a place: two words that flags are made of. */
const FLAGS_OFFSET = 0x100;
const FACTOR = 0x9e37_79b1 | 0;

const state = (offset: number) => ({ at: layout.STATE_BASE + offset });

/** Where the registers of an iteration come from: even and odd ones of the list in turn. */
export function compactInputs(word: number): readonly [number, number] {
  return [(word >>> FIRST_SHIFT) & PLACE_MASK, (word >>> SECOND_SHIFT) & PLACE_MASK];
}

/** Registers in the order they are loaded: those at odd places of the list are read from the second place in the pool. */
export function loadOrder(general: readonly number[]): readonly number[] {
  return [...general, RAX, RCX, RDX, RSI, RDI];
}

/** The loop from its start to the tested instruction. */
export function writeCompactStart(code: Assembler, { general, memory, anyFlags }: CompactPlan): void {
  code.load32(RSI, state(layout.SEED_AT));
  code.multiply(RSI, MULTIPLIER, false);
  code.emit(0x81, 0xc6);
  code.word32(INCREMENT); // add esi, ...
  code.store32(state(layout.SEED_AT), RSI);
  code.emit(0x89, 0xf7, 0xc1, 0xee, FIRST_SHIFT, 0xc1, 0xef, SECOND_SHIFT); // mov edi, esi; shr esi; shr edi
  code.emit(0x81, 0xe6);
  code.word32(PLACE_MASK);
  code.emit(0x81, 0xe7);
  code.word32(PLACE_MASK);
  const pool = (base: number, offset: number) => ({ base, at: layout.INTEGER_POOL + offset });
  if (memory !== undefined)
    for (let at = 0; at < 8; at += code.mode / 8) {
      code.load(RAX, pool(RDI, FLAGS_OFFSET + 8 + at));
      code.store({ at: memory + at }, RAX);
    }
  code.load32(RAX, pool(RDI, FLAGS_OFFSET));
  if (anyFlags)
    code.emit(0x04, 0x7f, 0x9e); // add al, 127; sahf
  else code.add32(RAX, pool(RSI, FLAGS_OFFSET));
  // RSI is read from the place in RDI and the other way round only as far as they are still places.
  loadOrder(general).forEach((register, index) => {
    const base = register === RDI || (register !== RSI && index % 2 === 1) ? RDI : RSI;
    code.load(register, pool(base, (code.mode / 8) * register));
  });
}

/** What follows the tested instruction: the hash and the end of the loop. */
export function writeCompactEnd(code: Assembler, plan: CompactPlan, start: number, close: number): void {
  code.store(state(layout.OUT_GPR_AT), RAX);
  code.emit(0x9f, 0x0f, 0x90, 0xc0, 0x25); // lahf; seto al; and eax, ...
  code.word32(plan.flagMask);
  code.store32(state(layout.OUT_FLAGS_AT), RAX);
  const values = [...plan.general, ...COMPACT_REGISTERS.slice(1)];
  values.forEach((register, index) => {
    if (index % 3 === 2) code.reverseBytes(RAX);
    else code.multiply(RAX, FACTOR, true);
    code.addRegister(RAX, register);
  });
  code.multiply(RAX, FACTOR, true);
  code.add(RAX, state(layout.OUT_GPR_AT));
  if (plan.memory !== undefined)
    for (let at = 0; at < 8; at += code.mode / 8) {
      code.multiply(RAX, FACTOR, true);
      code.add(RAX, { at: plan.memory + at });
    }
  code.add(RAX, state(layout.HASH_AT));
  code.multiply(RAX, FACTOR, true);
  code.reverseBytes(RAX);
  code.store(state(layout.HASH_AT), RAX);
  code.decrement(state(layout.LEFT_AT));
  code.jumpNotZero(start);
  code.jump(close);
}
