// What /proc says about the pages of a space: smaps and pagemap (man 5 proc_pid_smaps, proc_pid_pagemap; fs/proc/task_mmu.c).
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { mapsLine } from './maps-text.ts';
import { frameOf, PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';
import { AreaFlag, type Vma } from './vma.ts';

const KILOBYTE = 1024;
/** Bits of a pagemap entry. */
const PRESENT = 1n << 63n;
const OF_FILE = 1n << 61n;
const ALONE = 1n << 56n;
const SOFT_DIRTY = 1n << 55n;

/** Letters of VmFlags for permissions, and for what mprotect may grant; then for area flags. */
const RIGHTS = ['rd', 'wr', 'ex'] as const;
const POSSIBLE = ['mr', 'mw', 'me'] as const;
// biome-ignore format: a table
const FLAG_LETTERS = [
  [AreaFlag.Shared, 'ms'], [AreaFlag.GrowsDown, 'gd'], [AreaFlag.Locked, 'lo'], [AreaFlag.KernelPages, 'io pf'],
  [AreaFlag.SequentialAccess, 'sr'], [AreaFlag.RandomAccess, 'rr'], [AreaFlag.DontFork, 'dc'], [AreaFlag.Account, 'ac'],
  [AreaFlag.NoReserve, 'nr'], [AreaFlag.WipeOnFork, 'wf'], [AreaFlag.DontDump, 'dd'], [AreaFlag.HugePages, 'hg'],
  [AreaFlag.NoHugePages, 'nh'], [AreaFlag.SamePageMerging, 'mg'],
] as const;

/** One page that has a frame. */
interface PageFacts {
  /** The frame belongs to the file, not to this mapping alone. */
  readonly isOfFile: boolean;
  readonly isDirty: boolean;
  /** Mappings of the frame, in all spaces. */
  readonly mappings: number;
  readonly frame: number;
}

/** The text of /proc/PID/smaps. Its cost follows the pages that were touched. */
export function smapsText(state: SpaceState): string {
  return state.vmas.areas.map((area) => mapsLine(state, area) + detailsOf(state, area)).join('');
}

/**
 * Entries of /proc/PID/pagemap for `count` pages; frame numbers only with `showsFrames`, as the kernel shows them to administrators.
 * @returns 64 bits for each page; 0 for one that is not there.
 */
export function pagemap(state: SpaceState, page: number, count: number, showsFrames: boolean): BigUint64Array {
  const entries = new BigUint64Array(count);
  for (let index = 0; index < count; index++) {
    const address = page + index * GUEST_PAGE_BYTES;
    const area = address < state.layout.taskSize ? state.vmas.find(address) : undefined;
    const facts = area && factsOf(state, area, address, state.table.read(address));
    if (facts === undefined) continue;
    const number = showsFrames ? BigInt(facts.frame / GUEST_PAGE_BYTES) : 0n;
    const alone = facts.mappings === 1 ? ALONE : 0n;
    entries[index] = PRESENT | (facts.isOfFile ? OF_FILE : 0n) | alone | SOFT_DIRTY | number;
  }
  return entries;
}

function factsOf(state: SpaceState, area: Vma, page: number, entry: number): PageFacts | undefined {
  const { memory } = state;
  const frame = frameOf(entry);
  // The page of zeros counts as none (mm/memory.c, vm_normal_page).
  if (entry === 0 || (area.backing === undefined && frame === memory.zeroFrame())) return undefined;
  const filePage = (area.offset + (page - area.start)) / GUEST_PAGE_BYTES;
  const { backing } = area;
  const isOfFile = backing !== undefined && memory.fileFrames.find(backing.identity, filePage) === frame;
  const mappings = Math.max(1, memory.frameReferences(frame) - (isOfFile ? 1 : 0));
  const isDirty = isOfFile ? (entry & PageEntry.Dirty) !== 0 : true;
  return { isOfFile, isDirty, mappings, frame };
}

function detailsOf(state: SpaceState, area: Vma): string {
  const bytes = {
    resident: 0,
    share: 0,
    anonymous: 0,
    sharedClean: 0,
    sharedDirty: 0,
    privateClean: 0,
    privateDirty: 0,
  };
  state.table.update(area.start, area.end, (page, entry) => {
    const facts = factsOf(state, area, page, entry);
    if (facts === undefined) return entry;
    const { mappings, isDirty, isOfFile } = facts;
    bytes.resident += GUEST_PAGE_BYTES;
    bytes.share += GUEST_PAGE_BYTES / mappings;
    if (!isOfFile) bytes.anonymous += GUEST_PAGE_BYTES;
    const kind = mappings > 1 ? (isDirty ? 'sharedDirty' : 'sharedClean') : isDirty ? 'privateDirty' : 'privateClean';
    bytes[kind] += GUEST_PAGE_BYTES;
    return entry;
  });
  const granularity = state.layout.mappingGranularity;
  const isLocked = (area.flags & AreaFlag.Locked) !== 0;
  // biome-ignore format: a table
  const lines: readonly (readonly [string, number])[] = [
    ['Size', area.end - area.start], ['KernelPageSize', granularity], ['MMUPageSize', granularity], ['Rss', bytes.resident], ['Pss', bytes.share],
    ['Shared_Clean', bytes.sharedClean], ['Shared_Dirty', bytes.sharedDirty], ['Private_Clean', bytes.privateClean],
    ['Private_Dirty', bytes.privateDirty], ['Referenced', bytes.resident], ['Anonymous', bytes.anonymous], ['LazyFree', 0], ['AnonHugePages', 0],
    ['ShmemPmdMapped', 0], ['FilePmdMapped', 0], ['Shared_Hugetlb', 0], ['Private_Hugetlb', 0], ['Swap', 0], ['SwapPss', 0],
    ['Locked', isLocked ? bytes.share : 0],
  ];
  const sizes = lines.map(([name, each]) => `${`${name}:`.padEnd(16)}${kilobytes(each)} kB\n`).join('');
  return `${sizes}THPeligible:           0\nVmFlags: ${lettersOf(area)}\n`;
}

function kilobytes(bytes: number): string {
  return String(Math.floor(bytes / KILOBYTE)).padStart(8);
}

function lettersOf({ protection, maximumProtection, flags }: Vma): string {
  const letters = [
    ...RIGHTS.filter((_, bit) => protection & (1 << bit)),
    ...(flags & AreaFlag.Shared ? ['sh'] : []),
    ...POSSIBLE.filter((_, bit) => maximumProtection & (1 << bit)),
    ...FLAG_LETTERS.flatMap(([flag, text]) => (flags & flag ? [text] : [])),
  ];
  return letters.map((each) => `${each} `).join('');
}
