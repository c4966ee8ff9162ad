// A binary format as one row, and what trying it can come to.
import type { AddressSpace } from '@elf/mm';
import type { AuxiliaryEntry } from './auxiliary-vector.ts';
import type { Binprm } from './binprm.ts';
import type { ExecRecord, Refusal } from './exec-record.ts';
import type { ExecFile, ExecRequest, ImageMarks } from './exec-request.ts';
import type { StartLayout } from './start-layout.ts';

/** What a format works with besides the program. */
export interface LoadContext {
  readonly request: ExecRequest;
  readonly record: ExecRecord;
  /** Opens a further file with the rules of execution: the interpreter of a script or of an ELF file. */
  openExecutable(path: Uint8Array): ExecFile | FormatRefusal;
  /** Passes the point of no return: the new, empty address space, with the profile's layout when the format brings none. */
  beginNewExec(layout?: StartLayout): AddressSpace;
}

/** Which instruction set and calling convention the image starts in. */
export type ImageAbi = 'x86-64' | 'i386';

/** Which system the image expects its calls to be answered by. Only a name: a kernel decides whether it has it. */
export type ImagePersonality = 'linux' | 'plan9';

/** State of the floating-point unit at the first instruction, where it differs from a reset CPU's. */
export interface FloatingPointStart {
  /** x87 control word. */
  readonly controlWord: number;
  readonly mxcsr: number;
}

/** An image that is in memory and ready to start. */
export interface LoadedImage {
  /** Instruction set and calling convention it starts in. */
  readonly abi: ImageAbi;
  /** The system whose calls it makes. */
  readonly personality: ImagePersonality;
  /** Start values of registers other than instruction and stack pointer, by name ("rax"); absent ones are zero. */
  readonly registers: Readonly<Record<string, bigint>>;
  readonly floatingPoint?: FloatingPointStart;
  /** Personality flag READ_IMPLIES_EXEC: memory that is mapped readable from now on is executable too. Absent: not set. */
  readonly readImpliesExecute?: boolean;
  readonly space: AddressSpace;
  /** First instruction: the interpreter's entry when there is one. */
  readonly entry: number;
  readonly stackPointer: number;
  /** Where the heap starts. */
  readonly brk: number;
  /** e_entry of the program itself, relocated. */
  readonly programEntry: number;
  /** Difference between addresses in memory and in the file. */
  readonly loadBias: number;
  /** Bias of the interpreter (AT_BASE); 0 without one. */
  readonly interpreterBase: number;
  readonly isStackExecutable: boolean;
  readonly marks: ImageMarks;
  readonly auxiliaryVector: readonly AuxiliaryEntry[];
}

/** A refusal. ENOEXEC before the point of no return means "not mine, ask the next format". */
export interface FormatRefusal {
  readonly kind: 'refused';
  readonly errno: number;
  readonly refusal: Refusal;
}

/** What became of an attempt: refused, another file takes over (it is in the binprm now), or loaded. */
export type FormatOutcome =
  | FormatRefusal
  | { readonly kind: 'rewritten' }
  | { readonly kind: 'loaded'; readonly image: LoadedImage };

/** What loading a shared library into a running program works with: uselib(2). */
export interface LibraryRequest {
  readonly file: ExecFile;
  /** The caller's address space; the format chooses where in it the library goes. */
  readonly space: AddressSpace;
  readonly record: ExecRecord;
}

/** What writing a core dump works with (include/linux/coredump.h, coredump_params). */
export interface CoreDumpRequest {
  /** The address space of the dying program. */
  readonly space: AddressSpace;
  /** The signal that ends it. */
  readonly signal: number;
  /** RLIMIT_CORE: no more bytes than this may be written; Infinity for unlimited. */
  readonly limitInBytes: number;
  /** Takes the next bytes of the dump. False: the file is full or gone, the dump ends. */
  write(bytes: Uint8Array): boolean;
}

/**
 * One row of the binfmt list (include/linux/binfmts.h, struct linux_binfmt).
 * @example
 * const never: BinaryFormat = { name: 'never', load: () => refuse(ExecErrno.ENOEXEC, 'never', 'This format loads nothing.') };
 */
export interface BinaryFormat {
  readonly name: string;
  /** Tries to load the program in `binprm`. */
  load(binprm: Binprm, context: LoadContext): FormatOutcome;
  /**
   * What `load` would refuse with ENOEXEC by the first bytes of a file alone, without loading anything.
   * @returns undefined for a good header, a rule that ends in "-magic" for a file of another format.
   */
  judge?(header: Uint8Array, fileBytes: number): Refusal | undefined;
  /**
   * Maps a library of this format into a running program. Absent: the format has none. ELF's is absent on purpose: Linux's
   * serves only a.out-era systems and is compiled out of current kernels.
   * @returns 0, or a positive error number: ENOEXEC for "not mine".
   */
  loadLibrary?(library: LibraryRequest): number;
  /**
   * Writes a core dump of a program this format loaded. Absent: its programs die without one, as ELF's do here for now.
   * @returns whether a complete dump was written.
   */
  coreDump?(dump: CoreDumpRequest): boolean;
}

/** Builds a refusal. */
export function refuse(errno: number, rule: string, sentence: string): FormatRefusal {
  return { kind: 'refused', errno, refusal: { rule, sentence } };
}
