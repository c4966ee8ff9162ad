// table: times in guest memory (include/uapi/linux/time.h, time_types.h).
import type { Thread } from '@elf/kernel';
import { defineStruct, layoutFor } from '../struct-layout.ts';

/** The variant of i386 rows whose times have 64 bits, such as clock_gettime64. */
export const WIDE_TIMES = 'time64';

const timespec32 = defineStruct(8, { seconds: [0, 'i32'], nanoseconds: [4, 'i32'] });
const timeval32 = defineStruct(8, { seconds: [0, 'i32'], microseconds: [4, 'i32'] });

// biome-ignore format: a table
export const timespec = defineStruct(16, { seconds: [0, 'i64'], nanoseconds: [8, 'i64'] }, { layout: timespec32, exceptVariant: WIDE_TIMES });
// biome-ignore format: a table
export const timeval = defineStruct(16, { seconds: [0, 'i64'], microseconds: [8, 'i64'] }, { layout: timeval32, exceptVariant: WIDE_TIMES });
export const timezone = defineStruct(8, { minutesWest: [0, 'i32'], daylight: [4, 'i32'] });
const tms32 = defineStruct(16, { user: [0, 'i32'], system: [4, 'i32'], childUser: [8, 'i32'], childSystem: [12, 'i32'] });
// biome-ignore format: a table
export const tms = defineStruct(32, { user: [0, 'i64'], system: [8, 'i64'], childUser: [16, 'i64'], childSystem: [24, 'i64'] }, { layout: tms32 });

/** A timespec in guest memory, not checked; undefined where it cannot be read. */
export function readTimespecFields(task: Thread, at: number): { seconds: number; nanoseconds: number } | undefined {
  const layout = layoutFor(task, timespec);
  const bytes = task.user.read(at, layout.sizeInBytes);
  return bytes && layout.decode(bytes);
}

/** A timeval in guest memory, not checked; undefined where it cannot be read. */
export function readTimevalFields(task: Thread, at: number): { seconds: number; microseconds: number } | undefined {
  const layout = layoutFor(task, timeval);
  const bytes = task.user.read(at, layout.sizeInBytes);
  return bytes && layout.decode(bytes);
}

/** Stores nanoseconds as a timespec; false where it cannot be written. */
export function writeTimespec(task: Thread, at: number, time: number): boolean {
  const fields = { seconds: Math.floor(time / 1e9), nanoseconds: Math.floor(time % 1e9) };
  return task.user.write(at, layoutFor(task, timespec).encode(fields));
}

/** Stores nanoseconds as a timeval; false where it cannot be written. */
export function writeTimeval(task: Thread, at: number, time: number): boolean {
  const fields = { seconds: Math.floor(time / 1e9), microseconds: Math.floor((time % 1e9) / 1000) };
  return task.user.write(at, layoutFor(task, timeval).encode(fields));
}

/** Bytes of a timespec to the call in progress. */
export function timespecBytes(task: Thread): number {
  return layoutFor(task, timespec).sizeInBytes;
}

// biome-ignore format: a table
const itimerval32 = defineStruct(16, {
  intervalSeconds: [0, 'i32'], intervalMicroseconds: [4, 'i32'], seconds: [8, 'i32'], microseconds: [12, 'i32'],
});
// biome-ignore format: a table
export const itimerval = defineStruct(32, {
  intervalSeconds: [0, 'i64'], intervalMicroseconds: [8, 'i64'], seconds: [16, 'i64'], microseconds: [24, 'i64'],
}, { layout: itimerval32 });

/** {tv_sec=1, tv_nsec=2} */
export function printTimespec(values: { seconds: number; nanoseconds: number }): string {
  return `{tv_sec=${values.seconds}, tv_nsec=${values.nanoseconds}}`;
}

/** {tv_sec=1, tv_usec=2} */
export function printTimeval(values: { seconds: number; microseconds: number }): string {
  return `{tv_sec=${values.seconds}, tv_usec=${values.microseconds}}`;
}

/** Nanoseconds of a timespec. */
export function nanosecondsOf(values: { seconds: number; nanoseconds: number }): number {
  return values.seconds * 1e9 + values.nanoseconds;
}

/** A time as the fields of a timespec. */
export function timespecFields(nanoseconds: bigint) {
  return { seconds: nanoseconds / 1_000_000_000n, nanoseconds: nanoseconds % 1_000_000_000n };
}

// biome-ignore format: a table
const itimerspec32 = defineStruct(16, {
  intervalSeconds: [0, 'i32'], intervalNanoseconds: [4, 'i32'], seconds: [8, 'i32'], nanoseconds: [12, 'i32'],
});
/** struct itimerspec. */
// biome-ignore format: a table
export const itimerspec = defineStruct(32, {
  intervalSeconds: [0, 'i64'], intervalNanoseconds: [8, 'i64'], seconds: [16, 'i64'], nanoseconds: [24, 'i64'],
}, { layout: itimerspec32, exceptVariant: WIDE_TIMES });

/** {it_interval={...}, it_value={...}} */
export function printItimerspec(values: { intervalSeconds: number; intervalNanoseconds: number; seconds: number; nanoseconds: number }): string {
  const interval = printTimespec({ seconds: values.intervalSeconds, nanoseconds: values.intervalNanoseconds });
  return `{it_interval=${interval}, it_value=${printTimespec(values)}}`;
}

/** What is left of a timer and its repetition, in nanoseconds, as an itimerspec's fields. */
export function itimerspecFields(timer: { readonly first: number; readonly interval: number }) {
  return {
    intervalSeconds: Math.floor(timer.interval / 1e9),
    intervalNanoseconds: Math.floor(timer.interval % 1e9),
    seconds: Math.floor(timer.first / 1e9),
    nanoseconds: Math.floor(timer.first % 1e9),
  };
}
