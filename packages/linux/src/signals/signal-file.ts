// Signals as a descriptor: signalfd(2). Whoever reads takes its own pending signals, so an inherited descriptor serves the child.
import { anonymousFile, Errno, type Kernel, type OpenFile, Readiness, type Thread, WaitQueue } from '@elf/kernel';
import { defineStruct } from '../abi/struct-layout.ts';
import { processState, type SignalInfo, signalBit, threadState } from './signal-state.ts';
import { Signal } from './signal-table.ts';

// struct signalfd_siginfo (include/uapi/linux/signalfd.h).
// biome-ignore format: a table
const record = defineStruct(128, {
  signal: [0, 'u32'], errno: [4, 'i32'], code: [8, 'i32'], process: [12, 'u32'], user: [16, 'u32'], fd: [20, 'i32'], timer: [24, 'u32'],
  band: [28, 'u32'], overrun: [32, 'u32'], trap: [36, 'u32'], status: [40, 'i32'], int: [44, 'i32'], pointer: [48, 'u64'], userTime: [56, 'u64'],
  systemTime: [64, 'u64'], address: [72, 'u64'],
});

/** Which signals a descriptor takes. */
export class SignalFileControl {
  readonly changes = new WaitQueue();
  mask: bigint;

  constructor(mask: bigint) {
    this.mask = mask;
  }

  /** signalfd(2) with an old descriptor: another set. */
  change(mask: bigint): void {
    this.mask = mask;
    this.changes.wake();
  }
}

/** Makes a descriptor's file for the signals of `mask`. */
export function createSignalFile(kernel: Kernel, mask: bigint): OpenFile {
  const control = new SignalFileControl(mask);
  const reader = () => kernel.currentThread;
  // Arrivals of the process that made it wake those who wait; a child that inherited it listens through its own reads.
  const maker = reader();
  const forward = maker && processState(maker.process).arrivals.join(() => control.changes.wake(Readiness.Readable));
  const file = anonymousFile({
    name: 'anon_inode:[signalfd]',
    control,
    readiness: () => {
      const thread = reader();
      return thread !== undefined && findPending(thread, control.mask) !== undefined ? Readiness.Readable : 0;
    },
    read: (target) => {
      if (target.length < record.sizeInBytes) return -Errno.EINVAL;
      const thread = reader();
      let done = 0;
      while (done + record.sizeInBytes <= target.length) {
        const info = thread && takePending(thread, control.mask);
        if (info === undefined) break;
        target.set(encode(info), done);
        done += record.sizeInBytes;
      }
      return done === 0 ? -Errno.EAGAIN : done;
    },
    close: () => forward?.(),
  });
  return {
    ...file,
    get changes() {
      const thread = reader();
      const isInherited = thread !== undefined && maker !== undefined && thread.process !== maker.process;
      return isInherited ? processState(thread.process).arrivals : control.changes;
    },
  };
}

function queuesOf(thread: Thread): readonly SignalInfo[][] {
  return [threadState(thread).pending, processState(thread.process).pending];
}

function findPending(thread: Thread, mask: bigint): SignalInfo | undefined {
  for (const queue of queuesOf(thread)) {
    const found = queue.find((info) => (mask & signalBit(info.signal)) !== 0n);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The lowest signal first, as dequeue_signal does. */
function takePending(thread: Thread, mask: bigint): SignalInfo | undefined {
  for (const queue of queuesOf(thread)) {
    let best = -1;
    for (const [at, info] of queue.entries())
      if ((mask & signalBit(info.signal)) !== 0n && (best < 0 || info.signal < queue[best].signal)) best = at;
    if (best >= 0) return queue.splice(best, 1)[0];
  }
  return undefined;
}

function encode(info: SignalInfo): Uint8Array {
  const value = info.value ?? 0n;
  const sender = { process: info.process ?? 0, user: info.user ?? 0 };
  const queued = info.value === undefined ? {} : { int: Number(BigInt.asIntN(32, value)), pointer: value };
  return record.encode({
    signal: info.signal,
    code: info.code,
    ...sender,
    ...(info.signal === Signal.CHLD ? { status: info.status ?? 0 } : queued),
    ...(info.address === undefined ? {} : { address: info.address }),
  });
}
