// The `#!` format: the rest of the first line names the program that reads the file (fs/binfmt_script.c).
import { decodeText } from '@elf/parse';
import {
  type BinaryFormat,
  type FormatOutcome,
  type FormatRefusal,
  type LoadContext,
  refuse,
} from '../binary-format.ts';
import type { Binprm } from '../binprm.ts';
import { ExecErrno } from '../exec-errno.ts';

const NUL = 0;
const TAB = 9;
const LINE_FEED = 10;
const SPACE = 32;
const HASH = 0x23;
const BANG = 0x21;

/** Interpreter and optional argument of a `#!` line. */
export interface ScriptLine {
  readonly interpreter: Uint8Array;
  /** Everything after the interpreter as one argument, inner blanks kept. */
  readonly argument: Uint8Array | undefined;
}

/** Reads a `#!` line out of the header buffer: the line, or a sentence that says why there is none. */
export type ScriptLineReader = (header: Uint8Array, fileBytes: number) => ScriptLine | string;

const isBlank = (byte: number) => byte === SPACE || byte === TAB;

/**
 * Reads a `#!` line out of the zero-padded header buffer; nothing beyond the buffer counts.
 * @returns the line, or a sentence that says why there is none.
 */
export function parseScriptLine(header: Uint8Array): ScriptLine | string {
  const last = header.length - 1;
  let end = findLineEnd(header);
  if (end < 0) {
    // No line end in the buffer: a long argument may be cut, a cut name may not be used.
    const nameStart = skipBlanks(header, 2, last);
    if (nameStart >= last) return 'The line after #! is blank.';
    if (!hasNameEnd(header, nameStart, last))
      return `The interpreter's name does not end within ${header.length} bytes.`;
    end = last;
  }
  while (end > 2 && isBlank(header[end - 1])) end--;
  const start = skipBlanks(header, 2, end);
  // A file that is just "#!" reads as an empty name here; opening it then fails with EACCES, as on Linux.
  if (start >= end) return 'The line after #! names no interpreter.';
  let nameEnd = start;
  while (nameEnd < end && header[nameEnd] !== NUL && !isBlank(header[nameEnd])) nameEnd++;
  return { interpreter: header.slice(start, nameEnd), argument: argumentAfter(header, nameEnd, end) };
}

/**
 * Reads the line as kernels before 5.1 do: a name or argument that does not fit the buffer (128 bytes then) is cut silently, and
 * an empty argument is none.
 */
export function parseEarlyScriptLine(header: Uint8Array): ScriptLine | string {
  const last = header.length - 1;
  const lineEnd = findLineEnd(header);
  const terminator = header.indexOf(NUL);
  let end = lineEnd >= 0 ? lineEnd : terminator < 0 ? last : Math.min(terminator, last);
  while (end > 2 && isBlank(header[end - 1])) end--;
  const start = skipBlanks(header, 2, end);
  if (start >= end) return 'The line after #! names no interpreter.';
  let nameEnd = start;
  while (nameEnd < end && !isBlank(header[nameEnd])) nameEnd++;
  const argument = header.slice(skipBlanks(header, nameEnd, end), end);
  return { interpreter: header.slice(start, nameEnd), argument: argument.length > 0 ? argument : undefined };
}

/** The argument is there when a blank follows the name, even if nothing follows the blank before the text ends in a NUL. */
function argumentAfter(header: Uint8Array, nameEnd: number, end: number): Uint8Array | undefined {
  if (nameEnd >= end || !isBlank(header[nameEnd])) return undefined;
  const text = header.slice(skipBlanks(header, nameEnd, end), end);
  const terminator = text.indexOf(NUL);
  return terminator < 0 ? text : text.subarray(0, terminator);
}

/** Position of the first line feed; -1 when the buffer, or the text in it, ends before one. */
function findLineEnd(header: Uint8Array): number {
  for (let index = 2; index < header.length; index++) {
    if (header[index] === LINE_FEED) return index;
    if (header[index] === NUL) return -1;
  }
  return -1;
}

function skipBlanks(header: Uint8Array, start: number, end: number): number {
  let index = start;
  while (index < end && isBlank(header[index])) index++;
  return index;
}

function hasNameEnd(header: Uint8Array, start: number, last: number): boolean {
  for (let index = start; index <= last; index++) if (isBlank(header[index]) || header[index] === NUL) return true;
  return false;
}

/** Refuses a file whose path is gone when its interpreter opens it (BINPRM_FLAGS_PATH_INACCESSIBLE). */
export function unreachable(path: Uint8Array): FormatRefusal {
  const sentence = `${decodeText(path)} is closed on exec, so its interpreter could not open it.`;
  return refuse(ExecErrno.ENOENT, 'path-inaccessible', sentence);
}

/** Row of the binfmt list: load_script. The profile may read the line otherwise than Linux since 5.1 does. */
export const scriptFormat: BinaryFormat = {
  name: 'script',
  load: (binprm, context) =>
    loadScript(binprm, context, context.request.profile.traits?.readScriptLine ?? parseScriptLine),
};

function loadScript(binprm: Binprm, context: LoadContext, parse: ScriptLineReader): FormatOutcome {
  const { header } = binprm;
  if (header[0] !== HASH || header[1] !== BANG) {
    return refuse(ExecErrno.ENOEXEC, 'script-magic', 'The file does not start with #!.');
  }
  const line = parse(header, binprm.file.source.size);
  if (typeof line === 'string') return refuse(ExecErrno.ENOEXEC, 'script-line', line);
  if (binprm.isPathInaccessible) return unreachable(binprm.path);
  const { interpreter, argument } = line;
  const tooBig = binprm.rewriteArguments([interpreter, ...(argument ? [argument] : []), binprm.path]);
  if (tooBig) return tooBig;
  context.record.add({
    step: 'rewrite script',
    kernelFunction: 'load_script',
    inputs: {
      interpreter: decodeText(interpreter),
      argument: argument ? decodeText(argument) : '',
      script: decodeText(binprm.path),
    },
    decision: 'the interpreter takes over with the script as its argument',
  });
  const file = context.openExecutable(interpreter);
  if ('kind' in file) return file;
  binprm.handOver(file, interpreter);
  return { kind: 'rewritten' };
}
