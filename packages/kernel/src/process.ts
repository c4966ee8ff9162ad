// A process: address space, descriptors, place in the file tree, credentials and family.
import { type AddressSpace, UserMemory } from '@elf/mm';
import type { DescriptorTable } from './descriptor-table.ts';
import type { ExitStatus } from './exit-status.ts';
import type { FileIdentity } from './files/access-rights.ts';
import type { Viewpoint } from './files/file-tree.ts';
import type { Personality } from './personality.ts';
import type { Thread } from './thread.ts';
import { WaitQueue } from './wait-queue.ts';

/** Working directory, root and umask: what CLONE_FS shares. */
export interface FilePlace {
  /** Canonical byte strings within the tree. */
  workingDirectory: string;
  root: string;
  umask: number;
}

/** User and group identities. */
export interface Credentials {
  user: number;
  effectiveUser: number;
  savedUser: number;
  group: number;
  effectiveGroup: number;
  savedGroup: number;
  supplementary: readonly number[];
  /** The identity for files where it is not the effective one (setfsuid of Linux). */
  fileUser?: number;
  fileGroup?: number;
  /** What the personality keeps beside the user; a fork's credentials share the record. */
  privileges?: unknown;
}

/** What a process runs: set by execve. */
export interface ProgramFacts {
  /** Canonical path of the executable, byte string. */
  readonly executable: string;
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  /** The auxiliary vector's bytes, for /proc/PID/auxv. */
  readonly auxiliaryVector: Uint8Array;
}

/** What a new process is made of. */
export interface ProcessParts {
  readonly id: number;
  readonly parent: Process | undefined;
  readonly space: AddressSpace;
  readonly descriptors: DescriptorTable;
  readonly place: FilePlace;
  readonly credentials: Credentials;
  readonly personality: Personality;
  readonly program: ProgramFacts;
}

/** One process of a kernel. A zombie keeps only its exit status. */
export class Process {
  readonly id: number;
  parent: Process | undefined;
  readonly children = new Set<Process>();
  readonly threads = new Set<Thread>();
  descriptors: DescriptorTable;
  place: FilePlace;
  readonly credentials: Credentials;
  personality: Personality;
  program: ProgramFacts;
  /** Name of up to 15 bytes that ps shows. */
  commandName: string;
  group: number;
  session: number;
  exitStatus: ExitStatus | undefined;
  /** True between a stop signal and the one that continues it: its threads do not run. */
  isStopped = false;
  /** Set when nobody will ask how it ended: it does not stay as a zombie. */
  isCollected = false;
  /** Woken when a child ends (or stops). */
  readonly childChanges = new WaitQueue();
  /** Woken when this process lets go of a borrowed address space: by execve or exit (vfork). */
  readonly spaceReleased = new WaitQueue();
  /** True while the address space belongs to the parent (vfork). */
  borrowsSpace = false;
  /** Signal dispositions, notes and the like: the personality's own record. */
  personalityState: unknown;
  readonly startTime: number;
  #space: AddressSpace;
  #user: UserMemory;

  constructor(parts: ProcessParts, startTime: number) {
    this.id = parts.id;
    this.parent = parts.parent;
    this.descriptors = parts.descriptors;
    this.place = parts.place;
    this.credentials = parts.credentials;
    this.personality = parts.personality;
    this.program = parts.program;
    this.commandName = '';
    this.group = parts.parent?.group ?? parts.id;
    this.session = parts.parent?.session ?? parts.id;
    this.startTime = startTime;
    this.#space = parts.space;
    this.#user = new UserMemory(parts.space);
    parts.parent?.children.add(this);
  }

  get space(): AddressSpace {
    return this.#space;
  }

  /** Guest memory with the guest's own rights. */
  get user(): UserMemory {
    return this.#user;
  }

  /** execve: returns the old space, in which others may still run. */
  replaceSpace(space: AddressSpace): AddressSpace {
    const old = this.#space;
    this.#space = space;
    this.#user = new UserMemory(space);
    this.borrowsSpace = false;
    this.spaceReleased.wake();
    return old;
  }

  /** CLONE_FS of unshare(2): a working directory, root and umask of its own. */
  unsharePlace(): void {
    this.place = { ...this.place };
  }

  /** Where relative paths start, and who looks. */
  get viewpoint(): Viewpoint {
    return { base: this.place.workingDirectory, root: this.place.root, who: this.fileIdentity };
  }

  /** Whose rights count when files are used. */
  get fileIdentity(): FileIdentity {
    const { effectiveUser, effectiveGroup, fileUser, fileGroup, supplementary } = this.credentials;
    return { user: fileUser ?? effectiveUser, group: fileGroup ?? effectiveGroup, supplementary };
  }
}
