// The CPU as the kernel sees it: a port that @elf/x86 satisfies structurally. The kernel never imports an engine.
import type { AddressSpace, FaultCause } from '@elf/mm';

/** Why guest code stopped. */
export type CpuExit =
  | { readonly kind: 'system-call'; readonly entry?: 'sysenter' }
  | { readonly kind: 'interrupt'; readonly vector: number; readonly lengthInBytes?: number }
  | { readonly kind: 'budget' }
  | { readonly kind: 'breakpoint' }
  | { readonly kind: 'fault'; readonly address: number; readonly access: 0 | 1 | 2; readonly cause: FaultCauseValue }
  | {
      readonly kind: 'exception';
      readonly vector: number;
      readonly isSingleStep?: boolean;
      readonly errorCode?: number;
    }
  | { readonly kind: 'unsupported'; readonly bytes: Uint8Array; readonly mnemonic: string | undefined };

type FaultCauseValue = (typeof FaultCause)[keyof typeof FaultCause];

/** What /proc/cpuinfo tells about a processor. */
export interface ProcessorIdentity {
  readonly vendor: string;
  readonly name: string;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  readonly flags: readonly string[];
}

/**
 * One x86 processor. Registers are numbered as the manual does: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15.
 * Guest mistakes come back as {@link CpuExit} values with precise state; nothing throws.
 */
export interface Cpu {
  /** Makes `space` the current address space. */
  attach(space: AddressSpace): void;
  /** Executes at most about this many instructions. */
  run(budgetInInstructions: number): CpuExit;
  /** Executes one instruction, or one round of a repeated one, even at a breakpoint; `budget` says that it is done. */
  step(): CpuExit;
  /** Addresses of a space before whose instructions `run` returns `breakpoint`; they replace those named before. */
  setBreakpoints(space: AddressSpace, addresses: ReadonlySet<number>): void;
  /** A general register, unsigned. */
  register(index: number): bigint;
  setRegister(index: number, value: bigint): void;
  /** The low and high halves as 32-bit integers: system calls avoid bigints with them. */
  registerLow(index: number): number;
  registerHigh(index: number): number;
  setRegisterHalves(index: number, low: number, high: number): void;
  rip: number;
  /** RIP by 32-bit halves: exact where `rip` is a rounded number, in the kernel's half. */
  readonly ripHalves: { readonly low: number; readonly high: number };
  flags: number;
  fsBase: bigint;
  gsBase: bigint;
  /** 64, or 32 while CS holds the selector of the 32-bit code segment; setting it loads what a program of that mode starts with. */
  mode: 32 | 64;
  /** The selector in a segment register: 0..5 are ES CS SS DS FS GS. */
  selector(register: number): number;
  /** Loads a segment register other than CS with its base; false where the processor would refuse. */
  loadSelector(register: number, selector: number): boolean;
  /** Base of one of the three thread-local descriptors, selectors 0x63, 0x6b and 0x73; undefined while it is empty. */
  threadDescriptor(index: number): number | undefined;
  setThreadDescriptor(index: number, base: number | undefined): void;
  /** Two words for each descriptor of a space's local descriptor table; undefined for none. Segment registers keep what they hold. */
  setLocalDescriptors(space: AddressSpace, words: Uint32Array | undefined): void;
  /** RDTSC and RDTSCP raise #GP while it is set: part of a saved state. */
  timeStampDisabled: boolean;
  /** x87, SSE and AVX state as XSAVE's standard format has it; FXSAVE's 512 bytes on a processor without XSAVE. */
  extendedState(): Uint8Array;
  /**
   * Takes such an image back; what it lacks, all without an image, gets its initial state. False for one the processor refuses.
   * `components` are the bits of XCR0 to take from the image.
   */
  setExtendedState(image: Uint8Array | undefined, components?: number): boolean;
  /** What the processor says about itself. */
  readonly processor: ProcessorIdentity;
  readonly stateSizeInBytes: number;
  /** The whole architectural state, for thread switches, fork and signals. */
  saveState(): Uint8Array;
  restoreState(state: Uint8Array): void;
  /** The state execve leaves: registers zero, flags 0x202, control words at their defaults. */
  resetState(): void;
  readonly instructionsRetired: number;
}

/** Register numbers by name. */
// biome-ignore format: a table
export const Register = {
  Rax: 0, Rcx: 1, Rdx: 2, Rbx: 3, Rsp: 4, Rbp: 5, Rsi: 6, Rdi: 7,
  R8: 8, R9: 9, R10: 10, R11: 11, R12: 12, R13: 13, R14: 14, R15: 15,
} as const;
