// The program being started: its header buffer, its strings, and how much room the strings may take (linux_binprm).
import { guestPageAddress } from '@elf/pagesize';
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
  readonly #stackTop: number;
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

  /**
   * Replaces argv[0] by the interpreter, its optional argument and the path of the file, as script and misc handlers do.
   * The file itself is replaced by the caller.
   */
  rewriteArguments(replacement: readonly Uint8Array[]): FormatRefusal | undefined {
    const [first, ...rest] = this.argv;
    this.#cursor += first.length + 1;
    this.argv = [...replacement, ...rest];
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
    // The temporary stack itself may not outgrow RLIMIT_STACK (mm/mmap.c, acct_stack_growth).
    if (this.#stackTop - guestPageAddress(this.#cursor) > this.#stackLimit) {
      return tooBig('argument-stack', `The strings do not fit a stack of ${this.#stackLimit} bytes.`);
    }
    return undefined;
  }
}

function tooBig(rule: string, sentence: string): FormatRefusal {
  return refuse(ExecErrno.E2BIG, rule, sentence);
}
