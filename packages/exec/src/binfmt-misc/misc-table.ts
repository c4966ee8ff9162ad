// The rules of one binfmt_misc mount: registering, switching and removing them, as writes to its files do.
import { decodeText, encodeText } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import type { ExecFile } from '../exec-request.ts';
import { checkExecutable } from '../open-program.ts';
import { entryMatches, entryText, type MiscEntry } from './misc-entry.ts';
import { type MiscRegistration, parseRegistration, type RegistrationFault, registrationFault } from './registration.ts';

/** NAME_MAX: entries are files. */
const LONGEST_NAME = 255;
/** The two files every mount has besides its entries. */
const REGISTER_FILE = 'register';
const STATUS_FILE = 'status';

/** What a table needs of the outside. */
export interface BinfmtMiscOptions {
  /**
   * Opens the interpreter of a rule with F, at its registration: the port's `open` that execve is given.
   * @returns the file, or the error number the registration is refused with.
   */
  openInterpreter?(path: Uint8Array): ExecFile | number;
}

/**
 * The state of one binfmt_misc file system (Documentation/admin-guide/binfmt-misc.rst). A table is what a kernel, or a user
 * namespace, has one of; give it to execve as `binfmtMisc`.
 * @example
 * const table = new BinfmtMiscTable();
 * table.register(':jar:E::jar::/usr/bin/jexec:');
 * table.read('jar');         // "enabled\ninterpreter /usr/bin/jexec\nflags: \nextension .jar\n" as bytes
 * table.write('jar', '-1');  // removed
 */
export class BinfmtMiscTable {
  readonly #openInterpreter: BinfmtMiscOptions['openInterpreter'];
  #entries: MiscEntry[] = [];
  #isEnabled = true;

  constructor(options: BinfmtMiscOptions = {}) {
    this.#openInterpreter = options.openInterpreter;
  }

  /** The rules in the order they are asked: the latest first. */
  get entries(): readonly MiscEntry[] {
    return this.#entries;
  }

  /** False after a 0 was written to `status`: no rule is asked. */
  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  /**
   * Registers a rule (bm_register_write).
   * @returns the entry, or what is wrong: EINVAL for the string, EEXIST for a name that is taken, ENAMETOOLONG, and with F
   * whatever opening the interpreter failed with.
   */
  register(registration: string | Uint8Array): MiscEntry | RegistrationFault {
    const parsed = parseRegistration(toBytes(registration));
    if ('errno' in parsed) return parsed;
    const interpreterFile = parsed.flags.opensInterpreter ? this.#open(parsed) : undefined;
    if (interpreterFile !== undefined && 'errno' in interpreterFile) return interpreterFile;
    const name = decodeText(parsed.name);
    if (parsed.name.length > LONGEST_NAME) {
      const sentence = `The name has ${parsed.name.length} bytes; at most ${LONGEST_NAME} are allowed.`;
      return registrationFault('name', sentence, ExecErrno.ENAMETOOLONG);
    }
    if (name === REGISTER_FILE || name === STATUS_FILE || this.#find(parsed.name) !== undefined) {
      return registrationFault('name', `The name "${name}" is taken.`, ExecErrno.EEXIST);
    }
    const entry: MiscEntry = { ...parsed, isEnabled: true, interpreterFile };
    this.#entries.unshift(entry);
    return entry;
  }

  /** The first enabled rule that takes a file, if rules are asked at all. */
  match(header: Uint8Array, path: Uint8Array): MiscEntry | undefined {
    if (!this.#isEnabled) return undefined;
    return this.#entries.find((entry) => entry.isEnabled && entryMatches(entry, header, path));
  }

  /**
   * Reads one of the files: `status` or an entry.
   * @returns its text, or a negative error number: -ENOENT, -EINVAL for `register`, which cannot be read.
   */
  read(file: string | Uint8Array): Uint8Array | number {
    const name = toBytes(file);
    const text = decodeText(name);
    if (text === REGISTER_FILE) return -ExecErrno.EINVAL;
    if (text === STATUS_FILE) return encodeText(this.#isEnabled ? 'enabled\n' : 'disabled\n');
    const entry = this.#find(name);
    return entry === undefined ? -ExecErrno.ENOENT : entryText(entry);
  }

  /**
   * Does one write(2) to one of the files: a registration to `register`; `0` disables, `1` enables and `-1` removes an entry,
   * or written to `status` all of them.
   * @returns the bytes written, or a negative error number.
   */
  write(file: string | Uint8Array, data: string | Uint8Array): number {
    const name = toBytes(file);
    const bytes = toBytes(data);
    const text = decodeText(name);
    if (text === REGISTER_FILE) {
      const registered = this.register(bytes);
      return 'errno' in registered ? -registered.errno : bytes.length;
    }
    if (text !== STATUS_FILE && this.#find(name) === undefined) return -ExecErrno.ENOENT;
    const command = readCommand(bytes);
    if (command === undefined) return -ExecErrno.EINVAL;
    if (command === 'none') return 0;
    if (text === STATUS_FILE) this.#commandAll(command);
    else this.#command(name, command);
    return bytes.length;
  }

  #commandAll(command: Command): void {
    if (command === 'remove') this.#entries = [];
    else this.#isEnabled = command === 'enable';
  }

  #command(name: Uint8Array, command: Command): void {
    const at = this.#entries.findIndex((entry) => sameBytes(entry.name, name));
    if (command === 'remove') this.#entries.splice(at, 1);
    else this.#entries[at] = { ...this.#entries[at], isEnabled: command === 'enable' };
  }

  #find(name: Uint8Array): MiscEntry | undefined {
    return this.#entries.find((entry) => sameBytes(entry.name, name));
  }

  #open({ interpreter }: MiscRegistration): ExecFile | RegistrationFault {
    const path = decodeText(interpreter);
    const opened = checkExecutable(path, this.#openInterpreter?.(interpreter) ?? ExecErrno.ENOENT);
    if (!('kind' in opened)) return opened;
    return registrationFault('interpreter', `F opens the interpreter now. ${opened.refusal.sentence}`, opened.errno);
  }
}

type Command = 'enable' | 'disable' | 'remove';

/** parse_command: up to three bytes, one line feed at the end included. Nothing written is nothing done. */
function readCommand(bytes: Uint8Array): Command | 'none' | undefined {
  if (bytes.length > 3) return undefined;
  if (bytes.length === 0) return 'none';
  const text = String.fromCharCode(...bytes).replace(/\n$/, '');
  return ({ '0': 'disable', '1': 'enable', '-1': 'remove' } as const)[text];
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

function toBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? encodeText(text) : text;
}
