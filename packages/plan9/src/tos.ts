// The top-of-stack structure (sys/include/tos.h): what the kernel keeps up to date of it.

/** Offsets of the fields this system writes. */
interface TosOffsets {
  /** Process id, 4 bytes. */
  readonly pid: number;
}

const OFFSETS: Readonly<Record<4 | 8, TosOffsets>> = { 4: { pid: 48 }, 8: { pid: 64 } };

/** The offsets by the bytes of a word. */
export function tosOffsets(wordBytes: 4 | 8): TosOffsets {
  return OFFSETS[wordBytes];
}
