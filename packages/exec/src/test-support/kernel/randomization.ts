// Address randomisation of the kernel: the offsets of real starts, and whether ours, given these offsets, start the same way.
import type { LayoutRandomization } from '@elf/mm';
import type { ExecFiles } from '../../exec-request.ts';
import { differences, type EntryState } from './entry-state.ts';
import type { KernelCase, KernelFacts, KernelRunner } from './kernel-runner.ts';
import { entryStateOf, executeOurs } from './our-side.ts';

const AT = { PHDR: 3, BASE: 7, PLATFORM: 15 };
const PLATFORM_BYTES = { 'x86-64': 'x86_64\0'.length, i386: 'i686\0'.length };
const NONE: LayoutRandomization = {
  stackOffset: 0,
  mmapOffset: 0,
  executableOffset: 0,
  brkOffset: 0,
  stackFineOffset: 0,
};

/** What many randomised starts of one program showed. */
export interface RandomizationReport {
  readonly abi: string;
  /** One entry a start. */
  readonly offsets: readonly LayoutRandomization[];
  /** Differences between a start and ours with the same offsets. */
  readonly differences: readonly string[];
}

/** Starts a program many times with randomisation, and each time once more on our side with the offsets observed. */
export function observeRandomization(
  runner: KernelRunner,
  path: string,
  times: number,
  files: ExecFiles,
  facts: KernelFacts,
): RandomizationReport {
  const start: KernelCase = { path, argv: [path, 'one'], envp: ['A=1'], randomized: true, contentPages: 2 };
  const states = runner.run(Array.from({ length: times }, () => start)).map(({ state, outcome }) => {
    if (state === undefined) throw new Error(`${path}: ${outcome}`);
    return state;
  });
  const found: string[] = [];
  const offsets = states.map((state) => {
    const unmoved = ourState(start, files, facts, state, NONE);
    const offset = offsetsBetween(unmoved, state);
    found.push(...differences(ourState(start, files, facts, state, offset), state));
    return offset;
  });
  return { abi: states[0].abi, offsets, differences: found };
}

function ourState(
  start: KernelCase,
  files: ExecFiles,
  facts: KernelFacts,
  observed: EntryState,
  randomization: LayoutRandomization,
): EntryState {
  const outcome = executeOurs(start, files, facts, observed, { randomization });
  if (!outcome.ok) throw new Error(`${start.path}: ${outcome.refusal.sentence}`);
  const state = entryStateOf(outcome, start.contentPages ?? 0);
  outcome.space.destroy();
  return state;
}

/** How far a start lies from one without offsets. */
function offsetsBetween(unmoved: EntryState, moved: EntryState): LayoutRandomization {
  const entry = ({ auxiliaryVector }: EntryState, id: number) =>
    Number.parseInt(auxiliaryVector.find(([each]) => each === id)?.[1] ?? '0', 16);
  const distance = (id: number) => entry(moved, id) - entry(unmoved, id);
  const hasInterpreter = entry(unmoved, AT.BASE) !== 0;
  const stackEnd = ({ registers, stack }: EntryState) => Number.parseInt(registers.rsp, 16) + stack.length;
  const platformEnd = entry(moved, AT.PLATFORM) + PLATFORM_BYTES[moved.abi === 'i386' ? 'i386' : 'x86-64'];
  // A static PIE moves with the mmap area, another one by its own offset, an ET_EXEC not at all.
  const executableOffset = hasInterpreter ? distance(AT.PHDR) : 0;
  return {
    stackOffset: stackEnd(unmoved) - stackEnd(moved),
    mmapOffset: 0 - distance(hasInterpreter ? AT.BASE : AT.PHDR),
    executableOffset,
    brkOffset: moved.marks.startBrk - unmoved.marks.startBrk - executableOffset,
    stackFineOffset: moved.marks.argumentStart - platformEnd,
  };
}

/** Bits that were 0 in one start and 1 in another, as [lowest, highest, count]. */
export function changingBits(values: readonly number[]): readonly [number, number, number] {
  const wide = values.map((value) => BigInt(value));
  const changing = wide.reduce((bits, value) => bits | (value ^ wide[0]), 0n);
  const positions = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (changing >> BigInt(bit)) & 1n);
  return [positions[0] ?? -1, positions.at(-1) ?? -1, positions.length];
}
