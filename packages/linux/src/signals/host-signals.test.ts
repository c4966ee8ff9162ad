// Signals from outside, and ^Z: what a shell outside would stop stops the emulator, jobs of a shell inside stop by themselves.
import type { Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';
import { forwardHostSignals } from './host-signals.ts';
import type { SignalInfo } from './signal-state.ts';

const [TSTP, STOP, USR2] = [20, 19, 12];
const IGNORE = 1n;

function pendingOf({ process }: Thread): number[] {
  return (process.personalityState as { pending: SignalInfo[] }).pending.map(({ signal }) => signal);
}

/** A task whose host can be told of signals, and how often the emulator was stopped. */
function forwarding() {
  const task = newTask();
  const seen = { suspended: 0, send: (_: string) => {} };
  Object.assign(task.kernel.host, {
    onSignal: (listener: (name: string) => void) => {
      seen.send = listener;
    },
    suspend: () => {
      seen.suspended++;
    },
  });
  forwardHostSignals(task.kernel, task.process);
  return { task, seen };
}

function resume(thread: Thread): void {
  thread.process.personality.beforeResume(thread);
}

describe('signals of the host', () => {
  it('reach the first process', () => {
    const { task, seen } = forwarding();
    seen.send('SIGUSR2');
    seen.send('SIGNONSENSE');
    expect(pendingOf(task)).toEqual([USR2]);
  });

  it('SIGTSTP stops the emulator where the program does nothing about it', () => {
    const { task, seen } = forwarding();
    seen.send('SIGTSTP');
    resume(task);
    expect([seen.suspended, task.state]).toEqual([1, 'runnable']);
    task.user.writeU64(PAGE, IGNORE);
    expect(call(task, 'rt_sigaction', TSTP, PAGE, 0, 8)).toBe(0);
    seen.send('SIGTSTP');
    resume(task);
    expect([seen.suspended, task.state]).toEqual([1, 'runnable']);
  });

  it('a job of a shell inside stops alone', () => {
    const { task, seen } = forwarding();
    const job = task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
    call(job, 'setpgid', 0, 0);
    call(task, 'kill', job.process.id, TSTP);
    expect([seen.suspended, job.state]).toEqual([0, 'stopped']);
  });

  it('an orphaned group of another session goes on', () => {
    const { task, seen } = forwarding();
    const daemon = task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
    call(daemon, 'setsid');
    call(task, 'kill', daemon.process.id, TSTP);
    resume(daemon);
    expect([seen.suspended, daemon.state]).toEqual([0, 'runnable']);
    call(task, 'kill', daemon.process.id, STOP);
    expect(daemon.state).toBe('stopped');
  });
});
