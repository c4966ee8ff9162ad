// The segments of a process: made at exec, shared or copied by rfork, moved by brk_, attached and freed.
import type { Process } from '@elf/kernel';
import { type AddressSpace, type Backing, guestPageCeiling, guestPageAddress, Protection, UserMemory } from '@elf/mm';
import { type Plan9Process, stateOf } from '../process-state.ts';
import { Segment, sharedMemory } from './segment.ts';

const READ_WRITE_EXECUTE = Protection.Read | Protection.Write | Protection.Execute;

/** Borders of a fresh program. */
interface ProgramBorders {
  readonly textStart: number;
  readonly textEnd: number;
  readonly dataStart: number;
  readonly dataEnd: number;
  /** End of the zeroed bytes, not rounded. */
  readonly end: number;
  readonly stackStart: number;
  readonly stackEnd: number;
}

/** The four segments exec makes (sys/src/9/port/sysproc.c, sysexec). */
export function programSegments(process: Process, borders: ProgramBorders): Segment[] {
  const { textStart, textEnd, dataStart, dataEnd, end, stackStart, stackEnd } = borders;
  const bssStart = guestPageCeiling(dataEnd);
  const segments = [
    new Segment('Text', textStart, guestPageCeiling(textEnd), { isReadOnly: true }),
    new Segment('Data', dataStart, bssStart),
    new Segment('Bss', bssStart, guestPageCeiling(end)),
    new Segment('Stack', stackStart, stackEnd),
  ];
  for (const segment of segments) segment.members.add(process);
  return segments;
}

/** A process lets go of its segments; those it shared stay with the others. */
export function leaveSegments(process: Process, state: Plan9Process): void {
  for (const segment of state.segments) segment.members.delete(process);
  state.segments = [];
}

/** The segment at an address. */
export function segmentAt(state: Plan9Process, address: number): Segment | undefined {
  return state.segments.find((segment) => segment.holds(address));
}

/** Whether a system call may touch a range: neighbouring segments count as one (sys/src/9/port/fault.c, okaddr). */
export function isAddressable(state: Plan9Process, address: number, length: number, writes: boolean): boolean {
  for (let at = address; ; ) {
    const segment = segmentAt(state, at);
    if (segment === undefined || (writes && segment.isReadOnly)) return false;
    if (address + length <= segment.end) return true;
    at = segment.end;
  }
}

/** The address space of a child of rfork. With RFMEM all but the stack is one memory from now on. */
export function forkSpace(process: Process, sharesMemory: boolean): AddressSpace {
  const { segments } = stateOf(process);
  if (sharesMemory) for (const segment of segments) if (isShareable(segment)) share(process, segment);
  const space = process.space.fork();
  if (sharesMemory) return space;
  // What other processes see must not be seen by the child: it gets a copy.
  for (const segment of segments)
    if (isShareable(segment) && segment.backing !== undefined) copySegment(process.space, space, segment);
  return space;
}

/** The segments a child of rfork has in the space of {@link forkSpace}. */
export function forkSegments(parent: Plan9Process, child: Process, sharesMemory: boolean): Segment[] {
  return parent.segments.map((segment) => {
    const isSame = segment.kind === 'Text' || segment.kind === 'Shared' || (sharesMemory && isShareable(segment));
    const { kind, start, end, isReadOnly, closesOnExec } = segment;
    const mine = isSame ? segment : new Segment(kind, start, end, { isReadOnly, closesOnExec });
    mine.members.add(child);
    return mine;
  });
}

/** Segments that RFMEM shares and a plain rfork copies. The stack is private in both cases. */
function isShareable({ kind }: Segment): boolean {
  return kind === 'Data' || kind === 'Bss' || kind === 'Memory';
}

/** Puts the content of a segment into memory that other address spaces can map. */
function share(process: Process, segment: Segment): void {
  if (segment.backing !== undefined) return;
  const { space } = process;
  segment.backing = sharedMemory();
  const pages: [number, Uint8Array][] = [];
  space.peek(segment.start, segment.end, (page, bytes) => pages.push([page, bytes.slice()]));
  mapShared(space, segment, segment.backing, segment.start, segment.end);
  const user = new UserMemory(space);
  for (const [page, bytes] of pages) user.write(page, bytes);
}

/** Replaces what a child inherited of a shared segment by a copy of its own. */
function copySegment(from: AddressSpace, to: AddressSpace, { start, end }: Segment): void {
  if (start === end) return;
  const pages: [number, Uint8Array][] = [];
  from.peek(start, end, (page, bytes) => pages.push([page, bytes.slice()]));
  mapPrivate(to, start, end);
  const user = new UserMemory(to);
  for (const [page, bytes] of pages) user.write(page, bytes);
}

function mapShared(space: AddressSpace, segment: Segment, backing: Backing, start: number, end: number): number {
  if (start === end) return 0;
  return space.map({
    address: start,
    length: end - start,
    protection: segment.isReadOnly ? Protection.Read | Protection.Execute : READ_WRITE_EXECUTE,
    fixed: 'replace',
    shared: true,
    backing,
    offset: start - segment.start,
    noReserve: true,
  });
}

function mapPrivate(space: AddressSpace, start: number, end: number): number {
  if (start === end) return 0;
  return space.map({
    address: start,
    length: end - start,
    protection: READ_WRITE_EXECUTE,
    fixed: 'replace',
    noReserve: true,
  });
}

/** Moves the end of a segment up in every address space that has it. False: there is no room for it. */
export function growSegment(segment: Segment, end: number): boolean {
  for (const { space } of segment.members) {
    const { backing } = segment;
    const mapped = backing ? mapShared(space, segment, backing, segment.end, end) : mapPrivate(space, segment.end, end);
    if (mapped < 0) return false;
  }
  segment.end = end;
  return true;
}

/** Moves the end of a segment down; only its single owner may. */
export function shrinkSegment(process: Process, segment: Segment, end: number): void {
  forgetPages(process, segment, end, segment.end);
  process.space.unmap(end, segment.end - end);
  segment.end = end;
}

/** Makes the pages of [start, end) zeros, for every process that has the segment. */
export function forgetPages(process: Process, segment: Segment, start: number, end: number): void {
  if (end <= start) return;
  const { backing } = segment;
  if (backing !== undefined) {
    process.space.memory.fileFrames.discard(backing.identity, start - segment.start, end - segment.start);
  } else mapPrivate(process.space, start, end);
}

/** A new segment of a process (segattach). False: its memory cannot be mapped. */
export function attachSegment(process: Process, segment: Segment): boolean {
  const backing = sharedMemory();
  segment.backing = backing;
  if (mapShared(process.space, segment, backing, segment.start, segment.end) < 0) return false;
  segment.members.add(process);
  stateOf(process).segments.push(segment);
  return true;
}

/** Takes a segment away from a process (segdetach). */
export function detachSegment(process: Process, segment: Segment): void {
  const state = stateOf(process);
  process.space.unmap(segment.start, segment.end - segment.start);
  segment.members.delete(process);
  state.segments = state.segments.filter((each) => each !== segment);
}

/** The highest hole of this many bytes below the stack; undefined when there is none. */
export function findHole(state: Plan9Process, length: number): number | undefined {
  const stack = state.segments.find(({ kind }) => kind === 'Stack');
  if (stack === undefined) return undefined;
  for (let above = stack.start; ; ) {
    const start = guestPageAddress(above - length);
    if (start <= 0) return undefined;
    const other = state.segments.find((segment) => segment.start < start + length && segment.end > start);
    if (other === undefined) return start;
    above = other.start;
  }
}
