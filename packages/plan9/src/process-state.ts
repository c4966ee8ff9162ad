// What makes a process of the kernel a Plan 9 process: error string, notes, segments, name space and the other groups.
import type { Clock, Process, Thread } from '@elf/kernel';
import type { EnvironmentGroup } from './environment-group.ts';
import type { Segment } from './memory/segment.ts';
import type { NameSpace } from './names/name-space.ts';
import type { Place } from './names/place.ts';
import type { NoteState } from './notes/note-state.ts';
import type { RendezvousGroup } from './rendezvous-group.ts';

/** How a child ended, until somebody waits for it. Times are milliseconds. */
export interface WaitRecord {
  readonly process: number;
  readonly user: number;
  readonly system: number;
  readonly real: number;
  /** Empty for success (byte string). */
  readonly message: string;
}

/** The Plan 9 part of a process. Strings are byte strings. */
export interface Plan9Process {
  /** What errstr returns. */
  errorText: string;
  /** Words for the failure in progress that say more than its number: the file name with it. */
  detail: string | undefined;
  /** Name of the program: the last element of its path. */
  text: string;
  /** What was written to /proc/PID/args. */
  arguments: string | undefined;
  user: string;
  /** Address of the top-of-stack structure. */
  tos: number;
  /** Bytes of a word: what tells an amd64 process from a 386 one. */
  wordBytes: 4 | 8;
  segments: Segment[];
  readonly notes: NoteState;
  /** Processes that notepg reaches together. */
  noteGroup: number;
  nameSpace: NameSpace;
  environment: EnvironmentGroup;
  rendezvous: RendezvousGroup;
  /** "." */
  dot: Place;
  readonly slash: Place;
  /** RFNOMNT: only the devices of a process that may not mount are there. */
  mayMount: boolean;
  readonly clock: Clock;
  /** Milliseconds of monotonic time when it began. */
  readonly startedAt: number;
  /** Children without RFNOWAIT that live. */
  livingChildren: number;
  readonly waitRecords: WaitRecord[];
  /** The parent that gets a wait record; undefined with RFNOWAIT. */
  readonly waiter: Process | undefined;
  /** Takes back the alarm. */
  alarm: { readonly deadline: number; readonly cancel: () => void } | undefined;
  /** The status given to exits, or the note it died of; undefined while it lives. */
  exitText: string | undefined;
}

const ofProcesses = /* @__PURE__ */ new WeakMap<Process, Plan9Process>();

/** Stores the state of a process that becomes one of Plan 9. */
export function adopt(process: Process, state: Plan9Process): void {
  ofProcesses.set(process, state);
}

/** The state of a process that has one: undefined for those of other families. */
export function findState(process: Process): Plan9Process | undefined {
  return ofProcesses.get(process);
}

/**
 * The state of a Plan 9 process.
 * @throws TypeError for a process of another family: a mistake of ours.
 */
export function stateOf(owner: Process | Thread): Plan9Process {
  const process = 'process' in owner ? owner.process : owner;
  const state = ofProcesses.get(process);
  if (state === undefined) throw new TypeError(`Process ${process.id} is not a Plan 9 process.`);
  return state;
}
