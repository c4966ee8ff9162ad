// The host that touches nothing: files in memory, a virtual clock, seeded entropy, streams as callbacks.
import { addDeviceNodes } from '../../files/device-nodes.ts';
import { MemoryBudget } from '../../files/memory-budget.ts';
import { MemoryFileSystem } from '../../files/memory-file-system.ts';
import type { Clock } from '../clock.ts';
import type { Entropy } from '../entropy.ts';
import type { Host } from '../host.ts';
import type { StandardStreams } from '../standard-streams.ts';
import { memoryClock } from './memory-clock.ts';
import { memoryEntropy } from './memory-entropy.ts';
import { bytesInput, sinkOutput } from './memory-streams.ts';

/** What a memory host may be given. */
export interface MemoryHostOptions {
  /** Files by path, for example `{ '/bin/hello': bytes }`; everything is made readable and executable. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** What the program reads from its standard input. */
  readonly input?: Uint8Array;
  readonly onOutput?: (bytes: Uint8Array) => void;
  readonly onError?: (bytes: Uint8Array) => void;
  /** Replaces all three streams (a terminal). */
  readonly streams?: StandardStreams;
  readonly clock?: Clock;
  readonly entropy?: Entropy;
  /** Most bytes that files in memory and pipes may hold together; 2 GiB by default. */
  readonly fileMemoryLimitInBytes?: number;
}

/**
 * A host in memory. Two runs of a program on two such hosts are the same to the instruction.
 * @example
 * const host = createMemoryHost({ files: { '/hello': bytes }, onOutput: (part) => output.push(part.slice()) });
 */
export function createMemoryHost(options: MemoryHostOptions = {}): Host & { readonly files: MemoryFileSystem } {
  const clock = options.clock ?? memoryClock();
  const memoryBudget = new MemoryBudget(options.fileMemoryLimitInBytes);
  const files = new MemoryFileSystem(clock, { budget: memoryBudget });
  for (const directory of ['dev', 'etc', 'tmp', 'proc', 'root']) files.makeDirectory(directory, 0o755);
  files.setMode('tmp', 0o1777);
  addDeviceNodes(files, 'dev/');
  files.writeFile(
    'etc/passwd',
    Uint8Array.from('root:x:0:0:root:/root:/bin/sh\n', (c) => c.charCodeAt(0)),
  );
  files.writeFile(
    'etc/group',
    Uint8Array.from('root:x:0:\n', (c) => c.charCodeAt(0)),
  );
  for (const [path, bytes] of Object.entries(options.files ?? {})) files.writeFile(path, bytes, 0o755);
  const discard = () => {};
  return {
    clock,
    entropy: options.entropy ?? memoryEntropy(),
    streams: options.streams ?? {
      input: bytesInput(options.input ?? new Uint8Array(0)),
      output: sinkOutput(options.onOutput ?? discard, 2),
      error: sinkOutput(options.onError ?? discard, 3),
    },
    files,
    user: 0,
    group: 0,
    hostName: 'elf',
    processors: 1,
    workingDirectory: '/',
    umask: 0o022,
    memoryBudget,
  };
}
