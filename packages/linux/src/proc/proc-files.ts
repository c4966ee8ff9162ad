// The text files of /proc: one row per file, made from kernel and process when opened.
import { Errno, fromBytes, type Kernel, type Process } from '@elf/kernel';
import { GUEST_PAGE_BYTES } from '@elf/mm';
import { LARGEST_SEGMENT } from '../calls/shared-memory.ts';
import { LONGEST_NAME } from '../calls/system-identity.ts';
import { corePattern, setCorePattern } from '../core-dump/core-dump.ts';
import { CORE_FILTER_MASK } from '../core-dump/core-filter.ts';
import { leasesOf } from '../file-signals/leases.ts';
import { KERNEL_IDENTITY, kernelRelease } from '../kernel-identity.ts';
import { systemNames } from '../namespaces/system-names.ts';
import { offsetsText, storeOffsets, uptimeSeconds } from '../namespaces/time-offsets.ts';
import { processState } from '../signals/signal-state.ts';
import { threadAttributes } from '../thread-attributes.ts';
import { VSYSCALL_LINE } from '../vsyscall.ts';
import { keyTable, keyUserTable } from './key-tables.ts';
import { NET_FILES, NET_SETTINGS } from './net-tables.ts';
import { queueTable, segmentTable, semaphoreTable } from './ipc-tables.ts';
import { SETTING_FILES, SETTING_STORES } from './system-settings.ts';
import { limitsText, statText as processStatText, statusText } from './process-status.ts';
import { meminfoText, mountInfoText, mountsText, statText, vmstatText } from './system-status.ts';

const PID_LIMIT = 1 << 22;
const FOUR_GIB = 2 ** 32;

/** Files about the whole system, by path below /proc. */
export const SYSTEM_FILES: Readonly<Record<string, (kernel: Kernel) => string>> = {
  version: (kernel) => `${KERNEL_IDENTITY.system} version ${kernelRelease(kernel)} (elf) ${KERNEL_IDENTITY.version}\n`,
  uptime: (kernel) => {
    const uptime = uptimeSeconds(kernel);
    const hundredths = Math.floor((uptime - Math.floor(uptime)) * 100);
    const text = `${Math.floor(uptime)}.${String(hundredths).padStart(2, '0')}`;
    return `${text} ${text}\n`;
  },
  loadavg: (kernel) => `0.00 0.00 0.00 1/${kernel.threads.size} ${Math.max(1, ...kernel.processes.keys())}\n`,
  meminfo: meminfoText,
  cpuinfo: (kernel) =>
    Array.from({ length: kernel.host.processors }, (_, index) => processorText(kernel.cpu.processor, index)).join(''),
  stat: statText,
  vmstat: vmstatText,
  diskstats: () => '',
  ...NET_FILES,
  swaps: () => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
  modules: () => '',
  cmdline: () => 'elf\n',
  devices: () => 'Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/ptmx\n136 pts\n\nBlock devices:\n',
  filesystems: () => 'nodev\tproc\nnodev\ttmpfs\n\text4\n',
  'sys/kernel/osrelease': (kernel) => `${kernelRelease(kernel)}\n`,
  'sys/kernel/ostype': () => `${KERNEL_IDENTITY.system}\n`,
  'sys/kernel/hostname': (kernel) => `${systemNames(kernel).host ?? kernel.host.hostName}\n`,
  'sys/kernel/domainname': (kernel) => `${systemNames(kernel).domain}\n`,
  'sys/kernel/core_pattern': (kernel) => `${corePattern(kernel)}\n`,
  'sys/kernel/core_uses_pid': () => '0\n',
  'sys/kernel/ns_last_pid': (kernel) => `${kernel.lastId}\n`,
  'sys/kernel/pid_max': () => `${PID_LIMIT}\n`,
  'sys/kernel/ngroups_max': () => '65536\n',
  'sys/kernel/cap_last_cap': () => '40\n',
  'sys/kernel/tainted': () => '0\n',
  // Whom a user or group is shown as that has no number in the namespace that asks.
  'sys/kernel/overflowuid': () => '65534\n',
  'sys/kernel/overflowgid': () => '65534\n',
  'sys/fs/overflowuid': () => '65534\n',
  'sys/fs/overflowgid': () => '65534\n',
  'sys/vm/nr_hugepages': () => '0\n',
  partitions: () => 'major minor  #blocks  name\n\n',
  'sys/kernel/msgmni': () => '32000\n',
  'sys/kernel/version': () => `${KERNEL_IDENTITY.version}\n`,
  'sys/kernel/random/boot_id': (kernel) => `${uuidOf(kernel, bootIds)}\n`,
  'sys/kernel/random/uuid': (kernel) => `${uuidOf(kernel)}\n`,
  'sys/kernel/random/entropy_avail': () => '256\n',
  'sys/kernel/shmmax': () => `${LARGEST_SEGMENT}\n`,
  ...NET_SETTINGS,
  'sys/fs/file-max': () => '9223372036854775807\n',
  'sys/fs/lease-break-time': (kernel) => `${leasesOf(kernel).breakTime}\n`,
  'sys/vm/mmap_min_addr': () => '65536\n',
  ...SETTING_FILES,
  keys: keyTable,
  'key-users': keyUserTable,
  'sysvipc/sem': semaphoreTable,
  'sysvipc/shm': segmentTable,
  'sysvipc/msg': queueTable,
};

// The lines that programs read of arch/x86/kernel/cpu/proc.c.
function processorText(
  { vendor, family, model, name, stepping, flags }: Kernel['cpu']['processor'],
  index: number,
): string {
  const lines: readonly (readonly [string, string | number])[] = [
    ['processor', index],
    ['vendor_id', vendor],
    ['cpu family', family],
    ['model', model],
    ['model name', name],
    ['stepping', stepping],
    ['cpu MHz', '1000.000'],
    ['flags', flags.join(' ')],
  ];
  return `${lines.map(([title, value]) => `${title}${title.length < 8 ? '\t\t' : '\t'}: ${value}\n`).join('')}\n`;
}

/** The areas of a process, and of a 64-bit one the vsyscall page, which is nobody's (fs/proc/task_mmu.c). */
function mapsText({ space }: Process): string {
  const text = space.mapsText();
  return text === '' || space.layout.taskSize < FOUR_GIB ? text : text + VSYSCALL_LINE;
}

/** Files about one process, by name. */
export const PROCESS_FILES: Readonly<Record<string, (process: Process) => string>> = {
  cmdline: (process) => process.program.arguments.map((argument) => `${argument}\0`).join(''),
  environ: (process) => process.program.environment.map((variable) => `${variable}\0`).join(''),
  comm: (process) => `${process.commandName}\n`,
  coredump_filter: (process) => `${processState(process).coreFilter.toString(16).padStart(8, '0')}\n`,
  auxv: (process) => fromBytes(process.program.auxiliaryVector),
  maps: mapsText,
  smaps: ({ space }) => space.smapsText(),
  smaps_rollup: ({ space }) => rollUp(space.smapsText()),
  pagemap: () => '',
  mounts: (process) => mountsText(kernelOf(process)),
  mountinfo: (process) => mountInfoText(kernelOf(process)),
  stat: processStatText,
  statm: (process) => {
    const pages = Math.floor(process.space.mappedBytes / GUEST_PAGE_BYTES);
    const resident = Math.floor(process.space.residentBytes / GUEST_PAGE_BYTES);
    return `${pages} ${resident} 0 0 0 ${pages} 0\n`;
  },
  status: statusText,
  limits: limitsText,
  cgroup: () => '0::/\n',
  oom_score: () => '0\n',
  oom_score_adj: (process) => `${processState(process).outOfMemoryScore}\n`,
  oom_adj: () => '0\n',
  personality: (process) => {
    const [thread] = process.threads;
    const persona = thread === undefined ? 0 : threadAttributes(thread).persona;
    return `${persona.toString(16).padStart(8, '0')}\n`;
  },
  loginuid: () => '4294967295\n',
  sessionid: () => '4294967295\n',
  wchan: () => '0',
  io: () => 'rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n',
  uid_map: () => '         0          0 4294967295\n',
  gid_map: () => '         0          0 4294967295\n',
  setgroups: () => 'allow\n',
  timens_offsets: offsetsText,
};

/** Files that take a value. A negated error number refuses it. */
export const SYSTEM_SETTINGS: Readonly<Record<string, (kernel: Kernel, text: string) => number>> = {
  'sys/kernel/core_pattern': (kernel, text) => {
    setCorePattern(kernel, text);
    return 0;
  },
  ...SETTING_STORES,
  'sys/kernel/hostname': (kernel, text) => nameSystem(kernel, 'host', text),
  'sys/kernel/domainname': (kernel, text) => nameSystem(kernel, 'domain', text),
  'sys/kernel/ns_last_pid': (kernel, text) => {
    const number = /^\s*\d{1,7}\s*$/.test(text) ? Number(text) : PID_LIMIT;
    if (number >= PID_LIMIT) return -Errno.EINVAL;
    kernel.lastId = number;
    return 0;
  },
  'sys/fs/lease-break-time': (kernel, text) => {
    if (!/^\s*\d{1,9}\s*$/.test(text)) return -Errno.EINVAL;
    leasesOf(kernel).breakTime = Number(text);
    return 0;
  },
};

/** The same of one process. */
export const PROCESS_SETTINGS: Readonly<Record<string, (process: Process, text: string) => number>> = {
  coredump_filter: (process, text) => {
    // kstrtouint_from_user with base 0.
    const [, octal, number] = /^(?:(0[0-7]*)|(0x[0-9a-f]+|[1-9]\d*))\n?$/i.exec(text) ?? [];
    if (octal === undefined && number === undefined) return -Errno.EINVAL;
    const bits = octal === undefined ? Number(number) : Number.parseInt(octal, 8);
    processState(process).coreFilter = bits & CORE_FILTER_MASK;
    return 0;
  },
  timens_offsets: storeOffsets,
  // fs/proc/base.c, oom_score_adj_write: lowering it takes CAP_SYS_RESOURCE.
  oom_score_adj: (process, text) => {
    const score = Number(text);
    if (text.trim() === '' || !Number.isInteger(score) || Math.abs(score) > 1000) return -Errno.EINVAL;
    const state = processState(process);
    if (score < state.outOfMemoryScore && process.credentials.effectiveUser !== 0) return -Errno.EACCES;
    state.outOfMemoryScore = score;
    return 0;
  },
};

function kernelOf(process: Process): Kernel | undefined {
  const [thread] = process.threads;
  return thread?.kernel;
}

/** proc_dostring of 65 bytes: what is longer is cut. */
function nameSystem(kernel: Kernel, name: 'host' | 'domain', text: string): number {
  systemNames(kernel)[name] = text.replace(/[\0\n].*$/s, '').slice(0, LONGEST_NAME);
  return 0;
}

const bootIds = /* @__PURE__ */ new WeakMap<Kernel, string>();

/** A random UUID of version 4; with `kept` always the same for one kernel. */
function uuidOf(kernel: Kernel, kept?: WeakMap<Kernel, string>): string {
  const known = kept?.get(kernel);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(16);
  kernel.host.entropy.fill(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const made = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  kept?.set(kernel, made);
  return made;
}

/** The amounts of all areas, added up (fs/proc/task_mmu.c, show_smaps_rollup). */
function rollUp(areas: string): string {
  const sums = new Map<string, number>();
  for (const [, name, amount] of areas.matchAll(/^(\w+): +(\d+) kB$/gm)) {
    if (!OF_ONE_AREA.includes(name)) sums.set(name, (sums.get(name) ?? 0) + Number(amount));
  }
  const starts = [...areas.matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm)];
  const extent = starts.length === 0 ? '00000000-00000000' : `${starts[0][1]}-${starts[starts.length - 1][2]}`;
  const lines = [...sums].map(([name, amount]) => `${`${name}:`.padEnd(16)}${String(amount).padStart(8)} kB\n`);
  return `${extent} ---p 00000000 00:00 0 ${' '.repeat(25)}[rollup]\n${lines.join('')}`;
}

const OF_ONE_AREA = ['Size', 'KernelPageSize', 'MMUPageSize'];
