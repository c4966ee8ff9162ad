// What execve is given and what it answers.
import type { AddressSpace, Backing, GuestMemory } from '@elf/mm';
import type { ByteSource } from '@elf/parse';
import type { AuxiliaryEntry } from './auxiliary-vector.ts';
import type { FloatingPointStart, ImageAbi, ImagePersonality } from './binary-format.ts';
import type { ExecStep, Refusal } from './exec-record.ts';
import type { LoaderProfile } from './loader-profile.ts';

/** A file opened for execution. */
export interface ExecFile {
  /** Its bytes, for headers. */
  readonly source: ByteSource;
  /** Its pages, for mapping; undefined when its file system cannot map files. */
  readonly backing: Backing | undefined;
  /** Permission bits. A file without any execute bit is refused, also for a privileged caller. */
  readonly mode: number;
  readonly isRegularFile: boolean;
  /** Somebody has it open for writing: ETXTBSY. */
  readonly isOpenForWriting?: boolean;
}

/** Port: finds files for execve. */
export interface ExecFiles {
  /**
   * Walks the path and checks the caller's search and execute permission. `pathBytes` is what Linux has: bytes without an
   * encoding; `path` is the same decoded as UTF-8, for ports whose names are text.
   * @returns the file, or an error number (ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EACCES for permissions and noexec mounts).
   */
  open(path: string, pathBytes: Uint8Array): ExecFile | number;
}

/** Port: random bytes for AT_RANDOM. */
export interface ExecEntropy {
  fill(bytes: Uint8Array): void;
}

/** Who runs the program. */
export interface ExecCredentials {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  /** AT_SECURE: identities changed by a set-user-id file. */
  readonly isSecure?: boolean;
  /** May map below vm.mmap_min_addr (CAP_SYS_RAWIO). */
  readonly mayMapLowPages?: boolean;
}

/** What the CPU tells programs through the auxiliary vector. */
export interface HardwareCapabilities {
  /** CPUID leaf 1, EDX. */
  readonly hwcap: number;
  /** Bit 1: FSGSBASE usable in user mode. */
  readonly hwcap2: number;
  /** AT_MINSIGSTKSZ: bytes a signal frame needs with this CPU's extended state. */
  readonly minimumSignalStackBytes: number;
}

/** Resource limits execve looks at; Linux's defaults when absent, Infinity for unlimited. */
export interface ExecLimits {
  /** RLIMIT_STACK, 8 MiB by default. */
  readonly stackLimitInBytes?: number;
  /** RLIMIT_AS. */
  readonly addressSpaceLimitInBytes?: number;
  /** RLIMIT_DATA. */
  readonly dataLimitInBytes?: number;
}

/** A vDSO the caller maps itself: execve only announces it in the auxiliary vector. */
export interface AnnouncedVdso {
  /** AT_SYSINFO_EHDR: where its ELF header is. */
  readonly address: number;
  /** AT_SYSINFO: __kernel_vsyscall, for i386 programs. */
  readonly systemCallEntry?: number;
}

/** Everything execve depends on. */
export interface ExecRequest {
  readonly path: string | Uint8Array;
  readonly argv: readonly (string | Uint8Array)[];
  readonly envp: readonly (string | Uint8Array)[];
  readonly files: ExecFiles;
  /** Where the new address space takes its frames from. */
  readonly memory: GuestMemory;
  readonly entropy: ExecEntropy;
  readonly profile: LoaderProfile;
  readonly credentials: ExecCredentials;
  readonly hardwareCapabilities: HardwareCapabilities;
  readonly limits?: ExecLimits;
  /** Absent: no vDSO is announced (docs/decisions/0003-no-vdso-yet.md). */
  readonly vdso?: AnnouncedVdso;
  /** Page size of the modelled host in bytes; the profile's by default. */
  readonly hostPageBytes?: number;
  /** The caller's process id, for start state that holds it (the Tos of Plan 9); 1 by default. */
  readonly processId?: number;
  /** Seed of address randomisation; absent: none, every run is laid out alike. */
  readonly randomizationSeed?: number;
}

/** Borders /proc/PID/stat and prctl(PR_SET_MM) speak of. */
export interface ImageMarks {
  readonly startCode: number;
  readonly endCode: number;
  readonly startData: number;
  readonly endData: number;
  readonly argumentStart: number;
  readonly argumentEnd: number;
  readonly environmentStart: number;
  readonly environmentEnd: number;
}

/** A program ready for its first instruction. */
export interface ExecSuccess {
  readonly ok: true;
  /** Instruction set and calling convention it starts in. */
  readonly abi: ImageAbi;
  /** The system whose calls it makes. */
  readonly personality: ImagePersonality;
  /** Start values of registers other than instruction and stack pointer, by name ("rax"); absent ones are zero. */
  readonly registers: Readonly<Record<string, bigint>>;
  readonly floatingPoint?: FloatingPointStart;
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
  /** Name of the format that accepted the image. */
  readonly format: string;
  /** The file that was mapped: /proc/PID/exe. */
  readonly file: ExecFile;
  /** Its path: the script's interpreter when a script was started. */
  readonly executablePath: string;
  /** AT_EXECFN: the path execve was given. */
  readonly filename: string;
  /** Arguments after script rewriting. */
  readonly argv: readonly Uint8Array[];
  readonly isStackExecutable: boolean;
  readonly marks: ImageMarks;
  readonly auxiliaryVector: readonly AuxiliaryEntry[];
  readonly record: readonly ExecStep[];
}

/** A refused execve. */
export interface ExecFailure {
  readonly ok: false;
  readonly errno: number;
  /** True: the old program is gone, the process dies of SIGSEGV and the error number never reaches it. */
  readonly afterPointOfNoReturn: boolean;
  readonly refusal: Refusal;
  readonly record: readonly ExecStep[];
}

/** The answer of execve. */
export type ExecOutcome = ExecSuccess | ExecFailure;
