// Putting exact bytes into mapped pages whatever their permissions are: whole pages as mappings, only the ragged ends as copies.
import { type AddressSpace, type Backing, Protection, UserMemory } from '@elf/mm';
import { guestPageAddress, guestPageCeiling, guestPageOffset, roundDown } from '@elf/pagesize';
import { ExecErrno } from './exec-errno.ts';
import type { ExecFile } from './exec-request.ts';
import { windowBacking } from './plan9/window-backing.ts';

/**
 * Reads file bytes into [start, start + length) as pread(2) would: what lies past the end of the file keeps its content.
 * Whole pages become private mappings of the file with the permissions of the page they replace, so that nothing is read
 * before it is touched, however askew the bytes lie in the file.
 * @returns 0, or a negative error number: EFAULT where nothing is mapped.
 */
export function fillFromFile(
  space: AddressSpace,
  { source, backing }: ExecFile,
  start: number,
  length: number,
  fileOffset: number,
): number {
  if (fileOffset < 0 || backing === undefined) return -ExecErrno.EINVAL;
  const available = Math.min(length, source.size - fileOffset);
  if (available <= 0) return 0;
  const copy = (from: number, bytes: number) => source.read(fileOffset + (from - start), bytes);
  let window: { readonly backing: Backing; readonly offset: number } | undefined;
  const place = (from: number) => {
    // Congruent pages are the file's own and shared by all who map it; others see it through a window of their own.
    window ??=
      guestPageOffset(start - fileOffset) === 0
        ? { backing, offset: fileOffset - start }
        : { backing: windowBacking(backing, fileOffset + (from - start), source.size), offset: -from };
    return { backing: window.backing, offset: from + window.offset };
  };
  return fill(space, start, start + available, copy, place);
}

/**
 * Zeroes [start, start + length): whole pages become anonymous memory with the permissions of the page they replace.
 * @returns 0, or a negative error number: EFAULT where nothing is mapped.
 */
export function fillWithZeros(space: AddressSpace, start: number, length: number): number {
  return fill(
    space,
    start,
    start + length,
    (_from, bytes) => new Uint8Array(bytes),
    () => ({}),
  );
}

/**
 * @param copy bytes for the ragged ends, never more than two pages in all.
 * @param place what to map over whole pages.
 */
function fill(
  space: AddressSpace,
  start: number,
  end: number,
  copy: (from: number, bytes: number) => Uint8Array,
  place: (from: number) => { readonly backing?: Backing; readonly offset?: number },
): number {
  const firstWhole = Math.min(guestPageCeiling(start), end);
  const lastWhole = Math.max(guestPageAddress(end), firstWhole);
  const isFilled =
    store(space, start, copy(start, firstWhole - start)) && store(space, lastWhole, copy(lastWhole, end - lastWhole));
  if (!isFilled) return -ExecErrno.EFAULT;
  for (let from = firstWhole; from < lastWhole; ) {
    const area = space.find(from);
    if (area === undefined) return -ExecErrno.EFAULT;
    const to = Math.min(lastWhole, area.end);
    const { protection } = area;
    const mapped = space.map({ address: from, length: to - from, protection, fixed: 'replace', ...place(from) });
    if (mapped < 0) return mapped;
    from = to;
  }
  return 0;
}

/** Stores bytes into one page, which becomes writable for that moment. */
function store(space: AddressSpace, address: number, bytes: Uint8Array): boolean {
  if (bytes.length === 0) return true;
  const area = space.find(address);
  if (area === undefined) return false;
  const user = new UserMemory(space);
  const { protection } = area;
  if (protection & Protection.Write) return user.write(address, bytes);
  const { mappingGranularity } = space.layout;
  const page = roundDown(address, mappingGranularity);
  space.protect(page, mappingGranularity, Protection.Read | Protection.Write);
  const isStored = user.write(address, bytes);
  space.protect(page, mappingGranularity, protection);
  return isStored;
}
