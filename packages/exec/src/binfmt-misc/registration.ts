// A binfmt_misc registration string, `:name:type:offset:magic:mask:interpreter:flags`, as a record or as the reason it is none.
import { decodeText } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import { escapedFieldEnd, fieldEnd, parseOffset, unescapeHex } from './registration-text.ts';

/** Shortest and longest string the kernel reads (fs/binfmt_misc.c, create_entry and MAX_REGISTER_LENGTH). */
const SHORTEST = 11;
const LONGEST = 1920;
/** The kernel appends eight delimiters, so that a string which ends early still splits into fields. */
const PADDING = 8;
/** BINPRM_BUF_SIZE: what a magic can look at. */
const HEADER_BYTES = 256;
const LINE_FEED = 10;
const SLASH = 0x2f;

/** What the flag letters ask for. */
export interface MiscFlags {
  /** P: the old argv[0] stays, behind the path; AT_FLAGS bit 0 tells the interpreter. */
  readonly preservesFirstArgument: boolean;
  /** O: the file is opened for the interpreter and passed as AT_EXECFD. */
  readonly opensBinary: boolean;
  /** C: set-user-id and set-group-id bits of the file count, not those of the interpreter. Implies O. */
  readonly usesBinaryCredentials: boolean;
  /** F: the interpreter is opened once, at registration. */
  readonly opensInterpreter: boolean;
}

/** A valid registration. */
export interface MiscRegistration {
  readonly name: Uint8Array;
  readonly kind: 'magic' | 'extension';
  /** Where the magic is expected, in bytes; 0 for an extension. */
  readonly offset: number;
  /** Decoded magic, or the extension without its dot. */
  readonly magic: Uint8Array;
  /** Bits of the magic that count, as many bytes; absent: all. */
  readonly mask?: Uint8Array;
  readonly interpreter: Uint8Array;
  readonly flags: MiscFlags;
}

/** The field of a registration string that is at fault. */
export type RegistrationField =
  | 'length'
  | 'name'
  | 'type'
  | 'offset'
  | 'magic'
  | 'extension'
  | 'mask'
  | 'interpreter'
  | 'flags';

/** Why a registration was refused. */
export interface RegistrationFault {
  readonly kind: 'fault';
  /** Error number of the write(2). */
  readonly errno: number;
  readonly field: RegistrationField;
  readonly sentence: string;
}

/** Builds a fault. */
export function registrationFault(
  field: RegistrationField,
  sentence: string,
  errno: number = ExecErrno.EINVAL,
): RegistrationFault {
  return { kind: 'fault', errno, field, sentence };
}

/**
 * Reads a registration string as one write to /proc/sys/fs/binfmt_misc/register (fs/binfmt_misc.c, create_entry). The first
 * byte, whatever it is, separates the fields; one line feed may end the string.
 * @returns the registration, or the field that is wrong and why. Whether the name is free and, with F, the interpreter opens,
 * is for the table to say.
 * @example
 * const jar = parseRegistration(encodeText(':jar:E::jar::/usr/bin/jexec:'));
 * // kind 'extension', magic "jar", interpreter "/usr/bin/jexec"
 */
export function parseRegistration(text: Uint8Array): MiscRegistration | RegistrationFault {
  if (text.length < SHORTEST || text.length > LONGEST) {
    const sentence = `The string has ${text.length} bytes; ${SHORTEST} to ${LONGEST} are allowed.`;
    return registrationFault('length', sentence);
  }
  const delimiter = text[0];
  const bytes = new Uint8Array(text.length + PADDING).fill(delimiter);
  bytes.set(text);

  const nameEnd = fieldEnd(bytes, 1, delimiter);
  if (nameEnd < 0) return registrationFault('name', 'The name contains a NUL byte.');
  const name = bytes.slice(1, nameEnd);
  const badName = nameFault(name);
  if (badName) return badName;

  const type = bytes[nameEnd + 1];
  if ((type !== 0x4d && type !== 0x45) || bytes[nameEnd + 2] !== delimiter) {
    const end = fieldEnd(bytes, nameEnd + 1, delimiter);
    const found = decodeText(bytes.slice(nameEnd + 1, end < 0 ? nameEnd + 2 : end));
    return registrationFault('type', `The type is "${found}"; it must be M (magic) or E (extension).`);
  }
  const kind = type === 0x4d ? 'magic' : 'extension';
  const recognised = (kind === 'magic' ? readMagic : readExtension)(bytes, nameEnd + 3, delimiter);
  if ('kind' in recognised) return recognised;

  const interpreterEnd = fieldEnd(bytes, recognised.end, delimiter);
  if (interpreterEnd < 0) return registrationFault('interpreter', 'The interpreter contains a NUL byte.');
  const interpreter = bytes.slice(recognised.end, interpreterEnd);
  if (interpreter.length === 0) return registrationFault('interpreter', 'The interpreter is empty.');
  const flags = readFlags(bytes, interpreterEnd + 1, text.length);
  if ('kind' in flags) return flags;
  const { offset, magic, mask } = recognised;
  return { name, kind, offset, magic, mask, interpreter, flags };
}

function nameFault(name: Uint8Array): RegistrationFault | undefined {
  const text = decodeText(name);
  if (name.length === 0) return registrationFault('name', 'The name is empty.');
  if (text === '.' || text === '..') return registrationFault('name', `The name "${text}" means a directory.`);
  if (name.includes(SLASH)) return registrationFault('name', `The name "${text}" contains a slash.`);
  return undefined;
}

/** What makes a file match, and where the next field starts. */
interface Recognised {
  readonly offset: number;
  readonly magic: Uint8Array;
  readonly mask?: Uint8Array;
  readonly end: number;
}

function readMagic(bytes: Uint8Array, start: number, delimiter: number): Recognised | RegistrationFault {
  const offsetEnd = fieldEnd(bytes, start, delimiter);
  if (offsetEnd < 0) return registrationFault('offset', 'The offset contains a NUL byte.');
  const offsetText = bytes.slice(start, offsetEnd);
  const offset = parseOffset(offsetText);
  if (offset === undefined || offset < 0) {
    const sentence = `The offset "${decodeText(offsetText)}" is no decimal number from 0 to ${HEADER_BYTES - 1}.`;
    return registrationFault('offset', sentence);
  }
  const magicEnd = escapedFieldEnd(bytes, offsetEnd + 1, delimiter);
  if (magicEnd < 0) return registrationFault('magic', 'In the magic, \\x is not followed by two hexadecimal digits.');
  const magic = unescapeHex(bytes.subarray(offsetEnd + 1, magicEnd));
  if (magic.length === 0) return registrationFault('magic', 'The magic is empty; every file would match.');
  const maskEnd = escapedFieldEnd(bytes, magicEnd + 1, delimiter);
  if (maskEnd < 0) return registrationFault('mask', 'In the mask, \\x is not followed by two hexadecimal digits.');
  const mask = unescapeHex(bytes.subarray(magicEnd + 1, maskEnd));
  if (mask.length > 0 && mask.length !== magic.length) {
    return registrationFault(
      'mask',
      `The mask has ${mask.length} bytes, the magic ${magic.length}; they must be equal.`,
    );
  }
  if (offset + magic.length > HEADER_BYTES) {
    const sentence = `The magic of ${magic.length} bytes at offset ${offset} ends past byte ${HEADER_BYTES}, the last one looked at.`;
    return registrationFault(magic.length > HEADER_BYTES ? 'magic' : 'offset', sentence);
  }
  return { offset, magic, mask: mask.length > 0 ? mask : undefined, end: maskEnd + 1 };
}

/** An extension stands where the magic would; what stands in the offset and mask fields is not read. */
function readExtension(bytes: Uint8Array, start: number, delimiter: number): Recognised | RegistrationFault {
  const offsetEnd = fieldEnd(bytes, start, delimiter);
  if (offsetEnd < 0) return registrationFault('offset', 'The offset contains a NUL byte.');
  const end = fieldEnd(bytes, offsetEnd + 1, delimiter);
  if (end < 0) return registrationFault('extension', 'The extension contains a NUL byte.');
  const magic = bytes.slice(offsetEnd + 1, end);
  if (magic.length === 0) return registrationFault('extension', 'The extension is empty.');
  if (magic.includes(SLASH)) return registrationFault('extension', 'The extension contains a slash.');
  const maskEnd = fieldEnd(bytes, end + 1, delimiter);
  if (maskEnd < 0) return registrationFault('mask', 'The mask contains a NUL byte.');
  return { offset: 0, magic, end: maskEnd + 1 };
}

function readFlags(bytes: Uint8Array, start: number, textEnd: number): MiscFlags | RegistrationFault {
  if (start > textEnd) return registrationFault('flags', 'The delimiter behind the interpreter is missing.');
  let letters = '';
  let at = start;
  for (; 'POCF'.includes(String.fromCharCode(bytes[at] ?? 0)); at++) letters += String.fromCharCode(bytes[at]);
  if (bytes[at] === LINE_FEED) at++;
  if (at !== textEnd) {
    const rest = decodeText(bytes.slice(start, textEnd));
    return registrationFault('flags', `The flags are "${rest}"; only the letters P, O, C and F are known.`);
  }
  const has = (letter: string) => letters.includes(letter);
  return {
    preservesFirstArgument: has('P'),
    opensBinary: has('O') || has('C'),
    usesBinaryCredentials: has('C'),
    opensInterpreter: has('F'),
  };
}
