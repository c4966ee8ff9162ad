// A counter that can be waited for: eventfd(2).
import { Errno } from '../errno.ts';
import { WaitQueue } from '../wait-queue.ts';
import { anonymousFile } from './anonymous-file.ts';
import { type OpenFile, Readiness } from './open-file.ts';

const COUNTER_BYTES = 8;
const MAXIMUM = 0xffff_ffff_ffff_fffen;

/** The counter behind the file, for what the kernel itself counts. */
export class EventCounter {
  /** One more event; a counter that is full says so (eventfd_signal of fs/eventfd.c). */
  readonly signal: () => void;

  constructor(signal: () => void) {
    this.signal = signal;
  }
}

/**
 * Makes an event counter. Reading takes the whole count, or one when it is a semaphore; writing adds.
 * @example
 * const wakeUp = createEventCounter(0n, false);
 * wakeUp.write(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]), 0);
 */
export function createEventCounter(initial: bigint, isSemaphore: boolean): OpenFile {
  const changes = new WaitQueue();
  let count = initial;
  return anonymousFile({
    name: 'anon_inode:[eventfd]',
    changes,
    control: new EventCounter(() => {
      if (count <= MAXIMUM) count++;
      changes.wake(Readiness.Readable | (count > MAXIMUM ? Readiness.Error : 0));
    }),
    readiness: () =>
      (count > 0n ? Readiness.Readable : 0) |
      (count > MAXIMUM ? Readiness.Error : 0) |
      (count < MAXIMUM ? Readiness.Writable : 0),
    read: (target) => {
      if (target.length < COUNTER_BYTES) return -Errno.EINVAL;
      if (count === 0n) return -Errno.EAGAIN;
      const taken = isSemaphore ? 1n : count;
      new DataView(target.buffer, target.byteOffset).setBigUint64(0, taken, true);
      count -= taken;
      changes.wake(Readiness.Writable);
      return COUNTER_BYTES;
    },
    write: (bytes) => {
      if (bytes.length !== COUNTER_BYTES) return -Errno.EINVAL;
      const added = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
      if (added > MAXIMUM) return -Errno.EINVAL;
      if (added > MAXIMUM - count) return -Errno.EAGAIN;
      count += added;
      changes.wake(Readiness.Readable);
      return COUNTER_BYTES;
    },
  });
}
