// Thread calls of i386: set_thread_area(2), get_thread_area(2), and clone(2) with its arguments in another order (man 2 clone).
import { address, defineSystemCall, Errno, type SystemCallRow } from '@elf/kernel';
import { clone, cloneCall, cloneFlags } from '../calls/life.ts';
import {
  EMPTY_FLAGS,
  FIRST_ENTRY,
  installThreadArea,
  isThreadEntry,
  readThreadArea,
  userDescriptor,
} from '../thread-areas.ts';

const ANY_FREE = 0xffff_ffff;
/** What ours have: 32 bits, a limit in pages, usable; with the largest limit. */
const FLAT_FLAGS = 0x51;
const FLAT_LIMIT = 0xf_ffff;

/** Entry -1 asks for a free one, whose number is stored. */
const setThreadArea = defineSystemCall({
  name: 'set_thread_area',
  numbers: { i386: 243 },
  support: 'partial',
  note: 'Limits are not checked: every segment reaches to 4 GiB.',
  arguments: { descriptor: address },
  run: (task, { descriptor: at }) => {
    const area = readThreadArea(task, at);
    if (typeof area === 'number') return area;
    if (area.entry !== ANY_FREE) return installThreadArea(task.cpu, area) ? 0 : -Errno.EINVAL;
    const free = [0, 1, 2].find((index) => task.cpu.threadDescriptor(index) === undefined);
    if (free === undefined) return -Errno.ESRCH;
    installThreadArea(task.cpu, { entry: FIRST_ENTRY + free, base: area.base });
    return task.user.writeU32(at, FIRST_ENTRY + free) ? 0 : -Errno.EFAULT;
  },
});

const getThreadArea = defineSystemCall({
  name: 'get_thread_area',
  numbers: { i386: 244 },
  support: 'full',
  arguments: { descriptor: address },
  run: (task, { descriptor: at }) => {
    const entry = task.user.readU32(at);
    if (entry === undefined) return -Errno.EFAULT;
    if (!isThreadEntry(entry)) return -Errno.EINVAL;
    const base = task.cpu.threadDescriptor(entry - FIRST_ENTRY);
    const fields =
      base === undefined ? { entry, flags: EMPTY_FLAGS } : { entry, base, limit: FLAT_LIMIT, flags: FLAT_FLAGS };
    return task.user.write(at, userDescriptor.encode(fields)) ? 0 : -Errno.EFAULT;
  },
});

const narrowClone = defineSystemCall({
  name: 'clone',
  numbers: { i386: 120 },
  support: cloneCall.support,
  note: cloneCall.note,
  arguments: { flags: cloneFlags, stack: address, parentTid: address, tls: address, childTid: address },
  run: (task, values) => clone(task, values),
});

/** Rows of this file. */
export const I386_THREAD_CALLS: readonly SystemCallRow[] = [setThreadArea, getThreadArea, narrowClone];
