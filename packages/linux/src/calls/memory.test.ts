// The memory calls: limits, flags and names on their way to the address space.
import type { Thread } from '@elf/kernel';
import { AreaFlag } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { LINUX_CALLS } from '../index.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const KERNEL_PAGE = 4096;
const READ = 1;
const READ_WRITE = 3;
const ANONYMOUS = 0x22;
const [EPERM, EAGAIN, ENOMEM, EFAULT, EBUSY, EINVAL, EOPNOTSUPP] = [-1, -11, -12, -14, -16, -22, -95];
const [RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK, RLIMIT_AS] = [2, 3, 8, 9];

const map = (task: Thread, pages: number, flags = ANONYMOUS, protection = READ_WRITE) =>
  Number(call(task, 'mmap', 0, pages * KERNEL_PAGE, protection, flags, -1, 0));

function limit(task: Thread, resource: number, bytes: number) {
  task.user.writeU64(PAGE, BigInt(bytes));
  task.user.writeU64(PAGE + 8, 0xffff_ffff_ffff_ffffn);
  expect(call(task, 'setrlimit', resource, PAGE)).toBe(0);
}

function unprivileged(task: Thread): Thread {
  task.process.credentials.effectiveUser = 1000;
  return task;
}

function residency(task: Thread, address: number, pages: number): number[] {
  expect(call(task, 'mincore', address, pages * KERNEL_PAGE, PAGE)).toBe(0);
  return [...(task.user.read(PAGE, pages) ?? [])];
}

/** How `-strace` prints one argument. */
function printed(name: string, argument: string, value: number): string {
  const row = LINUX_CALLS.find((candidate) => candidate.name === name);
  return row?.arguments[argument].print(value, undefined as never, 0) ?? '';
}

describe('limits', () => {
  it('of locked memory hold for all but user 0', () => {
    const task = newTask();
    limit(task, RLIMIT_MEMLOCK, 4 * KERNEL_PAGE);
    const area = map(task, 8);
    expect(call(task, 'mlock', area, 8 * KERNEL_PAGE)).toBe(0);
    expect(call(task, 'munlock', area, 8 * KERNEL_PAGE)).toBe(0);
    unprivileged(task);
    expect(call(task, 'mlock', area, 8 * KERNEL_PAGE)).toBe(ENOMEM);
    expect(call(task, 'mlock2', area, 3 * KERNEL_PAGE, 1)).toBe(0);
    expect(map(task, 2, ANONYMOUS | 0x2000)).toBe(EAGAIN);
    expect(call(task, 'mlockall', 1)).toBe(ENOMEM);
    limit(task, RLIMIT_MEMLOCK, 0);
    expect([call(task, 'mlock', area, 1), call(task, 'mlockall', 2)]).toEqual([EPERM, EPERM]);
    expect(map(task, 1, ANONYMOUS | 0x2000)).toBe(EPERM);
  });

  it('of the address space and of data hold from the call that sets them', () => {
    const task = newTask();
    const { space } = task.process;
    space.setProgramBreak(0x60_0000, KERNEL_PAGE);
    limit(task, RLIMIT_AS, space.mappedBytes + 4 * KERNEL_PAGE);
    expect(map(task, 5)).toBe(ENOMEM);
    limit(task, RLIMIT_AS, 1 << 30);
    limit(task, RLIMIT_DATA, 4 * KERNEL_PAGE);
    expect(map(task, 3)).toBe(ENOMEM);
    expect(map(task, 3, ANONYMOUS, READ)).toBeGreaterThan(0);
    expect(call(task, 'brk', 0x60_0000 + 2 * KERNEL_PAGE)).toBe(0x60_0000 + 2 * KERNEL_PAGE);
    expect(call(task, 'brk', 0x60_0000 + 4 * KERNEL_PAGE)).toBe(0x60_0000 + 2 * KERNEL_PAGE);
  });

  it('of the stack are the machine’s until the program sets one', () => {
    const task = newTask();
    task.process.space.layout.stackLimitInBytes = 12345;
    map(task, 1);
    expect(task.process.space.layout.stackLimitInBytes).toBe(12345);
    limit(task, RLIMIT_STACK, 1 << 20);
    expect(task.process.space.layout.stackLimitInBytes).toBe(1 << 20);
  });
});

describe('mmap', () => {
  it('brings pages at once when asked to, and marks stacks', () => {
    const task = newTask();
    expect(residency(task, map(task, 2, ANONYMOUS | 0x8000), 2)).toEqual([1, 1]);
    expect(residency(task, map(task, 2, ANONYMOUS | 0x18000), 2)).toEqual([0, 0]);
    expect(residency(task, map(task, 2, ANONYMOUS | 0x2000), 2)).toEqual([1, 1]);
    const flags = task.process.space.find(map(task, 2, ANONYMOUS | 0x20000))?.flags ?? 0;
    expect(flags & AreaFlag.NoHugePages).not.toBe(0);
  });

  it('knows droppable memory, which children do not get', () => {
    const task = newTask();
    const area = map(task, 1, 0x28);
    task.user.writeU8(area, 7);
    const flags = task.process.space.find(area)?.flags ?? 0;
    expect(flags & (AreaFlag.WipeOnFork | AreaFlag.DontDump | AreaFlag.NoReserve)).toBe(
      AreaFlag.WipeOnFork | AreaFlag.DontDump | AreaFlag.NoReserve,
    );
  });

  it('checks flags of a file only when asked to', () => {
    const task = newTask();
    call(task, 'openat', -100, '/etc/motd', 0, 0);
    const shared = (type: number) => call(task, 'mmap', 0, KERNEL_PAGE, READ, type, 3, 0);
    expect(shared(3)).toBeGreaterThan(0);
    expect([shared(0x80003), shared(4), shared(8)]).toEqual([EOPNOTSUPP, EINVAL, EINVAL]);
    expect(shared(0x80001)).toBeGreaterThan(0);
    expect(call(task, 'mmap', 0, KERNEL_PAGE, READ, ANONYMOUS, -1, 5)).toBe(EINVAL);
  });

  it('keeps mappings through different descriptors apart', () => {
    const task = newTask();
    call(task, 'openat', -100, '/etc/motd', 0, 0);
    call(task, 'openat', -100, '/etc/motd', 0, 0);
    const room = map(task, 3);
    for (const [page, fd] of [3, 3, 4].entries()) {
      call(task, 'mmap', room + page * KERNEL_PAGE, KERNEL_PAGE, READ, 0x12, fd, page * KERNEL_PAGE);
    }
    expect(task.process.space.find(room)?.end).toBe(room + 2 * KERNEL_PAGE);
  });
});

describe('other calls', () => {
  it('mprotect reaches to the end of a stack, and refuses it elsewhere', () => {
    const task = newTask();
    const stack = map(task, 4, ANONYMOUS | 0x100);
    const protect = (address: number, bits: number) => call(task, 'mprotect', address, KERNEL_PAGE, bits);
    expect(protect(stack + 2 * KERNEL_PAGE, READ | 0x100_0000)).toBe(0);
    expect([stack, stack + 3 * KERNEL_PAGE].map((at) => task.user.writeU8(at, 1))).toEqual([false, true]);
    expect([protect(PAGE, 0x100_0001), protect(PAGE, 0x200_0001), protect(PAGE, 0x300_0001)]).toEqual([
      EINVAL,
      EINVAL,
      EINVAL,
    ]);
    expect([protect(PAGE, 11), protect(PAGE, 19), protect(PAGE - KERNEL_PAGE, 0x100_0001)]).toEqual([
      0,
      EINVAL,
      ENOMEM,
    ]);
  });

  it('mremap takes a hint when it leaves the old memory there', () => {
    const task = newTask();
    const area = map(task, 2);
    task.user.writeU8(area, 9);
    expect(call(task, 'mremap', area, 2 * KERNEL_PAGE, 2 * KERNEL_PAGE, 5, 0x500_0000)).toBe(0x500_0000);
    expect([task.user.readU8(0x500_0000), task.user.readU8(area)]).toEqual([9, 0]);
  });

  it('msync and mlockall see their flags', () => {
    const task = newTask();
    expect([5, 8, 1].map((flags) => call(task, 'msync', PAGE, KERNEL_PAGE, flags))).toEqual([EINVAL, EINVAL, 0]);
    // Far above every address: whether it is one of a page comes first.
    expect(call(task, 'msync', -1, KERNEL_PAGE, 4)).toBe(EINVAL);
    expect(call(task, 'msync', -KERNEL_PAGE, KERNEL_PAGE, 4)).toBe(ENOMEM);
    expect([0, 4, 8, 2].map((flags) => call(task, 'mlockall', flags))).toEqual([EINVAL, EINVAL, EINVAL, 0]);
    expect(residency(task, map(task, 1), 1)).toEqual([1]);
    expect(call(task, 'munlockall')).toBe(0);
    expect(residency(task, map(task, 1), 1)).toEqual([0]);
    expect(call(task, 'mlock2', PAGE, 1, 2)).toBe(EINVAL);
  });

  it('mincore answers up to the first hole, and for reservations of any size', () => {
    const task = newTask();
    const area = map(task, 3, ANONYMOUS | 0x8000);
    call(task, 'munmap', area + KERNEL_PAGE, KERNEL_PAGE);
    task.user.write(PAGE, Uint8Array.of(9, 9, 9));
    expect(call(task, 'mincore', area, 3 * KERNEL_PAGE, PAGE)).toBe(ENOMEM);
    expect(task.user.read(PAGE, 3)).toEqual(Uint8Array.of(1, 9, 9));
    const reserved = map(task, 2 ** 25, 0x4022, 0);
    expect(call(task, 'mincore', reserved, 2 ** 37, PAGE)).toBe(EFAULT);
    expect(call(task, 'mincore', reserved, 2 ** 62, PAGE)).toBe(ENOMEM);
    expect(call(task, 'mincore', reserved, KERNEL_PAGE, -8)).toBe(EFAULT);
    expect(call(task, 'mincore', reserved + 1, KERNEL_PAGE, PAGE)).toBe(EINVAL);
  });

  it('are traced with the names of their flags', () => {
    expect([22, 23, 24, 25, 102, 103].map((advice) => printed('madvise', 'advice', advice))).toEqual([
      'MADV_POPULATE_READ',
      'MADV_POPULATE_WRITE',
      'MADV_DONTNEED_LOCKED',
      'MADV_COLLAPSE',
      'MADV_GUARD_INSTALL',
      'MADV_GUARD_REMOVE',
    ]);
    expect(printed('mlockall', 'flags', 3)).toBe('MCL_CURRENT|MCL_FUTURE');
    expect(printed('mmap', 'flags', 0x28022)).toBe('MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE|MAP_STACK');
    expect(printed('mmap', 'flags', 3)).toBe('MAP_SHARED_VALIDATE');
    expect(printed('mprotect', 'protection', 0x300_0009)).toBe('PROT_READ|PROT_SEM|PROT_GROWSDOWN|PROT_GROWSUP');
  });
});

describe('mapped files', () => {
  it('get what mappings stored with fsync', () => {
    const task = newTask();
    call(task, 'open', '/tmp/mapped', 0o102, 0o600);
    call(task, 'ftruncate', 3, KERNEL_PAGE);
    const address = Number(call(task, 'mmap', 0, KERNEL_PAGE, READ_WRITE, 1, 3, 0));
    task.user.writeU8(address, 7);
    const backing = task.process.descriptors.get(3)?.file.backing?.();
    const stored = () => {
      const bytes = new Uint8Array(1);
      backing?.readInto(0, bytes);
      return bytes[0];
    };
    const before = stored();
    expect([call(task, 'fsync', 3), before, stored()]).toEqual([0, 0, 7]);
  });
});

describe('memory files', () => {
  it('are made with checked flags and names', () => {
    const task = newTask();
    expect(call(task, 'memfd_create', 'a', 1)).toBe(3);
    expect(call(task, 'fcntl', 3, 1, 0)).toBe(1);
    expect(call(task, 'readlink', '/proc/self/fd/3', PAGE, 100)).toBe(18);
    expect([0x100, 0x18].map((flags) => call(task, 'memfd_create', 'a', flags))).toEqual([EINVAL, EINVAL]);
    expect(call(task, 'memfd_create', 'a'.repeat(250), 0)).toBe(EINVAL);
    expect(call(task, 'memfd_create', 'a'.repeat(249), 0)).toBe(4);
  });

  it('are sealed when they allow it, against stores once nothing can store', () => {
    const task = newTask();
    call(task, 'memfd_create', 'none', 0);
    call(task, 'memfd_create', 'some', 2);
    call(task, 'memfd_create', 'program', 0x12);
    call(task, 'ftruncate', 4, KERNEL_PAGE);
    const seal = (fd: number, bits: number) => call(task, 'fcntl', fd, 1033, bits);
    const mapIt = (protection: number) => Number(call(task, 'mmap', 0, KERNEL_PAGE, protection, 1, 4, 0));
    expect([seal(3, 2), seal(4, 64), seal(0, 1)]).toEqual([EPERM, EINVAL, EPERM]);
    const mapped = mapIt(READ);
    expect(seal(4, 8)).toBe(EBUSY);
    call(task, 'munmap', mapped, KERNEL_PAGE);
    expect([seal(4, 8), mapIt(READ_WRITE), call(task, 'fcntl', 4, 1034, 0)]).toEqual([0, EPERM, 8]);
    expect(call(task, 'mprotect', mapIt(READ), KERNEL_PAGE, READ_WRITE)).toBe(-13);
    expect([seal(5, 32), call(task, 'fcntl', 5, 1034, 0), call(task, 'fcntl', 0, 1034, 0)]).toEqual([0, 62, EINVAL]);
  });

  it('lseek finds data and holes, which fallocate makes and fills', () => {
    const task = newTask();
    call(task, 'memfd_create', 'a', 0);
    const block = KERNEL_PAGE;
    const seek = (at: number, whence: number) => call(task, 'lseek', 3, at, whence);
    const [data, hole] = [(at: number) => seek(at, 3), (at: number) => seek(at, 4)];
    const blocks = () => {
      call(task, 'fstat', 3, PAGE);
      return Number(task.user.readU64(PAGE + 64)) / 8;
    };
    expect(call(task, 'fallocate', 3, 0, 0, 3 * block)).toBe(0);
    expect([blocks(), data(0), hole(0), data(3 * block)]).toEqual([3, 0, 3 * block, -6]);
    call(task, 'ftruncate', 3, 9 * block);
    call(task, 'pwrite64', 3, 'x', 1, 6 * block + 1);
    expect(call(task, 'fallocate', 3, 3, block, block)).toBe(0);
    expect([blocks(), hole(0), data(block), hole(2 * block)]).toEqual([3, block, 2 * block, 3 * block]);
    expect([data(3 * block), data(6 * block + 2), hole(6 * block), data(7 * block), hole(8 * block)]).toEqual([
      6 * block,
      6 * block + 2,
      7 * block,
      -6,
      8 * block,
    ]);
    expect(call(task, 'fallocate', 3, 0x10, block - 1, 2)).toBe(0);
    expect([blocks(), hole(0)]).toEqual([4, 3 * block]);
  });

  it('a hole in a mapped file is zeros in the mapping, to the byte', () => {
    const task = newTask();
    call(task, 'memfd_create', 'a', 0);
    call(task, 'ftruncate', 3, 3 * KERNEL_PAGE);
    const area = Number(call(task, 'mmap', 0, 3 * KERNEL_PAGE, 3, 1, 3, 0));
    task.user.write(area, new Uint8Array(3 * KERNEL_PAGE).fill(7));
    expect(call(task, 'fallocate', 3, 3, KERNEL_PAGE - 2, KERNEL_PAGE + 4)).toBe(0);
    const at = (place: number) => task.user.read(area + place, 1)?.[0];
    const places = [KERNEL_PAGE - 3, KERNEL_PAGE - 2, KERNEL_PAGE, 2 * KERNEL_PAGE + 1, 2 * KERNEL_PAGE + 2];
    expect(places.map(at)).toEqual([7, 0, 0, 0, 7]);
  });

  it('memfd_create makes files of huge pages, of which there are none', () => {
    const task = newTask();
    const [HUGETLB, mebibytes2] = [4, 1 << 21];
    const create = (size: number, more = 0) => call(task, 'memfd_create', 'a', HUGETLB | more | (size << 26));
    expect([16, 23, 34].map((size) => create(size))).toEqual([-19, -19, -19]);
    expect(call(task, 'memfd_create', 'a', 21 << 26)).toBe(EINVAL);
    expect([create(0), create(21), create(30, 1)]).toEqual([3, 4, 5]);
    expect([call(task, 'ftruncate', 4, mebibytes2 + 1), call(task, 'ftruncate', 4, mebibytes2)]).toEqual([EINVAL, 0]);
    expect(call(task, 'mmap', 0, mebibytes2, 3, 1, 4, 0)).toBe(ENOMEM);
    expect(call(task, 'write', 4, 'a', 1)).toBe(EINVAL);
    expect(call(task, 'fallocate', 4, 0, 0, mebibytes2)).toBe(-28);
  });

  it('fallocate extends, keeps, empties and refuses', () => {
    const task = newTask();
    call(task, 'memfd_create', 'a', 0);
    const allocate = (mode: number, start: number, length: number) => call(task, 'fallocate', 3, mode, start, length);
    const size = () => call(task, 'lseek', 3, 0, 2);
    expect([allocate(1, 0, 500), size(), allocate(0, 100, 400), size()]).toEqual([0, 0, 0, 500]);
    call(task, 'pwrite64', 3, '12345', 5, 10);
    expect([allocate(3, 11, 2), allocate(0x10, 13, 600), size()]).toEqual([0, 0, 613]);
    expect(call(task, 'pread64', 3, PAGE, 5, 10)).toBe(5);
    expect(task.user.read(PAGE, 5)).toEqual(Uint8Array.of(49, 0, 0, 0, 0));
    expect([allocate(2, 0, 1), allocate(8, 0, 1), allocate(0x1000, 0, 1)]).toEqual([
      EOPNOTSUPP,
      EOPNOTSUPP,
      EOPNOTSUPP,
    ]);
    expect([allocate(0, -1, 1), allocate(0, 0, 0), call(task, 'fallocate', 9, 0, 0, 1)]).toEqual([EINVAL, EINVAL, -9]);
    call(task, 'pipe2', PAGE, 0);
    expect(call(task, 'fallocate', 5, 0, 0, 1)).toBe(-29);
  });
});
