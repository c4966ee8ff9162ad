// Compares what two ELF files put into memory, segment by segment, in small blocks: the proof that a rewrite kept the program.
import type { ByteSource } from '../byte-source.ts';
import { parseElf } from '../formats/elf/elf.ts';
import { type ProgramHeader, PT } from '../formats/elf/program-header.ts';
import type { RewriteChange } from './rewrite-plan.ts';

/** Bytes [address, address + length) that differ. */
export interface LoadedDifference {
  /** Index of the program header in the first file. */
  readonly segment: number;
  readonly address: bigint;
  readonly length: number;
  /** Where the bytes are in the second file. */
  readonly offset: number;
}

/** What was compared, and what was found. */
export interface LoadedComparison {
  readonly segments: number;
  readonly comparedBytes: number;
  /** Bytes that differ inside the announced changes. */
  readonly announcedBytes: number;
  /** What differs elsewhere; neighbouring bytes are one difference. At most 1000 are kept. */
  readonly differences: readonly LoadedDifference[];
  /** Segments that do not fit each other at all, as sentences. */
  readonly mismatches: readonly string[];
}

const BLOCK_BYTES = 1 << 18;
const MOST_DIFFERENCES = 1000;

/**
 * Compares the memory that the PT_LOADs of `before` describe with that of `after`: every byte of the file part at its address,
 * permissions, and the end of the zeroed part. `after` may map more. PT_LOADs are compared in order.
 *
 * @param announced changes of `after` that were meant: a plan's `changes`.
 * @throws ParseError when one of them is not ELF.
 * @example
 * ```ts
 * const { differences, mismatches } = compareLoaded(original, rewritten, plan.changes); // both empty
 * ```
 */
export function compareLoaded(
  before: ByteSource,
  after: ByteSource,
  announced: readonly RewriteChange[] = [],
): LoadedComparison {
  const loadsOf = (source: ByteSource) => parseElf(source).programHeaders.filter(({ type }) => type === PT.LOAD);
  const [old, fresh] = [loadsOf(before), loadsOf(after)];
  const found: Found = { announced, announcedBytes: 0, differences: [] };
  const mismatches: string[] = [];
  let comparedBytes = 0;
  if (old.length !== fresh.length) mismatches.push(`${old.length} PT_LOADs became ${fresh.length}.`);
  old.slice(0, fresh.length).forEach((segment, index) => {
    const mismatch = fits(segment, fresh[index]);
    if (mismatch) {
      mismatches.push(mismatch);
      return;
    }
    comparedBytes += compareSegment(before, after, segment, fresh[index], found);
  });
  const { announcedBytes, differences } = found;
  return { segments: old.length, comparedBytes, announcedBytes, differences, mismatches };
}

interface Found {
  readonly announced: readonly RewriteChange[];
  announcedBytes: number;
  readonly differences: LoadedDifference[];
}

function fits(old: ProgramHeader, fresh: ProgramHeader): string | undefined {
  const name = `Program header ${old.index}`;
  if (old.flags !== fresh.flags) return `${name}: the permissions ${old.flags} became ${fresh.flags}.`;
  if (fresh.vaddr > old.vaddr) return `${name}: the start 0x${old.vaddr.toString(16)} is no longer mapped.`;
  if (old.vaddr + old.filesz !== fresh.vaddr + fresh.filesz) return `${name}: the end of the file's bytes moved.`;
  if (old.vaddr + old.memsz !== fresh.vaddr + fresh.memsz) return `${name}: the end of the zeroed bytes moved.`;
  return undefined;
}

/** @returns how many bytes were compared; bytes beyond the end of both files are none. */
function compareSegment(
  before: ByteSource,
  after: ByteSource,
  old: ProgramHeader,
  fresh: ProgramHeader,
  found: Found,
): number {
  const start = Number(old.offset);
  const freshStart = Number(fresh.offset + (old.vaddr - fresh.vaddr));
  const length = Math.min(Number(old.filesz), Math.max(before.size - start, after.size - freshStart, 0));
  for (let done = 0; done < length; done += BLOCK_BYTES) {
    const size = Math.min(BLOCK_BYTES, length - done);
    const left = before.read(start + done, size);
    const right = after.read(freshStart + done, size);
    for (let index = 0; index < size; index++) {
      if (left[index] !== right[index]) note(found, old, done + index, freshStart + done + index);
    }
  }
  return length;
}

function note(found: Found, old: ProgramHeader, at: number, offset: number): void {
  const { announced, differences } = found;
  if (announced.some((change) => offset >= change.offset && offset - change.offset < change.length)) {
    found.announcedBytes++;
    return;
  }
  const last = differences.at(-1);
  if (last && last.segment === old.index && last.offset + last.length === offset) {
    differences[differences.length - 1] = { ...last, length: last.length + 1 };
  } else if (differences.length < MOST_DIFFERENCES) {
    differences.push({ segment: old.index, address: old.vaddr + BigInt(at), length: 1, offset });
  }
}
