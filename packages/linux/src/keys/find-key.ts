// A key by the number a program gives: a serial number or one of the KEY_SPEC_* (security/keys/process_keys.c, lookup_user_key).
import { Errno, type Thread } from '@elf/kernel';
import { type Key, type KeyReference, KeyState } from './key.ts';
import { isPossessed, mayUse, validate } from './key-search.ts';
import { keysOf } from './key-store.ts';
import { keyringsOf, ownKeyring, setSessionKeyring, userKeyring } from './thread-keyrings.ts';

/** KEY_SPEC_*. */
const Special = {
  Thread: -1,
  Process: -2,
  Session: -3,
  User: -4,
  UserSession: -5,
  Authority: -7,
  Requestor: -8,
} as const;

/** The result of a look at a key that somebody is still building: the caller waits and looks again. No error number is as low. */
export const STILL_BUILDING = -0x10000;

/** What else a look-up does. */
export interface LookUp {
  /** Makes the keyring of a thread, process or session that is not there yet. */
  readonly creates?: boolean;
  /** A key that is being built will do. */
  readonly partial?: boolean;
  /** What the caller wants to do with it; 'later': it judges itself; 'unlink': nothing is asked of the key. */
  readonly right: number | 'later' | 'unlink';
}

/** Finds the key and judges; a negated error or {@link STILL_BUILDING}. */
export function findKey(task: Thread, id: number, { creates = false, partial = false, right }: LookUp) {
  const store = keysOf(task.kernel);
  store.collect();
  const found = id < 0 ? findSpecial(task, id, creates) : findSerial(task, id);
  if (typeof found === 'number') return found;
  const { key } = found;
  if (right !== 'unlink') {
    const refusal = partial ? (right === 'later' ? 0 : validate(task, key)) : refusalOf(task, key, right === 'later');
    if (refusal < 0) return refusal;
  }
  if (typeof right === 'number' && !mayUse(task, found, right)) return -Errno.EACCES;
  return found;
}

/** wait_for_key_construction; who judges later still cannot use a key without content. */
function refusalOf(task: Thread, key: Key, judgesLater: boolean): number {
  if (key.isBeingBuilt) return STILL_BUILDING;
  const refusal = key.state < 0 ? key.state : validate(task, key);
  if (refusal < 0 && !judgesLater) return refusal;
  return key.state === KeyState.Building ? -Errno.EIO : 0;
}

function findSerial(task: Thread, id: number): KeyReference | number {
  const key = keysOf(task.kernel).keys.get(id);
  if (id === 0) return -Errno.EINVAL;
  return key === undefined ? -Errno.ENOKEY : { key, isPossessed: isPossessed(task, key) };
}

function findSpecial(task: Thread, id: number, creates: boolean): KeyReference | number {
  const rings = keyringsOf(task);
  const possessed = (key: Key | number | undefined) => {
    if (key === undefined) return -Errno.ENOKEY;
    return typeof key === 'number' ? key : { key, isPossessed: true };
  };
  switch (id) {
    case Special.Thread:
      return possessed(creates ? ownKeyring(task, 'thread') : rings.thread);
    case Special.Process:
      return possessed(creates ? ownKeyring(task, 'process') : rings.process);
    case Special.Session:
      return possessed(sessionKeyring(task, creates));
    case Special.User:
      return possessed(userKeyring(task, 'keyring'));
    case Special.UserSession:
      return possessed(userKeyring(task, 'sessionKeyring'));
    case Special.Authority:
      return possessed(rings.authority);
    case Special.Requestor: {
      const { authority } = rings;
      if (authority === undefined) return -Errno.ENOKEY;
      return authority.isRevoked ? -Errno.EKEYREVOKED : possessed(authority.authority?.destination);
    }
    // KEY_SPEC_GROUP_KEYRING: "group keyrings are not yet supported".
    default:
      return -Errno.EINVAL;
  }
}

/** Who has no session keyring gets the user's, or a new one to put something in. */
function sessionKeyring(task: Thread, creates: boolean): Key | number {
  const { session } = keyringsOf(task);
  if (session !== undefined && !(session.isUserKeyring && creates)) return session;
  if (creates) return setSessionKeyring(task);
  const ring = userKeyring(task, 'sessionKeyring');
  return typeof ring === 'number' ? ring : setSessionKeyring(task, ring);
}
