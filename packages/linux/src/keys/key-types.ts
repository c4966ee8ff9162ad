// The types of keys: what content each takes and who may see it again (man 7 keyrings; security/keys/{keyring,user_defined,big_key}.c).

/** One type. */
export interface KeyType {
  readonly name: string;
  readonly isKeyring?: true;
  /** Most bytes of content; undefined: it has none. */
  readonly longestPayload?: number;
  /** Bytes an account is charged with instead of the length of the content. */
  readonly quotaBytes?: number;
  /** KEYCTL_READ shows it. */
  readonly isReadable: boolean;
  /** KEYCTL_UPDATE and a second add_key replace the content. */
  readonly isUpdatable: boolean;
  /** Replacing the content forgets the timeout. */
  readonly updateForgetsExpiry?: true;
  /** The description must name a service: "service:name". */
  readonly hasService?: true;
  /** Made by the kernel only. */
  readonly isInternal?: true;
}

export const KEYRING: KeyType = { name: 'keyring', isKeyring: true, isReadable: true, isUpdatable: false };

/** What the program that builds a key holds. */
export const REQUEST_AUTHORITY: KeyType = {
  name: '.request_key_auth',
  isReadable: true,
  isUpdatable: false,
  isInternal: true,
};

const USER_LENGTH = 32767;

/** Types by name; the rest of Linux's (asymmetric, encrypted, trusted ...) are of modules, and a kernel without them answers the same. */
const TYPES: readonly KeyType[] = [
  KEYRING,
  REQUEST_AUTHORITY,
  { name: 'user', longestPayload: USER_LENGTH, isReadable: true, isUpdatable: true, updateForgetsExpiry: true },
  {
    name: 'logon',
    longestPayload: USER_LENGTH,
    isReadable: false,
    isUpdatable: true,
    updateForgetsExpiry: true,
    hasService: true,
  },
  // Linux keeps long ones in tmpfs; the account pays for the description of that.
  { name: 'big_key', longestPayload: (1 << 20) - 1, quotaBytes: 16, isReadable: true, isUpdatable: true },
];

export function findKeyType(name: string): KeyType | undefined {
  return TYPES.find((type) => type.name === name);
}

/** The kernel's check of a description (vet_description). */
export function acceptsDescription(type: KeyType, description: string): boolean {
  return description !== '' && (type.hasService === undefined || description.indexOf(':') > 0);
}

/** The kernel's check of content (preparse). */
export function acceptsPayload(type: KeyType, payload: Uint8Array): boolean {
  if (type.isInternal) return false;
  if (type.longestPayload === undefined) return payload.length === 0;
  return payload.length > 0 && payload.length <= type.longestPayload;
}
