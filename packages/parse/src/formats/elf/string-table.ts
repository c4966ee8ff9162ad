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
   * @throws ParseError `bad-index` outside the table, `malformed` when no NUL follows (strict mode).
   */
  at(offset: number): string;
}

/** Wraps a table's bytes; `fileOffset` is only used to locate errors. */
export function stringTable(bytes: Uint8Array, fileOffset: bigint, complain: Complain): StringTable {
  return {
    bytes,
    at(offset) {
      // Offset 0 of an empty table is the empty name: tables without any name are legal.
      if (offset === 0 && bytes.length === 0) return '';
      if (offset >= bytes.length) {
        const sentence = `A name at offset ${offset} lies outside its string table of ${bytes.length} bytes.`;
        complain(new ParseError('bad-index', fileOffset + BigInt(bytes.length), 'elf', sentence));
        return '';
      }
      let end = bytes.indexOf(0, offset);
      if (end === -1) {
        const sentence = `The name at offset ${offset} of a string table is not terminated.`;
        complain(new ParseError('malformed', fileOffset + BigInt(offset), 'elf', sentence));
        end = bytes.length;
      }
      return decodeText(bytes, offset, end);
    },
  };
}
