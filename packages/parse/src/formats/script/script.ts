// The `#!` line, by Linux's rules (fs/binfmt_script.c).
import type { ByteSource } from '../../byte-source.ts';
import { ParseError } from '../../parse-error.ts';
import { decodeText } from '../../text.ts';

/** A parsed `#!` line. */
export interface Script {
  /** The interpreter's path. Empty for a file that is nothing but `#!` (Linux then fails to open it). */
  readonly interpreter: string;
  /** Everything behind the interpreter as one argument, inner blanks kept; undefined when there is nothing. */
  readonly argument: string | undefined;
}

/** Options of {@link parseScript}. */
export interface ScriptOptions {
  /** How much of the file the kernel looks at: 256 bytes, 128 before Linux 5.1. */
  readonly bufferSize?: number;
}

const LINE_FEED = 10;

/**
 * Parses the `#!` line as Linux does: only the first 256 bytes count, blanks are spaces and tabs, a carriage return is an ordinary character,
 * an interpreter path that the buffer cuts is refused while an argument is cut silently.
 *
 * @throws ParseError `bad-magic` without `#!`, `malformed` where Linux answers ENOEXEC.
 * @example
 * ```ts
 * parseScript(bytesSource(encodeText('#!/usr/bin/env -S node\n'))); // { interpreter: '/usr/bin/env', argument: '-S node' }
 * ```
 */
export function parseScript(source: ByteSource, options: ScriptOptions = {}): Script {
  const size = options.bufferSize ?? 256;
  const head = source.read(0, size);
  if (head.length < 2 || head[0] !== 0x23 || head[1] !== 0x21)
    throw new ParseError('bad-magic', 0, 'script', 'The file does not start with #!.');
  // The kernel's buffer is zero-padded, and a NUL counts as an end.
  const buffer = new Uint8Array(size);
  buffer.set(head);
  const end = trimEnd(buffer, lineEnd(buffer));
  const start = skipBlanks(buffer, 2, end);
  if (start >= end) throw new ParseError('malformed', 2, 'script', 'The #! line names no interpreter.');
  const nameEnd = wordEnd(buffer, start, end);
  const argumentStart = buffer[nameEnd] === 0 ? end : skipBlanks(buffer, nameEnd, end);
  const argumentEnd = untilNul(buffer, argumentStart, end);
  return {
    interpreter: decodeText(buffer, start, nameEnd),
    argument: argumentEnd > argumentStart ? decodeText(buffer, argumentStart, argumentEnd) : undefined,
  };
}

/** Where the line ends: at a line feed before any NUL, else at the buffer's last byte if the interpreter's path is complete. */
function lineEnd(buffer: Uint8Array): number {
  const limit = untilNul(buffer, 2, buffer.length);
  const feed = buffer.subarray(0, limit).indexOf(LINE_FEED, 2);
  if (feed !== -1) return feed;
  const last = buffer.length - 1;
  const name = skipBlanks(buffer, 2, buffer.length);
  if (name === buffer.length) throw new ParseError('malformed', 2, 'script', 'The #! line is blank.');
  if (wordEnd(buffer, name, buffer.length) === buffer.length)
    throw new ParseError(
      'malformed',
      name,
      'script',
      `The interpreter's path does not end within ${buffer.length} bytes.`,
    );
  return last;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

function skipBlanks(buffer: Uint8Array, from: number, end: number): number {
  let position = from;
  while (position < end && isBlank(buffer[position])) position++;
  return position;
}

function wordEnd(buffer: Uint8Array, from: number, end: number): number {
  let position = from;
  while (position < end && !isBlank(buffer[position]) && buffer[position] !== 0) position++;
  return position;
}

function untilNul(buffer: Uint8Array, from: number, end: number): number {
  const position = buffer.indexOf(0, from);
  return position === -1 || position > end ? end : position;
}

function trimEnd(buffer: Uint8Array, end: number): number {
  let position = end;
  while (position > 2 && isBlank(buffer[position - 1])) position--;
  return position;
}
