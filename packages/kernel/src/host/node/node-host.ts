// The Node host: the machine a guest sees is the one Node runs on.
import { randomFillSync } from 'node:crypto';
import { availableParallelism, getPriority, hostname } from 'node:os';
import { encodeText } from '../../byte-string.ts';
import type { FileSystem } from '../../files/file-system.ts';
import { layeredFileSystem } from '../../files/layered.ts';
import { MemoryBudget } from '../../files/memory-budget.ts';
import { readOnlyFileSystem } from '../../files/read-only.ts';
import type { Host } from '../host.ts';
import { memorySockets } from '../memory/memory-sockets.ts';
import type { SocketsPort } from '../sockets-port.ts';
import { nodeClock } from './node-clock.ts';
import { nodeDirectory } from './node-directory.ts';
import { nodeSockets } from './node-sockets.ts';
import { type HostTerminals, nodeStream } from './node-stream.ts';

/** What the guest may see of the host. */
export interface NodeHostOptions {
  /** Directory that becomes "/"; the host's own root by default. */
  readonly root?: string;
  /** Directory looked at before `root` (qemu-user's -L). */
  readonly sysroot?: string;
  /** Nothing can be changed, and device nodes are not opened: a sandbox. */
  readonly readOnly?: boolean;
  /** Networks; by default this computer's, and with `readOnly` connections within the machine only. */
  readonly sockets?: SocketsPort;
  /** Replaces the whole tree. */
  readonly files?: FileSystem;
  /** What files in memory and pipes may take together, `files` included if they count on it; one with the default limit when absent. */
  readonly memoryBudget?: MemoryBudget;
  /** Where the program starts; the current directory by default, "/" under another root. */
  readonly workingDirectory?: string;
  /**
   * SIGINT, SIGTERM and others that reach this Node process go to the program instead of ending the process: for a command that is
   * nothing but the program. Off by default, because a process that embeds a machine wants to keep them.
   */
  readonly forwardsSignals?: boolean;
}

/** Signals that are the program's business. */
// biome-ignore format: a list
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGWINCH', 'SIGTSTP', 'SIGCONT'] as const;

/**
 * A host that gives the guest this computer's files, clock, entropy and standard streams.
 * @example
 * const machine = createMachine({ host: createNodeHost({ readOnly: true }) });
 */
export function createNodeHost(options: NodeHostOptions = {}): Host {
  const isSandboxed = options.readOnly === true;
  // Who may open all of the host's files cannot leave anything by a link.
  const trust = { isSandboxed, isGuarded: isSandboxed || options.root !== undefined };
  let files = options.files ?? nodeDirectory(options.root ?? '/', trust);
  if (options.sysroot !== undefined) files = layeredFileSystem(nodeDirectory(options.sysroot, trust), files);
  if (options.readOnly) files = readOnlyFileSystem(files);
  const start = options.workingDirectory ?? (options.root === undefined ? process.cwd() : '/');
  return {
    clock: nodeClock(),
    entropy: { fill: (target) => void randomFillSync(target) },
    streams: standardStreams(),
    files,
    sockets: options.sockets ?? (options.readOnly ? memorySockets() : nodeSockets()),
    user: process.geteuid?.() ?? 0,
    group: process.getegid?.() ?? 0,
    supplementaryGroups: process.getgroups?.() ?? [],
    hostName: hostname(),
    processors: availableParallelism(),
    workingDirectory: encodeText(start),
    umask: currentUmask(),
    memoryBudget: options.memoryBudget ?? new MemoryBudget(),
    niceness: getPriority(),
    ...(options.forwardsSignals && {
      onSignal: (listener) => {
        for (const name of FORWARDED_SIGNALS) process.on(name, () => listener(name));
      },
      suspend: suspendSelf,
    }),
  };
}

/** The three streams; those that are one terminal share its state. */
function standardStreams() {
  const terminals: HostTerminals = new Map();
  return { input: nodeStream(0, terminals), output: nodeStream(1, terminals), error: nodeStream(2, terminals) };
}

function currentUmask(): number {
  // The only way to read it is to set it.
  const mask = process.umask(0);
  process.umask(mask);
  return mask;
}

/** SIGTSTP with its default action: the host's kernel knows whether a shell waits for us (an orphaned group goes on). */
function suspendSelf(): void {
  const listeners = process.listeners('SIGTSTP');
  process.removeAllListeners('SIGTSTP');
  process.kill(process.pid, 'SIGTSTP');
  for (const listener of listeners) process.on('SIGTSTP', listener);
}
