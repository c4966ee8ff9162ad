// Which sections lie in which segment, by the rule of binutils' readelf.
import { ParseError } from '../../parse-error.ts';
import type { ElfFile } from './elf.ts';
import { type ProgramHeader, PT } from './program-header.ts';
import { type SectionHeader, SHF, SHT } from './section-header.ts';

// binutils: segments of "memory bound" sections (PT_GNU_MBIND_LO .. HI).
const MBIND_FIRST = 0x6474e555;
const MBIND_LAST = 0x6474f554;

/**
 * True when binutils would list the section under the segment (include/elf/internal.h, ELF_SECTION_IN_SEGMENT_STRICT, and the exception for
 * .tbss, which takes no room outside PT_TLS).
 */
export function sectionInSegment(section: SectionHeader, segment: ProgramHeader): boolean {
  if (section.type === SHT.NULL) return false;
  const threadLocal = (section.flags & SHF.TLS) !== 0n;
  const allocated = (section.flags & SHF.ALLOC) !== 0n;
  const inFile = section.type !== SHT.NOBITS;
  if (threadLocal && !inFile && segment.type !== PT.TLS) return false;
  return (
    kindsMatch(segment.type, threadLocal, allocated) &&
    (!inFile || within(section.offset, section.size, segment.offset, segment.filesz)) &&
    (!allocated || within(section.addr, section.size, segment.vaddr, segment.memsz)) &&
    !emptyAtEdge(section, segment, allocated, inFile)
  );
}

function kindsMatch(segmentType: number, threadLocal: boolean, allocated: boolean): boolean {
  if (threadLocal) {
    if (segmentType !== PT.TLS && segmentType !== PT.GNU_RELRO && segmentType !== PT.LOAD) return false;
  } else if (segmentType === PT.TLS || segmentType === PT.PHDR) return false;
  return allocated || !holdsMemoryOnly(segmentType);
}

/** Segment types that only have sections that are in memory. */
function holdsMemoryOnly(type: number): boolean {
  return (
    type === PT.LOAD ||
    type === PT.DYNAMIC ||
    type === PT.GNU_EH_FRAME ||
    type === PT.GNU_STACK ||
    type === PT.GNU_RELRO ||
    type === PT.GNU_SFRAME ||
    (type >= MBIND_FIRST && type <= MBIND_LAST)
  );
}

/** The range lies in the container and begins before its last byte; an empty container holds what begins anywhere and has no bytes. */
function within(start: bigint, size: bigint, containerStart: bigint, containerSize: bigint): boolean {
  if (start < containerStart) return false;
  const distance = start - containerStart;
  // The subtraction of one wraps in C: for an empty container only the second condition remains.
  return (containerSize === 0n || distance < containerSize) && distance + size <= containerSize;
}

/** PT_DYNAMIC and PT_NOTE do not own empty sections at their edges. */
function emptyAtEdge(section: SectionHeader, segment: ProgramHeader, allocated: boolean, inFile: boolean): boolean {
  if (segment.type !== PT.DYNAMIC && segment.type !== PT.NOTE) return false;
  if (section.size !== 0n || segment.memsz === 0n) return false;
  const insideFile = !inFile || (section.offset > segment.offset && section.offset - segment.offset < segment.filesz);
  const insideMemory = !allocated || (section.addr > segment.vaddr && section.addr - segment.vaddr < segment.memsz);
  return !(insideFile && insideMemory);
}

// Every pair is looked at: real files have thousands of pairs, a hostile one of 6 MB could have four thousand million.
const MAXIMUM_PAIRS = 2 ** 25;

/**
 * For every segment the sections it holds, in table order.
 *
 * @throws ParseError `limit` when there are more than 2^25 pairs to look at (permissive mode: every list is empty).
 */
export function sectionSegmentMap(elf: ElfFile): ReadonlyArray<readonly SectionHeader[]> {
  const { programHeaders, sectionHeaders } = elf;
  if (programHeaders.length * sectionHeaders.length > MAXIMUM_PAIRS) {
    const sentence = `${programHeaders.length} segments and ${sectionHeaders.length} sections are too many to compare.`;
    elf.complain(new ParseError('limit', 0, 'elf', sentence));
    return programHeaders.map(() => []);
  }
  return programHeaders.map((segment) => sectionHeaders.filter((section) => sectionInSegment(section, segment)));
}
