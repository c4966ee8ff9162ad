// Trace lines in strace's format, derived from the rows.
import type { CallInProgress, Thread } from './thread.ts';

/** Column strace aligns results to. */
const RESULT_COLUMN = 40;

/** What a finished (or never finishing) call looks like in the trace. */
export function traceLine(thread: Thread, call: CallInProgress, result: number | bigint | undefined): string {
  const names = Object.keys(call.row.arguments);
  const context = {
    task: thread,
    low: call.low,
    high: call.high,
    indexOf: (name: string) => names.indexOf(name),
    result: result === undefined ? undefined : Number(result),
  };
  const printed = names.map((name, index) => {
    const value = call.values[name];
    const kind = call.row.arguments[name];
    // A call that failed while decoding has no value for the rest: strace shows the register.
    if (!(name in call.values))
      return `0x${((call.high[index] >>> 0) * 4294967296 + (call.low[index] >>> 0)).toString(16)}`;
    return kind.print(value, context, index);
  });
  return withResult(thread, `${call.row.name}(${printed.join(', ')})`, printResult(thread, call, result));
}

/** The line of a call that no row describes. */
export function unknownCallLine(
  thread: Thread,
  number: number,
  low: Int32Array,
  high: Int32Array,
  result: number,
): string {
  const registers = [...low.keys()].map(
    (index) => `0x${((high[index] >>> 0) * 4294967296 + (low[index] >>> 0)).toString(16)}`,
  );
  const text = `syscall_0x${number.toString(16)}(${registers.join(', ')})`;
  return withResult(thread, text, `-1 ${thread.process.personality.describeError(-result, thread)}`);
}

/** A line about something that is not a call, such as a signal: `--- text ---`. */
export function eventLine(thread: Thread, text: string): string {
  return prefix(thread) + text;
}

function withResult(thread: Thread, text: string, result: string): string {
  return `${(prefix(thread) + text).padEnd(RESULT_COLUMN - 1)} = ${result}`;
}

function prefix(thread: Thread): string {
  return thread.kernel.programThreads > 1 ? `[pid ${String(thread.id).padStart(5)}] ` : '';
}

function printResult(thread: Thread, call: CallInProgress, result: number | bigint | undefined): string {
  if (result === undefined || call.row.result === 'none') return '?';
  const value = Number(result);
  if (value < 0 && value > -4096) return `-1 ${thread.process.personality.describeError(-value, thread)}`;
  if (call.row.result === 'hex') return `0x${result.toString(16)}`;
  if (call.row.result === 'octal') return `0${result.toString(8)}`;
  return String(result);
}
