// The keyrings of a thread: its own, its process's, its session's, and those of its user (man 7 keyrings; security/keys/process_keys.c).
import type { Thread } from '@elf/kernel';
import { ALL_RIGHTS, type Key, KeyRight, keyPermissions, KeyState } from './key.ts';
import { type KeyRequest, type KeyStore, keysOf, type QuotaRule } from './key-store.ts';
import { KEYRING } from './key-types.ts';

/** KEY_REQKEY_DEFL_*: where request_key(2) puts a key when it is not told. */
export const DefaultDestination = {
  NoChange: -1,
  Default: 0,
  Thread: 1,
  Process: 2,
  Session: 3,
  User: 4,
  UserSession: 5,
  Requestor: 7,
} as const;

/** What a thread holds; in Linux a part of its credentials. */
export interface ThreadKeyrings {
  readonly task: Thread;
  thread: Key | undefined;
  process: Key | undefined;
  session: Key | undefined;
  destination: number;
  /** The key it may give content to (KEYCTL_ASSUME_AUTHORITY). */
  authority: Key | undefined;
}

const SESSION_PERMISSIONS = /* @__PURE__ */ keyPermissions(ALL_RIGHTS, KeyRight.View | KeyRight.Read);
/** KEY_POS_ALL without SETATTR, KEY_USR_ALL. */
const USER_PERMISSIONS = /* @__PURE__ */ keyPermissions(ALL_RIGHTS & ~KeyRight.SetAttributes, ALL_RIGHTS);
/** Nobody's group. */
const NO_GROUP = -1;

const ofThreads = /* @__PURE__ */ new WeakMap<Thread, ThreadKeyrings>();

export function keyringsOf(task: Thread): ThreadKeyrings {
  const known = ofThreads.get(task);
  const rings = known ?? {
    ...{ task, thread: undefined, process: undefined, session: undefined },
    ...{ destination: DefaultDestination.Default, authority: undefined },
  };
  if (known === undefined) ofThreads.set(task, rings);
  if (rings.thread !== undefined) {
    // Its own keyring follows the thread's user (key_fsuid_changed).
    const { user, group } = task.process.fileIdentity;
    rings.thread.user = user;
    rings.thread.group = group;
  }
  return rings;
}

/** clone(2): the session is the same; a new process has no keyring of its own, a new thread one of its own if its maker has (copy_creds). */
export function inheritKeyrings(source: Thread, copy: Thread): void {
  const from = ofThreads.get(source);
  if (from === undefined) return;
  const store = keysOf(source.kernel);
  const hold = (key: Key | undefined) => (key === undefined ? undefined : store.retain(key));
  const isThread = source.process === copy.process;
  const rings = keyringsOf(copy);
  rings.session = hold(from.session);
  rings.authority = hold(from.authority);
  rings.destination = from.destination;
  if (!isThread) return;
  rings.process = hold(from.process);
  if (from.thread !== undefined) ownKeyring(copy, 'thread');
}

/** execve(2): only the session's keyring stays (man 7 keyrings). */
export function forgetKeyrings(task: Thread): void {
  const rings = ofThreads.get(task);
  if (rings === undefined) return;
  const store = keysOf(task.kernel);
  for (const name of ['thread', 'process'] as const) {
    store.release(rings[name]);
    rings[name] = undefined;
  }
}

/** The thread ends. */
export function releaseKeyrings(task: Thread): void {
  const rings = ofThreads.get(task);
  if (rings === undefined) return;
  forgetKeyrings(task);
  const store = keysOf(task.kernel);
  store.release(rings.session);
  store.release(rings.authority);
  rings.session = undefined;
  rings.authority = undefined;
}

/** The keyring of a thread or its process, made when it is not there; a negated error. */
export function ownKeyring(task: Thread, name: 'thread' | 'process'): Key | number {
  const rings = keyringsOf(task);
  const known = rings[name];
  if (known !== undefined) return known;
  const description = name === 'thread' ? '_tid' : '_pid';
  const made = makeKeyring(task, description, keyPermissions(ALL_RIGHTS, KeyRight.View), 'overrun');
  if (typeof made !== 'number') rings[name] = keysOf(task.kernel).retain(made);
  return made;
}

/** An empty keyring of the caller. */
export function makeKeyring(
  { kernel, process }: Thread,
  description: string,
  permissions: number,
  quota: QuotaRule = 'within',
): Key | number {
  const { user, group } = process.fileIdentity;
  return allocateKeyring(keysOf(kernel), { description, user, group, permissions, quota });
}

/** Another session keyring; undefined: a new one. */
export function setSessionKeyring(task: Thread, ring?: Key): Key | number {
  const rings = keyringsOf(task);
  const quota = rings.session === undefined ? 'overrun' : 'within';
  const next = ring ?? makeKeyring(task, '_ses', SESSION_PERMISSIONS, quota);
  if (typeof next === 'number') return next;
  const store = keysOf(task.kernel);
  const before = rings.session;
  rings.session = store.retain(next);
  store.release(before);
  return next;
}

/** The keyring of the user, or the one that is their session where there is no other: both are made at once, the first in the second. */
export function userKeyring(task: Thread, name: 'keyring' | 'sessionKeyring'): Key | number {
  const store = keysOf(task.kernel);
  const { user } = task.process.credentials;
  const ring = keptKeyring(store, user, 'keyring');
  if (typeof ring === 'number') return ring;
  const before = store.users.get(user)?.sessionKeyring;
  const session = keptKeyring(store, user, 'sessionKeyring');
  if (typeof session === 'number') return session;
  const refusal = session === before ? 0 : store.link(session, ring);
  if (refusal < 0) return refusal;
  return name === 'keyring' ? ring : session;
}

/** One of them; the machine holds it from then on. */
function keptKeyring(store: KeyStore, user: number, name: 'keyring' | 'sessionKeyring'): Key | number {
  const known = store.users.get(user)?.[name];
  if (known !== undefined && !known.isInvalidated) return known;
  const description = name === 'keyring' ? `_uid.${user}` : `_uid_ses.${user}`;
  const made = allocateKeyring(store, { description, user, group: NO_GROUP, permissions: USER_PERMISSIONS });
  if (typeof made === 'number') return made;
  made.isUserKeyring = true;
  store.accountOf(user)[name] = store.retain(made);
  store.release(known);
  return made;
}

function allocateKeyring(store: KeyStore, request: Omit<KeyRequest, 'type'>): Key | number {
  const made = store.allocate({ ...request, type: KEYRING });
  if (typeof made !== 'number') store.settle(made, KeyState.Ready);
  return made;
}
