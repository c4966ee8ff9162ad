// Keyrings by their name: sessions that programs join, and those that stay when their user is gone (man 7 session-keyring, persistent-keyring).
import { Errno, type Process, type Thread } from '@elf/kernel';
import { hasCapability } from '../capabilities.ts';
import { settingOf } from '../proc/system-settings.ts';
import { findKey } from './find-key.ts';
import { ALL_RIGHTS, type Key, KeyRight, KeyState, keyPermissions } from './key.ts';
import { mayUse, validate } from './key-search.ts';
import { type KeyStore, keysOf } from './key-store.ts';
import { KEYRING } from './key-types.ts';
import { keyringsOf, makeKeyring, setSessionKeyring } from './thread-keyrings.ts';

const CAP_SETUID = 7;
const { View, Read, Link, Search, SetAttributes } = KeyRight;
const SESSION = -3;
const NAMED_PERMISSIONS = /* @__PURE__ */ keyPermissions(ALL_RIGHTS, View | Read | Link);
const PERSISTENT_PERMISSIONS = /* @__PURE__ */ keyPermissions(ALL_RIGHTS & ~SetAttributes, View | Read);

/** KEYCTL_JOIN_SESSION_KEYRING: a new session, or one of this name that lets itself be searched. */
export function joinSession(task: Thread, name?: string): number {
  if (name === undefined) return serialOf(setSessionKeyring(task));
  const store = keysOf(task.kernel);
  const known = [...store.keys.values()].find(
    (key) =>
      key.isKeyring &&
      key.description === name &&
      validate(task, key) === 0 &&
      mayUse(task, { key, isPossessed: false }, Search),
  );
  const ring = known ?? makeKeyring(task, name, NAMED_PERMISSIONS);
  if (typeof ring === 'number') return ring;
  return ring === keyringsOf(task).session ? ring.serial : serialOf(setSessionKeyring(task, ring));
}

/** KEYCTL_SESSION_TO_PARENT: the parent's session becomes the caller's. */
export function sessionToParent(task: Thread): number {
  const found = findKey(task, SESSION, { right: Link });
  if (typeof found === 'number') return found;
  const { parent } = task.process;
  const [heir, ...others] = parent?.threads ?? [];
  if (parent === undefined || heir === undefined || others.length > 0) return -Errno.EPERM;
  if (!isSameUser(parent, task.process)) return -Errno.EPERM;
  const { session } = keyringsOf(heir);
  if (session === found.key) return 0;
  const { effectiveUser } = task.process.credentials;
  if (found.key.user !== effectiveUser || (session !== undefined && session.user !== effectiveUser))
    return -Errno.EPERM;
  const result = setSessionKeyring(heir, found.key);
  return typeof result === 'number' ? result : 0;
}

/** KEYCTL_GET_PERSISTENT: a keyring of the user that nobody must hold, until it was not asked for long enough. */
export function persistentKeyring(task: Thread, asked: number): Key | number {
  const { user, effectiveUser } = task.process.credentials;
  const owner = asked === -1 ? user : asked;
  if (owner !== user && owner !== effectiveUser && !hasCapability(task.process, CAP_SETUID)) return -Errno.EPERM;
  const store = keysOf(task.kernel);
  const register = registerOf(store);
  const description = `_persistent.${owner}`;
  const known = register.get(owner);
  if (known !== undefined && validate(task, known) === 0) return renew(task, known);
  const made = store.allocate({
    ...{ type: KEYRING, description, user: owner, group: -1, permissions: PERSISTENT_PERMISSIONS, quota: 'outside' },
  });
  if (typeof made === 'number') return made;
  store.settle(made, KeyState.Ready);
  register.set(owner, store.retain(made));
  store.release(known);
  return renew(task, made);
}

const registers = /* @__PURE__ */ new WeakMap<KeyStore, Map<number, Key>>();

function registerOf(store: KeyStore): Map<number, Key> {
  const known = registers.get(store) ?? new Map<number, Key>();
  registers.set(store, known);
  return known;
}

function renew(task: Thread, key: Key): Key {
  const store = keysOf(task.kernel);
  const [seconds] = settingOf(task.kernel, 'kernel/keys/persistent_keyring_expiry');
  store.setExpiry(key, store.now + seconds);
  return key;
}

function isSameUser({ credentials: theirs }: Process, { credentials: own }: Process): boolean {
  const users = [theirs.user, theirs.effectiveUser, theirs.savedUser];
  const groups = [theirs.group, theirs.effectiveGroup, theirs.savedGroup];
  return users.every((each) => each === own.effectiveUser) && groups.every((each) => each === own.effectiveGroup);
}

const serialOf = (ring: Key | number) => (typeof ring === 'number' ? ring : ring.serial);
