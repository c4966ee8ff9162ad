// Pipes and FIFOs (man 7 pipe, man 7 fifo): a bounded byte queue with reading and writing ends.
import { Errno } from '../errno.ts';
import { WaitQueue } from '../wait-queue.ts';
import { anonymousStatus, type FileStatus, FileType } from './file-status.ts';
import { MemoryBudget } from './memory-budget.ts';
import { type OpenFile, Readiness } from './open-file.ts';

/** Default capacity: 16 pages (man 7 pipe). */
const CAPACITY_BYTES = 65536;
/** PIPE_BUF: writes up to this length are atomic. */
const ATOMIC_BYTES = 4096;

/** The two ends of a new pipe. */
export interface Pipe {
  readonly reader: OpenFile;
  readonly writer: OpenFile;
}

/** What F_GETPIPE_SZ and F_SETPIPE_SZ ask an end of a pipe. */
export interface PipeCapacity {
  readonly bytes: number;
  /** Returns the new capacity, or -EBUSY when more than that is waiting and -EPERM where it would grow above `maximum`. */
  resize(bytes: number, maximum: number): number;
  /** What a read would take, left where it is; empty at the end, undefined when a read would wait. */
  peek(length: number): Uint8Array | undefined;
  /** Makes writes by this end packets, or again part of a stream (O_DIRECT of man 2 pipe2). */
  keepPackets(isKept: boolean): void;
}

/**
 * Makes a pipe; `inode` names it in /proc and fstat. Writing without a reader returns -EPIPE (the personality adds its signal),
 * and -ENOMEM when `budget` has no room for what is on its way.
 */
export function createPipe(inode: number, now: () => bigint, budget?: MemoryBudget): Pipe {
  const made = now();
  const times = { accessTime: made, modifyTime: made, changeTime: made };
  let status = anonymousStatus({ mode: FileType.Fifo | 0o600, inode, device: 15, ...times });
  const queue = new PipeQueue(() => status, `pipe:[${inode}]`, budget);
  // What fchmod and fchown set is kept and means nothing (pipefs); -1 leaves an owner as it is.
  const attributes = {
    setMode: (mode: number) => {
      status = { ...status, mode: FileType.Fifo | (mode & 0o7777) };
      return 0;
    },
    setOwner: (user: number, group: number) => {
      status = { ...status, user: user === -1 ? status.user : user, group: group === -1 ? status.group : group };
      return 0;
    },
  };
  return {
    reader: Object.assign(queue.open(true, false), attributes),
    writer: Object.assign(queue.open(false, true), attributes),
  };
}

/** The bytes on their way and who stands at either end. A FIFO has one for as long as somebody has it open. */
export class PipeQueue {
  readonly changes = new WaitQueue();
  readonly #status: () => FileStatus | number;
  readonly #name: string | undefined;
  readonly #budget: MemoryBudget;
  #capacityBytes = CAPACITY_BYTES;
  /** A ring of that capacity; nothing before the first byte comes, and after the last end is closed. */
  #ring = new Uint8Array(0);
  #start = 0;
  #length = 0;
  /** What the bytes are made of, once packets came: a read ends with a packet, and the rest of it is lost. */
  #parts: { length: number; readonly isPacket: boolean }[] | undefined;
  #readers = 0;
  #writers = 0;
  /** How many ever opened each end: open(2) of a FIFO waits for the other end to be opened, not to stay open (fs/pipe.c, fifo_open). */
  #readersEver = 0;
  #writersEver = 0;

  constructor(status: () => FileStatus | number, name?: string, budget = new MemoryBudget()) {
    this.#status = status;
    this.#name = name;
    this.#budget = budget;
  }

  get hasReaders(): boolean {
    return this.#readers > 0;
  }

  get isUnused(): boolean {
    return this.#readers + this.#writers === 0;
  }

  /** One more end. `onClose` hears when it is closed. */
  open(reads: boolean, writes: boolean, onClose: () => void = () => {}): OpenFile {
    const writersBefore = this.#writersEver;
    const readersBefore = this.#readersEver;
    const hadWriters = this.#writers > 0;
    const hadReaders = this.#readers > 0;
    if (reads) this.#count(1, 0);
    if (writes) this.#count(0, 1);
    let sendsPackets = false;
    const keepPackets = (isKept: boolean) => {
      sendsPackets = isKept;
    };
    const hadNoWriter = () => writersBefore === this.#writersEver && !hadWriters && !writes;
    return {
      isSeekable: false,
      status: this.#status,
      changes: this.changes,
      available: () => this.#length,
      anonymousName: this.#name,
      pipeCapacity: this.#capacity(keepPackets),
      awaitsPeer: () => {
        if (reads && writes) return false;
        return reads ? hadNoWriter() : !hadReaders && readersBefore === this.#readersEver;
      },
      read: (target) => (reads ? this.#take(target) : -Errno.EBADF),
      write: (bytes) => (writes ? this.#put(bytes, sendsPackets) : -Errno.EBADF),
      readiness: () =>
        (reads ? this.#readable(hadNoWriter()) : 0) |
        (writes ? this.#writable() | (this.hasReaders ? 0 : Readiness.Error) : 0),
      close: () => {
        this.#count(reads ? -1 : 0, writes ? -1 : 0);
        onClose();
      },
    };
  }

  #count(readers: number, writers: number): void {
    this.#readers += readers;
    this.#writers += writers;
    if (readers > 0) this.#readersEver++;
    if (writers > 0) this.#writersEver++;
    if (this.isUnused) this.#forget();
    this.changes.wake();
  }

  #take(target: Uint8Array): number {
    if (this.#length === 0) return this.#writers === 0 || target.length === 0 ? 0 : -Errno.EAGAIN;
    const capacity = this.#capacityBytes;
    const [count, used] = this.#extentOfRead(target.length);
    // A reader announces room only where somebody may have waited for it: edge-triggered watchers count announcements.
    const hadRoom = capacity - this.#length >= ATOMIC_BYTES;
    const first = Math.min(count, capacity - this.#start);
    target.set(this.#ring.subarray(this.#start, this.#start + first));
    target.set(this.#ring.subarray(0, count - first), first);
    this.#start = (this.#start + used) % capacity;
    this.#length -= used;
    if (!hadRoom) this.changes.wake(Readiness.Writable | Readiness.WriteNormal);
    return count;
  }

  /** Bytes that a read gets, and bytes that it takes away. */
  #extentOfRead(wanted: number): readonly [count: number, used: number] {
    const parts = this.#parts;
    if (parts === undefined) return [Math.min(this.#length, wanted), Math.min(this.#length, wanted)];
    let [count, used] = [0, 0];
    while (count < wanted && parts.length > 0) {
      const [first] = parts;
      const got = Math.min(wanted - count, first.length);
      count += got;
      used += first.isPacket ? first.length : got;
      first.length -= first.isPacket ? first.length : got;
      if (first.length === 0) parts.shift();
      if (first.isPacket) break;
    }
    if (parts.length === 0) this.#parts = undefined;
    return [count, used];
  }

  #put(bytes: Uint8Array, isPacket: boolean): number {
    if (this.#readers === 0) return -Errno.EPIPE;
    const capacity = this.#capacityBytes;
    const room = capacity - this.#length;
    if (bytes.length === 0) return 0;
    if (room === 0 || (bytes.length <= ATOMIC_BYTES && room < bytes.length)) return -Errno.EAGAIN;
    const count = Math.min(room, bytes.length);
    if (!this.#hasRing()) return -Errno.ENOMEM;
    if (isPacket || this.#parts !== undefined) this.#appendPart(count, isPacket);
    const end = (this.#start + this.#length) % capacity;
    const first = Math.min(count, capacity - end);
    this.#ring.set(bytes.subarray(0, first), end);
    this.#ring.set(bytes.subarray(first, count), 0);
    this.#length += count;
    this.changes.wake(Readiness.Readable | Readiness.ReadNormal);
    return count;
  }

  /** Makes the ring if there is none; false without room for it. */
  #hasRing(): boolean {
    if (this.#ring.length > 0) return true;
    if (!this.#budget.take(this.#capacityBytes)) return false;
    this.#ring = new Uint8Array(this.#capacityBytes);
    return true;
  }

  #forget(): void {
    this.#budget.give(this.#ring.length);
    this.#ring = new Uint8Array(0);
    this.#parts = undefined;
    this.#start = this.#length = 0;
  }

  #appendPart(length: number, isPacket: boolean): void {
    this.#parts ??= this.#length === 0 ? [] : [{ length: this.#length, isPacket: false }];
    // Longer writes are several packets (man 2 pipe2).
    const most = isPacket ? ATOMIC_BYTES : length;
    for (let left = length; left > 0; left -= most) this.#parts.push({ length: Math.min(left, most), isPacket });
  }

  #readable(hadNoWriter: boolean): number {
    const waiting = this.#length > 0 ? Readiness.Readable | Readiness.ReadNormal : 0;
    return waiting | (this.#writers === 0 && !hadNoWriter ? Readiness.HangUp : 0);
  }

  #writable(): number {
    const hasRoom = this.#capacityBytes - this.#length >= ATOMIC_BYTES;
    return hasRoom ? Readiness.Writable | Readiness.WriteNormal : 0;
  }

  #capacity(keepPackets: PipeCapacity['keepPackets']): PipeCapacity {
    const current = () => this.#capacityBytes;
    return {
      keepPackets,
      get bytes() {
        return current();
      },
      peek: (length) => {
        if (this.#length === 0) return this.#writers === 0 ? new Uint8Array(0) : undefined;
        const bytes = new Uint8Array(Math.min(length, this.#length));
        const capacity = this.#capacityBytes;
        for (let at = 0; at < bytes.length; at++) bytes[at] = this.#ring[(this.#start + at) % capacity];
        return bytes;
      },
      resize: (bytes, maximum) => {
        // fs/pipe.c, round_pipe_size.
        if (bytes > 2 ** 31) return -Errno.EINVAL;
        const capacity = 2 ** Math.ceil(Math.log2(Math.max(bytes, ATOMIC_BYTES)));
        if (capacity > Math.max(maximum, this.#capacityBytes)) return -Errno.EPERM;
        if (capacity < this.#length) return -Errno.EBUSY;
        const ring = this.#ring;
        if (ring.length > 0) {
          if (capacity > ring.length && !this.#budget.take(capacity - ring.length)) return -Errno.ENOMEM;
          const kept = new Uint8Array(capacity);
          const first = Math.min(this.#length, ring.length - this.#start);
          kept.set(ring.subarray(this.#start, this.#start + first));
          kept.set(ring.subarray(0, this.#length - first), first);
          if (capacity < ring.length) this.#budget.give(ring.length - capacity);
          this.#ring = kept;
        }
        this.#capacityBytes = capacity;
        this.#start = 0;
        this.changes.wake();
        return capacity;
      },
    };
  }
}
