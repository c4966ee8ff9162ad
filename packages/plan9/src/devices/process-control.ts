// /proc/PID/ctl: what one process may do to another (proc(3)).
import type { Process, Thread } from '@elf/kernel';
import { Failure } from '../errors.ts';
import { endWith } from '../notes/post-note.ts';
import { failWith } from '../settle-call.ts';

/** Commands that set what a scheduler of several processors looks at: taken, and of no effect on one. */
const WITHOUT_EFFECT = [
  'fixedpri',
  'hang',
  'nohang',
  'nointerrupt',
  'noswap',
  'pri',
  'private',
  'profile',
  'wired',
  'trace',
];

/** Carries a command out. Returns its length, or a negated failure. */
export function controlProcess(viewer: Thread, process: Process, text: string): number {
  const [command = '', argument = ''] = text.trim().split(/\s+/);
  const { kernel } = viewer;
  switch (command) {
    case 'kill':
      // Nothing can catch it (Proc_exitme of proc.c).
      endWith({ kernel, process }, 'Killed');
      return text.length;
    case 'interrupt':
      for (const thread of process.threads) {
        thread.attention = true;
        kernel.wake(thread);
      }
      return text.length;
    case 'stop':
      kernel.stopProcess(process);
      return text.length;
    case 'start':
      if (!process.isStopped) return -Failure.BadControl;
      kernel.continueProcess(process);
      return text.length;
    case 'close':
      process.descriptors.close(Number.parseInt(argument, 10));
      return text.length;
    case 'closefiles':
      for (const number of process.descriptors.numbers()) process.descriptors.close(number);
      return text.length;
    default:
      if (WITHOUT_EFFECT.includes(command)) return text.length;
      return failWith(viewer, Failure.BadControl, `unknown control message ${JSON.stringify(command)}`);
  }
}
