// What files of a process say, line by line (proc(3)).
import type { Process, Thread } from '@elf/kernel';
import type { Plan9Process } from '../process-state.ts';
import { quoteIfNeeded } from '../quote-name.ts';
import { descriptorLine } from './descriptors.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000;

/** A process of Plan 9 that lives. */
export interface Subject {
  readonly process: Process;
  readonly state: Plan9Process;
}

/** "hello a 'b c'", or what the process wrote itself. */
export function argumentsText({ process, state }: Subject): string {
  if (state.arguments !== undefined) return `${state.text} [${state.arguments}]`;
  return process.program.arguments.map(quoteIfNeeded).join(' ');
}

/** The working directory, and a line for each descriptor. */
export function descriptorsText({ process, state }: Subject, viewer: Thread): string {
  const lines = process.descriptors.numbers().map((number) => {
    const description = process.descriptors.get(number);
    return description === undefined ? '' : descriptorLine(viewer, number, description);
  });
  return `${state.dot.name}\n${lines.join('')}`;
}

function flagText(flags: number): string {
  const order = ['', 'b', 'a'][flags & 3];
  const text = `${order}${(flags & 4) !== 0 ? 'c' : ''}${(flags & 0x10) !== 0 ? 'C' : ''}`;
  return text === '' ? '' : `-${text}`;
}

/** The binds that make the name space, as commands (ns(1)). */
export function nameSpaceText({ state }: Subject): string {
  const lines = state.nameSpace
    .mounts()
    .map(({ from, to, flags }) => `bind ${flagText(flags)} ${quoteIfNeeded(from)} ${quoteIfNeeded(to)}\n`);
  return `${lines.join('')}cd ${quoteIfNeeded(state.dot.name)}\n`;
}

/** The segments with their borders and members. */
export function segmentsText({ state }: Subject): string {
  const digits = (address: number) => address.toString(16).padStart(8);
  return state.segments
    .map(({ kind, isReadOnly, start, end, members }) => {
      const name = kind === 'Memory' ? 'Bss' : kind;
      return `${name.padEnd(6)} ${isReadOnly ? 'R' : ' '}  ${digits(start)} ${digits(end)} ${String(members.size).padStart(4)}\n`;
    })
    .join('');
}

/** Program, user, what it does, and its times and memory. */
export function statusText({ process, state }: Subject, viewer: Thread): string {
  const [thread] = process.threads;
  const what = process === viewer.process ? 'Running' : thread?.state === 'blocked' ? 'Wakeme' : 'Ready';
  const now = Math.floor(viewer.host.clock.monotonic() / NANOSECONDS_PER_MILLISECOND);
  const kilobytes = Math.floor(process.space.mappedBytes / 1024);
  const numbers = [0, 0, now - state.startedAt, 0, 0, 0, kilobytes, 10, 10];
  const call = thread?.call?.row.name;
  const condition =
    process !== viewer.process && call !== undefined ? `${call[0].toUpperCase()}${call.slice(1)}` : what;
  const words = [state.text.padEnd(27), state.user.padEnd(27), condition.padEnd(11)].join(' ');
  return `${words} ${numbers
    .map((value) => `${String(value).padStart(11)} `)
    .join('')
    .trimEnd()}\n`;
}
