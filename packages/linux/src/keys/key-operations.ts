// The commands of keyctl(2), one row each (man 2 keyctl; security/keys/keyctl.c).
import { Errno, type Thread, toBytes } from '@elf/kernel';
import { hasCapability } from '../capabilities.ts';
import { gatherVectors } from '../vectors.ts';
import { findKey } from './find-key.ts';
import { readPayload, readString, readType } from './key-arguments.ts';
import { finishKey, linkKey, readKey, updateKey } from './key-content.ts';
import { EVERY_PERMISSION, type Key, type KeyReference, KeyRight } from './key.ts';
import { mayUse, searchKeyring, searchKeyringsOf, validate } from './key-search.ts';
import { keysOf } from './key-store.ts';
import { findKeyType, REQUEST_AUTHORITY } from './key-types.ts';
import { joinSession, persistentKeyring, sessionToParent } from './session-keyrings.ts';
import { DefaultDestination, keyringsOf, ownKeyring } from './thread-keyrings.ts';

/** An argument: a number of 32 bits, or an address. */
export interface KeyctlWord {
  readonly int: number;
  readonly address: number;
}

type Words = readonly [KeyctlWord, KeyctlWord, KeyctlWord, KeyctlWord];
type Operation = (task: Thread, words: Words) => number;

const CAP_SYS_ADMIN = 21;
const LONGEST_DESCRIPTION = 4096; // not a page size: KEY_MAX_DESC_SIZE
const LONGEST_UPDATE = 4096; // not a page size: bound of the check in keyctl_update_key
const MAX_ERRNO = 4095; // not a page size: MAX_ERRNO of the kernel
const REQUESTOR = -8;
const AUTHORITY = -7;
/** KEYCTL_MOVE_EXCL. */
const MOVE_EXCLUSIVE = 1;
/** KEYCTL_CAPS0_*: capabilities, persistent keyrings, big keys, invalidate, restrict, move; KEYCTL_CAPS1_*: none. */
const CAPABILITIES = [0x01 | 0x02 | 0x10 | 0x20 | 0x40 | 0x80, 0];

/** Numbers of include/uapi/linux/keyctl.h. */
// biome-ignore format: a table
export const KEYCTL = {
  KEYCTL_GET_KEYRING_ID: 0, KEYCTL_JOIN_SESSION_KEYRING: 1, KEYCTL_UPDATE: 2, KEYCTL_REVOKE: 3, KEYCTL_CHOWN: 4, KEYCTL_SETPERM: 5,
  KEYCTL_DESCRIBE: 6, KEYCTL_CLEAR: 7, KEYCTL_LINK: 8, KEYCTL_UNLINK: 9, KEYCTL_SEARCH: 10, KEYCTL_READ: 11, KEYCTL_INSTANTIATE: 12,
  KEYCTL_NEGATE: 13, KEYCTL_SET_REQKEY_KEYRING: 14, KEYCTL_SET_TIMEOUT: 15, KEYCTL_ASSUME_AUTHORITY: 16, KEYCTL_GET_SECURITY: 17,
  KEYCTL_SESSION_TO_PARENT: 18, KEYCTL_REJECT: 19, KEYCTL_INSTANTIATE_IOV: 20, KEYCTL_INVALIDATE: 21, KEYCTL_GET_PERSISTENT: 22,
  KEYCTL_RESTRICT_KEYRING: 29, KEYCTL_MOVE: 30, KEYCTL_CAPABILITIES: 31,
} as const;

/** Commands by number; the others (Diffie-Hellman, public keys, watches) are EOPNOTSUPP. */
export const KEY_OPERATIONS: Readonly<Record<number, Operation>> = {
  [KEYCTL.KEYCTL_GET_KEYRING_ID]: (task, [id, creates]) =>
    serialOf(findKey(task, id.int, { creates: creates.int !== 0, right: KeyRight.Search })),
  [KEYCTL.KEYCTL_JOIN_SESSION_KEYRING]: (task, [name]) => {
    if (name.address === 0) return joinSession(task);
    const text = readString(task, name.address, LONGEST_DESCRIPTION);
    if (typeof text === 'number') return text;
    return text.startsWith('.') ? -Errno.EPERM : joinSession(task, text);
  },
  [KEYCTL.KEYCTL_UPDATE]: (task, [id, at, length]) => {
    if (length.address > LONGEST_UPDATE) return -Errno.EINVAL;
    const payload = readPayload(task, at.address, length.address);
    if (typeof payload === 'number') return payload;
    return withKey(findKey(task, id.int, { right: KeyRight.Write }), (found) => updateKey(task, found, payload));
  },
  [KEYCTL.KEYCTL_REVOKE]: (task, [id]) => {
    const writable = findKey(task, id.int, { right: KeyRight.Write });
    const found = writable === -Errno.EACCES ? findKey(task, id.int, { right: KeyRight.SetAttributes }) : writable;
    return withKey(found, ({ key }) => done(() => keysOf(task.kernel).revoke(key)));
  },
  [KEYCTL.KEYCTL_CHOWN]: (task, [id, user, group]) => {
    if (user.int === -1 && group.int === -1) return 0;
    return withAttributes(task, id.int, ({ key }) => changeOwner(task, key, user.int, group.int));
  },
  [KEYCTL.KEYCTL_SETPERM]: (task, [id, permissions]) => {
    if ((permissions.int & ~EVERY_PERMISSION) !== 0) return -Errno.EINVAL;
    return withAttributes(task, id.int, ({ key }) => {
      const isOwner = key.user === task.process.fileIdentity.user;
      if (!isOwner && !hasCapability(task.process, CAP_SYS_ADMIN)) return -Errno.EACCES;
      key.permissions = permissions.int;
      return 0;
    });
  },
  [KEYCTL.KEYCTL_DESCRIBE]: (task, [id, at, length]) =>
    withKey(orAuthorised(task, id.int, findKey(task, id.int, { partial: true, right: KeyRight.View })), ({ key }) => {
      const mode = (key.permissions >>> 0).toString(16).padStart(8, '0');
      return giveText(task, `${key.type.name};${key.user};${key.group};${mode};${key.description}`, at, length);
    }),
  [KEYCTL.KEYCTL_CLEAR]: (task, [id]) =>
    withKey(findKey(task, id.int, { creates: true, right: KeyRight.Write }), ({ key }) =>
      key.isKeyring ? done(() => keysOf(task.kernel).clear(key)) : -Errno.ENOTDIR,
    ),
  [KEYCTL.KEYCTL_LINK]: (task, [id, ring]) =>
    withKey(findKey(task, ring.int, { creates: true, right: KeyRight.Write }), (place) =>
      withKey(findKey(task, id.int, { creates: true, right: KeyRight.Link }), ({ key }) =>
        linkKey(task, place.key, key),
      ),
    ),
  [KEYCTL.KEYCTL_UNLINK]: (task, [id, ring]) =>
    withKey(findKey(task, ring.int, { right: KeyRight.Write }), (place) =>
      withKey(findKey(task, id.int, { partial: true, right: 'unlink' }), ({ key }) => {
        if (!place.key.isKeyring) return -Errno.ENOTDIR;
        return keysOf(task.kernel).unlink(place.key, key) ? 0 : -Errno.ENOENT;
      }),
    ),
  [KEYCTL.KEYCTL_SEARCH]: (task, [ring, type, description, destination]) => {
    const name = readType(task, type.address);
    if (typeof name === 'number') return name;
    const text = readString(task, description.address, LONGEST_DESCRIPTION);
    if (typeof text === 'number') return text;
    return withKey(findKey(task, ring.int, { right: KeyRight.Search }), (root) => {
      const lookUp = { creates: true, right: KeyRight.Write };
      const place = destination.int === 0 ? undefined : findKey(task, destination.int, lookUp);
      if (typeof place === 'number') return place;
      const keyType = findKeyType(name);
      if (keyType === undefined) return -Errno.ENOKEY;
      const found = searchKeyring(task, root, { type: keyType, description: text });
      if (typeof found === 'number') return found === -Errno.EAGAIN ? -Errno.ENOKEY : found;
      if (place !== undefined && !mayUse(task, found, KeyRight.Link)) return -Errno.EACCES;
      const refusal = place === undefined ? 0 : linkKey(task, place.key, found.key);
      return refusal < 0 ? refusal : found.key.serial;
    });
  },
  [KEYCTL.KEYCTL_READ]: (task, [id, at, length]) =>
    withKey(findKey(task, id.int, { right: 'later' }), (found) => {
      if (found.key.state < 0) return found.key.state;
      if (!mayUse(task, found, KeyRight.Read) && !found.isPossessed) return -Errno.EACCES;
      const content = readKey(task, found);
      return typeof content === 'number' ? content : give(task, content, at, length);
    }),
  [KEYCTL.KEYCTL_INSTANTIATE]: (task, [id, at, length, ring]) => {
    const payload = readPayload(task, at.address, length.address);
    return typeof payload === 'number' ? payload : instantiate(task, id.int, payload, ring.int);
  },
  [KEYCTL.KEYCTL_INSTANTIATE_IOV]: (task, [id, vectors, count, ring]) => {
    const buffer = gatherVectors(task, vectors.address, count.int);
    if (typeof buffer === 'number') return buffer;
    if (buffer.length >= 1 << 20) return -Errno.EINVAL;
    const payload = buffer.copyIn();
    return payload === undefined ? -Errno.EFAULT : instantiate(task, id.int, payload, ring.int);
  },
  [KEYCTL.KEYCTL_NEGATE]: (task, [id, seconds, ring]) => reject(task, id.int, seconds.int, Errno.ENOKEY, ring.int),
  [KEYCTL.KEYCTL_REJECT]: (task, [id, seconds, errno, ring]) =>
    errno.int <= 0 || errno.int >= MAX_ERRNO ? -Errno.EINVAL : reject(task, id.int, seconds.int, errno.int, ring.int),
  [KEYCTL.KEYCTL_SET_REQKEY_KEYRING]: (task, [destination]) => {
    const rings = keyringsOf(task);
    const before = rings.destination;
    const { int: next } = destination;
    if (next === DefaultDestination.NoChange) return before;
    if (!Object.values(DefaultDestination).some((known) => known === next)) return -Errno.EINVAL;
    const name = ({ 1: 'thread', 2: 'process' } as const)[next];
    const made = name === undefined ? undefined : ownKeyring(task, name);
    if (typeof made === 'number') return made;
    rings.destination = next;
    return before;
  },
  [KEYCTL.KEYCTL_SET_TIMEOUT]: (task, [id, seconds]) => {
    const lookUp = { creates: true, partial: true, right: KeyRight.SetAttributes };
    return withKey(orAuthorised(task, id.int, findKey(task, id.int, lookUp)), ({ key }) => {
      const store = keysOf(task.kernel);
      const duration = seconds.int >>> 0;
      store.setExpiry(key, duration === 0 ? undefined : store.now + duration);
      return 0;
    });
  },
  [KEYCTL.KEYCTL_ASSUME_AUTHORITY]: (task, [id]) => {
    if (id.int < 0) return -Errno.EINVAL;
    const store = keysOf(task.kernel);
    const rings = keyringsOf(task);
    const query = { type: REQUEST_AUTHORITY, description: id.int.toString(16) };
    const found = id.int === 0 ? undefined : searchKeyringsOf(task, query);
    if (typeof found === 'number') return found === -Errno.EAGAIN ? -Errno.ENOKEY : found;
    const before = rings.authority;
    rings.authority = found === undefined ? undefined : store.retain(found.key);
    store.release(before);
    return found?.key.serial ?? 0;
  },
  // Without a security module the label is empty, and its length 1.
  [KEYCTL.KEYCTL_GET_SECURITY]: (task, [id, at, length]) =>
    withKey(orAuthorised(task, id.int, findKey(task, id.int, { partial: true, right: KeyRight.View })), () =>
      giveText(task, '', at, length),
    ),
  [KEYCTL.KEYCTL_SESSION_TO_PARENT]: (task) => sessionToParent(task),
  [KEYCTL.KEYCTL_INVALIDATE]: (task, [id]) =>
    withKey(findKey(task, id.int, { right: KeyRight.Search }), ({ key }) =>
      done(() => keysOf(task.kernel).invalidate(key)),
    ),
  [KEYCTL.KEYCTL_GET_PERSISTENT]: (task, [user, ring]) =>
    withKey(findKey(task, ring.int, { creates: true, right: KeyRight.Write }), ({ key }) => {
      const found = persistentKeyring(task, user.int);
      if (typeof found === 'number') return found;
      const refusal = linkKey(task, key, found);
      return refusal < 0 ? refusal : found.serial;
    }),
  [KEYCTL.KEYCTL_RESTRICT_KEYRING]: (task, [id, type, restriction]) =>
    withKey(findKey(task, id.int, { right: KeyRight.SetAttributes }), ({ key }) => {
      if (type.address !== 0) {
        const name = readType(task, type.address);
        if (typeof name === 'number') return name;
        // Only asymmetric keys have restrictions.
        return findKeyType(name) === undefined ? -Errno.ENOKEY : -Errno.ENOENT;
      }
      if (restriction.address !== 0) return -Errno.EINVAL;
      if (!key.isKeyring) return -Errno.ENOTDIR;
      if (key.refusesLinks) return -Errno.EEXIST;
      key.refusesLinks = true;
      return 0;
    }),
  [KEYCTL.KEYCTL_MOVE]: (task, [id, from, to, flags]) => {
    if ((flags.int & ~MOVE_EXCLUSIVE) !== 0) return -Errno.EINVAL;
    return withKey(findKey(task, id.int, { creates: true, right: KeyRight.Link }), ({ key }) =>
      withKey(findKey(task, from.int, { right: KeyRight.Write }), (source) =>
        withKey(findKey(task, to.int, { creates: true, right: KeyRight.Write }), (target) =>
          move(task, key, source.key, target.key, flags.int === MOVE_EXCLUSIVE),
        ),
      ),
    );
  },
  [KEYCTL.KEYCTL_CAPABILITIES]: (task, [at, length]) => {
    const room = Math.min(length.address, CAPABILITIES.length);
    const rest = Math.min(length.address - room, LONGEST_UPDATE);
    const bytes = Uint8Array.from([...CAPABILITIES.slice(0, room), ...new Array<number>(rest).fill(0)]);
    return bytes.length > 0 && !task.user.write(at.address, bytes) ? -Errno.EFAULT : CAPABILITIES.length;
  },
};

const serialOf = (found: KeyReference | number) => (typeof found === 'number' ? found : found.key.serial);
const withKey = (found: KeyReference | number, use: (found: KeyReference) => number) =>
  typeof found === 'number' ? found : use(found);

function done(action: () => void): number {
  action();
  return 0;
}

function withAttributes(task: Thread, id: number, use: (found: KeyReference) => number): number {
  return withKey(findKey(task, id, { creates: true, partial: true, right: KeyRight.SetAttributes }), use);
}

/** Who builds a key may look at it and set its timeout. */
function orAuthorised(task: Thread, id: number, found: KeyReference | number): KeyReference | number {
  if (found !== -Errno.EACCES) return found;
  const authority = searchKeyringsOf(task, { type: REQUEST_AUTHORITY, description: id.toString(16) });
  const isValid = typeof authority !== 'number' && validate(task, authority.key) === 0;
  return isValid ? findKey(task, id, { partial: true, right: 'later' }) : found;
}

/** Bytes for the caller: the whole length is the result, and nothing is copied where it does not fit (__keyctl_read_key). */
function give(task: Thread, bytes: Uint8Array, at: KeyctlWord, length: KeyctlWord): number {
  if (at.address === 0 || length.address < bytes.length || bytes.length === 0) return bytes.length;
  return task.user.write(at.address, bytes) ? bytes.length : -Errno.EFAULT;
}

function giveText(task: Thread, text: string, at: KeyctlWord, length: KeyctlWord): number {
  return give(task, toBytes(`${text}\0`), at, length);
}

function changeOwner(task: Thread, key: Key, user: number, group: number): number {
  const { process } = task;
  if (!hasCapability(process, CAP_SYS_ADMIN)) {
    const { group: own, supplementary } = process.fileIdentity;
    if (user !== -1 && user !== key.user) return -Errno.EACCES;
    if (group !== -1 && group !== key.group && group !== own && !supplementary.includes(group)) return -Errno.EACCES;
  }
  if (user !== -1 && user !== key.user) {
    const refusal = keysOf(task.kernel).moveAccount(key, user);
    if (refusal < 0) return refusal;
    key.user = user;
  }
  if (group !== -1) key.group = group;
  return 0;
}

function instantiate(task: Thread, id: number, payload: Uint8Array, ring: number): number {
  const place = builtDestination(task, ring);
  return typeof place === 'number' ? place : finishKey(task, id, place, { payload });
}

function reject(task: Thread, id: number, seconds: number, errno: number, ring: number): number {
  const place = builtDestination(task, ring);
  return typeof place === 'number' ? place : finishKey(task, id, place, { errno, seconds: seconds >>> 0 });
}

/** get_instantiation_keyring: any special number means where the requester wants it. */
function builtDestination(task: Thread, ring: number): Key | undefined | number {
  const { authority } = keyringsOf(task);
  if (authority === undefined) return -Errno.EPERM;
  if (ring === 0) return undefined;
  if (ring === AUTHORITY) return -Errno.EINVAL;
  if (ring < 0) return ring >= REQUESTOR ? authority.authority?.destination : -Errno.ENOKEY;
  const found = findKey(task, ring, { creates: true, right: KeyRight.Write });
  return typeof found === 'number' ? found : found.key;
}

function move(task: Thread, key: Key, from: Key, to: Key, isExclusive: boolean): number {
  if (!from.isKeyring || !to.isKeyring) return -Errno.ENOTDIR;
  if (from === to) return 0;
  if (from.links.get(key.index) !== key) return -Errno.ENOENT;
  if (isExclusive && to.links.has(key.index)) return -Errno.EEXIST;
  const refusal = linkKey(task, to, key);
  if (refusal === 0) keysOf(task.kernel).unlink(from, key);
  return refusal;
}
