// One program or case on both sides: what was compared and what differs.
import type { ExecFiles, ExecOutcome } from '../../exec-request.ts';
import type { CraftedCase } from './crafted-case.ts';
import { askKernel, CONTENT_PAGES, type CraftedAnswer, filesOf, kernelCase } from './crafted-suite.ts';
import { differences } from './entry-state.ts';
import { hostFiles } from './host-files.ts';
import type { HostProgram } from './host-programs.ts';
import {
  type KernelCase,
  type KernelFacts,
  type KernelRunner,
  kernelFacts,
  type Observation,
} from './kernel-runner.ts';
import { entryStateOf, executeOurs } from './our-side.ts';
import { randomCase } from './random-images.ts';
import { fate } from './tiny-programs.ts';

const SIGSEGV = 11;
/** e_machine. */
const MACHINE_OFFSET = 18;

/** The result of one comparison. */
export interface Comparison {
  /** What the kernel did: "started", "errno N", "signal N". */
  readonly outcome: string;
  /** Lines that say what differs; none when all agrees. */
  readonly differences: readonly string[];
}

/** The kernel's word for our outcome when programs are stopped before their first instruction. */
function tracedOutcome(outcome: ExecOutcome): string {
  if (outcome.ok) return 'started';
  return outcome.afterPointOfNoReturn ? `signal ${SIGSEGV}` : `errno ${outcome.errno}`;
}

/** Compares a traced case: the outcome, and behind a start every part of the state. */
function compareTraced(
  kernelCase: KernelCase,
  observation: Observation,
  files: ExecFiles,
  facts: KernelFacts,
): Comparison {
  const { outcome, state } = observation;
  const ours = executeOurs(kernelCase, files, facts, state);
  const predicted = tracedOutcome(ours);
  if (predicted !== outcome) {
    const why = ours.ok ? 'no rule refuses it' : `${ours.refusal.rule}: ${ours.refusal.sentence}`;
    return { outcome, differences: [`outcome: ours ${predicted} (${why}), kernel ${outcome}`] };
  }
  if (!ours.ok || state === undefined) return { outcome, differences: [] };
  const invariants = ours.space.checkInvariants();
  const mine = entryStateOf(ours, kernelCase.contentPages ?? 0);
  ours.space.destroy();
  return { outcome, differences: [...invariants, ...differences(mine, state)] };
}

/** Compares programs of this machine, each stopped before its first instruction. */
export function comparePrograms(
  runner: KernelRunner,
  programs: readonly HostProgram[],
  contentPages: number,
): (HostProgram & Comparison)[] {
  const facts = kernelFacts();
  const candidates = programs.filter(({ kind }) => runner.startsI386 || !kind.startsWith('i386'));
  const cases = candidates.map(({ path }) => programCase(path, contentPages));
  const observations = runner.run(cases);
  return candidates.flatMap((program, index) => {
    if (observations[index].outcome.startsWith('unavailable')) return [];
    const files = hostFiles();
    const comparison = compareTraced(cases[index], observations[index], files, facts);
    files.close();
    return { ...program, ...comparison };
  });
}

/** The execve every program is compared with. */
function programCase(path: string, contentPages: number): KernelCase {
  return { path, argv: [path, 'one', 'two words', ''], envp: ['A=1', 'HOME=/root', 'EMPTY='], contentPages };
}

/** Compares a crafted case: how the program ends, and its state before the first instruction where the kernel told it. */
export function compareCrafted(crafted: CraftedCase, answer: CraftedAnswer, facts: KernelFacts): Comparison {
  const { outcome, state } = answer;
  const execute = () => executeOurs(kernelCase(crafted), filesOf(crafted, facts), facts, state);
  const ours = execute();
  const predicted = crafted.isOnlyStopped ? tracedOutcome(ours) : fate(ours);
  if (predicted !== outcome) {
    const why = ours.ok ? 'no rule refuses it' : `${ours.refusal.rule}: ${ours.refusal.sentence}`;
    return { outcome, differences: [`outcome: ours ${predicted} (${why}), kernel ${outcome}`] };
  }
  // The program has run in that address space; its state before is looked at in a second one.
  const fresh = state === undefined ? undefined : execute();
  if (!fresh?.ok || state === undefined) return { outcome, differences: [] };
  const invariants = fresh.space.checkInvariants();
  return { outcome, differences: [...invariants, ...differences(entryStateOf(fresh, CONTENT_PAGES), state)] };
}

/** Compares random images of `count` seeds from `first` on. */
export function compareRandom(runner: KernelRunner, root: string, first: number, count: number): Comparison[] {
  const facts = kernelFacts();
  const isAsked = (crafted: CraftedCase) => runner.startsI386 || !isI386(crafted);
  const cases = Array.from({ length: count }, (_, index) => randomCase(first + index)).filter(isAsked);
  const answers = askKernel(runner, root, facts, cases);
  return cases.map((crafted) => {
    const { outcome, differences } = compareCrafted(crafted, answers.get(crafted.name) as CraftedAnswer, facts);
    return { outcome, differences: differences.map((line) => `${crafted.name}: ${line}`) };
  });
}

/** Whether the file's machine makes it a 32-bit program. */
function isI386({ file }: CraftedCase): boolean {
  return file !== undefined && 'content' in file && [3, 6].includes(Number(file.content.at(MACHINE_OFFSET)));
}
