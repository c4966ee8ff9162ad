// /proc files that are more than a text: pagemap, smaps, mounts that are polled, and watches in fdinfo.
import { Errno, fromBytes, MemoryFileSystem, memoryClock, Readiness, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [ADD, PRIORITY] = [1, 2];
const TABLE = PAGE + 1024;
const [IN_MODIFY, IN_ONESHOT, IN_EXCL_UNLINK] = [2, 0x8000_0000, 0x0400_0000];

function open(task: Thread, path: string): number {
  return Number(call(task, 'open', path, 0, 0));
}

function textOf(task: Thread, path: string): string {
  const fd = open(task, path);
  let text = '';
  for (;;) {
    const count = Number(call(task, 'read', fd, TABLE, 1024));
    if (count <= 0) break;
    text += fromBytes(task.user.read(TABLE, count) ?? new Uint8Array(0));
  }
  call(task, 'close', fd);
  return text;
}

describe('pagemap', () => {
  it('is read by entries of 8 bytes, wherever the page is', () => {
    const task = newTask();
    task.user.write(PAGE, Uint8Array.of(1));
    const fd = open(task, '/proc/self/pagemap');
    expect(call(task, 'pread64', fd, TABLE, 16, (PAGE / 4096) * 8)).toBe(16);
    expect((task.user.readU64(TABLE) ?? 0n) >> 63n).toBe(1n);
    expect(call(task, 'pread64', fd, TABLE, 8, 0)).toBe(8);
    expect(task.user.readU64(TABLE)).toBe(0n);
    expect(call(task, 'pread64', fd, TABLE, 7, 0)).toBe(-Errno.EINVAL);
    expect(call(task, 'pread64', fd, TABLE, 8, 4)).toBe(-Errno.EINVAL);
    expect(call(task, 'pread64', fd, TABLE, 8, 2 ** 39)).toBe(0);
    expect(textOf(task, '/proc/self/smaps')).toContain(`\nSize:${' '.repeat(18)}8 kB\n`);
  });
});

describe('task', () => {
  it('holds the threads, whose directories hold no task again', () => {
    const task = newTask();
    const thread = `/proc/self/task/${task.id}`;
    expect(textOf(task, `${thread}/comm`)).toBe('toy\n');
    expect(open(task, `${thread}/task`)).toBe(-Errno.ENOENT);
    expect(open(task, `${thread}/fd/9`)).toBe(-Errno.ENOENT);
  });
});

describe('sums', () => {
  it('of smaps are in smaps_rollup', () => {
    const task = newTask();
    task.user.write(PAGE, Uint8Array.of(1));
    const text = textOf(task, '/proc/self/smaps_rollup');
    expect(text).toMatch(/^[0-9a-f]+-[0-9a-f]+ ---p 00000000 00:00 0 +\[rollup\]\nRss: +\d+ kB\n/);
    expect(text).not.toContain('Size');
    const resident = [...textOf(task, '/proc/self/smaps').matchAll(/^Rss: +(\d+) kB/gm)];
    expect(text).toContain(`Rss: ${String(resident.reduce((sum, [, kib]) => sum + Number(kib), 0)).padStart(19)} kB`);
  });

  it('children are those of the first thread', () => {
    const task = newTask();
    const child = Number(call(task, 'fork'));
    expect(textOf(task, `/proc/self/task/${task.id}/children`)).toBe(`${child} `);
  });
});

describe('mounts', () => {
  it.each(['/proc/self/mounts', '/proc/self/mountinfo'])('%s tells once that they changed', (path) => {
    const task = newTask();
    const fd = open(task, path);
    const file = task.process.descriptors.get(fd)?.file;
    const list = Number(call(task, 'epoll_create1', 0));
    task.user.writeU32(PAGE, PRIORITY);
    task.user.writeU64(PAGE + 4, 7n);
    expect(call(task, 'epoll_ctl', list, ADD, fd, PAGE)).toBe(0);
    const wait = () => call(task, 'epoll_wait', list, PAGE, 1, 0);
    expect(wait()).toBe(0);
    const { mounts } = task.kernel.tree;
    mounts.mount('/mnt', new MemoryFileSystem(memoryClock()), 'tmpfs');
    expect(wait()).toBe(1);
    expect(task.user.readU32(PAGE)).toBe(PRIORITY | Readiness.Error);
    expect(wait()).toBe(0);
    call(task, 'lseek', fd, 0, 0);
    const length = Number(call(task, 'read', fd, TABLE, 1024));
    expect(fromBytes(task.user.read(TABLE, length) ?? new Uint8Array(0))).toContain('/mnt');
    expect(mounts.unmount('/mnt')).toBe(true);
    expect(file?.readiness()).toBe(Readiness.Readable | Readiness.ReadNormal | PRIORITY | Readiness.Error);
  });
});

describe('fdinfo of inotify', () => {
  it('has a line for each watch', () => {
    const task = newTask();
    const fd = Number(call(task, 'inotify_init1', 0));
    call(task, 'inotify_add_watch', fd, '/etc', IN_MODIFY | IN_ONESHOT);
    call(task, 'inotify_add_watch', fd, '/bin', IN_MODIFY | IN_EXCL_UNLINK);
    const lines = textOf(task, `/proc/self/fdinfo/${fd}`).split('\n').slice(4);
    expect(lines[0]).toMatch(/^inotify wd:1 ino:[0-9a-f]+ sdev:[0-9a-f]+ mask:80000002 ignored_mask:0$/);
    expect(lines[1]).toMatch(/^inotify wd:2 ino:[0-9a-f]+ sdev:[0-9a-f]+ mask:4000002 ignored_mask:0$/);
  });

  it.each([
    ['hears of what happens to a file without a name', 0, 2],
    ['does not with IN_EXCL_UNLINK', IN_EXCL_UNLINK, 1],
  ])('%s', (_, flag, events) => {
    const task = newTask();
    call(task, 'mkdir', '/tmp', 0o777);
    const file = Number(call(task, 'open', '/tmp/f', 0o102, 0o644));
    const fd = Number(call(task, 'inotify_init1', 0o4000));
    call(task, 'inotify_add_watch', fd, '/tmp', (IN_MODIFY | flag) >>> 0);
    const heard = () => Number(call(task, 'read', fd, TABLE, 1024)) > 0;
    let count = 0;
    call(task, 'write', file, PAGE, 1);
    if (heard()) count++;
    call(task, 'unlink', '/tmp/f');
    call(task, 'write', file, PAGE, 1);
    if (heard()) count++;
    expect(count).toBe(events);
  });
});
