// exec(2): another program in the same process, with "#!" files as Plan 9 reads them.
import { Errno, fromBytes, type Process, type Thread } from '@elf/kernel';
import { fileName, OpenMode, pointer } from '../argument-kinds.ts';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import { isAddressable, leaveSegments } from '../memory/segments.ts';
import { lastElement, type Place } from '../names/place.ts';
import { walkTo } from '../names/walk.ts';
import { stateOf } from '../process-state.ts';
import { badAddress, failName, oddAddress } from '../settle-call.ts';
import { isDirectory } from '../stat-record.ts';
import { openPlace } from './files.ts';

/** Bytes of a file that are looked at for a header or a "#!" line. */
const HEADER_BYTES = 256;
/** Scripts whose interpreter is a script (sysexec of 9front allows eight). */
const MAXIMUM_DEPTH = 8;
const MAXIMUM_WORDS = 32;
/** USTKSIZE: all arguments must fit the stack. */
const MAXIMUM_ARGUMENT_BYTES = 16 * 1024 * 1024;

export const exec = defineCall({
  name: 'exec',
  number: 7,
  support: 'partial',
  note: 'Attached segments do not survive; the program must be a file of the host (#Z).',
  result: 'hex',
  arguments: { name: fileName, arguments: pointer },
  run: (task, { name, arguments: table }) => {
    const strings = readArguments(task, table);
    if (typeof strings === 'number') return strings;
    if (strings.length === 0) return -Failure.BadArgument;
    const program = findProgram(task, name, strings);
    if (typeof program === 'number') return program;
    const { process, kernel } = task;
    const state = stateOf(task);
    const { text } = state;
    const { personality } = process;
    // Known before the new program starts, which looks at it.
    state.text = program.text;
    const result = kernel.execute(task, program.path, program.arguments, environmentOf(task));
    if (result < 0) {
      state.text = text;
      return process.exitStatus === undefined
        ? failName(task, -result === Errno.ENOEXEC ? Failure.BadExecutable : -result, name)
        : result;
    }
    if (process.personality !== personality) leaveFamily(process);
    // The first register of the new program holds its Tos already, and its convention may be the other machine's: nothing is stored.
    task.callAbi = undefined;
    return BigInt(stateOf(task).tos);
  },
});

/** The process runs a program of another system from now on: only whoever waits for it still sees one of this. */
function leaveFamily(process: Process): void {
  const state = stateOf(process);
  leaveSegments(process, state);
  state.alarm?.cancel();
  state.alarm = undefined;
}

interface Program {
  /** In the host's tree. */
  readonly path: string;
  readonly arguments: readonly string[];
  readonly text: string;
}

/** Follows "#!" lines to a program. */
function findProgram(task: Thread, name: string, given: readonly string[]): Program | number {
  let strings = [...given];
  let from = name;
  for (let depth = 0; depth <= MAXIMUM_DEPTH; depth++) {
    const place = walkTo(task, from);
    if (typeof place === 'number') return place;
    if (isDirectory(place.facts)) return failName(task, Failure.ExecDirectory, from);
    const words = scriptWords(task, place);
    if (typeof words === 'number') return failName(task, -words, from);
    if (words === undefined) {
      // Only the host's files can be mapped.
      if (place.device.letter !== 'Z') return failName(task, Failure.BadExecutable, from);
      return { path: `/${place.path}`, arguments: strings, text: lastElement(name) };
    }
    // The interpreter is called by the script's name, its words and the script follow (sysexec).
    const [interpreter, ...rest] = words;
    strings =
      depth === 0
        ? [lastElement(name), ...rest, name, ...strings.slice(1)]
        : [strings[0], ...rest, from, ...strings.slice(1)];
    from = interpreter;
  }
  return failName(task, Failure.BadExecutable, name);
}

/** The words of a "#!" line; undefined for a file without one. */
function scriptWords(task: Thread, place: Place): string[] | undefined | number {
  const opened = openPlace(task, place, OpenMode.Execute);
  if (typeof opened === 'number') return opened;
  const head = new Uint8Array(HEADER_BYTES);
  const count = opened.file.read(head, 0);
  opened.release();
  if (count < 2 || head[0] !== 0x23 || head[1] !== 0x21) return undefined;
  const end = head.subarray(0, count).indexOf(10);
  if (end < 0) return -Failure.BadExecutable;
  const words = tokenize(fromBytes(head.subarray(2, end)));
  return words.length < 1 || words.length > MAXIMUM_WORDS ? -Failure.BadExecutable : words;
}

/** Splits at blanks of ASCII, since bytes above it are parts of characters; single quotes keep them, two of them are one (tokenize(2)). */
function tokenize(line: string): string[] {
  return [...line.matchAll(/(?:'(?:[^']|'')*'?|[^ \t\r\n'])+/g)].map(([word]) =>
    word.replace(/'((?:[^']|'')*)'?/g, (_, inside: string) => inside.replaceAll("''", "'")),
  );
}

function readArguments(task: Thread, table: number): string[] | number {
  const state = stateOf(task);
  const { wordBytes } = state;
  const refuse = (address: number, length: number) => {
    badAddress(task, address, length);
    return -Failure.BadArgument;
  };
  if (table % 4 !== 0) {
    oddAddress(task);
    return -Failure.BadArgument;
  }
  const strings: string[] = [];
  for (let at = table, total = 0; ; at += wordBytes) {
    if (!isAddressable(state, at, wordBytes, false)) return refuse(at, wordBytes);
    const address = wordBytes === 8 ? task.user.readAddress(at) : task.user.readU32(at);
    if (address === undefined) return refuse(at, wordBytes);
    if (address === 0) return strings;
    const bytes = task.user.readCString(address, MAXIMUM_ARGUMENT_BYTES);
    if (bytes === undefined) return refuse(address, 1);
    total += bytes.length + 1 + wordBytes;
    if (total > MAXIMUM_ARGUMENT_BYTES) return -Failure.NoMemory;
    strings.push(fromBytes(bytes));
  }
}

/** The environment for programs of other systems, which get it as strings: lists become words. */
function environmentOf(task: Thread): string[] {
  return [...stateOf(task).environment.variables].map(([name, { bytes }]) => {
    const value = fromBytes(bytes).replace(/\0+$/, '').replaceAll('\0', ' ');
    return `${name}=${value}`;
  });
}
