// One system call from registers to result: find the row, decode, run, trace, store.
import { CallFailure } from './argument-kind.ts';
import { Pending, type SystemCallResult } from './pending.ts';
import type { ArgumentWords, SystemCallAbi } from './personality.ts';
import type { SystemCallRow } from './system-call.ts';
import type { CallInProgress, Thread } from './thread.ts';
import { traceLine, unfinishedLine, unknownCallLine } from './trace.ts';

/** Performs the call whose instruction the thread just executed. The thread may be blocked or ended afterwards. */
export function dispatchSystemCall(thread: Thread, abi: SystemCallAbi): void {
  const { cpu, kernel } = thread;
  const number = abi.number(cpu);
  const { personality } = thread.process;
  const row = personality.calls.find(abi.name, number);
  const { low, high } = readArguments(thread, abi, row) ?? NO_ARGUMENTS;
  if (row === undefined || low === NO_ARGUMENTS.low) {
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
    else if (thread.state !== 'ended') {
      if (kernel.trace !== undefined && kernel.programThreads > 1) kernel.trace(unfinishedLine(thread, call));
      kernel.block(thread, result.request);
    }
    return;
  }
  // execve into another family: the registers are the new program's, and nobody is left to take a result.
  if (thread.process.personality !== personality) thread.callAbi = undefined;
  completeCall(thread, abi, result);
}

/** Arguments that could not be read. */
const NO_ARGUMENTS: ArgumentWords = { low: new Int32Array(0), high: new Int32Array(0) };

/** Stores the result of the thread's call and prints its trace line. */
export function completeCall(thread: Thread, abi: SystemCallAbi, result: number | bigint): void {
  const { call, kernel } = thread;
  thread.call = undefined;
  // A call that replaced or ended the program (execve, exit, rt_sigreturn) has set the registers itself or needs none.
  const returns = call?.row.result !== 'none' && thread.callAbi !== undefined;
  if (thread.state !== 'ended' && returns) abi.setResult(thread.cpu, result);
  if (call === undefined) return;
  kernel.recordCall(`${call.row.name} = ${returns ? result : '?'}`);
  kernel.trace?.(traceLine(thread, call, thread.state === 'ended' ? undefined : result));
}

function readArguments(thread: Thread, abi: SystemCallAbi, row: SystemCallRow | undefined): ArgumentWords | undefined {
  const words = abi.argumentWords === undefined ? registerWords(thread, abi) : abi.argumentWords(thread);
  if (words === undefined || abi.wordBytes === 8 || row === undefined) return words;
  // Where words have 32 bits, a wide argument takes two of them.
  const kinds = Object.values(row.arguments);
  const count = words.low.length;
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  for (let index = 0, word = 0; word < count; index++) {
    low[index] = words.low[word++];
    if (kinds[index]?.isWide && word < count) high[index] = words.low[word++];
  }
  return { low, high };
}

function registerWords({ cpu }: Thread, { argumentRegisters, wordBytes }: SystemCallAbi): ArgumentWords {
  const count = argumentRegisters.length;
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    low[index] = cpu.registerLow(argumentRegisters[index]);
    if (wordBytes === 8) high[index] = cpu.registerHigh(argumentRegisters[index]);
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
