// A loader profile: which images a kernel accepts, with the reason for each refusal, and how it lays out the address space.
import type { BinaryFormat } from './binary-format.ts';
import type { ElfAbi } from './formats/elf-abi.ts';
import type { ElfRule, SegmentRule } from './formats/elf-rule.ts';

/** Numbers of an address-space layout without randomisation. */
export interface LoaderLayout {
  /** First address that is not the program's. */
  readonly taskSize: number;
  /** End of the initial stack. */
  readonly stackTop: number;
  /** Where a position-independent program with an interpreter goes, before alignment. */
  readonly dynamicBase: number;
  /** Lowest address an unprivileged program may map. */
  readonly minimumAddress: number;
  /** Smallest distance between stack top and the mmap area. */
  readonly minimumMmapGap: number;
  /** Added below the used part of the stack at once. */
  readonly initialStackGrowth: number;
}

/** Where a loader puts an accepted image otherwise than Linux 6.x does. Absent: as Linux. */
export interface LoaderTraits {
  /**
   * What AT_PHDR is: where the PT_LOAD that holds the table puts it ("holding-segment", Linux since 5.18); e_phoff after the
   * address of the file's first byte by the first PT_LOAD ("first-segment", Linux before that); e_phoff after the page of the
   * first PT_LOAD ("first-page", gVisor); PT_PHDR, or e_phoff after the PT_LOAD of offset 0 ("program-header-entry", the BSDs).
   */
  readonly programHeaderAddress?: 'holding-segment' | 'first-segment' | 'first-page' | 'program-header-entry';
  /** The first linked address of an ET_DYN is taken off the chosen place, or added to it (gVisor). */
  readonly firstAddress?: 'taken-off' | 'added';
  /** A program without interpreter goes to a multiple of its largest p_align (Linux since 6.10), or of a page. */
  readonly staticPieAlignment?: 'segment' | 'page';
}

/** One kernel, as far as execve can tell kernels apart. A row: everything here is data or a small check. */
export interface LoaderProfile {
  readonly name: string;
  /** A sentence for people. */
  readonly description: string;
  /** Bytes of the file that formats see first. */
  readonly headerBytes: number;
  /** Handler rewrites (scripts, misc) until ELOOP. */
  readonly maximumRewrites: number;
  /** The binfmt list in the order it is walked. */
  readonly formats: readonly BinaryFormat[];
  /** Granularity of mapping: the modelled host page. */
  readonly hostPageBytes: number;
  /** The flavours of ELF it loads; the first one speaks for files of a machine it does not know. */
  readonly elfAbis: readonly ElfAbi[];
  /** What it demands of an ELF file, in order, for program and interpreter. */
  readonly elfRules: readonly ElfRule[];
  /** What it demands of each PT_LOAD when it maps it. */
  readonly segmentRules: readonly SegmentRule[];
  /** Which PT_INTERP counts when there are several. */
  readonly interpreterHeader: 'first' | 'last';
  /** Layout of 64-bit programs; argument strings are counted against its stack before the format is known. */
  readonly layout: LoaderLayout;
  /** Layout of 32-bit programs. */
  readonly compatLayout: LoaderLayout;
  readonly traits?: LoaderTraits;
  /** AT_CLKTCK. */
  readonly clockTicksPerSecond: number;
  /** AT_RSEQ_FEATURE_SIZE and AT_RSEQ_ALIGN; absent before Linux 6.3. */
  readonly restartableSequences?: { readonly featureBytes: number; readonly alignment: number };
}
