// Runs a guest program that does much of one thing, and says what the machine holds afterwards and how long it let the host wait.
import { createMemoryHost, type FileSystem, type Host, type OpenFile } from '@elf/kernel';
import { createMachine } from '../create-machine.ts';

/** What a machine holds. All of it is zero when nothing leaks: no process is left that could need it. */
export interface Holdings {
  readonly processes: number;
  readonly threads: number;
  readonly timers: number;
  /** Bytes of the budget for files in memory and pipes, once the root directory is gone. */
  readonly fileMemory: number;
  /** Names that sockets are bound to. */
  readonly socketNames: number;
  readonly namedPipes: number;
  readonly fileLocks: number;
  /** Files of the host that were opened and not closed. */
  readonly openFiles: number;
  /** Listeners of the standard streams. */
  readonly streamWaiters: number;
  /** Frames of guest memory but the one of zeros, which is kept for good. */
  readonly frames: number;
}

/** What a run came to. */
export interface StressReport {
  readonly outcome: string;
  readonly output: string;
  readonly instructions: number;
  readonly holdings: Holdings;
  /** The longest time between two looks at the host's events, in milliseconds, and the last calls before it ended. */
  readonly longestTurn: number;
  readonly callsOfLongestTurn: readonly string[];
  /** Size of the WebAssembly memory in bytes. */
  readonly memoryBytes: number;
  readonly milliseconds: number;
}

/** What to run. */
export interface StressRequest {
  readonly program: Uint8Array;
  readonly words: readonly string[];
  readonly memoryLimitInBytes?: number;
}

/** Of files in memory and pipes, beside the guest's own memory. */
const FILE_MEMORY_BYTES = 1 << 28;

/** Runs a program on a host in memory with a virtual clock, to its end. Throws what a system call throws: it is never to happen. */
export async function runStress({
  program,
  words,
  memoryLimitInBytes = 1 << 29,
}: StressRequest): Promise<StressReport> {
  const output: string[] = [];
  const memoryHost = createMemoryHost({
    files: { '/program': program },
    fileMemoryLimitInBytes: FILE_MEMORY_BYTES,
    onOutput: (bytes) => output.push(Buffer.from(bytes).toString('latin1')),
  });
  const counted = countOpenFiles(memoryHost.files);
  const host: Host = { ...memoryHost, files: counted.files };
  const machine = createMachine({ host, memoryLimitInBytes });
  const { kernel } = machine;
  // The frame of zeros is made when it is first wanted, and stays.
  kernel.memory.zeroFrame();
  const framesBefore = kernel.memory.framesInUse;
  const started = performance.now();
  let turn = started;
  let longestTurn = 0;
  let callsOfLongestTurn: readonly string[] = [];
  const outcome = await machine.run({
    path: '/program',
    arguments: ['program', ...words],
    shouldStop: () => {
      const now = performance.now();
      if (now - turn > longestTurn) {
        longestTurn = now - turn;
        callsOfLongestTurn = kernel.recentCalls.slice();
      }
      turn = now;
      return false;
    },
  });
  memoryHost.files.discard();
  const { input, output: out, error } = host.streams;
  const holdings = {
    processes: kernel.processes.size,
    threads: kernel.threads.size,
    timers: kernel.timerCount,
    fileMemory: kernel.memoryBudget.usedBytes,
    socketNames: kernel.socketNames.bound.size,
    namedPipes: kernel.tree.pipes.size,
    fileLocks: kernel.tree.locks.size,
    openFiles: counted.count(),
    streamWaiters: [input, out, error].reduce((sum, { changes }) => sum + (changes?.size ?? 0), 0),
    frames: kernel.memory.framesInUse - framesBefore,
  };
  return {
    outcome: JSON.stringify(outcome),
    output: output.join(''),
    instructions: machine.instructions,
    holdings,
    longestTurn,
    callsOfLongestTurn,
    memoryBytes: kernel.memory.memory.buffer.byteLength,
    milliseconds: performance.now() - started,
  };
}

/** The holdings of a machine without processes. */
export const NOTHING_HELD: Holdings = {
  processes: 0,
  threads: 0,
  timers: 0,
  fileMemory: 0,
  socketNames: 0,
  namedPipes: 0,
  fileLocks: 0,
  openFiles: 0,
  streamWaiters: 0,
  frames: 0,
};

function countOpenFiles(inner: FileSystem): { readonly files: FileSystem; count(): number } {
  let open = 0;
  const counted = (file: OpenFile): OpenFile => {
    open++;
    const close = () => {
      open--;
      file.close();
    };
    return { ...file, close };
  };
  const files = new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        const result: unknown = value.apply(target, given);
        return name === 'open' && typeof result === 'object' ? counted(result as OpenFile) : result;
      };
    },
  });
  return { files, count: () => open };
}
