// Limits on what archives may make us unpack: a bomb costs bounded memory and time, and is named as one.

/** Compressed members are held in memory while they are checked, one at a time. */
export const LARGEST_MEMBER_BYTES = 256 << 20;
/** Unpacked bytes of one archive on disk, members of members included. */
export const MOST_UNPACKED_BYTES = 8 * 2 ** 30;
/** Archives inside archives: a package in a tarball, and what is in the package. */
export const DEEPEST_NESTING = 2;

/** An archive, or one member of it, that goes beyond a limit. */
export class ArchiveLimit extends Error {
  override readonly name = 'ArchiveLimit';
  /** What is given up: the member alone, or everything that follows it too. */
  readonly scope: 'member' | 'archive';

  constructor(scope: 'member' | 'archive', sentence: string) {
    super(sentence);
    this.scope = scope;
  }
}

/** Counts the bytes one archive on disk has been unpacked to. */
export class UnpackBudget {
  readonly #limit: number;
  #left: number;

  constructor(limit = MOST_UNPACKED_BYTES) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** @throws ArchiveLimit when no more may be unpacked. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0)
      throw new ArchiveLimit(
        'archive',
        `the archive unpacks to more than ${this.#limit} bytes; unpack it and check the directory`,
      );
  }
}

/** Bytes of a member of an archive, as they are unpacked. */
export interface MemberStream {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Stops unpacking this member. */
  stop(): unknown;
}

/**
 * Unpacks a member if its first bytes are of interest, otherwise stops after them.
 * @param headBytes how many bytes `isOfInterest` wants to see.
 * @param budget pays for the bytes, unless somebody else has.
 * @returns the bytes, or undefined when they are of no interest.
 * @throws ArchiveLimit for a member or an archive that is too large.
 */
export async function collectMember(
  member: MemberStream,
  headBytes: number,
  isOfInterest: (head: Uint8Array) => boolean,
  budget?: UnpackBudget,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let decided = false;
  try {
    for await (const chunk of member.chunks) {
      budget?.spend(chunk.length);
      parts.push(chunk);
      length += chunk.length;
      if (!decided && length >= headBytes) {
        decided = true;
        if (!isOfInterest(joined(parts, length))) return undefined;
      }
      if (length > LARGEST_MEMBER_BYTES)
        throw new ArchiveLimit(
          'member',
          `larger than ${LARGEST_MEMBER_BYTES} bytes and compressed; unpack the archive and check the file`,
        );
    }
  } finally {
    member.stop();
  }
  const bytes = joined(parts, length);
  return decided || isOfInterest(bytes) ? bytes : undefined;
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
