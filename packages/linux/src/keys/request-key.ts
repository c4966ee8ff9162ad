// request_key(2): a key that is there already, or one that the program /sbin/request-key is started to make (security/keys/request_key.c).
import { Errno, type Process, type Thread } from '@elf/kernel';
import { startHelper } from '../helper-process.ts';
import { ALL_RIGHTS, type Key, KeyRight, KeyState, keyPermissions } from './key.ts';
import { mayUse, searchKeyringsOf } from './key-search.ts';
import { keysOf } from './key-store.ts';
import { KEYRING, type KeyType, REQUEST_AUTHORITY } from './key-types.ts';
import { DefaultDestination, keyringsOf, makeKeyring, setSessionKeyring, userKeyring } from './thread-keyrings.ts';

const HELPER = '/sbin/request-key';
const HELPER_ENVIRONMENT = ['HOME=/', 'PATH=/sbin:/bin:/usr/sbin:/usr/bin'];
/** Seconds that it is remembered that there is no such key (key_negative_timeout). */
const NEGATIVE_SECONDS = 60;

/** What is asked for. */
export interface KeyDemand {
  readonly type: KeyType;
  readonly description: string;
  /** For the program that makes it; undefined: none is started. */
  readonly callout: Uint8Array | undefined;
  readonly destination: Key | undefined;
}

/** The programs that build keys, and what for. */
const builders = /* @__PURE__ */ new WeakMap<
  Process,
  { readonly task: Thread; readonly key: Key; readonly authority: Key }
>();

/** Finds the key or begins to build it: then it `isBeingBuilt`. A negated error. */
export function requestKey(task: Thread, demand: KeyDemand): Key | number {
  const { type, description, callout, destination } = demand;
  const store = keysOf(task.kernel);
  store.collect();
  const found = searchKeyringsOf(task, { type, description, skipsExpired: true });
  if (typeof found !== 'number') {
    if (destination === undefined) return found.key;
    if (!mayUse(task, found, KeyRight.Link)) return -Errno.EACCES;
    const refusal = store.link(destination, found.key);
    return refusal < 0 ? refusal : found.key;
  }
  if (found !== -Errno.EAGAIN) return found;
  if (callout === undefined) return -Errno.ENOKEY;
  if (type === KEYRING) return -Errno.EPERM;
  const ring = destination ?? defaultDestination(task);
  return typeof ring === 'number' ? ring : build(task, { type, description, callout }, ring);
}

/** KEYCTL_NEGATE, KEYCTL_REJECT and a builder that fails: who looks for the key gets an error for a while. */
export function rejectKey(task: Thread, key: Key, seconds: number, errno: number): void {
  const store = keysOf(task.kernel);
  store.setExpiry(key, store.now + seconds);
  store.settle(key, -errno);
}

/** A process ended: a key that it was to build and did not is none. */
export function finishBuilding(process: Process): void {
  const builder = builders.get(process);
  if (builder === undefined) return;
  builders.delete(process);
  const { task, key, authority } = builder;
  const store = keysOf(task.kernel);
  if (key.isBeingBuilt) rejectKey(task, key, NEGATIVE_SECONDS, Errno.ENOKEY);
  store.revoke(authority);
  store.release(authority);
}

/** construct_get_dest_keyring. */
function defaultDestination(task: Thread): Key | number | undefined {
  const rings = keyringsOf(task);
  const requested = rings.authority?.isRevoked === false ? rings.authority.authority?.destination : undefined;
  const places: readonly (() => Key | number | undefined)[] = [
    () => requested,
    () => rings.thread,
    () => rings.process,
    () => rings.session,
    () => userKeyring(task, 'sessionKeyring'),
    () => userKeyring(task, 'keyring'),
  ];
  const first = {
    [DefaultDestination.Thread]: 1,
    [DefaultDestination.Process]: 2,
    [DefaultDestination.Session]: 3,
    [DefaultDestination.UserSession]: 4,
    [DefaultDestination.User]: 5,
  }[rings.destination];
  let ring: Key | number | undefined;
  for (const place of places.slice(first ?? 0)) {
    ring = place();
    if (ring !== undefined) break;
  }
  if (ring === undefined || typeof ring === 'number' || ring === requested) return ring;
  return mayUse(task, { key: ring, isPossessed: true }, KeyRight.Write) ? ring : -Errno.EACCES;
}

type Building = Pick<KeyDemand, 'type' | 'description'> & { readonly callout: Uint8Array };

function build(task: Thread, { type, description, callout }: Building, ring: Key | undefined): Key | number {
  const store = keysOf(task.kernel);
  const { user, group } = task.process.fileIdentity;
  const { View, Search, Link, SetAttributes, Read, Write } = KeyRight;
  const possessor =
    View | Search | Link | SetAttributes | (type.isReadable ? Read : 0) | (type.isUpdatable ? Write : 0);
  const key = store.allocate({ type, description, user, group, permissions: keyPermissions(possessor, View) });
  if (typeof key === 'number') return key;
  const refusal = ring === undefined ? 0 : store.link(ring, key);
  if (refusal < 0) {
    store.discard(key);
    return refusal;
  }
  key.isBeingBuilt = true;
  const failure = startBuilder(task, key, callout, ring);
  if (failure === 0) return key;
  rejectKey(task, key, NEGATIVE_SECONDS, Errno.ENOKEY);
  store.discard(key);
  return failure;
}

/** call_sbin_request_key: the program runs as the caller, in a session that holds the right to build the key. */
function startBuilder(task: Thread, key: Key, callout: Uint8Array, destination: Key | undefined): number {
  const store = keysOf(task.kernel);
  const { user, group } = task.process.fileIdentity;
  const { View, Read, Search, Link } = KeyRight;
  const authority = store.allocate({
    ...{ type: REQUEST_AUTHORITY, description: key.serial.toString(16), user, group, quota: 'outside' },
    permissions: keyPermissions(View | Read | Search | Link, View),
  });
  if (typeof authority === 'number') return authority;
  store.retain(authority);
  store.settle(authority, KeyState.Ready);
  const session = makeKeyring(task, `_req.${key.serial}`, keyPermissions(ALL_RIGHTS, View | Read), 'overrun');
  const refusal = typeof session === 'number' ? session : store.link(session, authority);
  if (typeof session === 'number' || refusal < 0) {
    store.release(authority);
    if (typeof session !== 'number') store.discard(session);
    return refusal;
  }
  const own = keyringsOf(task);
  const asked = own.authority?.authority;
  store.retain(key);
  if (destination !== undefined) store.retain(destination);
  authority.authority = {
    ...{ target: key, callout: callout.slice(), destination },
    requester: asked?.requester ?? own,
    process: asked?.process ?? task.process.id,
  };
  const numbers = [own.thread, own.process, own.session ?? userKeyring(task, 'sessionKeyring')].map((ring) =>
    String(typeof ring === 'object' ? ring.serial : 0),
  );
  const words = [HELPER, 'create', String(key.serial), String(user), String(group), ...numbers];
  const helper = startHelper(task, words, {
    environment: HELPER_ENVIRONMENT,
    prepare: (child) => {
      setSessionKeyring(child, session);
    },
  });
  if (typeof helper !== 'number') {
    builders.set(helper, { task, key, authority });
    return 0;
  }
  store.revoke(authority);
  store.release(authority);
  store.discard(session);
  return helper;
}
