// Time namespaces (man 7 time_namespaces): clocks that run ahead of the machine's or behind them.
import { Errno, type Kernel, type Process, type Thread } from '@elf/kernel';
import { hasCapability } from '../capabilities.ts';
import { currentNamespaces, initialNamespaces, type Namespace, namespacesOf } from './namespaces.ts';

/** What is added to two clocks, in nanoseconds. */
export interface TimeOffsets {
  readonly monotonic: number;
  readonly boottime: number;
}

const NONE: TimeOffsets = { monotonic: 0, boottime: 0 };
const NANOSECONDS = 1e9;
/** By the numbers of the clocks (include/uapi/linux/time.h): MONOTONIC, its raw and coarse forms, BOOTTIME and its alarm. */
const OFFSET_OF_CLOCK: Readonly<Record<number, keyof TimeOffsets>> = {
  1: 'monotonic',
  4: 'monotonic',
  6: 'monotonic',
  7: 'boottime',
  9: 'boottime',
};
const CAP_SYS_TIME = 25;
/** KTIME_SEC_MAX / 2: neither clock may be moved further. */
const MOST_SECONDS = 4_611_686_018;

const offsets = /* @__PURE__ */ new WeakMap<Namespace, TimeOffsets>();
/** Namespaces that processes are in, or that were there from the start: they keep their offsets. */
const inUse = /* @__PURE__ */ new WeakSet<Namespace>();

/** What a clock is ahead in the namespace of a thread, in nanoseconds. */
export function clockOffset(thread: Thread, clock: number): number {
  const which = OFFSET_OF_CLOCK[clock];
  return which === undefined ? 0 : (offsets.get(namespacesOf(thread).time) ?? NONE)[which];
}

/** How long the machine is up for whoever asks: it came up a second before its first program. */
export function uptimeSeconds(kernel: Kernel): number {
  const { boottime } = offsets.get(currentNamespaces(kernel).time) ?? NONE;
  return (kernel.host.clock.monotonic() + boottime - kernel.bootTime) / NANOSECONDS + 1;
}

/** A new namespace begins with the offsets of the one its maker is in. */
export function copyOffsets(from: Namespace, to: Namespace): void {
  offsets.set(to, offsets.get(from) ?? NONE);
}

/** A process is in it from now on. */
export function freezeOffsets(space: Namespace): void {
  inUse.add(space);
}

/** /proc/PID/timens_offsets of the namespace that children get. */
export function offsetsText(process: Process): string {
  const [thread] = process.threads;
  const { monotonic, boottime } = (thread && offsets.get(namespacesOf(thread).timeForChildren)) ?? NONE;
  const line = (name: string, offset: number) => {
    const seconds = Math.floor(offset / NANOSECONDS);
    return `${name.padEnd(10)} ${String(seconds).padStart(10)} ${String(offset - seconds * NANOSECONDS).padStart(9)}\n`;
  };
  return line('monotonic', monotonic) + line('boottime', boottime);
}

/** Stores lines of a clock's name or number, seconds and nanoseconds; a negated error number refuses all (kernel/time/namespace.c). */
export function storeOffsets(process: Process, text: string): number {
  const [thread] = process.threads;
  if (thread === undefined) return -Errno.ESRCH;
  const caller = thread.kernel.currentThread?.process ?? process;
  if (!hasCapability(caller, CAP_SYS_TIME)) return -Errno.EPERM;
  const space = namespacesOf(thread).timeForChildren;
  let next: TimeOffsets = offsets.get(space) ?? NONE;
  const lines = text.trim().split('\n');
  for (const each of lines) {
    const [, clock, seconds, nanoseconds] = /^\s*(monotonic|boottime|1|7)\s+(-?\d+)\s+(\d+)\s*$/.exec(each) ?? [];
    if (clock === undefined || Number(nanoseconds) >= NANOSECONDS) return -Errno.EINVAL;
    const offset = Number(seconds) * NANOSECONDS + Number(nanoseconds);
    const now = thread.host.clock.monotonic();
    if (now + offset < 0 || Math.abs(Number(seconds)) > MOST_SECONDS) return -Errno.ERANGE;
    next = { ...next, [OFFSET_OF_CLOCK[Number(clock)] ?? clock]: offset };
  }
  if (space === initialNamespaces(thread.kernel).time || inUse.has(space)) return -Errno.EACCES;
  offsets.set(space, next);
  return 0;
}
