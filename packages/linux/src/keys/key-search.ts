// Looking for keys in keyrings: whose rights count, and which error tells why nothing was found (security/keys/keyring.c, permission.c).
import { Errno, type Thread } from '@elf/kernel';
import { indexOf, type Key, type KeyReference, KeyRight, rightsOf } from './key.ts';
import { keysOf } from './key-store.ts';
import { type KeyType, REQUEST_AUTHORITY } from './key-types.ts';
import { keyringsOf, type ThreadKeyrings } from './thread-keyrings.ts';

/** KEYRING_SEARCH_MAX_DEPTH: keyrings in keyrings that are entered. */
const DEEPEST = 6;

/** What is looked for. */
export interface KeyQuery {
  readonly type: KeyType;
  readonly description: string;
  /** Only this one, in whatever state: is it possessed? */
  readonly target?: Key;
  /** An expired key is as good as none: it will be asked for anew. */
  readonly skipsExpired?: boolean;
}

/** True when the caller may do it (key_task_permission). */
export function mayUse({ process }: Thread, { key, isPossessed }: KeyReference, right: number): boolean {
  const { user, group, supplementary } = process.fileIdentity;
  const isMember = key.group !== -1 && (key.group === group || supplementary.includes(key.group));
  const who = key.user === user ? 'user' : isMember && rightsOf(key, 'group') !== 0 ? 'group' : 'others';
  const rights = rightsOf(key, who) | (isPossessed ? rightsOf(key, 'possessor') : 0);
  return (rights & right) === right;
}

/** Whether a key is still good: a negated error if not (key_validate). */
export function validate(task: Thread, key: Key): number {
  if (key.isInvalidated) return -Errno.ENOKEY;
  if (key.isRevoked) return -Errno.EKEYREVOKED;
  return isExpired(task, key) ? -Errno.EKEYEXPIRED : 0;
}

/** Looks into a keyring and those inside it. */
export function searchKeyring(task: Thread, root: KeyReference, query: KeyQuery): KeyReference | number {
  if (!root.key.isKeyring) return -Errno.ENOTDIR;
  if (!mayUse(task, root, KeyRight.Search)) return -Errno.EACCES;
  const { isPossessed } = root;
  const index = indexOf(query.type, query.description);
  let failure = -Errno.EAGAIN;
  const examine = (key: Key): boolean => {
    if (query.target !== undefined) return key === query.target;
    const isGone = key.isInvalidated || key.isRevoked;
    if (isGone) failure = -Errno.EKEYREVOKED;
    else if (isExpired(task, key)) failure = query.skipsExpired ? failure : -Errno.EKEYEXPIRED;
    else if (!mayUse(task, { key, isPossessed }, KeyRight.Search)) failure = -Errno.EACCES;
    else if (key.state < 0) failure = key.state;
    else return true;
    return false;
  };
  if (root.key.index === index) return examine(root.key) ? root : failure;
  const visited = new Map<Key, number>();
  const walk = (ring: Key, depth: number): Key | undefined => {
    if (ring.isInvalidated || ring.isRevoked || (visited.get(ring) ?? DEEPEST + 1) <= depth) return undefined;
    visited.set(ring, depth);
    const own = ring.links.get(index);
    if (own !== undefined && examine(own)) return own;
    if (depth === DEEPEST) return undefined;
    for (const key of ring.links.values()) {
      if (!key.isKeyring || !mayUse(task, { key, isPossessed }, KeyRight.Search)) continue;
      const found = walk(key, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const key = walk(root.key, 0);
  return key === undefined ? failure : { key, isPossessed };
}

/** Looks where a thread may find keys: its keyrings, and while it builds a key those of who asked for it. */
export function searchKeyringsOf(task: Thread, query: KeyQuery): KeyReference | number {
  const rings = keyringsOf(task);
  const own = searchOwn(task, rings, query);
  const requester = rings.authority?.isRevoked === false ? rings.authority.authority?.requester : undefined;
  if (typeof own !== 'number' || requester === undefined || query.type === REQUEST_AUTHORITY) return own;
  const theirs = searchOwn(task, requester, query);
  if (typeof theirs !== 'number') return theirs;
  return own === -Errno.ENOKEY || theirs === -Errno.ENOKEY ? -Errno.ENOKEY : own;
}

/** A keyring that is held by a thread's keyrings, or inside one: possessed. */
export function isPossessed(task: Thread, key: Key): boolean {
  return typeof searchKeyringsOf(task, { type: key.type, description: key.description, target: key }) !== 'number';
}

/** Whether a keyring may be put into another: a negated error for a circle, or too many inside each other (keyring_detect_cycle). */
export function refuseCircle(ring: Key, inside: Key): number {
  if (ring === inside) return -Errno.EDEADLK;
  const visited = new Map<Key, number>();
  const walk = (each: Key, depth: number): number => {
    if (depth > DEEPEST) return -Errno.ELOOP;
    if ((visited.get(each) ?? -1) >= depth) return 0;
    visited.set(each, depth);
    for (const key of each.links.values()) {
      const refusal = key === ring ? -Errno.EDEADLK : key.isKeyring ? walk(key, depth + 1) : 0;
      if (refusal < 0) return refusal;
    }
    return 0;
  };
  return walk(inside, 0);
}

/** search_cred_keyrings_rcu: an error of a later keyring tells more than that the first has no such key. */
function searchOwn(task: Thread, rings: ThreadKeyrings, query: KeyQuery): KeyReference | number {
  const { session = sessionOfUser(task) } = rings;
  let absence: number | undefined;
  let failure = -Errno.EAGAIN;
  for (const key of [rings.thread, rings.process, session]) {
    if (key === undefined) continue;
    const found = searchKeyring(task, { key, isPossessed: true }, query);
    if (typeof found !== 'number') return found;
    if (found === -Errno.ENOKEY) absence = found;
    else if (found === -Errno.EAGAIN) absence ??= found;
    else failure = found;
  }
  return absence ?? failure;
}

/** Without a session of its own a thread has its user's, if that was ever used. */
function sessionOfUser({ kernel, process }: Thread): Key | undefined {
  return keysOf(kernel).users.get(process.credentials.user)?.sessionKeyring;
}

function isExpired({ kernel }: Thread, { expiry }: Key): boolean {
  return expiry !== undefined && keysOf(kernel).now >= expiry;
}
