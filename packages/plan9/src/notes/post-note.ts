// Sending notes, and what becomes of a process that one ends.
import { type Kernel, type Process, type Thread, toBytes } from '@elf/kernel';
import { ERROR_BYTES } from '../errors.ts';
import { findState, stateOf } from '../process-state.ts';
import { exitStatusOf } from '../exit-text.ts';
import { type NoteKind, queueNote } from './note-state.ts';

/** Sends a note (byte string); false when the process has too many already. A sleeping call ends with "interrupted". */
export function postNote(process: Process, text: string, kind: NoteKind): boolean {
  const state = findState(process);
  if (state === undefined || process.exitStatus !== undefined) return false;
  if (!queueNote(state.notes, { text: text.slice(0, ERROR_BYTES - 1), kind })) return false;
  for (const thread of process.threads) {
    thread.attention = true;
    thread.kernel.wake(thread);
  }
  return true;
}

/** Ends a process with a message: the status of exits(2), or the note that killed it. */
export function endWith(
  { kernel, process }: { readonly kernel: Kernel; readonly process: Process },
  message: string,
): void {
  stateOf(process).exitText = message;
  kernel.endProcess(process, exitStatusOf(message));
}

/** The kernel's own words on descriptor 2 of a process (pprint): "NAME PID: text". */
export function complain({ process }: Thread, text: string): void {
  const description = process.descriptors.get(2);
  if (description === undefined || !description.mode.writable) return;
  const line = toBytes(`${stateOf(process).text} ${process.id}: ${text}\n`);
  const count = description.file.write(line, description.position);
  if (count > 0 && description.file.isSeekable) description.position += count;
}
