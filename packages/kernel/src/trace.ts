// Trace lines in strace's format, derived from the rows.
import type { CallInProgress, Thread } from './thread.ts';

/** Column strace aligns results to. */
const RESULT_COLUMN = 40;

/** What a finished (or never finishing) call looks like in the trace; the rest of it where its beginning was shown. */
export function traceLine(thread: Thread, call: CallInProgress, result: number | bigint | undefined): string {
  const shown = call.shownArguments;
  const texts = argumentTexts(thread, call, result).slice(shown);
  const rest = texts.filter((text) => text !== undefined).join(', ');
  const text = shown === undefined ? `${call.row.name}(${rest})` : `<... ${call.row.name} resumed>${rest})`;
  return withResult(thread, text, printResult(thread, call, result));
}

/** A call that waits while others go on: its arguments up to the first that it has yet to store. */
export function unfinishedLine(thread: Thread, call: CallInProgress): string {
  const kinds = Object.values(call.row.arguments);
  const stored = kinds.findIndex((kind) => kind.isStored);
  call.shownArguments = stored < 0 ? kinds.length : stored;
  const texts = argumentTexts(thread, call, undefined).slice(0, call.shownArguments);
  const shown = texts.filter((text) => text !== undefined).map((text) => `${text}, `);
  const beginning = shown.join('');
  return `${prefix(thread)}${call.row.name}(${stored < 0 ? beginning.slice(0, -2) : beginning} <unfinished ...>`;
}

/** The end of a thread: the call it was in does not return. */
export function traceEnd(thread: Thread, text: string): void {
  const { call, kernel } = thread;
  // Process 1 stands for the machine's own: it makes no calls, and its end is no news.
  if (kernel.trace === undefined || (thread.process.id === 1 && thread.callAbi === undefined)) return;
  if (call !== undefined) kernel.trace(traceLine(thread, call, undefined));
  if (call !== undefined) kernel.recordCall(`${call.row.name} = ?`);
  thread.call = undefined;
  kernel.trace(eventLine(thread, `+++ ${text} +++`));
}

function argumentTexts(
  thread: Thread,
  call: CallInProgress,
  result: number | bigint | undefined,
): (string | undefined)[] {
  const names = Object.keys(call.row.arguments);
  const context = {
    task: thread,
    low: call.low,
    high: call.high,
    indexOf: (name: string) => names.indexOf(name),
    result: result === undefined ? undefined : Number(result),
  };
  return names.map((name, index) => {
    const value = call.values[name];
    const kind = call.row.arguments[name];
    // A call that failed while decoding has no value for the rest: strace shows the register.
    if (!(name in call.values))
      return `0x${((call.high[index] >>> 0) * 4294967296 + (call.low[index] >>> 0)).toString(16)}`;
    return kind.print(value, context, index);
  });
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
