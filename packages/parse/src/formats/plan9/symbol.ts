// Plan 9 symbols and the program counter/line table (a.out(6)).
import { ParseError } from '../../parse-error.ts';
import { decodeText } from '../../text.ts';
import type { Plan9Header } from './header.ts';

/** One symbol. The type letters are a.out(6)'s: T t L l text, D d data, B b bss, a p m frame, f path component, z Z file history. */
export interface Plan9Symbol {
  readonly value: bigint;
  readonly type: string;
  readonly name: string;
  /** Indices of path components ("f" symbols, by value) for z and Z, empty for all others. */
  readonly path: readonly number[];
}

/** A program counter and the line it belongs to, counted over all source files of the program. */
export interface Plan9Line {
  readonly pc: bigint;
  readonly line: number;
}

const KNOWN_TYPES = 'TtLlDdBbapmfzZ';

/**
 * Decodes the symbol table. Values have 4 bytes, or 8 in what Plan 9's own 64-bit linkers write; Go writes 4 on amd64 too, so the width is the
 * one with which the table makes sense.
 *
 * @throws ParseError `malformed` when it makes sense with neither.
 */
export function decodePlan9Symbols(table: Uint8Array, header: Plan9Header): Plan9Symbol[] {
  const widths = header.machine.pointerSize === 8 ? ([8, 4] as const) : ([4] as const);
  for (const width of widths) {
    const symbols = decodeWithWidth(table, width);
    if (symbols !== undefined) return symbols;
  }
  throw new ParseError(
    'malformed',
    header.symbolsOffset,
    'plan9',
    'The symbol table holds an entry that is not a symbol.',
  );
}

function decodeWithWidth(table: Uint8Array, width: 4 | 8): Plan9Symbol[] | undefined {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const symbols: Plan9Symbol[] = [];
  let position = 0;
  while (position < table.length) {
    if (position + width + 2 > table.length) return undefined;
    const value = width === 8 ? view.getBigUint64(position) : BigInt(view.getUint32(position));
    const letter = table[position + width];
    const type = String.fromCharCode(letter & 0x7f);
    if (letter < 0x80 || !KNOWN_TYPES.includes(type)) return undefined;
    const start = position + width + 1;
    const name = type === 'z' || type === 'Z' ? decodePath(table, view, start) : decodeName(table, start);
    if (name === undefined) return undefined;
    symbols.push({ value, type, name: name.text, path: name.path });
    position = name.end;
  }
  return symbols;
}

interface DecodedName {
  readonly text: string;
  readonly path: readonly number[];
  readonly end: number;
}

function decodeName(table: Uint8Array, start: number): DecodedName | undefined {
  const end = table.indexOf(0, start);
  return end === -1 ? undefined : { text: decodeText(table, start, end), path: [], end: end + 1 };
}

/** A zero byte, then 16-bit component numbers up to a zero. */
function decodePath(table: Uint8Array, view: DataView, start: number): DecodedName | undefined {
  if (table[start] !== 0) return undefined;
  const path: number[] = [];
  for (let at = start + 1; at + 2 <= table.length; at += 2) {
    const component = view.getUint16(at);
    if (component === 0) return { text: '', path, end: at + 2 };
    path.push(component);
  }
  return undefined;
}

/**
 * Runs the line table: one entry for every step of the program counter.
 *
 * @param start address of the first instruction (text address plus header size).
 */
export function* decodePlan9Lines(table: Uint8Array, start: bigint, quantum: number): Generator<Plan9Line> {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  let pc = start;
  let line = 0;
  for (let position = 0; position < table.length; position++) {
    const code = table[position];
    if (code === 0) {
      if (position + 5 > table.length) return;
      line += view.getInt32(position + 1);
      position += 4;
    } else if (code <= 64) line += code;
    else if (code <= 128) line -= code - 64;
    else pc += BigInt((code - 129) * quantum);
    yield { pc, line };
    pc += BigInt(quantum);
  }
}
