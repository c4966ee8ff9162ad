// Which flags an instruction leaves undefined in one execution: what the row says, and the rules that depend on the shift count.
import type { Instruction } from '../decode/instruction.ts';
import { AF, CF, DF, OF, PF, SF, STATUS_FLAGS, ZF } from '../state/flags.ts';

const FLAG_LETTERS: Readonly<Record<string, number>> = { o: OF, s: SF, z: ZF, a: AF, p: PF, c: CF, d: DF };

/** Bits of RFLAGS that `flags: 'u:...'` of a family leaves undefined. */
export function statedUndefined(flags: string | undefined): number {
  const letters = /u:([a-z]+)/.exec(flags ?? '')?.[1] ?? '';
  return [...letters].reduce((mask, letter) => mask | FLAG_LETTERS[letter], 0);
}

/** Bits of RFLAGS that the parts of a family's `flags` with such letters name: `/[w01]/` for everything it writes. */
export function flagsIn(flags: string | undefined, kinds: RegExp): number {
  const parts = (flags ?? '').split(' ').filter((part) => kinds.test(part[0] ?? ''));
  return [...parts.map((part) => part.slice(2)).join('')].reduce((mask, letter) => mask | FLAG_LETTERS[letter], 0);
}

/** Instructions whose flags depend on the count. */
export const SHIFT = /^(rol|ror|rcl|rcr|shl|shr|sal|sar|shld|shrd)$/;

/**
 * The undefined flags of a decoded instruction with CL as given. Shifts (SDM vol. 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD): a masked
 * count of 0 changes nothing; OF is defined for 1 only (Intel's hardware computes it as for a count of 1, AMD's from the last
 * step, so recent CPUs do not agree); CF is not defined when the count reaches the width.
 */
export function undefinedFlags(instruction: Instruction, cl: number): number {
  const { mnemonic, row, family } = instruction.candidate;
  const stated = statedUndefined(family.flags);
  if (!SHIFT.test(mnemonic)) return stated;
  const { kind } = row.operands[row.operands.length - 1];
  const raw = kind.place === 'one' ? 1 : kind.place === 'fixed' ? cl : instruction.immediateLow[0];
  const width = row.operands[0].kind.width === 8 ? 8 : instruction.operandSize;
  const count = raw & (width === 64 ? 63 : 31);
  if (count === 0) return 0;
  const isDouble = mnemonic === 'shld' || mnemonic === 'shrd';
  if (isDouble && count > width) return STATUS_FLAGS;
  const carry = count >= width && /^(shl|sal|shr)$/.test(mnemonic) ? CF : 0;
  return stated | (count > 1 ? OF : 0) | carry;
}

/** True where the result itself is undefined: SHLD and SHRD of 16 bits by more than 16. */
export function undefinedResult(instruction: Instruction, cl: number): boolean {
  const { mnemonic, row } = instruction.candidate;
  if ((mnemonic !== 'shld' && mnemonic !== 'shrd') || instruction.operandSize !== 16) return false;
  const raw = row.operands[2].kind.place === 'fixed' ? cl : instruction.immediateLow[0];
  return (raw & 31) > 16;
}
