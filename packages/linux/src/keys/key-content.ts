// Giving keys their content: new ones, other bytes for old ones, and what request-key programs make (security/keys/key.c).
import { Errno, type Thread } from '@elf/kernel';
import { indexOf, type Key, type KeyReference, KeyRight, KeyState, keyPermissions } from './key.ts';
import { mayUse, refuseCircle, validate } from './key-search.ts';
import { STILL_BUILDING } from './find-key.ts';
import { keysOf } from './key-store.ts';
import { acceptsPayload, findKeyType } from './key-types.ts';
import { rejectKey } from './request-key.ts';
import { keyringsOf } from './thread-keyrings.ts';

/** What add_key(2) is given; the description undefined for a null pointer or an empty string. */
export interface NewKey {
  readonly type: string;
  readonly description: string | undefined;
  readonly payload: Uint8Array;
}

/** add_key(2): a new key in a keyring, or other content for the one of its name. */
export function addKey(task: Thread, ring: KeyReference, { type: name, description, payload }: NewKey): Key | number {
  const type = findKeyType(name);
  if (type === undefined) return -Errno.ENODEV;
  if (!ring.key.isKeyring) return -Errno.ENOTDIR;
  if (!acceptsPayload(type, payload) || description === undefined) return -Errno.EINVAL;
  if (ring.key.refusesLinks) return -Errno.EPERM;
  const known = ring.key.links.get(indexOf(type, description));
  if (type.isUpdatable && known !== undefined && !known.isRevoked && !known.isInvalidated) {
    if (known.isBeingBuilt) return STILL_BUILDING;
    const refusal = updateKey(task, { key: known, isPossessed: ring.isPossessed }, payload);
    return refusal < 0 ? refusal : known;
  }
  const store = keysOf(task.kernel);
  const { user, group } = task.process.fileIdentity;
  const { View, Search, Link, SetAttributes, Read, Write } = KeyRight;
  const isWritable = type.isKeyring === true || type.isUpdatable;
  const possessor = View | Search | Link | SetAttributes | (type.isReadable ? Read : 0) | (isWritable ? Write : 0);
  const key = store.allocate({ type, description, user, group, permissions: keyPermissions(possessor, View) });
  if (typeof key === 'number') return key;
  const refusal = (type.isKeyring ? 0 : store.setPayload(key, payload)) || store.link(ring.key, key);
  if (refusal === 0) store.settle(key, KeyState.Ready);
  else store.discard(key);
  return refusal === 0 ? key : refusal;
}

/** KEYCTL_UPDATE. */
export function updateKey(task: Thread, reference: KeyReference, payload: Uint8Array): number {
  const { key } = reference;
  if (!mayUse(task, reference, KeyRight.Write)) return -Errno.EACCES;
  if (!key.type.isUpdatable) return -Errno.EOPNOTSUPP;
  if (!acceptsPayload(key.type, payload)) return -Errno.EINVAL;
  const store = keysOf(task.kernel);
  const refusal = store.setPayload(key, payload);
  if (refusal < 0) return refusal;
  if (key.type.updateForgetsExpiry) store.setExpiry(key, undefined);
  store.settle(key, KeyState.Ready);
  return 0;
}

/** KEYCTL_LINK: a negated error for what is no keyring, circles and full quotas. */
export function linkKey(task: Thread, ring: Key, key: Key): number {
  if (!ring.isKeyring) return -Errno.ENOTDIR;
  const refusal = key.isKeyring ? refuseCircle(ring, key) : 0;
  return refusal < 0 ? refusal : keysOf(task.kernel).link(ring, key);
}

/** The content of a key as KEYCTL_READ shows it; a negated error. */
export function readKey(task: Thread, { key }: KeyReference): Uint8Array | number {
  if (!key.type.isReadable) return -Errno.EOPNOTSUPP;
  const refusal = validate(task, key);
  if (refusal < 0) return refusal;
  if (key.authority !== undefined) return key.authority.callout;
  if (!key.isKeyring) return key.payload ?? new Uint8Array(0);
  const numbers = [...key.links.values()].map(({ serial }) => serial);
  return new Uint8Array(Int32Array.from(numbers).buffer);
}

/** What the builder of a key made of it. */
export type BuiltContent = { readonly payload: Uint8Array } | { readonly errno: number; readonly seconds: number };

/** KEYCTL_INSTANTIATE, KEYCTL_REJECT: only with the authority for this key, which ends. */
export function finishKey(task: Thread, id: number, ring: Key | undefined, content: BuiltContent): number {
  const rings = keyringsOf(task);
  const { authority } = rings;
  const target = authority?.authority?.target;
  if (authority === undefined || target === undefined || target.serial !== id) return -Errno.EPERM;
  const refusal = target.state === KeyState.Building ? fill(task, target, ring, content) : -Errno.EBUSY;
  if (refusal < 0) return refusal;
  const store = keysOf(task.kernel);
  store.invalidate(authority);
  rings.authority = undefined;
  store.release(authority);
  return 0;
}

function fill(task: Thread, key: Key, ring: Key | undefined, content: BuiltContent): number {
  const store = keysOf(task.kernel);
  if ('payload' in content && !acceptsPayload(key.type, content.payload)) return -Errno.EINVAL;
  const refusal = 'payload' in content ? store.setPayload(key, content.payload) : 0;
  const linked = refusal < 0 || ring === undefined ? refusal : linkKey(task, ring, key);
  if (linked < 0) return linked;
  if ('payload' in content) store.settle(key, KeyState.Ready);
  else rejectKey(task, key, content.seconds, content.errno);
  return 0;
}
