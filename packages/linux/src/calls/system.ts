// Facts about the system and the process: uname(2), sysinfo(2), getrandom(2) and limits.
import {
  address,
  bytesOut,
  defineSystemCall,
  Errno,
  flagSet,
  int,
  oneOf,
  size,
  type Thread,
  toBytes,
} from '@elf/kernel';
import { GUEST_PAGE_BYTES } from '@elf/mm';
import { structOut } from '../abi/struct-arguments.ts';
import { layoutFor, type StructLayout } from '../abi/struct-layout.ts';
import { rlimit, rlimit64, sysinfo as sysinfoLayout, utsname } from '../abi/structs/system.ts';
import { KERNEL_IDENTITY, kernelRelease } from '../kernel-identity.ts';
import { processState } from '../signals/signal-state.ts';
import { threadAttributes } from '../thread-attributes.ts';
import { applyMemoryLimits, limitOf, RESOURCES } from './resource-limits.ts';
import { systemNames } from '../namespaces/system-names.ts';
import { uptimeSeconds } from '../namespaces/time-offsets.ts';

const GRND = { GRND_NONBLOCK: 1, GRND_RANDOM: 2, GRND_INSECURE: 4 } as const;
/** What one call gives at most (man 2 getrandom): no guest keeps everybody waiting for half a gigabyte. */
const MOST_RANDOM_BYTES = 33554431;
const resource = oneOf(RESOURCES);
/** personality(2): uname tells a version that old programs can read. */
const UNAME26 = 0x002_0000;

/** fs.nr_open: no table of descriptors is larger. */
const DESCRIPTOR_CEILING = 1_048_576;

/** The pool is always ready, so GRND_NONBLOCK changes nothing. */
export const getrandom = defineSystemCall({
  name: 'getrandom',
  numbers: { 'x86-64': 318, i386: 355 },
  support: 'full',
  arguments: { buffer: bytesOut('length'), length: size, flags: flagSet(GRND) },
  run: (task, { buffer, flags }) => {
    if ((flags & ~7) !== 0 || (flags & 6) === 6) return -Errno.EINVAL;
    return buffer.fill((chunk, done) => {
      const part = chunk.subarray(0, MOST_RANDOM_BYTES - done);
      task.host.entropy.fill(part);
      return part.length;
    }, Errno.EFAULT);
  },
});

export const uname = defineSystemCall({
  name: 'uname',
  numbers: { 'x86-64': 63, i386: 122 },
  support: 'full',
  arguments: { name: structOut(utsname, () => '{sysname="Linux", ...}') },
  run: (task, { name }) => {
    const { system, version, machine } = KERNEL_IDENTITY;
    const hidesVersion = (threadAttributes(task).persona & UNAME26) !== 0;
    const own = kernelRelease(task.kernel);
    const release = hidesVersion ? releaseAs26(own) : own;
    const names = systemNames(task.kernel);
    const fields = { system, node: names.host ?? task.host.hostName, release, version, machine, domain: names.domain };
    return name.write(
      Object.fromEntries(Object.entries(fields).map(([key, text]) => [key, toBytes(text.slice(0, 64))])),
    );
  },
});

export const sysinfo = defineSystemCall({
  name: 'sysinfo',
  numbers: { 'x86-64': 99, i386: 116 },
  support: 'partial',
  note: 'Memory is that of the machine, load is zero.',
  arguments: { information: structOut(sysinfoLayout) },
  run: (task, { information }) => {
    const { kernel } = task;
    const uptime = Math.ceil(uptimeSeconds(kernel));
    const used = kernel.memory.memory.buffer.byteLength;
    const total = 0x1_0000_0000;
    // Numbers that 32 bits cannot hold are told in pages there (kernel/sys.c, do_compat_sysinfo).
    const unit = task.wordBytes === 4 ? GUEST_PAGE_BYTES : 1;
    return information.write({
      uptime,
      totalMemory: total / unit,
      freeMemory: Math.floor((total - used) / unit),
      processes: kernel.processes.size,
      unit,
    });
  },
});

export const getrlimit = defineSystemCall({
  name: 'getrlimit',
  numbers: { 'x86-64': 97 },
  support: 'full',
  arguments: { resource, limit: structOut(rlimit) },
  run: (task, values) =>
    isResource(values.resource) ? values.limit.write(limitFields(task, values.resource)) : -Errno.EINVAL,
});

export const setrlimit = defineSystemCall({
  name: 'setrlimit',
  numbers: { 'x86-64': 160, i386: 75 },
  support: 'partial',
  note: 'Stack, files, data, locked memory and address space act; others are remembered.',
  arguments: { resource, limit: address },
  run: (task, values) =>
    isResource(values.resource)
      ? changeLimit(task, values.resource, values.limit, layoutFor(task, rlimit))
      : -Errno.EINVAL,
});

export const prlimit64 = defineSystemCall({
  name: 'prlimit64',
  numbers: { 'x86-64': 302, i386: 340 },
  support: 'partial',
  note: 'Own process only; stack, files, data and address space act, others are remembered.',
  arguments: { process: int, resource, limit: address, old: structOut(rlimit64, printLimit) },
  run: (task, values) => {
    if (values.process !== 0 && values.process !== task.process.id) return -Errno.ESRCH;
    if (!isResource(values.resource)) return -Errno.EINVAL;
    const before = limitFields(task, values.resource);
    const changed = values.limit === 0 ? 0 : changeLimit(task, values.resource, values.limit, rlimit64);
    if (changed < 0 || values.old.isNull) return changed;
    return values.old.write(before);
  },
});

/** struct compat_rlimit, whose infinity is that of 32 bits. */
const NARROW_LIMIT_BYTES = 8;
const widened = (limit: number) => (limit === 0xffff_ffff ? 0xffff_ffff_ffff_ffffn : BigInt(limit));

/** kernel/sys.c, override_release. */
function releaseAs26(release: string): string {
  const [, minor, rest] = /^\d+\.(\d+)[\d.]*(.*)$/.exec(release) ?? ['', '0', ''];
  return `2.6.${Number(minor) + 60}${rest}`;
}

function limitFields(task: Thread, number: number) {
  const [current, maximum] = limitOf(task.process, number);
  return { current, maximum };
}

function changeLimit(task: Thread, number: number, at: number, layout: StructLayout<'current' | 'maximum'>): number {
  const bytes = task.user.read(at, layout.sizeInBytes);
  if (bytes === undefined) return -Errno.EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const isNarrow = layout.sizeInBytes === NARROW_LIMIT_BYTES;
  const [current, maximum] = isNarrow
    ? [widened(view.getUint32(0, true)), widened(view.getUint32(4, true))]
    : [view.getBigUint64(0, true), view.getBigUint64(8, true)];
  if (current > maximum) return -Errno.EINVAL;
  const before = limitOf(task.process, number);
  if (number === RESOURCES.RLIMIT_NOFILE && maximum > BigInt(DESCRIPTOR_CEILING)) return -Errno.EPERM;
  if (maximum > before[1] && task.process.credentials.effectiveUser !== 0) return -Errno.EPERM;
  processState(task.process).limits.set(number, [current, maximum]);
  applyMemoryLimits(task.process);
  if (number === RESOURCES.RLIMIT_NOFILE)
    task.process.descriptors.limit = Math.min(Number(current), DESCRIPTOR_CEILING);
  return 0;
}

function isResource(number: number): boolean {
  return number >= 0 && number <= 15;
}

function printLimit(values: { current: number; maximum: number }): string {
  const print = (value: number) => {
    if (value >= 2 ** 64) return 'RLIM64_INFINITY';
    return value > 1024 && value % 1024 === 0 ? `${value / 1024}*1024` : String(value);
  };
  return `{rlim_cur=${print(values.current)}, rlim_max=${print(values.maximum)}}`;
}
