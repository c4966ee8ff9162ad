// Mapping one PT_LOAD as the kernel does: file pages, the zeroed tail, and the anonymous pages after it (fs/binfmt_elf.c, elf_load).
import { Protection, UserMemory } from '@elf/mm';
import { GUEST_PAGE_BYTES, isPowerOfTwo, offsetWithin, roundDown, roundUp } from '@elf/pagesize';
import { PF, type ProgramHeader } from '@elf/parse';
import { ExecErrno } from './exec-errno.ts';
import { hex } from './exec-record.ts';
import type { ExecFile } from './exec-request.ts';
import type { ImageTarget } from './image-target.ts';
import { fillFromFile, fillWithZeros } from './page-filler.ts';

/** MAX_LFS_FILESIZE: no offset of a file may exceed it (mm/mmap.c, file_mmap_size_max). */
const LARGEST_FILE_BYTES = 2n ** 63n - 1n;

/** How a segment's address is meant. */
export type Fixing = 'replace' | 'no-replace' | undefined;

/** What is said of a segment that no mapping of whole pages puts where it belongs. */
export function incongruence({ index, offset, vaddr }: ProgramHeader, pageBytes: number): string {
  return `PT_LOAD ${index} has offset ${hex(offset)} and address ${hex(vaddr)}, which differ within the page of ${pageBytes} bytes.`;
}

/** A failure while mapping; always after the point of no return. */
export interface MapFailure {
  readonly errno: number;
  readonly rule: string;
  readonly sentence: string;
}

/** PROT_* bits of p_flags; for programs whose data is executable by default, what can be read can be executed. */
export function protectionOf(flags: number, readImpliesExecute: boolean): number {
  const isExecutable = (flags & PF.X) !== 0 || (readImpliesExecute && (flags & PF.R) !== 0);
  return (
    (flags & PF.R ? Protection.Read : 0) |
    (flags & PF.W ? Protection.Write : 0) |
    (isExecutable ? Protection.Execute : 0)
  );
}

/** One segment to map. */
export interface SegmentRequest {
  readonly file: ExecFile;
  readonly segment: ProgramHeader;
  /** Where p_vaddr goes. */
  readonly address: number;
  readonly fixing: Fixing;
  /** Bytes to reserve in one piece with the first segment of an image; 0 for none. */
  readonly totalBytes: number;
}

/** Maps one segment; returns the page address of the segment, or the failure. */
export type SegmentMapper = (target: ImageTarget, request: SegmentRequest) => number | MapFailure;

/**
 * Maps one segment. Order as in the kernel: file pages, zeroing of the last file page, anonymous pages.
 * @returns the page address of the segment, or the failure.
 */
export function mapSegment(target: ImageTarget, request: SegmentRequest): number | MapFailure {
  const { pageBytes } = target;
  const { segment, address } = request;
  const fileBytes = Number(segment.filesz);
  const memoryBytes = Number(segment.memsz);
  const protection = protectionOf(segment.flags, target.readImpliesExecute);
  let page = roundDown(address, pageBytes);
  const { zeroedTail, mapsHeadPage, copiesBelowPage } = target.request.profile.traits ?? {};
  const mapsFile = fileBytes > 0 || (mapsHeadPage === true && address > page);
  if (mapsFile && copiesBelowPage === true && segment.align < BigInt(pageBytes)) {
    const failure = copyFilePages(target, request, fileBytes, protection);
    if (failure) return noted(target, request, failure);
  } else if (mapsFile) {
    const mapped = mapFilePages(target, request, fileBytes, protection);
    if (typeof mapped !== 'number') return noted(target, request, mapped);
    page = mapped;
  }
  if (fileBytes === 0 && address < 0) {
    const sentence = `PT_LOAD ${segment.index} has nothing that could be put anywhere but at ${hex(BigInt.asUintN(64, BigInt(address)))}.`;
    return noted(target, request, { errno: ExecErrno.EINVAL, rule: 'load-address', sentence });
  }
  const start = page + offsetWithin(address, pageBytes);
  if (memoryBytes > fileBytes || (zeroedTail === 'writable' && fileBytes > 0)) {
    const zeros = { start: start + fileBytes, end: start + memoryBytes, followsFile: mapsFile };
    const failure = mapZeros(target, segment, zeros, protection);
    if (failure) return noted(target, request, failure);
  }
  target.record.add({
    step: `map segment ${segment.index}`,
    kernelFunction: 'elf_load',
    inputs: {
      offset: hex(segment.offset),
      address: hex(start),
      fileBytes: hex(segment.filesz),
      memoryBytes: hex(segment.memsz),
      flags: flagText(segment.flags),
    },
    decision: describe(start, fileBytes, memoryBytes, protection, pageBytes),
  });
  return page;
}

function mapFilePages(
  { space, pageBytes, layout }: ImageTarget,
  request: SegmentRequest,
  fileBytes: number,
  protection: number,
): number | MapFailure {
  const { segment, address, file, fixing } = request;
  const within = offsetWithin(address, pageBytes);
  // In 64 bits, because the last bits of a large offset are lost as a number; a page multiple below 2^63 is exact again.
  const offset = segment.offset - BigInt(within);
  const name = `PT_LOAD ${segment.index}`;
  if (offset < 0n || offset % BigInt(pageBytes) !== 0n) {
    return { errno: ExecErrno.EINVAL, rule: 'load-congruence', sentence: incongruence(segment, pageBytes) };
  }
  const length = roundUp(fileBytes + within, pageBytes);
  if (offset + BigInt(length) > LARGEST_FILE_BYTES) {
    const sentence = `${name} has offset ${hex(segment.offset)}, beyond the largest file.`;
    return { errno: ExecErrno.EOVERFLOW, rule: 'load-offset', sentence };
  }
  // The first segment is mapped as long as the whole image, so that nothing else gets between its segments, then cut.
  const reserved = Math.max(length, roundUp(request.totalBytes, pageBytes));
  // A wish, unlike a fixed address, is moved up to where anybody may map (mm/mmap.c, round_hint_to_min); one below 0 is none.
  const wish = address - within > 0 ? Math.max(address - within, layout.minimumHint ?? 0) : 0;
  const mapped = space.map({
    address: fixing === undefined ? wish : address - within,
    length: reserved,
    protection,
    fixed: fixing,
    backing: file.backing,
    offset: Number(offset),
  });
  if (mapped < 0) {
    const sentence = `${name} cannot be mapped at ${hex(address - within)} (${hex(reserved)} bytes).`;
    return { errno: -mapped, rule: 'load-map', sentence };
  }
  if (reserved > length) space.unmap(mapped + length, reserved - length);
  return mapped;
}

/** Reads the bytes of the file into anonymous pages, wherever they lie in it (NetBSD's vmcmd_map_readvn). */
function copyFilePages(
  { space, pageBytes }: ImageTarget,
  { segment, address, file }: SegmentRequest,
  fileBytes: number,
  protection: number,
): MapFailure | undefined {
  // What lies between the last multiple of p_align and the address is read too, within the page.
  const before = segment.align > 1n ? Number(segment.vaddr % segment.align) : 0;
  const start = roundDown(address, pageBytes);
  const length = roundUp(address + fileBytes, pageBytes) - start;
  const mapped = space.map({ address: start, length, protection, fixed: 'replace' });
  const filled =
    mapped < 0
      ? mapped
      : fillFromFile(space, file, address - before, fileBytes + before, Number(segment.offset) - before);
  if (filled >= 0) return undefined;
  const sentence = `The ${fileBytes} bytes of PT_LOAD ${segment.index} cannot be read to ${hex(address)}.`;
  return { errno: -filled, rule: 'load-map', sentence };
}

/** Zeroes [start, end): the rest of the last file page in place, whole pages as anonymous memory. */
function mapZeros(
  { space, pageBytes, readImpliesExecute, request }: ImageTarget,
  segment: ProgramHeader,
  { start, end, followsFile }: { readonly start: number; readonly end: number; readonly followsFile: boolean },
  protection: number,
): MapFailure | undefined {
  const fileEnd = followsFile ? roundUp(start, pageBytes) : roundDown(start, pageBytes);
  const memoryEnd = roundUp(end, pageBytes);
  // A segment without write permission keeps the file's bytes there: the kernel ignores the failing store.
  const { zeroedTail, anonymousPages = 'replace' } = request.profile.traits ?? {};
  const isWritable = (protection & Protection.Write) !== 0;
  if (followsFile && (isWritable || zeroedTail === 'bss')) {
    const isZeroed = isWritable
      ? new UserMemory(space).zero(start, fileEnd - start)
      : fillWithZeros(space, start, fileEnd - start) === 0;
    if (!isZeroed) {
      const sentence = `The zeroed tail of PT_LOAD ${segment.index} at ${hex(start)} cannot be written.`;
      return { errno: ExecErrno.EFAULT, rule: 'load-zero', sentence };
    }
  }
  if (memoryEnd <= fileEnd) return undefined;
  const isExecutable = readImpliesExecute || (protection & Protection.Execute) !== 0;
  const mapped = space.map({
    address: fileEnd,
    length: memoryEnd - fileEnd,
    protection: Protection.Read | Protection.Write | (isExecutable ? Protection.Execute : 0),
    fixed: anonymousPages,
    programZeros: true,
  });
  if (mapped >= 0) return undefined;
  const sentence = `The ${memoryEnd - fileEnd} zero bytes of PT_LOAD ${segment.index} cannot be mapped at ${hex(fileEnd)}.`;
  return { errno: -mapped, rule: 'load-bss', sentence };
}

/**
 * Bytes from the page of the lowest segment to the end of the highest (total_mapping_size). 0 when there is none, or when
 * the fields wrap around: both are refused.
 */
export function totalMappingBytes(loads: readonly ProgramHeader[], pageBytes = GUEST_PAGE_BYTES): bigint {
  if (loads.length === 0) return 0n;
  let lowest = loads[0].vaddr;
  let highest = 0n;
  for (const { vaddr, memsz } of loads) {
    if (vaddr < lowest) lowest = vaddr;
    const end = BigInt.asUintN(64, vaddr + memsz);
    if (end > highest) highest = end;
  }
  const start = lowest - (lowest % BigInt(pageBytes));
  return BigInt.asUintN(64, highest - start);
}

/** Largest power-of-two p_align of the loads, at least a page; 1 when none is a power of two (maximum_alignment). */
export function maximumAlignment(loads: readonly ProgramHeader[], pageBytes = GUEST_PAGE_BYTES): number {
  let largest = 1;
  for (const { align } of loads) {
    const size = Number(align);
    if (size > 0 && BigInt(size) === align && isPowerOfTwo(size)) largest = Math.max(largest, size, pageBytes);
  }
  return largest;
}

/** `address` rounded down to the image's alignment. */
export function alignImage(address: number, alignment: number): number {
  return roundDown(address, alignment);
}

function noted({ record }: ImageTarget, { segment, address }: SegmentRequest, failure: MapFailure): MapFailure {
  record.add({
    step: `map segment ${segment.index}`,
    kernelFunction: 'elf_load',
    inputs: { offset: hex(segment.offset), address: hex(address) },
    decision: failure.sentence,
    errno: failure.errno,
  });
  return failure;
}

function describe(
  start: number,
  fileBytes: number,
  memoryBytes: number,
  protection: number,
  pageBytes: number,
): string {
  const page = roundDown(start, pageBytes);
  const fileEnd = fileBytes > 0 ? roundUp(start + fileBytes, pageBytes) : page;
  const memoryEnd = roundUp(start + memoryBytes, pageBytes);
  const parts = fileBytes > 0 ? [`file pages ${hex(page)}-${hex(fileEnd)}`] : [];
  if (memoryBytes > fileBytes && fileBytes > 0) {
    const skipped = protection & Protection.Write ? 'zeroed' : 'not zeroed, the segment is not writable';
    if (fileEnd > start + fileBytes) parts.push(`bytes from ${hex(start + fileBytes)} ${skipped}`);
  }
  if (memoryBytes > fileBytes && memoryEnd > fileEnd) parts.push(`zero pages ${hex(fileEnd)}-${hex(memoryEnd)}`);
  return parts.length > 0 ? parts.join(', ') : 'nothing to map';
}

/** p_flags as in maps text. */
export function flagText(flags: number): string {
  return `${flags & PF.R ? 'r' : '-'}${flags & PF.W ? 'w' : '-'}${flags & PF.X ? 'x' : '-'}`;
}
