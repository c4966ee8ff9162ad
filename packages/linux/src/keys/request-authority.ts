// The right to give one key its content, as the program holds it that the kernel starts for a request (man 7 keyrings, request-key).
import type { Key } from './key.ts';
import type { ThreadKeyrings } from './thread-keyrings.ts';

/** Content of a key of type .request_key_auth. */
export interface RequestAuthority {
  /** The key to build. */
  readonly target: Key;
  /** What request_key(2) was given for the builder. */
  readonly callout: Uint8Array;
  /** Where the requester wants the key. */
  readonly destination: Key | undefined;
  /** The keyrings of the requester: the builder finds keys in them. */
  readonly requester: ThreadKeyrings;
  /** Process number of the requester. */
  readonly process: number;
}
