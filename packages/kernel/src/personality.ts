// The personality port (decision D7): everything that makes a guest a Linux or a Plan 9 process. The kernel knows none by name.
import type { Cpu, CpuExit } from './cpu-port.ts';
import type { ExitStatus } from './exit-status.ts';
import type { Process } from './process.ts';
import type { LoadedProgram } from './program-loader.ts';
import type { SystemCallTable } from './system-call.ts';
import type { Thread } from './thread.ts';

/** How one kind of system call instruction passes number, arguments and result. */
export interface SystemCallAbi {
  /** Name under which rows give their numbers, such as 'x86-64'. */
  readonly name: string;
  readonly number: (cpu: Cpu) => number;
  /** Bytes of a register as the call sees it: pointers, longs and the structures with them have this width. */
  readonly wordBytes: 4 | 8;
  /** Registers of the arguments, in order; none where {@link argumentWords} tells them. */
  readonly argumentRegisters: readonly number[];
  /**
   * The argument words of a convention that keeps them elsewhere (on the stack). Undefined: they cannot be read, and the call fails
   * with `unknownCallResult`.
   */
  readonly argumentWords?: (thread: Thread) => ArgumentWords | undefined;
  /** Stores a result; errors are negated error numbers. */
  readonly setResult: (cpu: Cpu, result: number | bigint) => void;
  /** What a call the table lacks returns (-ENOSYS). */
  readonly unknownCallResult: number;
  /** Length of the system call instruction, to execute it again. */
  readonly instructionBytes: number;
}

/** Low and high halves of argument words, in order; high ones are zero where words have 32 bits. */
export interface ArgumentWords {
  readonly low: Int32Array;
  readonly high: Int32Array;
}

/** A process family: calls, registers, faults. */
export interface Personality {
  readonly name: string;
  /** The convention behind an exit; undefined: the instruction is not a system call here, it is a fault. */
  readonly abiOf: (exit: CpuExit) => SystemCallAbi | undefined;
  readonly calls: SystemCallTable;
  /** Gives a fresh process and its first thread their state; also one whose old program, of another family, made way for this family's. */
  readonly attach: (process: Process, thread: Thread) => void;
  /** Copies state for fork (a new process) or for a new thread of the same process. */
  readonly fork: (parent: Thread, child: Thread) => void;
  /** execve succeeded: state a new program does not keep is dropped, registers are set to start it. */
  readonly start: (thread: Thread, program: LoadedProgram) => void;
  /** The CPU stopped for something that is not a system call: becomes a signal or a note. */
  readonly fault: (thread: Thread, exit: CpuExit) => void;
  /** Called before guest code continues while `thread.attention` is set. */
  readonly beforeResume: (thread: Thread) => void;
  /** A thread's turn on the processor is over, its registers still there: others may run before it goes on. */
  readonly sliceEnded?: (thread: Thread) => void;
  /** A thread ends, its memory still there. */
  readonly threadEnded: (thread: Thread, status: ExitStatus) => void;
  /** A process became a zombie: tells its parent. */
  readonly processEnded: (process: Process) => void;
  /** A child of this family's process, itself of another family, became a zombie: tells the parent. */
  readonly foreignChildEnded?: (child: Process) => void;
  /** Who becomes the parent of the children of a process that ends; undefined: process 1. */
  readonly heirOf?: (process: Process) => Process | undefined;
  /** Name of an error of the thread's last call for traces, such as "ENOENT (No such file or directory)". */
  readonly describeError: (errno: number, thread: Thread) => string;
}
