// The registers an instruction names, for light loops: only those are loaded and stored in each iteration, by the slot itself.
//
// Nothing is lost: a register that is not loaded again keeps a wrong value until the loop closes and hashes all of them.
import type { Instruction } from '../../decode/instruction.ts';
import { type Assembler, RSI } from './assembler.ts';
import { isLightOnRegisters, LIGHT_REGISTERS, LIGHT_VECTORS, LOOP_REGISTERS, type LoopParts } from './harness.ts';
import * as layout from './layout.ts';

/** Numbers of registers besides those every loop loads and stores. */
export interface UsedRegisters {
  readonly general: readonly number[];
  readonly vector: readonly number[];
}

const LOOP_VECTORS: readonly number[] = [0, 1];

/** The registers of a decoded instruction; undefined when they are more than a light loop has room for. */
export function usedRegisters(instruction: Instruction, mode: 32 | 64): UsedRegisters | undefined {
  const general = new Set<number>();
  const vector = new Set<number>();
  const isRegisterForm = instruction.mod === 3;
  for (const { kind } of instruction.candidate.row.operands) {
    switch (kind.place) {
      case 'reg':
        general.add(instruction.reg);
        break;
      case 'rm':
        if (isRegisterForm) general.add(instruction.rm);
        break;
      case 'opcode':
        general.add(instruction.opcodeRegister);
        break;
      case 'vvvv':
        general.add(instruction.vvvv);
        break;
      case 'fixed':
        general.add(kind.register);
        break;
      case 'vector':
        vector.add(instruction.reg);
        break;
      case 'vectorRm':
        if (isRegisterForm) vector.add(instruction.rm);
        break;
      case 'vectorVvvv':
        vector.add(instruction.vvvv);
        break;
      case 'vectorImmediate':
        vector.add((instruction.immediateLow[0] >> 4) & (mode === 64 ? 15 : 7));
        break;
      case 'vsib':
        vector.add(instruction.index);
        break;
      default:
    }
    // AH to BH are parts of other registers than their numbers say.
    if (kind.width === 8) for (const register of [...general]) if (register < 8) general.add(register & 3);
  }
  if (!isRegisterForm && instruction.candidate.encoding.hasModrm) {
    if (instruction.base >= 0 && instruction.base < 16) general.add(instruction.base);
    if (instruction.index >= 0 && !instruction.candidate.usesVsib) general.add(instruction.index);
  }
  const used = {
    general: [...general].filter((register) => !LOOP_REGISTERS.includes(register)),
    vector: [...vector].filter((register) => !LOOP_VECTORS.includes(register)),
  };
  return used.general.length > LIGHT_REGISTERS || used.vector.length > LIGHT_VECTORS ? undefined : used;
}

/** Loads in front of everything else: RSI is the place in the pools and gets its own value last. */
export function writeLoads(code: Assembler, used: UsedRegisters, parts: LoopParts): void {
  const bytes = code.mode / 8;
  if (parts.vector)
    for (const register of used.vector)
      code.vector('vmovdqu', register, { base: RSI, at: layout.VECTOR_POOL + 32 * register });
  if (isLightOnRegisters(code.mode, parts))
    for (const register of used.general) code.load(register, { base: RSI, at: layout.INTEGER_POOL + bytes * register });
  code.load(RSI, { base: RSI, at: layout.INTEGER_POOL + bytes * RSI });
}

/** Stores behind the instruction, which change no flag. */
export function writeStores(code: Assembler, used: UsedRegisters, parts: LoopParts): void {
  if (isLightOnRegisters(code.mode, parts))
    used.general.forEach((register, index) => {
      code.store({ at: layout.STATE_BASE + layout.OUT_GPR_AT + 8 * (LOOP_REGISTERS.length + index) }, register);
    });
  if (parts.vector)
    used.vector.forEach((register, index) => {
      code.vector('vmovdqu.store', register, {
        at: layout.STATE_BASE + layout.OUT_VECTORS_AT + 32 * (LOOP_VECTORS.length + index),
      });
    });
}
