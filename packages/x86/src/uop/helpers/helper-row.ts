// The shape of a helper row: one JavaScript function that every engine calls for what is too rare or too hard for inline code.
import type { GuestMemory } from '@elf/mm';
import type { GuestAccess } from '../../engine/guest-access.ts';
import type { CpuState } from '../../state/cpu-state.ts';
import type { CpuModel } from '../../state/models/cpu-model.ts';

/** What a helper works on. `memory`'s views are replaced when it grows, so they are read anew in each call. */
export interface HelperContext {
  readonly memory: GuestMemory;
  readonly cpu: CpuState;
  readonly access: GuestAccess;
  /** Time-stamp counter. */
  readonly timeStamp: () => bigint;
  /** What CPUID and XGETBV tell. */
  readonly model: CpuModel;
  /** 64 random bits. */
  readonly random: () => bigint;
}

/** Arguments are host offsets of cells. The result is 0, or the `ExitStatus` with which the engine leaves at this instruction. */
export type Helper = (context: HelperContext, a: number, b: number, c: number, d: number, e: number) => number;

export interface HelperRow {
  readonly name: string;
  readonly run: Helper;
}

export function helper(name: string, run: Helper): HelperRow {
  return { name, run };
}
