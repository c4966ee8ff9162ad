// What execve is given and what it answers.
import type { Backing, GuestMemory, LayoutRandomization } from '@elf/mm';
import type { PagePolicy } from '@elf/pagesize';
import type { ByteSource } from '@elf/parse';
import type { ImageAbi, LoadedImage } from './binary-format.ts';
import type { BinfmtMiscTable } from './binfmt-misc/misc-table.ts';
import type { ExecStep, Refusal } from './exec-record.ts';
import type { FormatProvider } from './format-provider.ts';
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
  /** Who owns it, when its set-user-id and set-group-id bits count; absent on nosuid mounts and where identities cannot change. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Port: finds files for execve. */
export interface ExecFiles {
  /**
   * Walks the path and checks the caller's search and execute permission. `pathBytes` is what Linux has: bytes without an
   * encoding; `path` is the same decoded as UTF-8, for ports whose names are text.
   * `followsLastLink` is false for execveat with AT_SYMLINK_NOFOLLOW: a symbolic link is ELOOP then.
   * @returns the file, or an error number (ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EACCES for permissions and noexec mounts).
   */
  open(path: string, pathBytes: Uint8Array, followsLastLink?: boolean): ExecFile | number;
}

/** What execveat(2) is given beyond execve(2). */
export interface ExecveatPlace {
  /** AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW and AT_EXECVE_CHECK; other bits are EINVAL. */
  readonly flags?: number;
  /** The descriptor a relative or empty path starts from; absent: AT_FDCWD. */
  readonly descriptor?: {
    readonly number: number;
    /** It is gone when an interpreter could use it. */
    readonly closesOnExec: boolean;
    /** Opens a path below it, or the file it stands for when the path is empty. */
    open(path: string, pathBytes: Uint8Array, followsLastLink?: boolean): ExecFile | number;
  };
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
  /** RLIMIT_NPROC was exceeded when the caller last changed its user, and still is: EAGAIN. */
  readonly isProcessLimitExceeded?: boolean;
}

/** A vDSO the caller maps itself: execve only announces it in the auxiliary vector. */
export interface AnnouncedVdso {
  /** AT_SYSINFO_EHDR: where its ELF header is. */
  readonly address: number;
  /** AT_SYSINFO: __kernel_vsyscall, for i386 programs. */
  readonly systemCallEntry?: number;
}

/** A vDSO as execve maps it. */
export interface VdsoImage {
  /** Its pages: header, tables and code. */
  readonly backing: Backing;
  readonly sizeInBytes: number;
  /** Readable areas right below it, lowest first. */
  readonly dataAreas: readonly { readonly name: string; readonly sizeInBytes: number; readonly backing: Backing }[];
  /** Where __kernel_vsyscall is in it, for AT_SYSINFO. */
  readonly systemCallEntryOffset?: number;
}

/** The vDSO of each kind of program; a kind without one gets none. */
export type VdsoImages = Readonly<Partial<Record<ImageAbi, VdsoImage>>>;

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
  /** Announced where it is already, or mapped where the kernel does it (docs/decisions/0005-a-vdso-of-our-own.md); absent: there is none. */
  readonly vdso?: AnnouncedVdso | VdsoImages;
  /** Present for execveat(2). */
  readonly at?: ExecveatPlace;
  /** Rules of binfmt_misc; none by default. */
  readonly binfmtMisc?: BinfmtMiscTable;
  /** Answers requests for formats nobody on the list knows; absent: nobody does. */
  readonly formatProvider?: FormatProvider;
  /** The lowest descriptor that is free once the marked ones are closed: AT_EXECFD of a misc rule with O; 3 by default. */
  readonly lowestFreeDescriptor?: number;
  /** Maps program and interpreter in the kernel's place; absent: the kernel maps. */
  readonly pagePolicy?: PagePolicy;
  /** Page size of the modelled host in bytes; the profile's by default. */
  readonly hostPageBytes?: number;
  /** The caller's process id, for start state that holds it (the Tos of Plan 9); 1 by default. */
  readonly processId?: number;
  /** Flag word of personality(2) the caller has; 0 by default. The new program inherits it. */
  readonly personalityFlags?: number;
  /** Seed of address randomisation; absent: none, every run is laid out alike. */
  readonly randomizationSeed?: number;
  /** The offsets themselves instead of a seed, to repeat a start that was observed. */
  readonly randomization?: LayoutRandomization;
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
export interface ExecSuccess extends LoadedImage {
  readonly ok: true;
  /** Name of the format that accepted the image. */
  readonly format: string;
  /** The file that was mapped: /proc/PID/exe. */
  readonly file: ExecFile;
  /** Its path: the script's interpreter when a script was started. */
  readonly executablePath: string;
  /** The file a misc rule with O passes on, and the descriptor (AT_EXECFD) it must be open under. */
  readonly passedFile?: { readonly file: ExecFile; readonly descriptor: number };
  /** Who the program runs as: the caller, or the owner of a set-user-id file. */
  readonly credentials: ExecCredentials;
  /** AT_EXECFN: the path execve was given. */
  readonly filename: string;
  /** Arguments after script rewriting. */
  readonly argv: readonly Uint8Array[];
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
