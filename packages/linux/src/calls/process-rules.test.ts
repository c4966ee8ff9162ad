// What Linux answers where callers have no right, and where arguments are unusual: one line a rule.
import { Protection } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [EPERM, ESRCH, EFAULT, EINVAL, EFBIG, ESPIPE] = [-1, -3, -14, -22, -27, -29];
const [CREATE_RW, APPEND, NOATIME, PATH_NOFOLLOW] = [0o102, 0o2000, 0o1000000, 0o10400000];
const NONE = 4_000_000;

function giveUpRoot(task: ReturnType<typeof newTask>, user = 7) {
  expect(call(task, 'setresuid', user, user, user)).toBe(0);
}

describe('rules', () => {
  it.each([
    ['setpgid', [0, NONE], EPERM],
    ['setpgid', [0, -1], EINVAL],
    ['tgkill', [0, 1, 10], EINVAL],
    ['tgkill', [1, -1, 10], EINVAL],
    ['timer_settime', [0, 0, 0, 0], EINVAL],
    ['sched_setscheduler', [0, 4, PAGE], EINVAL],
    ['sched_getattr', [0, 0, 48, 0], EINVAL],
    ['unshare', [-1], EINVAL],
    ['utimensat', [-100, 0, 0, 0], EFAULT],
    ['statx', [-100, '/etc/motd', 0x6000, 0, PAGE], EINVAL],
    ['rt_sigqueueinfo', [NONE, 10, 1], EFAULT],
  ] as const)('%s %j', (name, values, expected) => {
    expect(call(newTask(), name, ...values)).toBe(expected);
  });

  it('PR_SET_TSC is obeyed by the CPU, and handed on', () => {
    const task = newTask();
    const [SET, GET, ENABLED, REFUSED] = [26, 25, 1, 2];
    const told = (who = task) => [call(who, 'prctl', GET, PAGE), who.user.readU32(PAGE)];
    expect([call(task, 'prctl', SET, 3), call(task, 'prctl', SET, 0)]).toEqual([EINVAL, EINVAL]);
    expect(told()).toEqual([0, ENABLED]);
    expect(call(task, 'prctl', SET, REFUSED)).toBe(0);
    expect([told(), task.cpu.timeStampDisabled]).toEqual([[0, REFUSED], true]);
    task.cpu.timeStampDisabled = false;
    const { program, space } = task.process;
    task.process.personality.start(task, {
      ...program,
      ...{ kind: 'loaded', space, entry: 0, stackPointer: 0, commandName: 'toy' },
    });
    expect(told()).toEqual([0, REFUSED]);
    expect(call(task, 'prctl', GET, 8)).toBe(EFAULT);
  });

  it('F_DUPFD has no numbers below zero', () => {
    const task = newTask();
    const number = call(task, 'eventfd2', 0, 0) as number;
    expect(call(task, 'fcntl', number, 0, -100)).toBe(EINVAL);
    expect(call(task, 'fcntl', number, 0, 7)).toBe(7);
    expect(call(task, 'close', 7)).toBe(0);
  });

  it('getrandom gives less than 32 MiB at once', () => {
    const task = newTask();
    const [address, length] = [0x1000_0000, 40 * 2 ** 20];
    task.process.space.map({ address, length, protection: Protection.Read | Protection.Write, fixed: 'replace' });
    expect(call(task, 'getrandom', address, length, 0)).toBe(33554431);
  });

  it('O_APPEND makes pwrite64 append', () => {
    const task = newTask();
    const fd = call(task, 'open', '/log', CREATE_RW | APPEND, 0o600) as number;
    expect([call(task, 'write', fd, PAGE, 4), call(task, 'pwrite64', fd, PAGE, 4, 0)]).toEqual([4, 4]);
    expect(call(task, 'lseek', fd, 0, 2)).toBe(8);
  });

  it('RLIMIT_FSIZE cuts a write, and refuses what would begin behind it', () => {
    const task = newTask();
    const fd = call(task, 'open', '/small', CREATE_RW, 0o600) as number;
    task.user.writeU64(PAGE, 6n);
    task.user.writeU64(PAGE + 8, 6n);
    expect(call(task, 'setrlimit', 1, PAGE)).toBe(0);
    expect(call(task, 'write', fd, PAGE, 10)).toBe(6);
    expect(call(task, 'write', fd, PAGE, 1)).toBe(EFBIG);
    expect(call(task, 'ftruncate', fd, 7)).toBe(EFBIG);
    expect(call(task, 'truncate', '/small', 6)).toBe(0);
  });

  it('an empty path reads the link that an O_PATH descriptor stands for', () => {
    const task = newTask();
    call(task, 'symlink', 'target', '/link');
    const fd = call(task, 'open', '/link', PATH_NOFOLLOW, 0) as number;
    expect(call(task, 'readlinkat', fd, '', PAGE, 100)).toBe(6);
  });

  it('O_NOATIME is for owners', () => {
    const task = newTask();
    giveUpRoot(task);
    expect(call(task, 'open', '/etc/motd', NOATIME, 0)).toBe(EPERM);
  });

  it('sendfile moves everything, and refuses positions below zero or that cannot be stored', () => {
    const task = newTask();
    const [from, to] = ['/from', '/to'].map((path) => call(task, 'open', path, CREATE_RW, 0o600) as number);
    call(task, 'ftruncate', from, 200_000);
    expect(call(task, 'sendfile', to, from, 0, 200_000)).toBe(200_000);
    task.user.writeU64(PAGE, BigInt.asUintN(64, -1n));
    expect(call(task, 'sendfile', to, from, PAGE, 1)).toBe(EINVAL);
    expect(call(task, 'sendfile', to, from, 1, 1)).toBe(EFAULT);
  });

  it('sync_file_range is for files', () => {
    const task = newTask();
    expect(call(task, 'pipe2', PAGE, 0)).toBe(0);
    expect(call(task, 'sync_file_range', task.user.readI32(PAGE) as number, 0, 1, 4)).toBe(ESPIPE);
  });

  it('personality is remembered', () => {
    const task = newTask();
    expect([call(task, 'personality', 0x0400_0000), call(task, 'personality', 0xffff_ffff)]).toEqual([0, 0x0400_0000]);
  });

  it('other users take privileges to signal and to schedule', () => {
    const task = newTask();
    const other = call(task, 'fork') as number;
    giveUpRoot(task);
    task.user.write(PAGE, new Uint8Array(32));
    expect(call(task, 'kill', other, 10)).toBe(EPERM);
    expect(call(task, 'tgkill', other, other, 10)).toBe(EPERM);
    expect(call(task, 'sched_setparam', other, PAGE)).toBe(EPERM);
    expect(call(task, 'setpriority', 0, other, 5)).toBe(EPERM);
    expect(call(task, 'kill', NONE, 10)).toBe(ESRCH);
  });

  it('SCHED_DEADLINE takes times in order', () => {
    const task = newTask();
    const set = (...times: bigint[]) => {
      task.user.writeU32(PAGE, 48);
      task.user.writeU32(PAGE + 4, 6);
      for (const [index, time] of [0n, 0n, ...times].entries()) task.user.writeU64(PAGE + 8 + index * 8, time);
      return call(task, 'sched_setattr', 0, PAGE, 0);
    };
    expect(set(10_000_000n, 30_000_000n, 30_000_000n)).toBe(0);
    expect(set(40_000_000n, 30_000_000n, 30_000_000n)).toBe(EINVAL);
    expect(call(task, 'sched_getattr', 0, PAGE, 48, 0)).toBe(0);
    expect([24, 32].map((at) => task.user.readU64(PAGE + at))).toEqual([10_000_000n, 30_000_000n]);
  });

  it('a handle opens its file again, as long as it is there', () => {
    const task = newTask();
    const [EOVERFLOW, ESTALE] = [-75, -116];
    const name = (room: number) => {
      task.user.writeU32(PAGE, room);
      return call(task, 'name_to_handle_at', -100, '/file', PAGE, PAGE + 64, 0);
    };
    call(task, 'close', call(task, 'open', '/file', CREATE_RW, 0o600) as number);
    expect(call(task, 'name_to_handle_at', -100, '', PAGE, PAGE + 64, 0x1000)).toBe(EOVERFLOW);
    expect([name(0), task.user.readU32(PAGE), name(200), name(8)]).toEqual([EOVERFLOW, 8, EINVAL, 0]);
    const fd = call(task, 'open_by_handle_at', -100, PAGE, 2) as number;
    expect(call(task, 'write', fd, PAGE, 3)).toBe(3);
    call(task, 'unlink', '/file');
    expect(call(task, 'open_by_handle_at', -100, PAGE, 0)).toBe(ESTALE);
    giveUpRoot(task);
    expect(call(task, 'open_by_handle_at', -100, PAGE, 0)).toBe(EPERM);
  });

  it('O_DIRECT is a flag of the writing end of a pipe', () => {
    const task = newTask();
    expect(call(task, 'pipe2', PAGE, 0o40000)).toBe(0);
    const [reader, writer] = [0, 4].map((at) => task.user.readI32(PAGE + at) as number);
    expect([call(task, 'fcntl', reader, 3, 0), call(task, 'fcntl', writer, 3, 0)]).toEqual([0, 0o40001]);
    expect([call(task, 'write', writer, PAGE, 8), call(task, 'write', writer, PAGE, 8)]).toEqual([8, 8]);
    expect([call(task, 'read', reader, PAGE, 64), call(task, 'read', reader, PAGE, 64)]).toEqual([8, 8]);
  });

  it('syslog keeps the level of the console', () => {
    const task = newTask();
    const level = () => {
      const count = call(task, 'read', Number(call(task, 'open', '/proc/sys/kernel/printk', 0, 0)), PAGE, 64);
      return new TextDecoder().decode(task.user.read(PAGE, Number(count)));
    };
    const syslog = (action: number, length: number) => call(task, 'syslog', action, 0, length);
    expect([syslog(8, 0), syslog(8, 9), syslog(2, 1), syslog(3, -1)]).toEqual([EINVAL, EINVAL, EINVAL, EINVAL]);
    expect([syslog(8, 5), level(), syslog(6, 0), level(), syslog(7, 0), level()]).toEqual([
      ...[0, '5\t4\t1\t7\n', 0, '1\t4\t1\t7\n'],
      ...[0, '5\t4\t1\t7\n'],
    ]);
  });

  it('vhangup takes a privilege', () => {
    const task = newTask();
    expect(call(task, 'vhangup')).toBe(0);
    giveUpRoot(task);
    expect(call(task, 'vhangup')).toBe(EPERM);
  });

  it('recvmsg looks at the length of the name before it waits', () => {
    const task = newTask();
    const fd = call(task, 'socket', 2, 2, 0) as number;
    task.user.write(PAGE, new Uint8Array(64));
    task.user.writeU64(PAGE, BigInt(PAGE + 100));
    task.user.writeU32(PAGE + 8, 0xffff_ffff);
    expect(call(task, 'recvmsg', fd, PAGE, 0x40)).toBe(EINVAL);
  });

  it('a timer whose start is long over has expired as often as a count can say', () => {
    const task = newTask();
    expect(call(task, 'timer_create', 0, 0, PAGE + 64)).toBe(0);
    task.user.write(PAGE, new Uint8Array(32));
    task.user.writeU64(PAGE + 8, 1n);
    task.user.writeU64(PAGE + 16, 1n);
    expect(call(task, 'timer_settime', task.user.readU32(PAGE + 64) as number, 1, PAGE, 0)).toBe(0);
    task.kernel.takeReady();
    task.user.writeU64(PAGE, 1n << 13n);
    expect(call(task, 'timer_getoverrun', 0)).toBe(0);
    expect(call(task, 'rt_sigtimedwait', PAGE, 0, 0, 8)).toBe(14);
    task.kernel.takeReady();
    expect(call(task, 'timer_getoverrun', task.user.readU32(PAGE + 64) as number)).toBe(0x7fff_ffff);
  });

  it('a directory of /proc names its process to pidfd_send_signal', () => {
    const task = newTask();
    const own = call(task, 'open', '/proc/self', 0, 0) as number;
    expect(call(task, 'pidfd_send_signal', own, 0, 0, 0)).toBe(0);
    expect(call(task, 'pidfd_send_signal', call(task, 'open', '/proc', 0, 0) as number, 0, 0, 0)).toBe(-9);
  });

  it("a child goes back to its maker's timer slack", () => {
    const task = newTask();
    expect(call(task, 'prctl', 29, 70_000, 0, 0, 0)).toBe(0);
    const other = task.kernel.threads.get(call(task, 'fork') as number) as typeof task;
    expect(call(other, 'prctl', 29, 1, 0, 0, 0)).toBe(0);
    expect([call(other, 'prctl', 29, 0, 0, 0, 0), call(other, 'prctl', 30, 0, 0, 0, 0)]).toEqual([0, 70_000]);
  });

  it('waitid of a pidfd with PIDFD_NONBLOCK does not wait', () => {
    const task = newTask();
    const pidfd = call(task, 'pidfd_open', call(task, 'fork') as number, 0o4000) as number;
    expect(call(task, 'waitid', 3, pidfd, PAGE, 4, 0)).toBe(-11);
  });

  it('descriptors of places have no ioctl', () => {
    const task = newTask();
    expect(call(task, 'ioctl', call(task, 'open', '/etc', 0o10000000, 0) as number, 0x541b, PAGE)).toBe(-9);
  });

  it('SA_RESETHAND comes sign-extended from C libraries, and the other flags stay', () => {
    const task = newTask();
    task.user.writeU64(PAGE, 0x1234n);
    task.user.writeU64(PAGE + 8, 0xffff_ffff_8400_0004n);
    expect(call(task, 'rt_sigaction', 10, PAGE, 0, 8)).toBe(0);
    expect(call(task, 'rt_sigaction', 10, 0, PAGE + 64, 8)).toBe(0);
    expect(task.user.readU64(PAGE + 72)).toBe(0x8400_0004n);
  });
});
