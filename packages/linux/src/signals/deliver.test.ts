// Frames that do not fit: SIGSEGV in the signal's place (kernel/signal.c, signal_setup_done).
import { describe, expect, it } from 'vitest';
import { newTask, PAGE } from '../test-support/call-bench.ts';
import { deliverSignals } from './deliver.ts';
import { sendToThread } from './send-signal.ts';
import { ActionFlag, processState, threadState } from './signal-state.ts';
import { SignalCode } from './signal-table.ts';

const [USR1, SEGV] = [10, 11];
const UNMAPPED = 0x70_0000;

function taskWithoutRoom() {
  const task = newTask();
  const action = (handler: number, flags: number) => ({ handler, flags, restorer: 0, mask: 0n });
  threadState(task).alternateStack = { address: UNMAPPED, length: 8192, flags: 0 };
  task.cpu.setRegister(4, BigInt(PAGE + 8000));
  processState(task.process).actions[USR1] = action(0x1000, ActionFlag.ONSTACK);
  sendToThread(task, { signal: USR1, code: SignalCode.User, process: 1, user: 0 });
  return { task, actions: processState(task.process).actions, action };
}

describe('a frame that does not fit', () => {
  it('is told to the handler of SIGSEGV, on a stack that takes it', () => {
    const { task, actions, action } = taskWithoutRoom();
    actions[SEGV] = action(0x2000, 0);
    deliverSignals(task);
    expect([task.cpu.rip, task.process.exitStatus]).toEqual([0x2000, undefined]);
  });

  it('kills where SIGSEGV has no room either', () => {
    const { task, actions, action } = taskWithoutRoom();
    actions[SEGV] = action(0x2000, ActionFlag.ONSTACK);
    deliverSignals(task);
    expect(task.process.exitStatus).toMatchObject({ kind: 'signaled', signal: SEGV });
  });

  it('kills where nobody handles SIGSEGV', () => {
    const { task } = taskWithoutRoom();
    deliverSignals(task);
    expect(task.process.exitStatus).toMatchObject({ kind: 'signaled', signal: SEGV });
  });
});
