// table: calls that i386 has under another name, because an older call with smaller times or 16-bit identities has theirs (syscall_32.tbl).
import type { SystemCallRow } from '@elf/kernel';
import { WIDE_TIMES } from '../abi/structs/time.ts';
import { derivedRow } from './derived-row.ts';

/** Name of the row, name on i386, number there. */
// biome-ignore format: a table
const SAME: readonly (readonly [row: string, name: string, number: number])[] = [
  ['getrlimit', 'ugetrlimit', 191], ['lchown', 'lchown32', 198], ['getuid', 'getuid32', 199], ['getgid', 'getgid32', 200],
  ['geteuid', 'geteuid32', 201], ['getegid', 'getegid32', 202], ['setreuid', 'setreuid32', 203], ['setregid', 'setregid32', 204],
  ['getgroups', 'getgroups32', 205], ['setgroups', 'setgroups32', 206], ['fchown', 'fchown32', 207], ['setresuid', 'setresuid32', 208],
  ['getresuid', 'getresuid32', 209], ['setresgid', 'setresgid32', 210], ['getresgid', 'getresgid32', 211], ['chown', 'chown32', 212],
  ['setuid', 'setuid32', 213], ['setgid', 'setgid32', 214], ['setfsuid', 'setfsuid32', 215], ['setfsgid', 'setfsgid32', 216],
];

/** The same for calls whose times have 64 bits on i386 too. */
// biome-ignore format: a table
const WITH_WIDE_TIMES: readonly (readonly [row: string, name: string, number: number])[] = [
  ['clock_gettime', 'clock_gettime64', 403], ['clock_settime', 'clock_settime64', 404], ['clock_getres', 'clock_getres_time64', 406],
  ['clock_nanosleep', 'clock_nanosleep_time64', 407], ['timer_gettime', 'timer_gettime64', 408], ['timer_settime', 'timer_settime64', 409],
  ['timerfd_gettime', 'timerfd_gettime64', 410], ['timerfd_settime', 'timerfd_settime64', 411], ['utimensat', 'utimensat_time64', 412],
  ['pselect6', 'pselect6_time64', 413], ['ppoll', 'ppoll_time64', 414], ['rt_sigtimedwait', 'rt_sigtimedwait_time64', 421],
  ['recvmmsg', 'recvmmsg_time64', 417], ['mq_timedsend', 'mq_timedsend_time64', 418], ['mq_timedreceive', 'mq_timedreceive_time64', 419],
  ['semtimedop', 'semtimedop_time64', 420], ['futex', 'futex_time64', 422], ['epoll_pwait2', 'epoll_pwait2', 441],
  ['sched_rr_get_interval', 'sched_rr_get_interval_time64', 423],
];

/** Rows of i386 that repeat one of `rows`; what has no row yet is left out. */
export function renamedRows(rows: readonly SystemCallRow[]): SystemCallRow[] {
  const byName = new Map(rows.map((row) => [row.name, row]));
  const derive =
    (variant?: string) =>
    ([from, name, number]: readonly [string, string, number]) => {
      const row = byName.get(from);
      return row === undefined ? [] : [derivedRow(row, name, number, variant === undefined ? {} : { variant })];
    };
  return [...SAME.flatMap(derive()), ...WITH_WIDE_TIMES.flatMap(derive(WIDE_TIMES))];
}
