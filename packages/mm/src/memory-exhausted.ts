// The error of a permanent reservation that does not fit into the memory's maximum.

const marker = Symbol.for('@elf/mm/MemoryExhausted');

/** A region could not be reserved. Guest pages never cause it: they report `FaultCause.OutOfMemory` as a value. */
export class MemoryExhausted extends Error {
  readonly code = 'memory-exhausted';
  /** Bytes that were asked for. */
  readonly lengthInBytes: number;

  constructor(lengthInBytes: number) {
    super(`The guest memory has no room for a region of ${lengthInBytes} bytes.`);
    this.name = 'MemoryExhausted';
    this.lengthInBytes = lengthInBytes;
    Object.defineProperty(this, marker, { value: true });
  }

  /** Whether `value` is this error, also when it comes from another copy of the package. */
  static isInstance(value: unknown): value is MemoryExhausted {
    return typeof value === 'object' && value !== null && marker in value;
  }
}
