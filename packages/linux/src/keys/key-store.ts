// All keys of a machine: their numbers, what they cost their users, and when they go (security/keys/key.c, gc.c).
import { Errno, type Kernel, WaitQueue } from '@elf/kernel';
import { settingOf } from '../proc/system-settings.ts';
import { Key, KeyState } from './key.ts';
import { acceptsDescription, type KeyType } from './key-types.ts';

/** A link of a keyring costs this (KEYQUOTA_LINK_BYTES). */
const LINK_BYTES = 4;
/** Bound of what all users together make the host keep, whatever the quotas say; each key costs beside its content. */
const MOST_BYTES = 64 << 20;
const KEY_BYTES = 512;

/** What a user has: lines of /proc/key-users. */
export interface KeyUser {
  readonly id: number;
  keys: number;
  readyKeys: number;
  /** Those that count in the quota, and their bytes. */
  quotaKeys: number;
  quotaBytes: number;
  keyring: Key | undefined;
  sessionKeyring: Key | undefined;
}

/** How a new key counts: within the quota, in it though it is full, or not. */
export type QuotaRule = 'within' | 'overrun' | 'outside';

/** What a new key is to be. */
export interface KeyRequest {
  readonly type: KeyType;
  readonly description: string;
  readonly user: number;
  readonly group: number;
  readonly permissions: number;
  readonly quota?: QuotaRule;
}

/** The keys of one kernel. */
export class KeyStore {
  readonly keys = new Map<number, Key>();
  readonly users = new Map<number, KeyUser>();
  /** Woken when a key that somebody builds is ready or refused. */
  readonly built = new WaitQueue();
  readonly #kernel: Kernel;
  #bytes = 0;
  /** When to look for expired keys next; never, while none can expire. */
  #nextCollection = Number.POSITIVE_INFINITY;
  /** Keys that are about to go. */
  readonly #unused: Key[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Seconds since 1970. */
  get now(): number {
    return Number(this.#kernel.host.clock.realtime() / 1_000_000_000n);
  }

  /** A key that nothing holds yet; a negated error: no description, quota, memory. */
  allocate(request: KeyRequest): Key | number {
    const { type, description, user, quota = 'within' } = request;
    if (!acceptsDescription(type, description)) return -Errno.EINVAL;
    const account = this.accountOf(user);
    const bytes = description.length + 1;
    const { keys, quotaBytes } = this.limitsOf(user);
    if (quota === 'within' && (account.quotaKeys + 1 > keys || account.quotaBytes + bytes > quotaBytes))
      return this.#forgetAccount(account, -Errno.EDQUOT);
    if (this.#bytes + KEY_BYTES + bytes > MOST_BYTES) return this.#forgetAccount(account, -Errno.ENOMEM);
    const key = new Key({ ...request, serial: this.#freeSerial(), isInQuota: quota !== 'outside', account });
    this.#bytes += KEY_BYTES + bytes;
    account.keys++;
    if (key.isInQuota) {
      account.quotaKeys++;
      account.quotaBytes += bytes;
    }
    this.keys.set(key.serial, key);
    return key;
  }

  /** Charges the account with another length of the content (key_payload_reserve). */
  charge(key: Key, bytes: number): number {
    const more = bytes - key.chargedBytes;
    const { account } = key;
    if (key.isInQuota && more > 0 && account.quotaBytes + more > this.limitsOf(account.id).quotaBytes)
      return -Errno.EDQUOT;
    if (key.isInQuota) account.quotaBytes += more;
    key.chargedBytes = bytes;
    return 0;
  }

  /** Gives a key bytes, for the first time or new ones. */
  setPayload(key: Key, payload: Uint8Array | undefined): number {
    const more = (payload?.length ?? 0) - (key.payload?.length ?? 0);
    if (more > 0 && this.#bytes + more > MOST_BYTES) return -Errno.ENOMEM;
    const refusal = this.charge(key, payload === undefined ? 0 : (key.type.quotaBytes ?? payload.length));
    if (refusal < 0) return refusal;
    this.#bytes += more;
    key.payload = payload;
    return 0;
  }

  /** A key has its content, or the error its seekers get; who waits for it looks again. */
  settle(key: Key, state: number): void {
    if (key.state === KeyState.Building) key.account.readyKeys++;
    key.state = state;
    if (!key.isBeingBuilt) return;
    key.isBeingBuilt = false;
    this.built.wake();
  }

  /** Puts a key into a keyring in place of one of its name; their right to is the caller's affair. */
  link(ring: Key, key: Key): number {
    if (ring.refusesLinks) return -Errno.EPERM;
    const { index } = key;
    const before = ring.links.get(index);
    if (before === key) return 0;
    if (before === undefined) {
      const refusal = this.charge(ring, ring.chargedBytes + LINK_BYTES);
      if (refusal < 0) return refusal;
    }
    key.references++;
    ring.links.set(index, key);
    if (before !== undefined) this.release(before);
    return 0;
  }

  /** Takes a key out of a keyring; false when it is not in it. */
  unlink(ring: Key, key: Key): boolean {
    const { index } = key;
    if (ring.links.get(index) !== key) return false;
    ring.links.delete(index);
    this.charge(ring, ring.chargedBytes - LINK_BYTES);
    this.release(key);
    return true;
  }

  clear(ring: Key): void {
    for (const key of [...ring.links.values()]) this.unlink(ring, key);
  }

  retain(key: Key): Key {
    key.references++;
    return key;
  }

  /** Lets go of a key; nobody holds it any more: it is gone. */
  release(key: Key | undefined): void {
    if (key === undefined) return;
    key.references--;
    this.discard(key);
  }

  /** Drops a key that nothing came to hold. Keyrings in keyrings go one after the other: there may be many. */
  discard(key: Key): void {
    if (key.references > 0) return;
    this.#unused.push(key);
    if (this.#unused.length > 1) return;
    for (let first = this.#unused[0]; first !== undefined; first = this.#unused[0]) {
      this.#forget(first);
      this.#unused.shift();
    }
  }

  #forget(key: Key): void {
    if (!this.keys.delete(key.serial)) return;
    const { authority, account } = key;
    key.isInvalidated = true;
    this.clear(key);
    this.setPayload(key, undefined);
    if (authority !== undefined) {
      key.authority = undefined;
      this.release(authority.target);
      this.release(authority.destination);
    }
    const bytes = key.description.length + 1;
    this.#bytes -= KEY_BYTES + bytes;
    account.keys--;
    if (key.state !== KeyState.Building) account.readyKeys--;
    if (key.isInQuota) {
      account.quotaKeys--;
      account.quotaBytes -= bytes;
    }
    this.#forgetAccount(account, 0);
  }

  /** KEYCTL_REVOKE: its content goes, its name stays where it is linked. */
  revoke(key: Key): void {
    if (key.isRevoked) return;
    key.isRevoked = true;
    if (key.isKeyring) this.clear(key);
    else this.setPayload(key, undefined);
  }

  /** KEYCTL_INVALIDATE: it leaves every keyring at once. */
  invalidate(key: Key): void {
    key.isInvalidated = true;
    this.#unlinkWhere((each) => each === key);
  }

  /** Another user pays (KEYCTL_CHOWN). */
  moveAccount(key: Key, user: number): number {
    const account = this.accountOf(user);
    const bytes = key.description.length + 1 + key.chargedBytes;
    const { keys, quotaBytes } = this.limitsOf(user);
    if (key.isInQuota && (account.quotaKeys + 1 > keys || account.quotaBytes + bytes > quotaBytes))
      return this.#forgetAccount(account, -Errno.EDQUOT);
    for (const [each, sign] of [
      [key.account, -1],
      [account, 1],
    ] as const) {
      each.keys += sign;
      if (key.state !== KeyState.Building) each.readyKeys += sign;
      if (key.isInQuota) {
        each.quotaKeys += sign;
        each.quotaBytes += sign * bytes;
      }
    }
    const before = key.account;
    key.account = account;
    return this.#forgetAccount(before, 0);
  }

  /** A key is of no use from a second since 1970 on; undefined: it stays. */
  setExpiry(key: Key, expiry: number | undefined): void {
    key.expiry = expiry;
    if (expiry !== undefined) this.#nextCollection = Math.min(this.#nextCollection, expiry);
  }

  /** Keys that expired a while ago leave their keyrings (/proc/sys/kernel/keys/gc_delay). */
  collect(): void {
    const { now } = this;
    if (now < this.#nextCollection) return;
    const [delay] = settingOf(this.#kernel, 'kernel/keys/gc_delay');
    this.#nextCollection = now + 1;
    this.#unlinkWhere(({ expiry }) => expiry !== undefined && expiry + delay <= now);
  }

  accountOf(user: number): KeyUser {
    const known = this.users.get(user);
    if (known !== undefined) return known;
    const none = { keys: 0, readyKeys: 0, quotaKeys: 0, quotaBytes: 0, keyring: undefined, sessionKeyring: undefined };
    const made: KeyUser = { id: user, ...none };
    this.users.set(user, made);
    return made;
  }

  /** Most keys and bytes of a user. */
  limitsOf(user: number): { readonly keys: number; readonly quotaBytes: number } {
    const prefix = user === 0 ? 'root_' : '';
    const [keys] = settingOf(this.#kernel, `kernel/keys/${prefix}maxkeys`);
    const [quotaBytes] = settingOf(this.#kernel, `kernel/keys/${prefix}maxbytes`);
    return { keys, quotaBytes };
  }

  #unlinkWhere(goes: (key: Key) => boolean): void {
    for (const ring of [...this.keys.values()])
      if (ring.isKeyring) for (const key of [...ring.links.values()]) if (goes(key)) this.unlink(ring, key);
  }

  #forgetAccount(account: KeyUser, result: number): number {
    if (account.keys === 0) this.users.delete(account.id);
    return result;
  }

  /** A random positive number: those of other users cannot be guessed (key_alloc_serial). */
  #freeSerial(): number {
    const bytes = new Uint8Array(4);
    for (;;) {
      this.#kernel.host.entropy.fill(bytes);
      const serial = new DataView(bytes.buffer).getUint32(0, true) >>> 1;
      if (serial > 2 && !this.keys.has(serial)) return serial;
    }
  }
}

const ofKernels = /* @__PURE__ */ new WeakMap<Kernel, KeyStore>();

/** The keys of a machine. */
export function keysOf(kernel: Kernel): KeyStore {
  const known = ofKernels.get(kernel);
  if (known !== undefined) return known;
  const made = new KeyStore(kernel);
  ofKernels.set(kernel, made);
  return made;
}
