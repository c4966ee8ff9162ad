// The rows that only i386 has.
import type { SystemCallRow } from '@elf/kernel';
import { I386_FILE_CALLS } from './files.ts';
import { packedRows } from './packed-arguments.ts';
import { renamedRows } from './renamed.ts';
import { I386_SIGNAL_CALLS } from './signals.ts';
import { socketcall } from './socketcall.ts';
import { systemVRows } from './system-v.ts';
import { I386_THREAD_CALLS } from './threads.ts';

/** Rows of i386 beside those that both ABIs share; `shared` are the latter. */
export function i386Rows(shared: readonly SystemCallRow[]): SystemCallRow[] {
  return [
    ...I386_FILE_CALLS,
    ...packedRows(shared),
    ...I386_SIGNAL_CALLS,
    ...I386_THREAD_CALLS,
    socketcall(shared),
    ...systemVRows(shared),
    ...renamedRows(shared),
  ];
}
