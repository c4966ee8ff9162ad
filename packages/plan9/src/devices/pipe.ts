// #|: pipes (pipe(3)). Both ends read and write, and a read ends where a write ended.
import { anonymousStatus, Errno, FileType, type Kernel, type OpenFile, Readiness, WaitQueue } from '@elf/kernel';
import { Failure } from '../errors.ts';
import { stateOf } from '../process-state.ts';
import { FileMode } from '../stat-record.ts';
import { type Device, plainFacts } from './device.ts';

/** conf.pipeqsize of a machine with room: bytes that wait in one direction before a writer does. */
const QUEUE_BYTES = 256 * 1024;
/** Longest block (Maxatomic of qio.c): a longer write is several, between which others may come. */
const LONGEST_BLOCK = 64 * 1024;
/** What a block counts beyond its content: empty messages take room too. */
const BLOCK_BYTES = 64;
/** How many reads of a closed pipe find its end before they fail (qio.c counts them so that a loop ends). */
const ENDS_BEFORE_ERROR = 3;

/** One direction: blocks as they were written. */
class Direction {
  readonly changes = new WaitQueue();
  readonly #blocks: Uint8Array[] = [];
  #bytes = 0;
  #isClosed = false;
  #ends = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isReadable(): boolean {
    return this.#blocks.length > 0 || this.#isClosed;
  }

  get isWritable(): boolean {
    return this.#bytes + this.#blocks.length * BLOCK_BYTES < QUEUE_BYTES || this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    this.changes.wake();
  }

  /** At most one block; what does not fit stays for the next read. */
  take(target: Uint8Array): number {
    const [block] = this.#blocks;
    if (block === undefined) {
      if (!this.#isClosed) return -Errno.EAGAIN;
      return ++this.#ends > ENDS_BEFORE_ERROR ? -Failure.HungUp : 0;
    }
    const count = Math.min(block.length, target.length);
    target.set(block.subarray(0, count));
    if (count === block.length) this.#blocks.shift();
    else this.#blocks[0] = block.subarray(count);
    this.#bytes -= count;
    this.changes.wake();
    return count;
  }

  put(bytes: Uint8Array): number {
    if (this.#isClosed) return -Errno.EPIPE;
    if (!this.isWritable) return -Errno.EAGAIN;
    const block = bytes.slice(0, LONGEST_BLOCK);
    this.#blocks.push(block);
    this.#bytes += block.length;
    this.changes.wake();
    return block.length;
  }
}

/** A pipe: two directions, and who still has an end open. */
class Pipe {
  readonly #directions = [new Direction(), new Direction()] as const;
  readonly #opened = [0, 0];

  lengthOf(end: 0 | 1): number {
    return this.#directions[end].bytes;
  }

  /** Opens an end: reads what the other one writes. */
  open(end: 0 | 1): OpenFile {
    const incoming = this.#directions[end];
    const outgoing = this.#directions[1 - end];
    this.#opened[end]++;
    const changes = new WaitQueue();
    const leave = [incoming, outgoing].map((each) => each.changes.join((events) => changes.wake(events)));
    return {
      isSeekable: false,
      changes,
      anonymousName: 'pipe:[plan9]',
      status: () => anonymousStatus({ mode: FileType.Fifo | 0o600, sizeInBytes: incoming.bytes }),
      read: (target) => incoming.take(target),
      write: (bytes) => outgoing.put(bytes),
      readiness: () => (incoming.isReadable ? Readiness.Readable : 0) | (outgoing.isWritable ? Readiness.Writable : 0),
      available: () => incoming.bytes,
      close: () => {
        for (const each of leave) each();
        if (--this.#opened[end] > 0) return;
        incoming.close();
        outgoing.close();
      },
    };
  }
}

/** A new pipe as a device: a directory with its two ends. */
export function pipeDevice(kernel: Kernel): Device {
  const id = kernel.nextInode();
  const pipe = new Pipe();
  const endOf = (path: string) => (path === 'data' ? 0 : path === 'data1' ? 1 : undefined);
  const factsOf = (end: 0 | 1, user: string) =>
    plainFacts('|', {
      name: end === 0 ? 'data' : 'data1',
      id: BigInt(id * 4 + 1 + end),
      mode: 0o600,
      user,
      length: BigInt(pipe.lengthOf(end)),
    });
  return {
    letter: '|',
    name: 'pipe',
    identity: `|${id}`,
    stat: (path, viewer) => {
      const { user } = stateOf(viewer);
      if (path === '')
        return plainFacts('|', { name: '#|', id: BigInt(id * 4), mode: FileMode.Directory + 0o500, user });
      const end = endOf(path);
      return end === undefined ? -Failure.NotFound : factsOf(end, user);
    },
    list: (_path, viewer) => [factsOf(0, stateOf(viewer).user), factsOf(1, stateOf(viewer).user)],
    open: (path) => {
      const end = endOf(path);
      return end === undefined ? -Failure.NotFound : pipe.open(end);
    },
  };
}
