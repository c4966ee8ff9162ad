// All system calls, and what answers a number that is none.
import { createSystemCallTable, type SystemCallRow, type SystemCallTable } from '@elf/kernel';
import { defineCall } from '../define-call.ts';
import { Failure } from '../errors.ts';
import { complain, postNote } from '../notes/post-note.ts';
import { exec } from './exec.ts';
import { close, create, dup, fd2path, open, oseek, pipe, seek } from './files.ts';
import { brk, segattach, segbrk, segdetach, segflush, segfree, semacquire, semrelease, tsemacquire } from './memory.ts';
import { fauth, fversion, mount, oldMount, oldSession } from './mounts.ts';
import { bind, chdir, remove, unmount } from './names.ts';
import { awaitCall, exits, oldWait, rfork } from './processes.ts';
import { fstat, fwstat, oldFstat, oldFwstat, oldStat, oldWstat, stat, wstat } from './stat.ts';
import { alarm, errstr, noted, notify, nsec, nsec386, oldErrstr, rendezvous, sleep, sysr1 } from './time-and-notes.ts';
import { oldRead, oldWrite, pread, pwrite } from './transfer.ts';

/** Every row, by number. */
// biome-ignore format: groups by number
export const PLAN9_CALLS: readonly SystemCallRow[] = [
  sysr1, oldErrstr, bind, chdir, close, dup, alarm, exec, exits, oldSession, fauth, oldFstat, segbrk, oldMount, open, oldRead, oseek, sleep,
  oldStat, rfork, oldWrite, pipe, create, fd2path, brk, remove, oldWstat, oldFwstat, notify, noted, segattach, segdetach, segfree, segflush,
  rendezvous, unmount, oldWait, semacquire, semrelease, seek, fversion, errstr, stat, fstat, wstat, fwstat, mount, awaitCall, pread, pwrite,
  tsemacquire, nsec, nsec386,
];

/** The table of the personality: numbers that are no call post the note that says so. */
export function createCallTable(): SystemCallTable {
  const table = createSystemCallTable(PLAN9_CALLS);
  return { rows: table.rows, find: (abi, number) => table.find(abi, number) ?? badCall(number) };
}

/** A number that is none: the kernel's words on descriptor 2, a note, and an error if a handler goes on (syscall of the 4th edition's trap.c). */
function badCall(number: number): SystemCallRow {
  return defineCall({
    name: `syscall_${number}`,
    number,
    support: 'refused',
    arguments: {},
    run: (task) => {
      complain(task, `bad sys call number ${number} pc 0x${task.cpu.rip.toString(16)}`);
      postNote(task.process, 'sys: bad sys call', 'debug');
      return -Failure.BadArgument;
    },
  });
}
