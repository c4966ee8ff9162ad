// The loader port: turns a path into a mapped program. The machine implements it with @elf/exec; tests with a few lines.
import type { AddressSpace } from '@elf/mm';
import type { ExitStatus } from './exit-status.ts';
import type { Viewpoint } from './files/file-tree.ts';
import type { OpenDescription } from './files/open-description.ts';
import type { Kernel } from './kernel.ts';
import type { Personality } from './personality.ts';
import type { Credentials } from './process.ts';

/** What execveat asks for beyond execve. */
export interface LoadPlace {
  /** Its flags as the caller gave them; unknown ones are for the loader to refuse. */
  readonly flags: number;
  /** Where a relative or empty path starts; absent: the working directory. */
  readonly descriptor?: {
    readonly number: number;
    readonly description: OpenDescription;
    readonly closesOnExec: boolean;
  };
}

/** What execve asks for. Byte strings throughout. */
export interface LoadRequest {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  readonly viewpoint: Viewpoint;
  readonly credentials: Readonly<Credentials>;
  /** Present for execveat. */
  readonly at?: LoadPlace;
  /** The number {@link LoadedProgram.passedFile} will get. */
  readonly lowestFreeDescriptor: number;
}

/** Start state and borders of an image, for personalities that care. */
export interface ImageFacts {
  /** Start values of registers by name ("rax"). */
  readonly registers: Readonly<Record<string, bigint>>;
  readonly floatingPoint?: { readonly controlWord: number; readonly mxcsr: number };
  /** Where the heap starts: the end of the zeroed data. */
  readonly brk: number;
  readonly marks: {
    readonly startCode: number;
    readonly endCode: number;
    readonly startData: number;
    readonly endData: number;
  };
}

/** A program in a fresh address space, ready to start. */
export interface LoadedProgram {
  readonly kind: 'loaded';
  readonly space: AddressSpace;
  /** Name of the ABI that the image is for; the personality knows them. Its first one when absent. */
  readonly abi?: string;
  /** The family the image belongs to; absent: that of the process which loads it. */
  readonly personality?: Personality;
  /** What the image asks for beyond an entry and a stack. */
  readonly image?: ImageFacts;
  /** First instruction: the interpreter's when there is one. */
  readonly entry: number;
  readonly stackPointer: number;
  /** Canonical path of the executable after scripts were resolved. */
  readonly executable: string;
  /** Name for ps: the last part of the path given to execve. */
  readonly commandName: string;
  /** As the program finds them on its stack: after scripts were resolved. */
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  readonly auxiliaryVector: Uint8Array;
  /** A file the program finds open under the lowest free number (AT_EXECFD), with a reference of its own. */
  readonly passedFile?: OpenDescription;
}

/** Why a program does not start. */
export interface LoadRefusal {
  readonly kind: 'refused';
  readonly errno: number;
  /** The rule that refused it, one sentence for people. */
  readonly reason: string;
  /** The old program was gone already when the new one was refused: the process ends like this instead of seeing the error. */
  readonly endsProcess?: ExitStatus;
}

/** Loads programs for a kernel. */
export type ProgramLoader = (kernel: Kernel, request: LoadRequest) => LoadedProgram | LoadRefusal;
