// add_key(2), request_key(2), keyctl(2): secrets that programs leave with the kernel (man 7 keyrings).
import {
  address,
  type ArgumentKind,
  defineSystemCall,
  Errno,
  int,
  oneOf,
  Pending,
  printPointer,
  type SystemCallResult,
  size,
  type Thread,
} from '@elf/kernel';
import { findKey, STILL_BUILDING } from '../keys/find-key.ts';
import { KeyRight } from '../keys/key.ts';
import { readPayload, readString, readType } from '../keys/key-arguments.ts';
import { addKey } from '../keys/key-content.ts';
import { KEY_OPERATIONS, KEYCTL, type KeyctlWord } from '../keys/key-operations.ts';
import { validate } from '../keys/key-search.ts';
import { keysOf } from '../keys/key-store.ts';
import { findKeyType } from '../keys/key-types.ts';
import { requestKey } from '../keys/request-key.ts';
import type { Key } from '../keys/key.ts';

const LONGEST_DESCRIPTION = 4096; // not a page size: KEY_MAX_DESC_SIZE

export const addKeyCall = defineSystemCall({
  name: 'add_key',
  numbers: { 'x86-64': 248, i386: 286 },
  support: 'full',
  arguments: { type: address, description: address, payload: address, length: size, keyring: int },
  run: (task, { type, description, payload, length, keyring }) => {
    if (length >= 1 << 20) return -Errno.EINVAL;
    const name = readType(task, type);
    if (typeof name === 'number') return name;
    const text = description === 0 ? '' : readString(task, description, LONGEST_DESCRIPTION);
    if (typeof text === 'number') return text;
    if (text.startsWith('.') && name.startsWith('keyring')) return -Errno.EPERM;
    const content = readPayload(task, payload, length);
    if (typeof content === 'number') return content;
    return repeated(task, () => {
      const ring = findKey(task, keyring, { creates: true, right: KeyRight.Write });
      if (typeof ring === 'number') return ring;
      const made = addKey(task, ring, { type: name, description: text === '' ? undefined : text, payload: content });
      return typeof made === 'number' ? made : made.serial;
    });
  },
});

export const requestKeyCall = defineSystemCall({
  name: 'request_key',
  numbers: { 'x86-64': 249, i386: 287 },
  support: 'partial',
  note: 'The program that makes a key, /sbin/request-key, runs as the caller, not as user 0.',
  arguments: { type: address, description: address, callout: address, keyring: int },
  run: (task, { type, description, callout, keyring }) => {
    const name = readType(task, type);
    if (typeof name === 'number') return name;
    const text = readString(task, description, LONGEST_DESCRIPTION);
    if (typeof text === 'number') return text;
    const information = callout === 0 ? undefined : readString(task, callout, LONGEST_DESCRIPTION);
    if (typeof information === 'number') return information;
    let wanted: Key | undefined;
    return repeated(task, () => {
      if (wanted !== undefined) return judge(task, wanted);
      const ring = keyring === 0 ? undefined : findKey(task, keyring, { creates: true, right: KeyRight.Write });
      if (typeof ring === 'number') return ring;
      const keyType = findKeyType(name);
      if (keyType === undefined) return -Errno.ENOKEY;
      const found = requestKey(task, {
        ...{ type: keyType, description: text, destination: ring?.key },
        callout: information === undefined ? undefined : Uint8Array.from(information, (char) => char.charCodeAt(0)),
      });
      if (typeof found === 'number') return found;
      wanted = found;
      return judge(task, found);
    });
  },
});

const word: ArgumentKind<KeyctlWord> = {
  decode: (raw, index) => {
    const at = address.decode(raw, index);
    return { int: raw.low[index], address: typeof at === 'number' ? at : 0 };
  },
  print: (_value, call, index) => printPointer(call, index),
};

export const keyctl = defineSystemCall({
  name: 'keyctl',
  numbers: { 'x86-64': 250, i386: 288 },
  support: 'partial',
  note: 'Diffie-Hellman, public keys and watches are EOPNOTSUPP; restrictions of keyrings are the one without a type.',
  arguments: { operation: oneOf(KEYCTL), second: word, third: word, fourth: word, fifth: word },
  run: (task, { operation, second, third, fourth, fifth }) => {
    const run = Object.hasOwn(KEY_OPERATIONS, operation) ? KEY_OPERATIONS[operation] : undefined;
    if (run === undefined) return -Errno.EOPNOTSUPP;
    return repeated(task, () => run(task, [second, third, fourth, fifth]));
  },
});

/** A key that is wanted: its number, an error, or the wish to wait. */
function judge(task: Thread, key: Key): number {
  if (key.isBeingBuilt) return STILL_BUILDING;
  const refusal = key.state < 0 ? key.state : validate(task, key);
  return refusal < 0 ? refusal : key.serial;
}

/** Waits for keys that are being built, and does it again. */
function repeated(task: Thread, operate: () => number): SystemCallResult {
  const first = operate();
  if (first !== STILL_BUILDING) return first;
  const attempt = () => {
    const result = operate();
    return result === STILL_BUILDING ? undefined : result;
  };
  return new Pending({ queues: [keysOf(task.kernel).built], attempt, restartable: true });
}
