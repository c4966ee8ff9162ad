// A timer that can be waited for and read: timerfd_create(2).
import { Errno } from '../errno.ts';
import { WaitQueue } from '../wait-queue.ts';
import { anonymousFile } from './anonymous-file.ts';
import { type OpenFile, Readiness } from './open-file.ts';

const COUNT_BYTES = 8;

/** Time and alarms as a timer needs them; a Kernel offers both. */
export interface TimerPort {
  /** Monotonic nanoseconds. */
  readonly now: () => number;
  /** Calls back at a monotonic moment; the result cancels. */
  readonly add: (deadline: number, expire: () => void) => () => void;
}

/** A timer: armed for a moment, and again every `interval`. */
export class TimerControl {
  readonly changes = new WaitQueue();
  /** The personality's number of the clock it was made for. */
  readonly clock: number;
  readonly #port: TimerPort;
  #deadline = 0;
  #interval = 0;
  #expirations = 0;
  #cancel: (() => void) | undefined;

  constructor(port: TimerPort, clock: number) {
    this.#port = port;
    this.clock = clock;
  }

  /** Arms it for a monotonic moment (0 disarms) and its repetition in nanoseconds (0 for none). What had expired is forgotten. */
  arm(deadline: number, interval: number): void {
    this.#deadline = deadline;
    this.#interval = deadline === 0 ? 0 : interval;
    this.#expirations = 0;
    this.#schedule();
  }

  /** Nanoseconds to the next expiry (0 when disarmed) and between expiries. */
  remaining(): { readonly first: number; readonly interval: number } {
    this.#settle();
    const first = this.#deadline === 0 ? 0 : Math.max(1, this.#deadline - this.#port.now());
    return { first, interval: this.#interval };
  }

  get hasExpired(): boolean {
    this.#settle();
    return this.#expirations > 0;
  }

  /** Expiries since it was armed or last asked. */
  take(): number {
    this.#settle();
    const count = this.#expirations;
    this.#expirations = 0;
    if (count > 0) this.#schedule();
    return count;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#deadline = 0;
  }

  #settle(): void {
    const late = this.#port.now() - this.#deadline;
    if (this.#deadline === 0 || late < 0) return;
    const count = this.#interval > 0 ? Math.floor(late / this.#interval) + 1 : 1;
    this.#expirations += count;
    this.#deadline = this.#interval > 0 ? this.#deadline + count * this.#interval : 0;
  }

  /** One wake for a first expiry; the next is planned when somebody has read, so that a timer nobody looks at costs nothing. */
  #schedule(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#deadline === 0) return;
    this.#cancel = this.#port.add(this.#deadline, () => {
      this.#cancel = undefined;
      this.changes.wake(Readiness.Readable);
    });
  }
}

/**
 * Makes a disarmed timer; its `control` is a {@link TimerControl}.
 * @example
 * const file = createTimerFile({ now: () => clock.monotonic(), add: (at, expire) => kernel.addTimer(at, expire) }, 1);
 */
export function createTimerFile(port: TimerPort, clock: number): OpenFile {
  const control = new TimerControl(port, clock);
  return anonymousFile({
    name: 'anon_inode:[timerfd]',
    changes: control.changes,
    control,
    readiness: () => (control.hasExpired ? Readiness.Readable : 0),
    read: (target) => {
      if (target.length < COUNT_BYTES) return -Errno.EINVAL;
      const count = control.take();
      if (count === 0) return -Errno.EAGAIN;
      new DataView(target.buffer, target.byteOffset).setBigUint64(0, BigInt(count), true);
      return COUNT_BYTES;
    },
    close: () => control.stop(),
  });
}
