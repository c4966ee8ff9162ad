// A key: a named, typed secret that programs keep in the kernel, or a keyring of such (man 7 keyrings; include/linux/key.h).
import type { KeyUser } from './key-store.ts';
import type { KeyType } from './key-types.ts';
import type { RequestAuthority } from './request-authority.ts';

/** What somebody wants to do with a key: a bit of the permission mask. */
export const KeyRight = { View: 1, Read: 2, Write: 4, Search: 8, Link: 0x10, SetAttributes: 0x20 } as const;

const ALL_RIGHTS = 0x3f;
const POSSESSOR_SHIFT = 24;
const USER_SHIFT = 16;
const GROUP_SHIFT = 8;

/** A permission mask: rights of the possessor, the user, the group and others, a byte each. */
export function keyPermissions(possessor: number, user: number): number {
  return (possessor << POSSESSOR_SHIFT) | (user << USER_SHIFT);
}

/** KEY_POS_ALL | KEY_USR_ALL | KEY_GRP_ALL | KEY_OTH_ALL. */
export const EVERY_PERMISSION = 0x3f3f_3f3f;
export { ALL_RIGHTS };

/** Without content yet, with it, or below zero: the error that who looks for it gets. */
export const KeyState = { Building: 0, Ready: 1 } as const;

/** What a key is made of. */
export interface KeyParts {
  readonly serial: number;
  readonly type: KeyType;
  readonly description: string;
  readonly user: number;
  readonly group: number;
  readonly permissions: number;
  readonly isInQuota: boolean;
  readonly account: KeyUser;
}

/** One key. Who changes its content also pays for it: see key-store.ts. */
export class Key {
  readonly serial: number;
  readonly type: KeyType;
  readonly description: string;
  user: number;
  group: number;
  permissions: number;
  readonly isInQuota: boolean;
  /** Whose quota it counts in. */
  account: KeyUser;
  state: number = KeyState.Building;
  /** Seconds since 1970 at which it stops to be of use; undefined: never. */
  expiry: number | undefined;
  isRevoked = false;
  isInvalidated = false;
  /** Somebody was asked to give it content (KEY_FLAG_USER_CONSTRUCT). */
  isBeingBuilt = false;
  /** "_uid.N" and "_uid_ses.N" as the kernel made them (KEY_FLAG_UID_KEYRING). */
  isUserKeyring = false;
  /** KEYCTL_RESTRICT_KEYRING without a type: nothing more is linked to it. */
  refusesLinks = false;
  /** Bytes of content that the account is charged with. */
  chargedBytes = 0;
  /** Content of keys that have bytes. */
  payload: Uint8Array | undefined;
  /** Content of keyrings, by {@link indexOf}. */
  readonly links = new Map<string, Key>();
  /** Content of an authority to build a key. */
  authority: RequestAuthority | undefined;
  /** Links and threads that hold it; without any it goes. */
  references = 0;

  constructor(parts: KeyParts) {
    this.serial = parts.serial;
    this.type = parts.type;
    this.description = parts.description;
    this.user = parts.user;
    this.group = parts.group;
    this.permissions = parts.permissions;
    this.isInQuota = parts.isInQuota;
    this.account = parts.account;
  }

  get isKeyring(): boolean {
    return this.type.isKeyring === true;
  }

  /** A keyring has one key of a type and description. */
  get index(): string {
    return indexOf(this.type, this.description);
  }
}

/** Under which name a keyring links a key. */
export function indexOf(type: KeyType, description: string): string {
  return `${type.name}\0${description}`;
}

/** A key, and whether it was found in a keyring of the thread that asks. */
export interface KeyReference {
  readonly key: Key;
  readonly isPossessed: boolean;
}

/** The rights that a mask gives, by the part of it that counts. */
export function rightsOf({ permissions }: Key, who: 'possessor' | 'user' | 'group' | 'others'): number {
  const shift = { possessor: POSSESSOR_SHIFT, user: USER_SHIFT, group: GROUP_SHIFT, others: 0 }[who];
  return (permissions >> shift) & ALL_RIGHTS;
}
