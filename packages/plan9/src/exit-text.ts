// How the words a Plan 9 process ends with become the number that other systems have.
import type { ExitStatus } from '@elf/kernel';

/**
 * The exit status of a process that ended with `message`. Plan 9 has no numbers: an empty message is success, anything else a
 * failure that says why. Outside it is 0 for success; for a message that is a whole number from 1 to 255 that number, because
 * Go's os.Exit(3) and APE's exit(3) say "3" and a shell script around `elf run` should see what it sees of the same program
 * elsewhere; and 1 for all other messages ("interrupted", "sys: trap: ...", "main"). The message itself travels along.
 *
 * @param message byte string.
 * @example
 * exitStatusOf('')          // { kind: 'exited', code: 0 }
 * exitStatusOf('3')         // { kind: 'exited', code: 3, message: '3' }
 * exitStatusOf('no memory') // { kind: 'exited', code: 1, message: 'no memory' }
 */
export function exitStatusOf(message: string): ExitStatus {
  if (message === '') return { kind: 'exited', code: 0 };
  const number = /^[1-9][0-9]{0,2}$/.test(message) ? Number(message) : 0;
  return { kind: 'exited', code: number >= 1 && number <= 255 ? number : 1, message };
}

/** The words for the end of a program of another system: its number, or the signal that killed it; none for success. */
export function exitTextOf(status: ExitStatus): string {
  if (status.kind === 'signaled') return `signal ${status.signal}`;
  return status.message ?? (status.code === 0 ? '' : String(status.code));
}
