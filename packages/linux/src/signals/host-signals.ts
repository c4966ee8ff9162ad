// Signals that somebody sends the emulator go to the program it runs.
import type { Kernel, Process } from '@elf/kernel';
import { terminalsOf } from '../terminals/terminals.ts';
import { watchFirstGroup } from './job-control.ts';
import { sendToProcess } from './send-signal.ts';
import { SIGNALS, SignalCode } from './signal-table.ts';

/** What a terminal's keys and its window send: meant for the group in front. */
const OF_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGWINCH', 'SIGTSTP', 'SIGCONT'];

/** Passes the host's signals on: those of a terminal to the group in the foreground, others to the first process. */
export function forwardHostSignals(kernel: Kernel, first: Process): void {
  watchFirstGroup(kernel, first.group);
  kernel.host.onSignal?.((name) => {
    const [signal] = (SIGNALS as Readonly<Record<string, readonly [number, string]>>)[name] ?? [];
    if (signal === undefined) return;
    const { input, output, error } = kernel.host.streams;
    const terminal = [input, output, error].find((each) => each.terminal !== undefined)?.terminal;
    if (terminal !== undefined && OF_TERMINAL.includes(name)) terminalsOf(kernel).signalForeground(terminal, signal);
    else sendToProcess(first, { signal, code: SignalCode.Kernel });
  });
}
