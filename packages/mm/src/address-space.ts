// One guest address space: what is mapped, how an access finds its frame, and the memory calls that change it.
import { GUEST_PAGE_BYTES, roundDown, roundUp } from '@elf/pagesize';
import { advise } from './advise.ts';
import * as codePages from './code-pages.ts';
import { handleFault } from './fault-handler.ts';
import { forkState } from './fork.ts';
import type { GuestMemory } from './guest-memory.ts';
import { checkInvariants } from './invariants.ts';
import { lockedBytes } from './limits.ts';
import { lock, lockAll, unlock, unlockAll } from './locking.ts';
import { type MapRequest, map } from './map-request.ts';
import { mapsText } from './maps-text.ts';
import type { Access } from './page-fault.ts';
import { pagemap, smapsText } from './page-report.ts';
import { PageEntry } from './page-table.ts';
import { peekPages } from './peek.ts';
import { populate } from './populate.ts';
import { moveProgramBreak } from './program-break.ts';
import { protect } from './protect.ts';
import { type RemapRequest, remap } from './remap.ts';
import { MS_SYNC, residency, synchronize } from './residency.ts';
import { type AddressSpaceOptions, layoutFor, type SpaceLayout } from './space-layout.ts';
import { type ProgramBreak, SpaceState } from './space-state.ts';
import type { Tlb } from './tlb/tlb.ts';
import { unmap } from './unmap.ts';
import { AreaFlag, type Vma } from './vma.ts';

/**
 * A guest address space. Addresses are numbers below 2^47, host offsets are offsets into the guest memory.
 * Nothing a guest can ask for throws: calls return negative error numbers and accesses negative fault causes.
 *
 * @example
 * const space = new AddressSpace(new GuestMemory());
 * const address = space.map({ length: 8192, protection: Protection.Read | Protection.Write });
 * const frame = space.resolve(address, Access.Write);   // host offset of 4 KiB of zeros, allocated now
 */
export class AddressSpace {
  readonly #state: SpaceState;

  /** @throws RangeError when the mapping granularity is not a power of two of at least 4096. */
  constructor(memory: GuestMemory, options: AddressSpaceOptions = {}, state?: SpaceState) {
    this.#state = state ?? new SpaceState(memory, layoutFor(options));
  }

  /** The memory whose frames this space maps. */
  get memory(): GuestMemory {
    return this.#state.memory;
  }

  /** Borders and limits; setrlimit(2) changes them. */
  get layout(): SpaceLayout {
    return this.#state.layout;
  }

  /** The areas in address order. Read them at once: any change may replace the list. */
  get areas(): readonly Readonly<Vma>[] {
    return this.#state.vmas.areas;
  }

  /** Bytes mapped in all areas, touched or not. */
  get mappedBytes(): number {
    return this.#state.vmas.totalBytes;
  }

  /** Bytes of the pages that have a frame, those that read as zeros included. */
  get residentBytes(): number {
    return this.#state.table.count * GUEST_PAGE_BYTES;
  }

  /** The most there were at a time: what getrusage tells, also when the space is gone. */
  get peakResidentBytes(): number {
    return this.#state.table.peak * GUEST_PAGE_BYTES;
  }

  /** Where the heap starts and ends now. */
  get programBreak(): Readonly<ProgramBreak> {
    return this.#state.programBreak;
  }

  /**
   * The frame of a page for an access, made on the way if the access is permitted: zeros, a page of the file, a private copy.
   * Called on every TLB miss, so the common case is one table lookup without allocation.
   * @param pageAddress guest address of a page, a multiple of 4096.
   * @returns the host offset of the frame, or the negative `FaultCause`.
   */
  resolve(pageAddress: number, access: Access): number {
    const state = this.#state;
    if (!(pageAddress >= 0 && pageAddress < state.layout.taskSize)) return -1;
    const entry = state.table.read(pageAddress);
    if (entry & (1 << access)) return (entry >>> PageEntry.FrameShift) * GUEST_PAGE_BYTES;
    return handleFault(state, pageAddress, access);
  }

  /** The area that holds an address. */
  find(address: number): Readonly<Vma> | undefined {
    return this.#state.vmas.find(address);
  }

  /** mmap(2): see {@link MapRequest}. Returns the address or a negative error number. */
  map(request: MapRequest): number {
    const state = this.#state;
    const address = map(state, request);
    const isLocked = request.locked === true || (state.futureFlags & AreaFlag.Locked) !== 0;
    if (address >= 0 && isLocked) this.populate(address, request.length);
    return address;
  }

  /** munmap(2). Returns 0 or a negative error number. */
  unmap(address: number, length: number): number {
    return unmap(this.#state, address, length);
  }

  /** mprotect(2). Returns 0 or a negative error number. */
  protect(address: number, length: number, protection: number): number {
    return protect(this.#state, address, length, protection);
  }

  /** mremap(2): see {@link RemapRequest}. Returns the new address or a negative error number. */
  remap(request: RemapRequest): number {
    return remap(this.#state, request);
  }

  /** madvise(2) with Linux's advice numbers. Returns 0 or a negative error number. */
  advise(address: number, length: number, advice: number): number {
    return advise(this.#state, address, length, advice);
  }

  /** msync(2) with MS_* flags: MS_SYNC (4) writes dirty pages of shared mappings to their files. 0 or a negative error number. */
  synchronize(address: number, length: number, flags: number = MS_SYNC): number {
    return synchronize(this.#state, address, length, flags);
  }

  /** mincore(2): one byte per kernel page, 1 when a touch needs no reading. A negative error number when a page is unmapped. */
  residency(address: number, length: number): Uint8Array | number {
    return residency(this.#state, address, length);
  }

  /**
   * mlock(2), mlock2(2) with MLOCK_ONFAULT, and munlock(2). Locked pages are touched now unless `onFault`.
   * @returns 0 or a negative error number.
   */
  setLocked(address: number, length: number, locked: boolean, onFault = false): number {
    return locked ? lock(this.#state, address, length, onFault) : unlock(this.#state, address, length);
  }

  /** Bytes of the areas that are locked. */
  get lockedBytes(): number {
    return lockedBytes(this.#state, 0, this.#state.layout.taskSize);
  }

  /** mlockall(2) with MCL_* flags. Returns 0 or a negative error number. */
  lockAll(flags: number): number {
    return lockAll(this.#state, flags);
  }

  /** munlockall(2). */
  unlockAll(): void {
    unlockAll(this.#state);
  }

  /**
   * Shows the pages of [start, end), guest pages, that can hold anything but zeros, in address order, whatever their permissions and
   * without touching them: what a debugger or a core dump reads. The bytes are valid during the call only.
   * @example
   * space.peek(area.start, area.end, (page, bytes) => console.log(page.toString(16), bytes.length)); // 7fffffffe000 4096
   */
  peek(start: number, end: number, visit: (pageAddress: number, bytes: Uint8Array) => void): void {
    peekPages(this.#state, start, end, visit);
  }

  /** Touches every page of a range that can be, as MAP_POPULATE does; failures are ignored, as there. */
  populate(address: number, length: number): void {
    const { mappingGranularity } = this.layout;
    populate(this.#state, roundDown(address, mappingGranularity), roundUp(address + length, mappingGranularity));
  }

  /** brk(2): moves the break if it can and returns it as it is then. */
  brk(wanted: number): number {
    const before = this.programBreak.current;
    const current = moveProgramBreak(this.#state, wanted);
    if (current > before && this.#state.futureFlags & AreaFlag.Locked) this.populate(before, current - before);
    return current;
  }

  /** Puts the (still empty) heap at an address, as execve does; RLIMIT_DATA counts it with the program's own data. */
  setProgramBreak(start: number, dataBytes = 0): void {
    Object.assign(this.#state.programBreak, { start, current: start, dataBytes });
  }

  /** Tells the space where the initial stack pointer was, by which maps text finds [stack]. */
  setStackStart(address: number): void {
    this.#state.stackStart = address;
  }

  /** Makes the space invalidate a TLB from now on. The TLB is flushed. */
  attachTlb(tlb: Tlb): void {
    tlb.flush();
    if (!this.#state.tlbs.includes(tlb)) this.#state.tlbs.push(tlb);
  }

  /** Stops invalidating a TLB and flushes it. */
  detachTlb(tlb: Tlb): void {
    const index = this.#state.tlbs.indexOf(tlb);
    if (index >= 0) this.#state.tlbs.splice(index, 1);
    tlb.flush();
  }

  /** The engine translated code of this page: stores to it now resolve to the negative `FaultCause.CodeWrite`. */
  markCode(pageAddress: number): void {
    codePages.markCode(this.#state, pageAddress);
  }

  /** The engine dropped its translations of this page: stores may proceed. */
  clearCode(pageAddress: number): void {
    codePages.clearCode(this.#state, pageAddress);
  }

  /**
   * Calls `listener` with the address of each marked page whose content is no longer what was translated: unmapped, moved,
   * replaced, no longer executable, or written by {@link UserMemory}. The mark is gone by then.
   * @returns a function that ends the subscription.
   */
  onCodeChange(listener: (pageAddress: number) => void): () => void {
    this.#state.codeListeners.add(listener);
    return () => {
      this.#state.codeListeners.delete(listener);
    };
  }

  /** Clears the mark of a page and calls the listeners: for writers that are not the engine. */
  announceCodeWrite(pageAddress: number): void {
    codePages.clearCode(this.#state, pageAddress);
    this.#state.announceCode([pageAddress]);
  }

  /** fork(2): a copy of this space; pages are copied when one side first stores to them. */
  fork(): AddressSpace {
    return new AddressSpace(this.memory, {}, forkState(this.#state));
  }

  /** Unmaps everything: the end of a process. Dirty shared pages reach their files. */
  destroy(): void {
    unmap(this.#state, 0, this.layout.taskSize);
    this.memory.codeFrames.spaces.delete(this.#state);
  }

  /** The text of /proc/PID/maps (man 5 proc). */
  mapsText(): string {
    return mapsText(this.#state);
  }

  /** The text of /proc/PID/smaps (man 5 proc_pid_smaps). */
  smapsText(): string {
    return smapsText(this.#state);
  }

  /**
   * Entries of /proc/PID/pagemap for `count` pages from the page at `address` on (man 5 proc_pid_pagemap).
   * @example
   * space.pagemap(address, 1, false)[0] >> 63n; // 1n when the page is in memory
   */
  pagemap(address: number, count: number, showsFrames: boolean): BigUint64Array {
    return pagemap(this.#state, address, count, showsFrames);
  }

  /** Problems with the internal state, as sentences; empty when all is well. For tests: it looks at every page. */
  checkInvariants(): string[] {
    return checkInvariants(this.#state);
  }
}
