// The border between calls and programs: failures become the error string, mistakes with pointers become notes.
import { CallFailure, Errno, Pending, type SystemCallResult, type Thread } from '@elf/kernel';
import { errorText, Failure } from './errors.ts';
import { complain, postNote } from './notes/post-note.ts';
import { stateOf } from './process-state.ts';
import { quoteName } from './quote-name.ts';

/** Remembers why a call failed: a negative number is an error, a bigint never. Waiting calls are settled when they end. */
export function settle(thread: Thread, result: SystemCallResult): SystemCallResult {
  if (!(result instanceof Pending)) return settleNow(thread, result);
  const { attempt, expire, interrupt, queues, deadline } = result.request;
  return new Pending({
    queues,
    deadline,
    attempt: () => {
      const now = attempt();
      return now === undefined ? undefined : settleNow(thread, now);
    },
    expire: () => settleNow(thread, expire?.() ?? 0),
    interrupt: () => settleNow(thread, interrupt?.() ?? -Errno.EINTR),
  });
}

function settleNow(thread: Thread, result: number | bigint): number | bigint {
  if (typeof result === 'bigint' || result >= 0 || thread.state === 'ended') return result;
  const state = stateOf(thread);
  state.errorText = state.detail ?? errorText(-result);
  state.detail = undefined;
  return result;
}

/** A failure with words of its own. */
export function failWith(thread: Thread, code: number, words: string): number {
  stateOf(thread).detail = words;
  return -code;
}

/** A failure that concerns a file name: "file does not exist: '/no/such'". */
export function failName(thread: Thread, code: number, name: string): number {
  return failWith(thread, code, `${errorText(code)}: ${quoteName(shortened(name))}`);
}

/** An argument the call cannot begin with. */
export function refuseArgument(thread: Thread, code: number): CallFailure {
  settleNow(thread, -code);
  return new CallFailure(code);
}

/** validaddr(9): a pointer to nothing. The program is told by a note, which kills it unless it listens. */
export function badAddress(thread: Thread, address: number, length: number): undefined {
  const pc = thread.cpu.rip.toString(16);
  complain(thread, `suicide: invalid address 0x${address.toString(16)}/${length} in sys call pc=0x${pc}`);
  postNote(thread.process, 'sys: bad address in syscall', 'debug');
  settleNow(thread, -Failure.BadArgument);
  return undefined;
}

/** evenaddr(9): a pointer that is not a multiple of four. */
export function oddAddress(thread: Thread): undefined {
  postNote(thread.process, 'sys: odd address', 'debug');
  settleNow(thread, -Failure.BadArgument);
  return undefined;
}

/** Long names end up as their last elements, so that the whole message keeps within ERRMAX (namelenerror of chan.c). */
function shortened(name: string): string {
  const LIMIT = 80;
  if (name.length <= LIMIT) return name;
  const tail = name.slice(-LIMIT);
  const slash = tail.indexOf('/');
  return `...${slash < 0 ? tail : tail.slice(slash)}`;
}
