// Everything a machine takes from outside, as one record of ports.
import type { MemoryBudget } from '../files/memory-budget.ts';
import type { FileSystem } from '../files/file-system.ts';
import type { Clock } from './clock.ts';
import type { Entropy } from './entropy.ts';
import type { SocketsPort } from './sockets-port.ts';
import type { StandardStreams } from './standard-streams.ts';

/** The ports of a machine. `createMemoryHost` fills all of them without touching the outside. */
export interface Host {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly streams: StandardStreams;
  /** What the guest sees at "/". */
  readonly files: FileSystem;
  /** Networks the machine is on; absent: connections within the machine are all there are. */
  readonly sockets?: SocketsPort;
  /** User and group the first process runs as. */
  readonly user: number;
  readonly group: number;
  readonly supplementaryGroups?: readonly number[];
  readonly hostName: string;
  readonly processors: number;
  /** Where the first process starts (byte string). */
  readonly workingDirectory: string;
  readonly umask: number;
  /** What files in memory and pipes may take of the host's memory; one with the default limit when absent. */
  readonly memoryBudget?: MemoryBudget;
  /** Nice value the first process starts with; 0 when absent. */
  readonly niceness?: number;
  /** Calls the listener with the name of each signal that somebody sends the emulator ("SIGINT"), which then no longer acts itself. */
  readonly onSignal?: (listener: (name: string) => void) => void;
  /** Stops the emulator as ^Z stops a program, if somebody outside would continue it; absent where there is no outside. */
  readonly suspend?: () => void;
}
