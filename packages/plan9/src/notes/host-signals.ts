// Signals that somebody sends the emulator become the notes Plan 9 has for the same event.
import type { Kernel, Process } from '@elf/kernel';
import { findState } from '../process-state.ts';
import { postNote } from './post-note.ts';

/** The console's DEL key, a line that hung up, and the end asked for from outside. */
const NOTES: Readonly<Record<string, string>> = {
  SIGINT: 'interrupt',
  SIGHUP: 'hangup',
  SIGTERM: 'term',
  SIGQUIT: 'interrupt',
};

/** Sends them to the note group of the first process. */
export function forwardHostSignals(kernel: Kernel, first: Process): void {
  kernel.host.onSignal?.((name) => {
    // There is no such note: the emulator itself stops.
    if (name === 'SIGTSTP') kernel.host.suspend?.();
    const text = NOTES[name];
    const group = findState(first)?.noteGroup;
    if (text === undefined) return;
    for (const process of kernel.processes.values())
      if (findState(process)?.noteGroup === group) postNote(process, text, 'user');
  });
}
