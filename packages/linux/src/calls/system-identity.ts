// sethostname(2), setdomainname(2), personality(2), ustat(2), sysfs(2), syslog(2), adjtimex(2), ioprio_get(2): facts about the system.
import {
  address,
  bytesOut,
  defineSystemCall,
  Errno,
  fromBytes,
  hexadecimal,
  int,
  type Kernel,
  oneOf,
  type Thread,
  toBytes,
  unsigned,
} from '@elf/kernel';
import { type StructTarget, structOut } from '../abi/struct-arguments.ts';
import { defineStruct } from '../abi/struct-layout.ts';
import { systemNames } from '../namespaces/system-names.ts';
import { changeSetting, settingOf } from '../proc/system-settings.ts';
import { threadAttributes } from '../thread-attributes.ts';

/** __NEW_UTS_LEN. */
export const LONGEST_NAME = 64;

export const sethostname = defineSystemCall({
  name: 'sethostname',
  numbers: { 'x86-64': 170, i386: 74 },
  support: 'full',
  arguments: { name: address, length: int },
  run: (task, { name, length }) =>
    setName(task, name, length, (text) => {
      systemNames(task.kernel).host = text;
    }),
});

export const setdomainname = defineSystemCall({
  name: 'setdomainname',
  numbers: { 'x86-64': 171, i386: 121 },
  support: 'full',
  arguments: { name: address, length: int },
  run: (task, { name, length }) =>
    setName(task, name, length, (text) => {
      systemNames(task.kernel).domain = text;
    }),
});

/** 0xffffffff asks. What would change how programs run (another personality) is not there. */
export const personality = defineSystemCall({
  name: 'personality',
  numbers: { 'x86-64': 135, i386: 136 },
  support: 'partial',
  note: 'Remembered; UNAME26 and STICKY_TIMEOUTS act, flags of execve do not: a machine randomises nothing unless it is told to.',
  result: 'hex',
  arguments: { persona: hexadecimal },
  run: (task, { persona }) => {
    const attributes = threadAttributes(task);
    const before = attributes.persona;
    if (persona !== 0xffff_ffff) attributes.persona = persona >>> 0;
    return before;
  },
});

const BLOCK_BYTES = 4096; // not a page size: ext4's blocks
const LONGEST_TYPE = 256;
const ustatLayout = defineStruct(32, { freeBlocks: [0, 'i32'], freeFiles: [8, 'u64'] });

export const ustat = defineSystemCall({
  name: 'ustat',
  numbers: { 'x86-64': 136 },
  support: 'partial',
  note: 'Knows the device of "/" only.',
  arguments: { device: unsigned, status: structOut(ustatLayout) },
  run: (task, { device, status }) => {
    const root = task.kernel.tree.status(task.process.viewpoint, '/', true);
    if (typeof root === 'number' || root.device !== device) return -Errno.EINVAL;
    const space = task.kernel.tree.mounts.locate('/')?.mount.fileSystem.space?.();
    return status.write({
      freeBlocks: Math.min(0x7fff_ffff, Math.floor((space?.free ?? 0) / BLOCK_BYTES)),
      freeFiles: 0,
    });
  },
});

/** Names of file system types by index, as /proc/filesystems lists them. */
const FILE_SYSTEM_TYPES = ['proc', 'tmpfs', 'ext4'] as const;

export const sysfs = defineSystemCall({
  name: 'sysfs',
  numbers: { 'x86-64': 139, i386: 135 },
  support: 'full',
  arguments: { option: int, first: address, second: address },
  run: (task, { option, first, second }) => {
    if (option === 3) return FILE_SYSTEM_TYPES.length;
    if (option === 1) {
      const bytes = task.user.readCString(first, LONGEST_TYPE);
      if (bytes === undefined) return -Errno.EFAULT;
      const index = (FILE_SYSTEM_TYPES as readonly string[]).indexOf(fromBytes(bytes));
      return index < 0 ? -Errno.EINVAL : index;
    }
    const name = option === 2 ? FILE_SYSTEM_TYPES[first] : undefined;
    if (name === undefined) return -Errno.EINVAL;
    return task.user.write(second, toBytes(`${name}\0`)) ? 0 : -Errno.EFAULT;
  },
});

/** The machine has no kernel log: reading finds nothing, sizes are zero. */
export const syslog = defineSystemCall({
  name: 'syslog',
  numbers: { 'x86-64': 103, i386: 103 },
  support: 'partial',
  note: 'The log is empty; the level of the console is kept.',
  arguments: { action: int, buffer: bytesOut('length'), length: int },
  run: (task, { action, buffer, length }) => {
    if (action < 0 || action > 10) return -Errno.EINVAL;
    const isOpen = action === 3 || action === 10;
    if (!isOpen && task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
    const reads = action === 2 || action === 3 || action === 4;
    if (reads && (length < 0 || buffer.address === 0)) return -Errno.EINVAL;
    if (action === 8 && (length < 1 || length > 8)) return -Errno.EINVAL;
    setConsoleLevel(task.kernel, action, length);
    return 0;
  },
});

const consoleLevels = /* @__PURE__ */ new WeakMap<Kernel, number>();

/** SYSLOG_ACTION_CONSOLE_OFF, _ON and _LEVEL (kernel/printk/printk.c, do_syslog): off keeps the level that on goes back to. */
function setConsoleLevel(kernel: Kernel, action: number, wanted: number): void {
  const [level, ...others] = settingOf(kernel, 'kernel/printk');
  const change = (to: number) => changeSetting(kernel, 'kernel/printk', [to, ...others]);
  if (action === 8) consoleLevels.delete(kernel);
  if (action === 8) change(Math.max(wanted, others[1]));
  else if (action === 6) {
    if (!consoleLevels.has(kernel)) consoleLevels.set(kernel, level);
    change(others[1]);
  } else if (action === 7) {
    change(consoleLevels.get(kernel) ?? level);
    consoleLevels.delete(kernel);
  }
}

// struct timex up to the fields that say something here.
// biome-ignore format: a table
const timex = defineStruct(208, {
  modes: [0, 'u32'], status: [40, 'i32'], precision: [56, 'i64'], tolerance: [64, 'i64'], seconds: [72, 'i64'], microseconds: [80, 'i64'],
  tick: [88, 'i64'],
});
const STA_UNSYNC = 0x40;
const TIME_ERROR = 5;
const adjust = "Reading only: the clock is the host's.";

export const adjtimex = defineSystemCall({
  name: 'adjtimex',
  numbers: { 'x86-64': 159 },
  support: 'partial',
  note: adjust,
  arguments: { buffer: structOut(timex) },
  run: (task, { buffer }) => readAdjustment(task, buffer),
});

export const clockAdjtime = defineSystemCall({
  name: 'clock_adjtime',
  numbers: { 'x86-64': 305 },
  support: 'partial',
  note: adjust,
  arguments: { clock: int, buffer: structOut(timex) },
  run: (task, { clock, buffer }) => (clock === 0 ? readAdjustment(task, buffer) : -Errno.EOPNOTSUPP),
});

const IOPRIO_WHO = { IOPRIO_WHO_PROCESS: 1, IOPRIO_WHO_PGRP: 2, IOPRIO_WHO_USER: 3 } as const;
const IOPRIO_CLASS_SHIFT = 13;

export const ioprioSet = defineSystemCall({
  name: 'ioprio_set',
  numbers: { 'x86-64': 251, i386: 289 },
  support: 'partial',
  note: 'Remembered and told: the host decides about its disks.',
  arguments: { which: oneOf(IOPRIO_WHO), who: int, priority: int },
  run: (task, { which, who, priority }) => {
    const kind = priority >> IOPRIO_CLASS_SHIFT;
    if (which < 1 || which > 3 || kind < 0 || kind > 3) return -Errno.EINVAL;
    if ((priority & 0x1fff) > 7 || (kind === 0 && (priority & 0x1fff) !== 0)) return -Errno.EINVAL;
    if (kind === 1 && task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
    const meant = threadsMeant(task, which, who);
    for (const thread of meant) threadAttributes(thread).ioPriority = priority;
    return meant.length === 0 ? -Errno.ESRCH : 0;
  },
});

export const ioprioGet = defineSystemCall({
  name: 'ioprio_get',
  numbers: { 'x86-64': 252, i386: 290 },
  support: 'full',
  arguments: { which: oneOf(IOPRIO_WHO), who: int },
  run: (task, { which, who }) => {
    if (which < 1 || which > 3) return -Errno.EINVAL;
    const priorities = threadsMeant(task, which, who).map((thread) => threadAttributes(thread).ioPriority);
    // Of several the highest, which is the lowest number (block/ioprio.c, ioprio_best).
    return priorities.length === 0 ? -Errno.ESRCH : Math.min(...priorities);
  },
});

/** The threads that `which` and `who` mean; 0 is the caller's own. */
function threadsMeant(task: Thread, which: number, who: number): Thread[] {
  const { kernel, process } = task;
  if (which === IOPRIO_WHO.IOPRIO_WHO_PROCESS) {
    const thread = who === 0 ? task : kernel.threads.get(who);
    return thread === undefined ? [] : [thread];
  }
  const isOfGroup = which === IOPRIO_WHO.IOPRIO_WHO_PGRP;
  const wanted = who !== 0 ? who : isOfGroup ? process.group : process.credentials.user;
  return [...kernel.threads.values()].filter(
    ({ process: each }) => (isOfGroup ? each.group : each.credentials.user) === wanted,
  );
}

function setName(task: Thread, at: number, length: number, store: (text: string) => void): number {
  if (task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
  if (length < 0 || length > LONGEST_NAME) return -Errno.EINVAL;
  const bytes = length === 0 ? new Uint8Array(0) : task.user.read(at, length);
  if (bytes === undefined) return -Errno.EFAULT;
  store(fromBytes(bytes).replace(/\0.*$/s, ''));
  return 0;
}

function readAdjustment(
  task: Thread,
  buffer: StructTarget<'modes' | 'status' | 'precision' | 'tolerance' | 'seconds' | 'microseconds' | 'tick'>,
): number {
  const given = buffer.read();
  if (given === undefined) return -Errno.EFAULT;
  if (given.modes !== 0) return -Errno.EPERM;
  const now = task.host.clock.realtime();
  const fields = {
    status: STA_UNSYNC,
    precision: 1,
    tolerance: 32_768_000,
    seconds: now / 1_000_000_000n,
    microseconds: (now % 1_000_000_000n) / 1000n,
    tick: 10_000,
  };
  return buffer.write(fields) < 0 ? -Errno.EFAULT : TIME_ERROR;
}
