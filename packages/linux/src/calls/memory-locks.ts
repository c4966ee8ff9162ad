// mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2): which pages stay in memory, within RLIMIT_MEMLOCK.
import { address, defineSystemCall, Errno, flagSet, size, type Thread } from '@elf/kernel';
import { MCL_NAMES, MLOCK_NAMES } from '../abi/flags/memory-flags.ts';
import { applyMemoryLimits } from './resource-limits.ts';

export const mlock = defineSystemCall({
  name: 'mlock',
  numbers: { 'x86-64': 149, i386: 150 },
  support: 'full',
  arguments: { address, length: size },
  run: (task, values) => lock(task, values.address, values.length, false),
});

export const mlock2 = defineSystemCall({
  name: 'mlock2',
  numbers: { 'x86-64': 325, i386: 376 },
  support: 'full',
  arguments: { address, length: size, flags: flagSet(MLOCK_NAMES) },
  run: (task, values) => {
    if ((values.flags & ~MLOCK_NAMES.MLOCK_ONFAULT) !== 0) return -Errno.EINVAL;
    return lock(task, values.address, values.length, values.flags !== 0);
  },
});

export const munlock = defineSystemCall({
  name: 'munlock',
  numbers: { 'x86-64': 150, i386: 151 },
  support: 'full',
  arguments: { address, length: size },
  run: (task, values) => task.process.space.setLocked(values.address, values.length, false),
});

export const mlockall = defineSystemCall({
  name: 'mlockall',
  numbers: { 'x86-64': 151, i386: 152 },
  support: 'full',
  arguments: { flags: flagSet(MCL_NAMES) },
  run: (task, { flags }) => {
    applyMemoryLimits(task.process);
    return task.process.space.lockAll(flags);
  },
});

export const munlockall = defineSystemCall({
  name: 'munlockall',
  numbers: { 'x86-64': 152, i386: 153 },
  support: 'full',
  arguments: {},
  run: (task) => {
    task.process.space.unlockAll();
    return 0;
  },
});

function lock(task: Thread, start: number, length: number, onFault: boolean): number {
  applyMemoryLimits(task.process);
  return task.process.space.setLocked(start, length, true, onFault);
}
