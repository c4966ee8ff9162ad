// Notes of a process: Plan 9's signals, which are short texts.

/** Who sent a note: another process, the kernel to end it silently, or the kernel because of a mistake of the program. */
export type NoteKind = 'user' | 'exit' | 'debug';

/** A note (byte string of at most 127 characters). */
export interface Note {
  text: string;
  kind: NoteKind;
}

/** Registers of the floating-point unit at a note, which the note frame has no place for. */
export interface NoteState {
  /** The handler that notify(2) set; 0 for none. */
  handler: number;
  /** At most {@link MAXIMUM_NOTES}. */
  pending: Note[];
  /** The one that is, or was last, delivered. */
  last: Note | undefined;
  /** The handler runs. */
  isHandling: boolean;
  /** Address of the Ureg of the innermost handler; 0 for none. */
  frame: number;
  /** Floating-point state that handlers interrupted, by the address of their Ureg. */
  readonly floatingPoint: Map<number, Uint8Array>;
}

/** NNOTE of sys/src/9/port/portdat.h. */
const MAXIMUM_NOTES = 5;

/** State of a process that has no notes. */
export function createNoteState(handler = 0): NoteState {
  return { handler, pending: [], last: undefined, isHandling: false, frame: 0, floatingPoint: new Map() };
}

/** Queues a note; false when the queue is full. One of the kernel's drops what waits when it is going to be fatal. */
export function queueNote(state: NoteState, note: Note): boolean {
  if (note.kind !== 'user' && (state.handler === 0 || state.isHandling)) state.pending = [];
  if (state.pending.length >= MAXIMUM_NOTES) return false;
  state.pending.push(note);
  return true;
}

/** The note to deliver now, taken from the queue; undefined when there is none that may be. */
export function takeNote(state: NoteState): Note | undefined {
  const [next] = state.pending;
  // Notes of other processes wait while a handler runs.
  if (next === undefined || (state.isHandling && next.kind === 'user')) return undefined;
  state.pending.shift();
  state.last = next;
  return next;
}
