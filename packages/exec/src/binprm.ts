// The program being started: its header buffer, its strings, and how much room the strings may take (linux_binprm).
import { GUEST_PAGE_BYTES, guestPageAddress } from '@elf/pagesize';
import { type FormatRefusal, refuse } from './binary-format.ts';
import { ExecErrno } from './exec-errno.ts';
import type { ExecFile, ExecLimits } from './exec-request.ts';

/** MAX_ARG_STRLEN: 32 pages, counting the NUL (include/uapi/linux/binfmts.h). */
const MAXIMUM_STRING_BYTES = 131072;
/** Three quarters of the default 8 MiB stack (fs/exec.c, bprm_stack_limits). */
const ARGUMENT_LIMIT_CEILING = 6 * 1024 * 1024;
/** ARG_MAX: what is allowed however small the stack limit is. */
const ARGUMENT_LIMIT_FLOOR = 131072;
/** MAX_ARG_STRINGS. */
const MAXIMUM_STRINGS = 0x7fff_ffff;
/** Word kept zero at the very top of the stack. */
const TOP_WORD_BYTES = 8;
const POINTER_BYTES = 8;

/** Linux's default RLIMIT_STACK. */
export const DEFAULT_STACK_LIMIT = 8 * 1024 * 1024;

/**
 * State of one execve across rewrites. Strings live at the top of the new stack, so counting their bytes is moving a cursor
 * down from there; they are written when the stack exists.
 */
export class Binprm {
  /** What the caller named: AT_EXECFN, whatever interpreter runs in the end. */
  readonly filename: Uint8Array;
  /** The file to load now; a rewrite replaces it. */
  file: ExecFile;
  /** Its path. */
  path: Uint8Array;
  /** First bytes of the file, zero padded. */
  header = new Uint8Array(0);
  argv: Uint8Array[];
  readonly envp: readonly Uint8Array[];
  /** AT_FLAGS bit 0: a misc rule kept argv[0]. */
  preservesFirstArgument = false;
  /** The path goes through a descriptor that is closed before an interpreter could use it. */
  isPathInaccessible = false;
  /** A misc rule with O wants the file it took passed on (have_execfd). */
  passesFile = false;
  /** A misc rule with C wants the credentials of the file it took (execfd_creds). */
  usesPassedCredentials = false;
  /** That file, once its interpreter took over: AT_EXECFD. */
  passedFile: ExecFile | undefined;
  #next: ExecFile | undefined;
  #stackTop: number;
  readonly #stackLimit: number;
  #cursor: number;
  #floor: number;

  constructor(
    filename: Uint8Array,
    file: ExecFile,
    strings: { readonly argv: Uint8Array[]; readonly envp: readonly Uint8Array[] },
    stackTop: number,
    limits: ExecLimits | undefined,
  ) {
    this.filename = filename;
    this.file = file;
    this.path = filename;
    this.argv = strings.argv;
    this.envp = strings.envp;
    this.#stackTop = stackTop;
    this.#stackLimit = limits?.stackLimitInBytes ?? DEFAULT_STACK_LIMIT;
    this.#cursor = stackTop - TOP_WORD_BYTES;
    this.#floor = 0;
  }

  /** Lowest byte of the strings so far. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Lowest address the strings may reach. */
  get floor(): number {
    return this.#floor;
  }

  /** End of the stack the strings hang from. */
  get stackTop(): number {
    return this.#stackTop;
  }

  /** Moves the strings to the end of the stack the program will have (setup_arg_pages, shift_arg_pages). */
  moveTo(stackTop: number): void {
    const shift = stackTop - this.#stackTop;
    this.#stackTop += shift;
    this.#cursor += shift;
    this.#floor += shift;
  }

  /** Fills the header buffer from the current file (kernel_read in prepare_binprm). */
  readHeader(headerBytes: number): void {
    this.header = new Uint8Array(headerBytes);
    this.header.set(this.file.source.read(0, headerBytes));
  }

  /** Counts the strings against the limits (bprm_stack_limits, copy_strings): filename, environment, arguments. */
  copyStrings(): FormatRefusal | undefined {
    if (this.argv.length > MAXIMUM_STRINGS || this.envp.length > MAXIMUM_STRINGS) {
      return tooBig(
        'argument-count',
        'There are more argument or environment strings than a signed 32-bit number can count.',
      );
    }
    const limit = Math.max(ARGUMENT_LIMIT_FLOOR, Math.min(ARGUMENT_LIMIT_CEILING, Math.floor(this.#stackLimit / 4)));
    const pointers = (Math.max(this.argv.length, 1) + this.envp.length) * POINTER_BYTES;
    if (limit <= pointers) {
      return tooBig('argument-pointers', `The pointers to the strings alone need ${pointers} of ${limit} bytes.`);
    }
    this.#floor = this.#cursor - (limit - pointers);
    const order = [this.filename, ...this.envp.toReversed(), ...this.argv.toReversed()];
    for (const string of order) {
      const refusal = this.#push(string);
      if (refusal) return refusal;
    }
    return undefined;
  }

  /** The file whose set-user-id bits count: what was mapped, or what a misc rule with C took. */
  get credentialFile(): ExecFile {
    return this.usesPassedCredentials ? (this.passedFile ?? this.file) : this.file;
  }

  /** Names the file that takes over from the current one: the interpreter of a script or a misc rule. */
  handOver(interpreter: ExecFile, path: Uint8Array): void {
    this.#next = interpreter;
    this.path = path;
  }

  /** Makes the interpreter the current file (exec_binprm). Only one file can be passed on, and only to the next in line. */
  followInterpreter(): FormatRefusal | undefined {
    const taken = this.file;
    this.file = this.#next ?? taken;
    this.#next = undefined;
    if (!this.passesFile) return undefined;
    if (this.passedFile !== undefined) {
      const sentence = 'The interpreter that is to get an open file is itself started by an interpreter.';
      return refuse(ExecErrno.ENOEXEC, 'passed-file', sentence);
    }
    this.passedFile = taken;
    return undefined;
  }

  /**
   * Puts the interpreter, its optional argument and the path of the file in front, as script and misc handlers do. The file
   * itself changes with {@link handOver}.
   * @param keepsFirst whether the old argv[0] stays behind them.
   */
  rewriteArguments(replacement: readonly Uint8Array[], keepsFirst = false): FormatRefusal | undefined {
    const [first, ...rest] = this.argv;
    // Before Linux 5.18 there may be no argument to take away (fs/exec.c, remove_arg_zero).
    if (!keepsFirst && first !== undefined) this.#cursor += first.length + 1;
    this.argv = [...replacement, ...(keepsFirst ? this.argv : rest)];
    for (const string of replacement.toReversed()) {
      const refusal = this.#push(string);
      if (refusal) return refusal;
    }
    return undefined;
  }

  #push(string: Uint8Array): FormatRefusal | undefined {
    const length = string.length + 1;
    if (length > MAXIMUM_STRING_BYTES) {
      return tooBig(
        'argument-length',
        `One string takes ${length} bytes; at most ${MAXIMUM_STRING_BYTES} are allowed.`,
      );
    }
    this.#cursor -= length;
    if (this.#cursor < this.#floor) {
      return tooBig('argument-space', 'The argument and environment strings exceed a quarter of the stack limit.');
    }
    // Beyond its first page the temporary stack may not outgrow RLIMIT_STACK (mm/mmap.c, acct_stack_growth).
    const stackBytes = this.#stackTop - guestPageAddress(this.#cursor);
    if (stackBytes > Math.max(this.#stackLimit, GUEST_PAGE_BYTES)) {
      return tooBig('argument-stack', `The strings do not fit a stack of ${this.#stackLimit} bytes.`);
    }
    return undefined;
  }
}

function tooBig(rule: string, sentence: string): FormatRefusal {
  return refuse(ExecErrno.E2BIG, rule, sentence);
}
