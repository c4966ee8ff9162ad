// What the x87 families share: the stack register of an encoding and the formats of memory operands.
import type { Lifter } from '../../lift/lifter.ts';
import type { Width } from '../../uop/uop-row.ts';
import { MEMORY_DOUBLE, MEMORY_INT16, MEMORY_INT32, MEMORY_SINGLE } from '../../uop/helpers/x87/unit-arithmetic.ts';

/** Number of the stack register in ModRM.rm. */
export function stackIndex(b: Lifter): number {
  return b.instruction.rm & 7;
}

const MEMORY_FORMATS: Record<number, { readonly format: number; readonly width: 16 | 32 | 64 }> = {
  216: { format: MEMORY_SINGLE, width: 32 },
  220: { format: MEMORY_DOUBLE, width: 64 },
  218: { format: MEMORY_INT32, width: 32 },
  222: { format: MEMORY_INT16, width: 16 },
};

/** Format and width of the memory operand of opcodes D8, DA, DC and DE. */
export function memoryFormat(b: Lifter): { readonly format: number; readonly width: 16 | 32 | 64 } {
  return MEMORY_FORMATS[b.instruction.opcode];
}

/** Loads a memory operand: a waiting exception comes before any fault of the load (SDM vol. 1, section 8.7). */
export function loadOperand(b: Lifter, width: Width): number {
  b.uop('mmx.check');
  return b.load(width, 0);
}

/** Loads an 80-bit operand into two temporaries that lie side by side; returns the first. */
export function loadExtended(b: Lifter): number {
  b.uop('mmx.check');
  const low = b.temporary();
  const high = b.temporary();
  b.load(64, 0, 0, low);
  b.load(16, 0, 8, high);
  return low;
}

/**
 * The constant cell that tells a helper what to do: the request in the low 16 bits, and above it this instruction's address,
 * which becomes the x87 instruction pointer.
 */
export function request(b: Lifter, word: number): number {
  b.staysInPlace();
  return b.constant64((BigInt(b.instruction.address) << 16n) | BigInt(word));
}
