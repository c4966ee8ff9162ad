// The entropy port: random bytes for getrandom, AT_RANDOM and /dev/urandom.

/** A source of random bytes. */
export interface Entropy {
  fill(target: Uint8Array): void;
}
