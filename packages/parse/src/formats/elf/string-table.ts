// A string table: NUL-terminated names addressed by byte offset.
import { ParseError } from '../../parse-error.ts';
import { decodeText } from '../../text.ts';
import type { Complain } from './file-header.ts';

/** Names by offset. Strings are decoded when asked for, never all at once. */
export interface StringTable {
  /** The table's bytes. */
  readonly bytes: Uint8Array;
  /**
   * The name at a byte offset. Permissive mode gives '' for an offset outside the table and cuts an unterminated name at the table's end.
   *
   * @throws ParseError `bad-index` outside the table, `malformed` when no NUL follows, `limit` when long names overlap (strict mode).
   */
  at(offset: number): string;
}

// Names longer than this are kept and counted; real files have few of them.
const LONG_NAME = 4096; // not a page size: where names begin to be counted

/** Wraps a table's bytes; `fileOffset` is only used to locate errors. */
export function stringTable(bytes: Uint8Array, fileOffset: bigint, complain: Complain): StringTable {
  // A table without NULs is one name to every offset: a million offsets into a megabyte must not cost a million megabytes. Distinct long
  // names of real files cannot together be much longer than their table.
  const longNames = new Map<number, string>();
  let budget = 8 * bytes.length + 1_048_576;
  const refuse = (code: 'bad-index' | 'malformed' | 'limit', at: number, sentence: string) =>
    complain(new ParseError(code, fileOffset + BigInt(at), 'elf', sentence));

  /** A name without a NUL in its first 4096 bytes. */
  const longName = (offset: number): string => {
    const known = longNames.get(offset);
    if (known !== undefined) return known;
    if (budget < 0) {
      refuse('limit', offset, 'Names of many kilobytes overlap in a string table.');
      return decodeText(bytes, offset, Math.min(bytes.length, offset + LONG_NAME));
    }
    const end = bytes.indexOf(0, offset);
    if (end === -1) refuse('malformed', offset, `The name at offset ${offset} of a string table is not terminated.`);
    const name = decodeText(bytes, offset, end === -1 ? bytes.length : end);
    budget -= name.length;
    longNames.set(offset, name);
    return name;
  };

  return {
    bytes,
    at(offset) {
      // Offset 0 of an empty table is the empty name: tables without any name are legal.
      if (offset === 0 && bytes.length === 0) return '';
      if (offset >= bytes.length) {
        refuse(
          'bad-index',
          bytes.length,
          `A name at offset ${offset} lies outside its string table of ${bytes.length} bytes.`,
        );
        return '';
      }
      const length = bytes.subarray(offset, offset + LONG_NAME).indexOf(0);
      return length === -1 ? longName(offset) : decodeText(bytes, offset, offset + length);
    },
  };
}
