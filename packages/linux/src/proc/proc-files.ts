// The text files of /proc: one row per file, made from kernel and process when opened.
import { Errno, fromBytes, type Kernel, type Process } from '@elf/kernel';
import { GUEST_PAGE_BYTES } from '@elf/mm';
import { CORE_FILTER_MASK } from '../core-dump/core-filter.ts';
import { corePattern, setCorePattern } from '../core-dump/core-dump.ts';
import { systemNames } from '../calls/system-identity.ts';
import { KERNEL_IDENTITY } from '../kernel-identity.ts';
import { processState } from '../signals/signal-state.ts';

const TOTAL_KILOBYTES = 4_194_304;

/** Files about the whole system, by path below /proc. */
export const SYSTEM_FILES: Readonly<Record<string, (kernel: Kernel) => string>> = {
  version: () => `${KERNEL_IDENTITY.system} version ${KERNEL_IDENTITY.release} (elf) ${KERNEL_IDENTITY.version}\n`,
  uptime: (kernel) => {
    const seconds = ((kernel.host.clock.monotonic() - kernel.bootTime) / 1e9 + 1).toFixed(2);
    return `${seconds} ${seconds}\n`;
  },
  loadavg: (kernel) => `0.00 0.00 0.00 1/${kernel.threads.size} ${[...kernel.processes.keys()].at(-1) ?? 1}\n`,
  meminfo: (kernel) => {
    const used = Math.floor(kernel.memory.memory.buffer.byteLength / 1024);
    const line = (name: string, kilobytes: number) => `${`${name}:`.padEnd(16)}${String(kilobytes).padStart(8)} kB\n`;
    const free = TOTAL_KILOBYTES - used;
    return (
      line('MemTotal', TOTAL_KILOBYTES) +
      line('MemFree', free) +
      line('MemAvailable', free) +
      line('Buffers', 0) +
      line('Cached', 0) +
      line('SwapTotal', 0) +
      line('SwapFree', 0)
    );
  },
  cpuinfo: (kernel) =>
    Array.from({ length: kernel.host.processors }, (_, index) => processorText(kernel.cpu.processor, index)).join(''),
  stat: (kernel) =>
    `cpu  0 0 0 0 0 0 0 0 0 0\nbtime ${kernel.host.clock.realtime() / 1_000_000_000n}\nprocesses ${kernel.processes.size}\n`,
  mounts: (kernel) => mountLines(kernel),
  filesystems: () => 'nodev\tproc\n\text4\n',
  'sys/kernel/osrelease': () => `${KERNEL_IDENTITY.release}\n`,
  'sys/kernel/ostype': () => `${KERNEL_IDENTITY.system}\n`,
  'sys/kernel/hostname': (kernel) => `${systemNames(kernel).host ?? kernel.host.hostName}\n`,
  'sys/kernel/domainname': (kernel) => `${systemNames(kernel).domain}\n`,
  'sys/kernel/core_pattern': (kernel) => `${corePattern(kernel)}\n`,
  'sys/kernel/core_uses_pid': () => '0\n',
  'sys/kernel/pid_max': () => '4194304\n',
  'sys/kernel/ngroups_max': () => '65536\n',
  'sys/kernel/cap_last_cap': () => '40\n',
  'sys/vm/overcommit_memory': () => '0\n',
  'sys/vm/mmap_min_addr': () => '65536\n',
  'sys/fs/pipe-max-size': () => '1048576\n',
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

/** Files about one process, by name. */
export const PROCESS_FILES: Readonly<Record<string, (process: Process) => string>> = {
  cmdline: (process) => process.program.arguments.map((argument) => `${argument}\0`).join(''),
  environ: (process) => process.program.environment.map((variable) => `${variable}\0`).join(''),
  comm: (process) => `${process.commandName}\n`,
  coredump_filter: (process) => `${processState(process).coreFilter.toString(16).padStart(8, '0')}\n`,
  auxv: (process) => fromBytes(process.program.auxiliaryVector),
  maps: (process) => process.space.mapsText(),
  mounts: (process) => mountLines([...process.threads][0]?.kernel),
  stat: (process) => {
    const state = process.exitStatus === undefined ? 'R' : 'Z';
    const parent = process.parent?.id ?? 1;
    const head = [
      process.id,
      `(${process.commandName})`,
      state,
      parent,
      process.group,
      process.session,
      0,
      -1,
      4194304,
    ];
    const memory = [process.space.mappedBytes, Math.floor(process.space.mappedBytes / GUEST_PAGE_BYTES)];
    const rest = [
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      20,
      0,
      process.threads.size,
      0,
      Math.floor(process.startTime / 1e7),
      ...memory,
    ];
    return `${[...head, ...rest].join(' ')}${' 0'.repeat(28)}\n`;
  },
  statm: (process) => {
    const pages = Math.floor(process.space.mappedBytes / GUEST_PAGE_BYTES);
    return `${pages} ${pages} 0 0 0 ${pages} 0\n`;
  },
  status: (process) => {
    const { credentials: who } = process;
    const ids = (real: number, effective: number, saved: number) => `${real}\t${effective}\t${saved}\t${effective}`;
    return [
      `Name:\t${process.commandName}`,
      `Umask:\t${process.place.umask.toString(8).padStart(4, '0')}`,
      `State:\t${process.exitStatus === undefined ? 'R (running)' : 'Z (zombie)'}`,
      `Tgid:\t${process.id}`,
      `Pid:\t${process.id}`,
      `PPid:\t${process.parent?.id ?? 1}`,
      'TracerPid:\t0',
      `Uid:\t${ids(who.user, who.effectiveUser, who.savedUser)}`,
      `Gid:\t${ids(who.group, who.effectiveGroup, who.savedGroup)}`,
      `Groups:\t${who.supplementary.join(' ')}`,
      `VmSize:\t${String(Math.floor(process.space.mappedBytes / 1024)).padStart(8)} kB`,
      `Threads:\t${process.threads.size}`,
      '',
    ].join('\n');
  },
};

/** Files that take a value. A negated error number refuses it. */
export const SYSTEM_SETTINGS: Readonly<Record<string, (kernel: Kernel, text: string) => number>> = {
  'sys/kernel/core_pattern': (kernel, text) => {
    setCorePattern(kernel, text);
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
};

function mountLines(kernel: Kernel | undefined): string {
  return [...(kernel?.tree.mounts.mounts ?? [])]
    .reverse()
    .map((mount) => `${mount.type} ${mount.path} ${mount.type} ${mount.fileSystem.isReadOnly ? 'ro' : 'rw'} 0 0\n`)
    .join('');
}
