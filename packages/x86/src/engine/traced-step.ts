// What single-stepping knows of one instruction: whether its trap comes, and how one round of a repeated string instruction goes.
import type { Instruction } from '../decode/instruction.ts';
import { ZF } from '../state/flags.ts';
import type { CpuState } from '../state/cpu-state.ts';

const RCX = 1;
const STACK_SEGMENT = 2;
const POP_SS = 0x17;

/** Loads of SS by MOV and POP hold the trap back until the instruction after them is done (SDM vol. 3A, section 6.8.3). */
export function holdsTrapBack({ candidate, opcode, reg }: Instruction): boolean {
  const [target] = candidate.row.operands;
  if (target?.kind.place !== 'segment' || target.access === 'r')
    return candidate.mnemonic === 'pop' && opcode === POP_SS;
  return candidate.mnemonic === 'mov' && reg === STACK_SEGMENT;
}

/**
 * Prepares a repeated string instruction for one round, after which a single step traps with RIP still at the instruction
 * (SDM vol. 2, REP). Undefined: it is none, or this is its last round.
 * @returns what is to be done after the round; it says whether there are more
 */
export function beginRound(
  cpu: CpuState,
  { candidate, repeat, addressSize, address }: Instruction,
): ((completed: boolean) => boolean) | undefined {
  if (candidate.family.repeatable !== true || repeat === 0) return undefined;
  const before = cpu.register(RCX);
  const count = BigInt.asUintN(addressSize, before);
  if (count <= 1n) return undefined;
  const upper = addressSize === 16 ? before - count : 0n;
  const { flags } = cpu;
  const compares = candidate.mnemonic === 'cmps' || candidate.mnemonic === 'scas';
  cpu.setRegister(RCX, upper + 1n);
  return (completed) => {
    if (!completed) {
      cpu.setRegister(RCX, before);
      return false;
    }
    cpu.setRegister(RCX, upper + count - 1n);
    if (compares && (repeat === 0xf3) !== ((cpu.flags & ZF) !== 0)) return false;
    // Processors show the flags of comparisons when the last round is done.
    if (compares) cpu.flags = flags;
    cpu.rip = address;
    return true;
  };
}
