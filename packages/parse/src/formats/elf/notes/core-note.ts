// Notes of Linux core files: threads' registers, the process, its auxiliary vector and its mapped files (core(5); fs/binfmt_elf.c).
import type { ByteReader } from '../../../byte-reader.ts';
import { decodeCString, decodeText } from '../../../text.ts';
import type { ElfFile } from '../elf.ts';
import type { ElfNote } from '../note.ts';
import { decodeProcessStatus, type ProcessStatus } from './process-status.ts';

/** The process as a whole (NT_PRPSINFO). */
export interface ProcessInformation {
  readonly kind: 'core-process';
  /** The state letter that ps(1) shows. */
  readonly state: string;
  readonly zombie: boolean;
  readonly nice: number;
  readonly flags: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  readonly ppid: number;
  readonly pgrp: number;
  readonly sid: number;
  /** Name of the executable, at most 16 bytes. */
  readonly fileName: string;
  /** The command line, at most 80 bytes. */
  readonly commandLine: string;
}

/** A file mapped into the process (NT_FILE). */
export interface MappedFile {
  readonly start: bigint;
  readonly end: bigint;
  /** Offset in the file, in bytes. */
  readonly offset: bigint;
  readonly path: string;
}

/** Decoded notes of core files. */
export type CoreNote =
  | ProcessStatus
  | ProcessInformation
  | {
      readonly kind: 'core-auxiliary-vector';
      readonly entries: ReadonlyArray<{ readonly type: bigint; readonly value: bigint }>;
    }
  | { readonly kind: 'core-files'; readonly unit: bigint; readonly files: readonly MappedFile[] }
  | {
      readonly kind: 'core-signal';
      readonly signal: number;
      readonly error: number;
      readonly code: number;
      /** The address of a fault; other signals have other data in its place. */
      readonly address: bigint;
    };

const NT_PRSTATUS = 1;
const NT_PRPSINFO = 3;
const NT_AUXV = 6;
const NT_SIGINFO = 0x53494749;
const NT_FILE = 0x46494c45;

/** Decodes a note of owner "CORE". Register sets beyond the general ones are given as bytes by the note itself. */
export function decodeCoreNote(elf: ElfFile, note: ElfNote): CoreNote | undefined {
  const reader = elf.reader(note.description);
  const word = elf.wordSize;
  if (note.owner !== 'CORE') return undefined;
  switch (note.type) {
    case NT_PRSTATUS:
      return decodeProcessStatus(elf, reader);
    case NT_PRPSINFO:
      return decodeProcess(reader, word);
    case NT_AUXV:
      return {
        kind: 'core-auxiliary-vector',
        entries: Array.from({ length: Math.floor(reader.length / (2 * word)) }, (_, index) => ({
          type: reader.word(2 * index * word, word),
          value: reader.word((2 * index + 1) * word, word),
        })),
      };
    case NT_FILE:
      return decodeFiles(reader, word);
    case NT_SIGINFO:
      return reader.length < 24
        ? undefined
        : {
            kind: 'core-signal',
            signal: reader.i32(0),
            error: reader.i32(4),
            code: reader.i32(8),
            address: reader.word(word === 8 ? 16 : 12, word),
          };
    default:
      return undefined;
  }
}

/** struct elf_prpsinfo: 136 bytes with 8-byte words; with 4-byte words 124 bytes (16-bit user ids) or 128 (32-bit ones). */
function decodeProcess(reader: ByteReader, word: 4 | 8): ProcessInformation | undefined {
  if (reader.length < (word === 8 ? 136 : 124)) return undefined;
  const shortIds = word === 4 && reader.length < 128;
  const ids = 2 * word;
  const numbers = ids + (shortIds ? 4 : 8);
  const name = numbers + 16;
  return {
    kind: 'core-process',
    state: String.fromCharCode(reader.u8(1)),
    zombie: reader.u8(2) !== 0,
    nice: (reader.u8(3) << 24) >> 24,
    flags: reader.word(word, word),
    uid: shortIds ? reader.u16(ids) : reader.u32(ids),
    gid: shortIds ? reader.u16(ids + 2) : reader.u32(ids + 4),
    pid: reader.i32(numbers),
    ppid: reader.i32(numbers + 4),
    pgrp: reader.i32(numbers + 8),
    sid: reader.i32(numbers + 12),
    fileName: decodeCString(reader.bytes, name, name + 16),
    commandLine: decodeCString(reader.bytes, name + 16, name + 96),
  };
}

/** A count, the unit of the offsets, `count` triples, then `count` paths. */
function decodeFiles(reader: ByteReader, word: 4 | 8): CoreNote | undefined {
  if (reader.length < 2 * word) return undefined;
  const count = reader.word(0, word);
  const unit = reader.word(word, word);
  if (count * BigInt(3 * word) > BigInt(reader.length - 2 * word)) return undefined;
  const files: MappedFile[] = [];
  let path = 2 * word + Number(count) * 3 * word;
  for (let index = 0; index < Number(count); index++) {
    const at = 2 * word + index * 3 * word;
    const terminator = reader.bytes.indexOf(0, path);
    const end = terminator === -1 ? reader.length : terminator;
    files.push({
      start: reader.word(at, word),
      end: reader.word(at + word, word),
      offset: reader.word(at + 2 * word, word) * unit,
      path: decodeText(reader.bytes, Math.min(path, reader.length), end),
    });
    path = end + 1;
  }
  return { kind: 'core-files', unit, files };
}
