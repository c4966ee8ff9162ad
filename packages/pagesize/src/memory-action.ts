// The five things a loader does to memory; a plan is a list of them, to be carried out in order.
import type { AddressRange } from './load-segment.ts';

interface ActionBase extends AddressRange {
  /** Index into the PT_LOAD list of the segment for which it is done. */
  readonly segment: number;
}

/** mmap(MAP_FIXED) of the file: replaces what is there, whole pages. */
export interface MapFile extends ActionBase {
  readonly kind: 'map-file';
  /** File offset of `start`. */
  readonly fileOffset: bigint;
  /** PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4. */
  readonly protection: number;
}

/** mmap(MAP_FIXED | MAP_ANONYMOUS): replaces what is there with zeros, whole pages. */
export interface MapAnonymous extends ActionBase {
  readonly kind: 'map-anonymous';
  readonly protection: number;
}

/** pread into what is mapped: exact bytes, permissions do not matter. */
export interface ReadFile extends ActionBase {
  readonly kind: 'read-file';
  readonly fileOffset: bigint;
}

/** memset into what is mapped: exact bytes, permissions do not matter. */
export interface Zero extends ActionBase {
  readonly kind: 'zero';
}

/** mprotect of mapped pages. */
export interface Protect extends ActionBase {
  readonly kind: 'protect';
  readonly protection: number;
}

/**
 * One step of a plan. Addresses are those of the program headers: whoever carries a plan out adds the image's bias.
 *
 * `map-file`, `map-anonymous` and `protect` start and end on the page of whoever acts: the host page of a loader that calls the host's
 * mmap, the guest page of an emulator that keeps its own page table.
 */
export type MemoryAction = MapFile | MapAnonymous | ReadFile | Zero | Protect;
