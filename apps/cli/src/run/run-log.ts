// -d, -strace and -D: what is logged, and where the lines go.
import { openSync, writeSync } from 'node:fs';
import { LOG_ITEMS, type LogItemName, readLogItems } from '@elf/machine';
import { nameTable, type OptionMistake, type ParsedOptions } from '../options.ts';

/** What to log and how. */
export interface RunLog {
  readonly items: ReadonlySet<LogItemName>;
  /** Takes a line without its end. */
  readonly write: (line: string) => void;
}

/** What `-d help` prints. */
export function logItemHelp(): string {
  return `Items for -d, separated by commas:\n${nameTable(LOG_ITEMS.map(({ name, title }) => [`  ${name}`, title]))}`;
}

/**
 * Reads the options and opens the file of -D, which is emptied.
 * @param printError takes text for standard error, where lines go without -D.
 */
export function openRunLog({ values }: ParsedOptions, printError: (text: string) => void): RunLog | OptionMistake {
  const option = (name: string) => values.get(name)?.at(-1);
  const items = readLogItems(option('d') ?? '');
  if ('unknown' in items) return { mistake: `-d: there is no item ${items.unknown}\n${logItemHelp()}` };
  const isStepped = items.has('exec') || items.has('cpu');
  if (isStepped && option('g') !== undefined)
    return { mistake: '-d exec and -d cpu step through the program, which only the debugger of -g may do' };
  const all = new Set(items);
  if (option('strace') !== undefined) all.add('strace');
  const file = option('D');
  if (file === undefined || all.size === 0) return { items: all, write: (line) => printError(`${line}\n`) };
  try {
    const descriptor = openSync(file, 'w');
    return { items: all, write: (line) => writeAll(descriptor, `${line}\n`) };
  } catch (error) {
    return { mistake: `-D: ${(error as Error).message}` };
  }
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
}
