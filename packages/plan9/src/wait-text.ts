// The text of a wait record (await(2)).
import type { WaitRecord } from './process-state.ts';
import { quoteIfNeeded } from './quote-name.ts';

/**
 * `PID USER SYSTEM REAL MESSAGE`, times in milliseconds, the message quoted where it must be.
 * @example
 * formatWait({ process: 11, user: 0, system: 0, real: 25, message: '' }) // "11 0 0 25 ''"
 */
export function formatWait({ process, user, system, real, message }: WaitRecord): string {
  return `${process} ${user} ${system} ${real} ${quoteIfNeeded(message)}`;
}
