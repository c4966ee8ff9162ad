// A loader profile: which images a kernel accepts, with the reason for each refusal, and how it lays out the address space.
import type { BinaryFormat } from './binary-format.ts';
import type { ElfRule } from './formats/elf-rule.ts';

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
  /** Checks of the ELF file header and program header table, in order, for program and interpreter. */
  readonly elfRules: readonly ElfRule[];
  /** Longest PT_INTERP string including its NUL. */
  readonly maximumInterpreterPathBytes: number;
  /** Layout of 64-bit programs; argument strings are counted against its stack before the format is known. */
  readonly layout: LoaderLayout;
  /** Layout of 32-bit programs. */
  readonly compatLayout: LoaderLayout;
  /** AT_CLKTCK. */
  readonly clockTicksPerSecond: number;
  /** AT_RSEQ_FEATURE_SIZE and AT_RSEQ_ALIGN; absent before Linux 6.3. */
  readonly restartableSequences?: { readonly featureBytes: number; readonly alignment: number };
}
