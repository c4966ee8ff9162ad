// Timeouts as calls take them: a timespec in guest memory and the monotonic deadline it means.
import { Errno, type Thread } from '@elf/kernel';
import { readTimespecFields } from './abi/structs/time.ts';
import { clockOffset } from './namespaces/time-offsets.ts';

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
const BILLION = 1_000_000_000;

/** A duration or moment from guest memory. */
export interface GivenTime {
  readonly nanoseconds: number;
}

/** Reads a timespec: -EFAULT, or -EINVAL for a negative time or a second's worth of nanoseconds (timespec64_valid). */
export function readTimespec(task: Thread, at: number): GivenTime | number {
  const time = readTimespecFields(task, at);
  if (time === undefined) return -Errno.EFAULT;
  const { seconds, nanoseconds } = time;
  if (seconds < 0 || nanoseconds < 0 || nanoseconds >= BILLION) return -Errno.EINVAL;
  return { nanoseconds: seconds * BILLION + nanoseconds };
}

/** The monotonic moment a duration from now ends. */
export function relativeDeadline(task: Thread, time: GivenTime): number {
  return task.host.clock.monotonic() + time.nanoseconds;
}

/** CLOCK_REALTIME, its alarm and CLOCK_TAI. */
const REALTIME: readonly number[] = [0, 8, 11];

/** The monotonic moment of a given one of a clock, by the clock's number. */
export function absoluteDeadline(task: Thread, time: GivenTime, clock: number): number {
  return Math.max(0, momentOf(task, time, clock));
}

/** The same of a moment that may lie before the monotonic clock's start: how often a timer would have expired counts from there. */
export function momentOf(task: Thread, time: GivenTime, number: number): number {
  if (!REALTIME.includes(number)) return time.nanoseconds - clockOffset(task, number);
  const { clock } = task.host;
  return clock.monotonic() + (time.nanoseconds - Number(clock.realtime()));
}
