// A loader profile: which images a kernel accepts, with the reason for each refusal, and how it lays out the address space.
import type { BinaryFormat } from './binary-format.ts';
import type { ElfAbi } from './formats/elf-abi.ts';
import type { ElfRule, SegmentRule } from './formats/elf-rule.ts';
import type { ScriptLineReader } from './formats/script.ts';
import type { SegmentMapper } from './map-image.ts';
import type { StackWriter } from './stack-writer.ts';

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
  /** Wishes for lower addresses, anybody's, go here: CONFIG_LSM_MMAP_MIN_ADDR. Absent: they are taken as they are. */
  readonly minimumHint?: number;
  /** 0: mappings are not put where huge pages fit. Absent: they are, where the kernel's page has huge pages of its own. */
  readonly hugePageBytes?: 0;
  /** Smallest distance between stack top and the mmap area. */
  readonly minimumMmapGap: number;
  /** Added below the used part of the stack at once. */
  readonly initialStackGrowth: number;
}

/** What a loader does with an accepted image otherwise than Linux 6.18 does. Absent: as Linux. */
export interface LoaderTraits {
  /**
   * What AT_PHDR is: where the PT_LOAD that holds the table puts it ("holding-segment", Linux since 5.18); e_phoff after the
   * address of the file's first byte by the first PT_LOAD ("first-segment", Linux before that); e_phoff after the address of
   * the first PT_LOAD ("first-address", gVisor); PT_PHDR, or e_phoff after the PT_LOAD of offset 0 ("program-header-entry",
   * the BSDs).
   */
  readonly programHeaderAddress?: 'holding-segment' | 'first-segment' | 'first-address' | 'program-header-entry';
  /**
   * Where an ET_DYN goes. "linux": its first segment to a chosen place; "probed": a free range for all segments is looked for,
   * and linked addresses count from its start (gVisor); "linked": to its own addresses, unless the first is 0 (FreeBSD).
   */
  readonly placement?: 'linux' | 'probed' | 'linked';
  /** Which programs go to a multiple of their largest p_align instead of a page's: Linux before 5.10 none, before 6.11 PIEs. */
  readonly alignedPrograms?: 'all' | 'with-interpreter' | 'none';
  /** A static PIE's heap lies where ordinary programs are (Linux since 6.15), or after the program. */
  readonly staticPieHeap?: 'with-programs' | 'after-program';
  /** The interpreter is opened before anything is mapped (Linux), or after the program is. */
  readonly interpreterTime?: 'before-mapping' | 'after-mapping';
  /** Directories PT_INTERP is looked for below, in order; "" is the path itself. */
  readonly interpreterPrefixes?: readonly string[];
  /** What is zeroed after the file's bytes in the last file page. */
  readonly zeroedTail?: 'bss-of-writable' | 'bss' | 'writable';
  /** Maps a segment by other rules than elf_load's. */
  readonly mapSegment?: SegmentMapper;
  /** A segment with a p_align below a page is read into anonymous memory instead of being mapped (NetBSD). */
  readonly copiesBelowPage?: boolean;
  /** A segment without bytes in the file that starts inside a page gets the file's page there (gVisor). */
  readonly mapsHeadPage?: boolean;
  /** Anonymous pages of a segment replace what is there (Linux), or fail (gVisor). */
  readonly anonymousPages?: 'replace' | 'no-replace';
  /** PF_X or a missing PT_GNU_STACK makes everything readable executable (Linux before 5.8 on x86-64). */
  readonly stackFlagGovernsData?: boolean;
  /** What an error after the point of no return does: kills, or reaches the caller because the old program still exists. */
  readonly lateFailure?: 'SIGSEGV' | 'SIGABRT' | 'error';
  /** A file that no format knows makes the kernel ask for a module (Linux; default true). */
  readonly asksForModules?: boolean;
  /** An empty argv stays empty (Linux before 5.18). */
  readonly keepsEmptyArguments?: boolean;
  /** Reads a `#!` line otherwise than Linux since 5.1. */
  readonly readScriptLine?: ScriptLineReader;
  /** Ids of the auxiliary vector in the order they are written; the last one is 0. */
  readonly auxiliaryEntries?: readonly number[];
  /** Lays out the stack otherwise than create_elf_tables does. */
  readonly writeStack?: StackWriter;
  /** This kernel's names for the Linux functions a record speaks of. */
  readonly kernelFunctions?: Readonly<Record<string, string>>;
}

/** One kernel, as far as execve can tell kernels apart. A row: everything here is data or a small check. */
export interface LoaderProfile {
  readonly name: string;
  /** A sentence for people. What is not established about the kernel is said here. */
  readonly description: string;
  /** Where its traits are established; rules name their sources themselves. */
  readonly sources?: readonly string[];
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
