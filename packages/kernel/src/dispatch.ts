// One system call from registers to result: find the row, decode, run, trace, store.
import { CallFailure } from './argument-kind.ts';
import { Pending, type SystemCallResult } from './pending.ts';
import type { SystemCallAbi } from './personality.ts';
import type { SystemCallRow } from './system-call.ts';
import type { CallInProgress, Thread } from './thread.ts';
import { traceLine, unknownCallLine } from './trace.ts';

/** Performs the call whose instruction the thread just executed. The thread may be blocked or ended afterwards. */
export function dispatchSystemCall(thread: Thread, abi: SystemCallAbi): void {
  const { cpu, kernel } = thread;
  const number = abi.number(cpu);
  const row = thread.process.personality.calls.find(abi.name, number);
  const { low, high } = readArguments(thread, abi, row);
  if (row === undefined) {
    abi.setResult(cpu, abi.unknownCallResult);
    kernel.recordCall(`${number}(...) = ${abi.unknownCallResult}`);
    kernel.trace?.(unknownCallLine(thread, number, low, high, abi.unknownCallResult));
    return;
  }
  const values: Record<string, unknown> = {};
  const call: CallInProgress = { row, number, low, high, values };
  thread.call = call;
  const failure = decode(thread, row, low, high, values);
  const result: SystemCallResult = failure ?? row.run(thread, values);
  if (result instanceof Pending) {
    const now = thread.state === 'ended' ? undefined : result.request.attempt();
    if (now !== undefined) completeCall(thread, abi, now);
    else if (thread.state !== 'ended') kernel.block(thread, result.request);
    return;
  }
  completeCall(thread, abi, result);
}

/** Stores the result of the thread's call and prints its trace line. */
export function completeCall(thread: Thread, abi: SystemCallAbi, result: number | bigint): void {
  const { call, kernel } = thread;
  thread.call = undefined;
  // A call that replaced or ended the program (execve, exit, rt_sigreturn) has set the registers itself or needs none.
  const returns = call?.row.result !== 'none';
  if (thread.state !== 'ended' && returns) abi.setResult(thread.cpu, result);
  if (call === undefined) return;
  kernel.recordCall(`${call.row.name} = ${returns ? result : '?'}`);
  kernel.trace?.(traceLine(thread, call, thread.state === 'ended' ? undefined : result));
}

function readArguments(
  thread: Thread,
  abi: SystemCallAbi,
  row: SystemCallRow | undefined,
): { low: Int32Array; high: Int32Array } {
  const { cpu } = thread;
  const count = abi.argumentRegisters.length;
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  if (abi.wordBytes === 8) {
    for (let index = 0; index < count; index++) {
      low[index] = cpu.registerLow(abi.argumentRegisters[index]);
      high[index] = cpu.registerHigh(abi.argumentRegisters[index]);
    }
    return { low, high };
  }
  const kinds = row === undefined ? [] : Object.values(row.arguments);
  for (let index = 0, register = 0; register < count; index++) {
    low[index] = cpu.registerLow(abi.argumentRegisters[register++]);
    if (kinds[index]?.isWide && register < count) high[index] = cpu.registerLow(abi.argumentRegisters[register++]);
  }
  return { low, high };
}

function decode(
  thread: Thread,
  row: SystemCallRow,
  low: Int32Array,
  high: Int32Array,
  values: Record<string, unknown>,
): number | undefined {
  const names = Object.keys(row.arguments);
  const raw = { task: thread, low, high, indexOf: (name: string) => names.indexOf(name) };
  for (let index = 0; index < names.length; index++) {
    const value = row.arguments[names[index]].decode(raw, index);
    if (value instanceof CallFailure) return -value.errno;
    values[names[index]] = value;
  }
  return undefined;
}
