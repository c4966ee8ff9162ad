// The shared mappings of one file in all processes: who could store to it, and what has yet to reach it.
import type { Kernel, OpenFile } from '@elf/kernel';
import { type AddressSpace, AreaFlag, type Vma } from '@elf/mm';

/** MS_SYNC of msync(2). */
const MS_SYNC = 4;

/** Shared mappings of a file, with the address spaces they are in. */
export function sharedMappings(kernel: Kernel, file: OpenFile): { space: AddressSpace; area: Readonly<Vma> }[] {
  const identity = file.mappedAs?.();
  if (identity === undefined) return [];
  const spaces = new Set([...kernel.processes.values()].map(({ space }) => space));
  return [...spaces].flatMap((space) =>
    space.areas
      .filter(({ backing, flags }) => backing?.identity === identity && (flags & AreaFlag.Shared) !== 0)
      .map((area) => ({ space, area })),
  );
}

/** Stores through mappings reach the file, as fsync(2) promises. Returns 0 or a negated error number. */
export function writeBackMappings(kernel: Kernel, file: OpenFile): number {
  const results = sharedMappings(kernel, file).map(({ space, area: { start, end } }) =>
    space.synchronize(start, end - start, MS_SYNC),
  );
  return results.find((result) => result < 0) ?? 0;
}
