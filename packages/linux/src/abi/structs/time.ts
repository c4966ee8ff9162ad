// table: times in guest memory (include/uapi/linux/time.h, time_types.h).
import { defineStruct } from '../struct-layout.ts';

export const timespec = defineStruct(16, { seconds: [0, 'i64'], nanoseconds: [8, 'i64'] });
export const timeval = defineStruct(16, { seconds: [0, 'i64'], microseconds: [8, 'i64'] });
export const timezone = defineStruct(8, { minutesWest: [0, 'i32'], daylight: [4, 'i32'] });
export const tms = defineStruct(32, { user: [0, 'i64'], system: [8, 'i64'], childUser: [16, 'i64'], childSystem: [24, 'i64'] });

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
