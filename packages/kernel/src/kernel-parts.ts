// What a kernel is made of and what its first process runs.
import type { GuestMemory } from '@elf/mm';
import type { Cpu } from './cpu-port.ts';
import type { Host } from './host/host.ts';
import type { Personality } from './personality.ts';
import type { ProgramLoader } from './program-loader.ts';
import type { Thread } from './thread.ts';

/** What a kernel is made of. */
export interface KernelParts {
  readonly host: Host;
  readonly memory: GuestMemory;
  readonly cpu: Cpu;
  readonly loader: ProgramLoader;
  /** Receives trace lines; absent: nothing is printed or formatted. */
  readonly trace?: (line: string) => void;
  /** Hears that a process dies of a fault, while its memory and registers are still there. */
  readonly onCrash?: (thread: Thread, signal: number) => void;
}

/** What the first process runs. Byte strings. */
export interface StartRequest {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: readonly string[];
  readonly personality: Personality;
}
