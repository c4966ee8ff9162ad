// One registered binfmt_misc rule: which files it takes, and how the kernel prints it.
import { encodeText } from '@elf/parse';
import type { ExecFile } from '../exec-request.ts';
import type { MiscFlags, MiscRegistration } from './registration.ts';

const DOT = 0x2e;

/** A rule in a table. */
export interface MiscEntry extends MiscRegistration {
  readonly isEnabled: boolean;
  /** The interpreter as it was at registration, with the F flag. */
  readonly interpreterFile?: ExecFile;
}

/**
 * Whether a rule takes a file (fs/binfmt_misc.c, search_binfmt_handler).
 * @param header the first bytes of the file, padded with zeros: a magic of zeros matches past its end.
 * @param path its path as execve has it; an extension is what follows its last dot, wherever that is.
 */
export function entryMatches(entry: MiscRegistration, header: Uint8Array, path: Uint8Array): boolean {
  const { magic, mask, offset } = entry;
  if (entry.kind === 'extension') {
    const dot = path.lastIndexOf(DOT);
    return dot >= 0 && path.length - dot - 1 === magic.length && magic.every((byte, at) => path[dot + 1 + at] === byte);
  }
  return magic.every((byte, at) => ((header[offset + at] ^ byte) & (mask?.[at] ?? 0xff)) === 0);
}

/** The letters of the flags in the order the kernel prints them. */
export function flagLetters(flags: MiscFlags): string {
  return [
    flags.preservesFirstArgument ? 'P' : '',
    flags.opensBinary ? 'O' : '',
    flags.usesBinaryCredentials ? 'C' : '',
    flags.opensInterpreter ? 'F' : '',
  ].join('');
}

/** What reading the entry's file gives (entry_status). Bytes: interpreters and extensions need not be text. */
export function entryText(entry: MiscEntry): Uint8Array {
  const start = `${entry.isEnabled ? 'enabled' : 'disabled'}\ninterpreter `;
  const flags = `\nflags: ${flagLetters(entry.flags)}\n`;
  if (entry.kind === 'extension') {
    return concatenate([start, entry.interpreter, `${flags}extension .`, entry.magic, '\n']);
  }
  const mask = entry.mask === undefined ? '' : `\nmask ${hexText(entry.mask)}`;
  return concatenate([
    start,
    entry.interpreter,
    `${flags}offset ${entry.offset}\nmagic ${hexText(entry.magic)}${mask}\n`,
  ]);
}

function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function concatenate(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces = parts.map((part) => (typeof part === 'string' ? encodeText(part) : part));
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
