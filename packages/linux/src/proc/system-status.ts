// /proc/stat, vmstat, mountinfo and relatives: facts about the whole machine (man 5 proc). What a machine does not count is zero.
import { deviceMajor, deviceMinor, type Kernel, type Mount } from '@elf/kernel';

const TICK_NANOSECONDS = 10_000_000;
const BLOCK_BYTES = 4096; // not a page size: the unit of vmstat's counts
/** Machine memory as meminfo and sysinfo tell it. */
export const TOTAL_KILOBYTES = 4_194_304;
/** Mount ids start here; 1 is the parent of "/". */
export const FIRST_MOUNT = 20;

/** /proc/stat: time since boot counts as user time of the first processor, the others are idle. */
export function statText(kernel: Kernel): string {
  const { clock, processors } = kernel.host;
  const ticks = Math.floor((clock.monotonic() - kernel.bootTime) / TICK_NANOSECONDS);
  const idle = ticks * (processors - 1);
  const perProcessor = Array.from({ length: processors }, (_, index) =>
    index === 0 ? `cpu0 ${ticks} 0 0 0 0 0 0 0 0 0` : `cpu${index} 0 0 0 ${ticks} 0 0 0 0 0 0`,
  );
  const boot = (clock.realtime() - BigInt(Math.floor(clock.monotonic() - kernel.bootTime))) / 1_000_000_000n;
  const running = [...kernel.threads.values()].filter(({ state }) => state === 'runnable').length;
  return [
    `cpu  ${ticks} 0 0 ${idle} 0 0 0 0 0 0`,
    ...perProcessor,
    'intr 0',
    'ctxt 0',
    `btime ${boot}`,
    `processes ${kernel.processes.size}`,
    `procs_running ${Math.max(1, running)}`,
    'procs_blocked 0',
    'softirq 0 0 0 0 0 0 0 0 0 0 0',
    '',
  ].join('\n');
}

/** /proc/vmstat. */
export function vmstatText(kernel: Kernel): string {
  const used = Math.floor(kernel.memory.memory.buffer.byteLength / BLOCK_BYTES);
  const free = (TOTAL_KILOBYTES * 1024) / BLOCK_BYTES - used;
  const zero = ['nr_dirty', 'nr_writeback', 'pgpgin', 'pgpgout', 'pswpin', 'pswpout', 'pgfault', 'pgmajfault'];
  return `nr_free_pages ${free}\nnr_active_anon ${used}\n${zero.map((name) => `${name} 0\n`).join('')}`;
}

/** /proc/meminfo. */
export function meminfoText(kernel: Kernel): string {
  const used = Math.floor(kernel.memory.memory.buffer.byteLength / 1024);
  const free = TOTAL_KILOBYTES - used;
  // biome-ignore format: a table
  const lines: readonly (readonly [string, number])[] = [
    ['MemTotal', TOTAL_KILOBYTES], ['MemFree', free], ['MemAvailable', free], ['Buffers', 0], ['Cached', 0], ['SwapCached', 0],
    ['Active', used], ['Inactive', 0], ['SwapTotal', 0], ['SwapFree', 0], ['Dirty', 0], ['Writeback', 0], ['AnonPages', used], ['Mapped', 0],
    ['Shmem', 0], ['Slab', 0], ['SReclaimable', 0], ['SUnreclaim', 0], ['CommitLimit', TOTAL_KILOBYTES], ['Committed_AS', used],
  ];
  return lines.map(([name, value]) => `${`${name}:`.padEnd(16)}${String(value).padStart(8)} kB\n`).join('');
}

/** /proc/mounts. */
export function mountsText(kernel: Kernel | undefined): string {
  return mountsOf(kernel)
    .map(({ type, path, access }) => `${type} ${path} ${type} ${access},relatime 0 0\n`)
    .join('');
}

/** /proc/PID/mountinfo. */
export function mountInfoText(kernel: Kernel | undefined): string {
  return mountsOf(kernel)
    .map(({ type, path, access, device }, index) => {
      const parent = index === 0 ? 1 : FIRST_MOUNT;
      return `${FIRST_MOUNT + index} ${parent} ${device} / ${path} ${access},relatime - ${type} ${type} ${access}\n`;
    })
    .join('');
}

/** The number of a mount in /proc/PID/mountinfo. */
export function mountId({ tree }: Kernel, mount: Mount): number {
  const { mounts } = tree.mounts;
  return FIRST_MOUNT + mounts.length - 1 - mounts.indexOf(mount);
}

/** The root first, as mount(2) made them. The host's tree is called what most hosts have. */
function mountsOf(kernel: Kernel | undefined) {
  return [...(kernel?.tree.mounts.mounts ?? [])].reverse().map(({ path, type, fileSystem }) => {
    const status = fileSystem.status('');
    const device = typeof status === 'number' ? 0 : status.device;
    return {
      path,
      type: type === 'host' ? 'ext4' : type,
      access: fileSystem.isReadOnly ? 'ro' : 'rw',
      device: `${deviceMajor(device)}:${deviceMinor(device)}`,
    };
  });
}
