// The interpreter as a compiled module: CPUs whose memories are laid out alike share one, with the machine code made for it.
import type { UopTable } from '../uop/index.ts';
import type { Placement } from './emitter.ts';
import { generateInterpreter } from './interpreter.ts';

/** The one made last: the CPUs of a process nearly always have the same placement, and generating takes 40 ms. */
const made: { key: string; module: WebAssembly.Module | undefined } = { key: '', module: undefined };

/** The module for a placement. `table` is the one of all rows, which is the same for every CPU. */
export function interpreterModule(table: UopTable, placement: Placement): WebAssembly.Module {
  const { state, tlb, lookup, lookupEntries } = placement;
  const key = [state, tlb, lookup, lookupEntries].join();
  if (made.module === undefined || made.key !== key) {
    made.module = new WebAssembly.Module(generateInterpreter(table, placement));
    made.key = key;
  }
  return made.module;
}
