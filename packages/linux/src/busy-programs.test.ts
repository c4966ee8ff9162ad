// Programs that run, and small mistakes of callers that Linux refuses: what each call answers.
import { Errno, FileType } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from './test-support/call-bench.ts';

const O_WRONLY = 1;
const O_PATH = 0o10000000;
const F_SETPIPE_SZ = 1031;
const FICLONE = 0x4004_9409;

describe('a program', () => {
  it('that runs is not written to, and one that is being written does not run', () => {
    const task = newTask();
    call(task, 'chmod', '/bin/toy', 0o755);
    expect(call(task, 'open', '/bin/toy', O_WRONLY, 0)).toBe(-Errno.ETXTBSY);
    call(task, 'chmod', '/etc/motd', 0o755);
    expect(call(task, 'open', '/etc/motd', O_WRONLY, 0)).toBeGreaterThan(0);
    expect(call(task, 'execve', '/etc/motd', 0, 0)).toBe(-Errno.ETXTBSY);
  });
});

describe('mistakes', () => {
  it.each([
    ['faccessat2', [-100, '/etc/motd', 4, -1], Errno.EINVAL],
    ['newfstatat', [-100, '/etc/motd', PAGE, 9999], Errno.EINVAL],
    ['fchmodat', [99, '', 0o600], Errno.ENOENT],
    ['mknod', ['/node', FileType.Mask | 0o600, 0], Errno.EINVAL],
    ['io_setup', [0xffff_ffff, PAGE], Errno.EINVAL],
    ['futex', [PAGE, 4, 1, -1, PAGE + 4, 0], Errno.EINVAL],
    ['futex', [PAGE, 4, 1, 1, 0x10_0000, 0], Errno.EFAULT],
    ['futex', [0x10_0000, 1, 1, 0, 0, 0], Errno.EFAULT],
    ['futex_waitv', [0, 1, 0, 0, 1], Errno.EINVAL],
    ['clone', [0x2_0211, 0, 0, 0, 0], Errno.EINVAL],
    ['fchownat', [-100, '/etc/motd', 0, 0, 9999], Errno.EINVAL],
    ['linkat', [-100, '/etc/motd', -100, '/new', 1], Errno.EINVAL],
    ['mq_unlink', ['x'.repeat(256)], Errno.ENAMETOOLONG],
  ] as const)('of %s %j', (name, values, errno) => {
    expect(call(newTask(), name, ...values)).toBe(-errno);
  });

  it('of pipes that are too large, and of files that share no blocks', () => {
    const task = newTask();
    call(task, 'pipe', PAGE);
    const reader = task.user.readU32(PAGE) ?? -1;
    expect(call(task, 'fcntl', reader, F_SETPIPE_SZ, 2 ** 31 + 1)).toBe(-Errno.EINVAL);
    const file = call(task, 'open', '/etc/motd', 0, 0) as number;
    expect(call(task, 'ioctl', file, FICLONE, file)).toBe(-Errno.EOPNOTSUPP);
    const room = call(task, 'open', '/room', 0o102, 0o600) as number;
    expect(call(task, 'fallocate', room, 1, 2 ** 62, 2 ** 62)).toBe(-Errno.EFBIG);
  });

  it('of listing a directory that was removed', () => {
    const task = newTask();
    call(task, 'mkdir', '/gone', 0o755);
    const directory = call(task, 'open', '/gone', 0, 0) as number;
    call(task, 'rmdir', '/gone');
    expect(call(task, 'getdents64', directory, PAGE, 1024)).toBe(-Errno.ENOENT);
  });

  it('of submitting a write to what is open for reading', () => {
    const task = newTask();
    task.user.write(PAGE, new Uint8Array(256));
    expect(call(task, 'io_setup', 1, PAGE)).toBe(0);
    const context = task.user.readU64(PAGE) ?? 0n;
    const file = call(task, 'open', '/etc/motd', 0, 0) as number;
    const request = new DataView(new ArrayBuffer(64));
    request.setUint16(16, 1, true); // IOCB_CMD_PWRITE
    request.setUint32(20, file, true);
    task.user.write(PAGE + 128, new Uint8Array(request.buffer));
    task.user.writeU64(PAGE + 8, BigInt(PAGE + 128));
    expect(call(task, 'io_submit', context, 1, PAGE + 8)).toBe(-Errno.EBADF);
  });

  it('none: ioprio_set, which is told by ioprio_get', () => {
    const task = newTask();
    const bestEffort = (2 << 13) | 3;
    expect(call(task, 'ioprio_get', 1, 0)).toBe(4);
    expect(call(task, 'ioprio_set', 2, 0, bestEffort)).toBe(0);
    expect(call(task, 'ioprio_get', 1, task.id)).toBe(bestEffort);
    expect(call(task, 'ioprio_get', 1, 99999)).toBe(-Errno.ESRCH);
  });

  it('none: RNDGETENTCNT of a random device, and of nothing else', () => {
    const task = newTask();
    const RNDGETENTCNT = -0x7ffb_ae00;
    call(task, 'mknod', '/random', FileType.Character | 0o600, 0x109);
    const device = call(task, 'open', '/random', 0, 0) as number;
    expect(call(task, 'ioctl', device, RNDGETENTCNT, PAGE)).toBe(0);
    expect(task.user.readU32(PAGE)).toBe(256);
    const file = call(task, 'open', '/etc/motd', 0, 0) as number;
    expect(call(task, 'ioctl', file, RNDGETENTCNT, PAGE)).toBe(-Errno.ENOTTY);
  });

  it('none: O_TRUNC of a file without a name, by its descriptor', () => {
    const task = newTask();
    const file = call(task, 'memfd_create', 'memory', 0) as number;
    call(task, 'ftruncate', file, 100);
    expect(call(task, 'open', `/proc/self/fd/${file}`, 0o1002, 0)).toBeGreaterThan(file);
    expect(call(task, 'lseek', file, 0, 2)).toBe(0);
  });

  it('none: fchmodat2 of a place that was opened with O_PATH', () => {
    const task = newTask();
    const place = call(task, 'open', '/etc', O_PATH, 0) as number;
    expect(call(task, 'fchmodat2', place, '', 0o700, 0x1000)).toBe(0); // not a page size: AT_EMPTY_PATH
    const status = task.kernel.tree.status({ base: '/', root: '/' }, '/etc', true);
    expect(typeof status === 'object' && status.mode & 0o777).toBe(0o700);
  });
});
