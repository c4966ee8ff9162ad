// Calls that wait with another signal mask (ppoll, pselect6, epoll_pwait): the mask is exchanged and the wait begun in one step.
import { Errno, Pending, type SystemCallResult, type Thread } from '@elf/kernel';
import { isBlocked } from './send-signal.ts';
import { processState, threadState, UNBLOCKABLE } from './signal-state.ts';

/** sizeof(sigset_t) as the kernel has it. */
const MASK_BYTES = 8;

/**
 * Runs a call under the mask at `at` (0: the mask stays). A result restores the mask before any signal is looked at; a signal that the
 * temporary mask lets through gets its handler first (kernel/signal.c, restore_saved_sigmask_unless).
 */
export function withSignalMask(
  task: Thread,
  at: number,
  length: number,
  call: () => SystemCallResult,
): SystemCallResult {
  if (at === 0) return call();
  if (length !== MASK_BYTES) return -Errno.EINVAL;
  const set = task.user.readU64(at);
  if (set === undefined) return -Errno.EFAULT;
  const state = threadState(task);
  const before = state.mask;
  state.mask = set & ~UNBLOCKABLE;
  const restored = <T>(result: T): T => {
    if (result === undefined) return result;
    state.mask = before;
    state.savedMask = undefined;
    return result;
  };
  const result = call();
  if (!(result instanceof Pending)) return restored(result);
  state.savedMask = before;
  const waiting = [...state.pending, ...processState(task.process).pending];
  if (waiting.some((info) => !isBlocked(task, info.signal))) task.attention = true;
  const { request } = result;
  return new Pending({
    ...request,
    attempt: () => restored(request.attempt()),
    expire: () => restored(request.expire?.() ?? 0),
  });
}
