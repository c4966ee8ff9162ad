// One program or case on both sides: what was compared and what differs.
import type { ExecFiles, ExecOutcome } from '../../exec-request.ts';
import { differences } from './entry-state.ts';
import type { KernelCase, KernelFacts, Observation } from './kernel-runner.ts';
import { entryStateOf, executeOurs } from './our-side.ts';

const SIGSEGV = 11;

/** The result of one comparison. */
export interface Comparison {
  /** What the kernel did: "started", "errno N", "signal N". */
  readonly outcome: string;
  /** Lines that say what differs; none when all agrees. */
  readonly differences: readonly string[];
}

/** The kernel's word for our outcome when programs are stopped before their first instruction. */
export function tracedOutcome(outcome: ExecOutcome): string {
  if (outcome.ok) return 'started';
  return outcome.afterPointOfNoReturn ? `signal ${SIGSEGV}` : `errno ${outcome.errno}`;
}

/** Compares a traced case: the outcome, and behind a start every part of the state. */
export function compareTraced(
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
