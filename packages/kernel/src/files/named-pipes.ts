// FIFOs of a machine (man 7 fifo): every opening of one inode shares one queue. They join the machine's own processes.
import { Errno } from '../errno.ts';
import type { FileStatus } from './file-status.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { OpenMode } from './open-description.ts';
import type { OpenFile } from './open-file.ts';
import { PipeQueue } from './pipe.ts';

/** The FIFOs that are open now, by device and inode. */
export class NamedPipes {
  readonly #queues = new Map<string, PipeQueue>();
  readonly #budget: MemoryBudget | undefined;

  constructor(budget?: MemoryBudget) {
    this.#budget = budget;
  }

  /** FIFOs that somebody has open. */
  get size(): number {
    return this.#queues.size;
  }

  /** Opens an end; -ENXIO for writing without waiting while nobody reads. */
  open(found: FileStatus, status: () => FileStatus | number, mode: OpenMode): OpenFile | number {
    const key = `${found.device}:${found.inode}`;
    const queue = this.#queues.get(key) ?? new PipeQueue(status, undefined, this.#budget);
    if (mode.nonBlocking && !mode.readable && !queue.hasReaders) return -Errno.ENXIO;
    this.#queues.set(key, queue);
    return queue.open(mode.readable, mode.writable, () => {
      if (queue.isUnused) this.#queues.delete(key);
    });
  }
}
