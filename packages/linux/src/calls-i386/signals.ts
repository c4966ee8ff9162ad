// The first signal calls of i386, with masks of 32 bits: sigaction(2), signal(2), sigprocmask(2), sigsuspend(2), sigpending(2), sigreturn(2).
import { address, defineSystemCall, Errno, hexadecimal, int, oneOf, Pending, type SystemCallRow } from '@elf/kernel';
import { structOut } from '../abi/struct-arguments.ts';
import { defineStruct } from '../abi/struct-layout.ts';
import { install, returnFrom } from '../calls/signals.ts';
import { isBlocked } from '../signals/send-signal.ts';
import { leavePlainHandlerI386 } from '../signals/signal-frame-i386.ts';
import { ActionFlag, processState, signalBit, threadState, UNBLOCKABLE } from '../signals/signal-state.ts';
import { LAST_SIGNAL } from '../signals/signal-table.ts';

/** struct old_sigaction. */
const oldSigaction = defineStruct(16, {
  handler: [0, 'u32'],
  mask: [4, 'u32'],
  flags: [8, 'u32'],
  restorer: [12, 'u32'],
});
const LOW_WORD = 0xffff_ffffn;

const sigaction = defineSystemCall({
  name: 'sigaction',
  numbers: { i386: 67 },
  support: 'full',
  arguments: { signal: int, action: address, old: structOut(oldSigaction) },
  run: (task, { signal, action, old }) => {
    if (signal < 1 || signal > LAST_SIGNAL) return -Errno.EINVAL;
    const before = processState(task.process).actions[signal];
    if (action !== 0) {
      const bytes = task.user.read(action, oldSigaction.sizeInBytes);
      if (bytes === undefined) return -Errno.EFAULT;
      const { handler, mask, flags, restorer } = oldSigaction.decode(bytes);
      const refusal = install(task, signal, { handler, flags, restorer, mask: BigInt(mask) });
      if (refusal < 0) return refusal;
    }
    return old.isNull ? 0 : old.write({ ...before, mask: (before?.mask ?? 0n) & LOW_WORD });
  },
});

/** System V semantics: the handler is taken away when it runs, and its signal is not blocked. */
const signal = defineSystemCall({
  name: 'signal',
  numbers: { i386: 48 },
  support: 'full',
  result: 'hex',
  arguments: { signal: int, handler: hexadecimal },
  run: (task, values) => {
    const before = processState(task.process).actions[values.signal]?.handler ?? 0;
    const flags = ActionFlag.RESETHAND + ActionFlag.NODEFER;
    const refusal = install(task, values.signal, { handler: values.handler, flags, restorer: 0, mask: 0n });
    return refusal < 0 ? refusal : before;
  },
});

/** Signals above 32 stay as they are. */
const sigprocmask = defineSystemCall({
  name: 'sigprocmask',
  numbers: { i386: 126 },
  support: 'full',
  arguments: { how: oneOf({ SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 }), set: address, old: address },
  run: (task, { how, set, old }) => {
    const state = threadState(task);
    const before = state.mask;
    if (set !== 0) {
      const word = task.user.readU32(set);
      if (word === undefined) return -Errno.EFAULT;
      if (how < 0 || how > 2) return -Errno.EINVAL;
      const given = BigInt(word);
      const changed = [before | given, before & ~given, (before & ~LOW_WORD) | given][how];
      state.mask = changed & ~UNBLOCKABLE;
      task.attention = true;
    }
    return old === 0 || task.user.writeU32(old, Number(before & LOW_WORD)) ? 0 : -Errno.EFAULT;
  },
});

const sigpending = defineSystemCall({
  name: 'sigpending',
  numbers: { i386: 73 },
  support: 'full',
  arguments: { set: address },
  run: (task, { set }) => {
    const waiting = [...threadState(task).pending, ...processState(task.process).pending];
    const mask = waiting
      .filter((info) => isBlocked(task, info.signal))
      .reduce((bits, info) => bits | signalBit(info.signal), 0n);
    return task.user.writeU32(set, Number(mask & LOW_WORD)) ? 0 : -Errno.EFAULT;
  },
});

/** Two arguments that mean nothing come before the mask, which is given by value. */
const sigsuspend = defineSystemCall({
  name: 'sigsuspend',
  numbers: { i386: 72 },
  support: 'full',
  arguments: { first: int, second: int, mask: hexadecimal },
  run: (task, { mask }) => {
    const state = threadState(task);
    state.savedMask = state.mask;
    state.mask = BigInt(mask) & ~UNBLOCKABLE;
    const waiting = [...state.pending, ...processState(task.process).pending];
    if (waiting.some((info) => !isBlocked(task, info.signal))) task.attention = true;
    return new Pending({ queues: [], attempt: () => undefined });
  },
});

const sigreturn = defineSystemCall({
  name: 'sigreturn',
  numbers: { i386: 119 },
  support: 'full',
  result: 'none',
  arguments: {},
  run: (task) => returnFrom(task, leavePlainHandlerI386(task)),
});

/** Rows of this file. */
export const I386_SIGNAL_CALLS: readonly SystemCallRow[] = [
  sigaction,
  signal,
  sigprocmask,
  sigpending,
  sigsuspend,
  sigreturn,
];
