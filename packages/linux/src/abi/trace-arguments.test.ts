// What strace 6.1 prints for the same values.
import type { PrintedCall, SystemCallRow, Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { LINUX_CALLS } from '../index.ts';
import { newTask, PAGE } from '../test-support/call-bench.ts';
import { describeEnd, printSignalSet } from './trace-arguments.ts';

/** The arguments of a call as a trace shows them after it gave `result`. */
function printed(task: Thread, name: string, values: readonly number[], result = 0): string {
  const row = LINUX_CALLS.find((candidate) => candidate.name === name) as SystemCallRow;
  const names = Object.keys(row.arguments);
  const low = Int32Array.from({ length: 6 }, (_, index) => values[index] ?? 0);
  const high = new Int32Array(6);
  const call: PrintedCall = { task, low, high, indexOf: (key) => names.indexOf(key), result };
  return names
    .map((key, index) => row.arguments[key].print(row.arguments[key].decode(call, index) as never, call, index))
    .filter((text) => text !== undefined)
    .join(', ');
}

describe('signal sets', () => {
  it.each([
    [0n, '[]'],
    [(1n << 1n) | (1n << 16n), '[INT CHLD]'],
    [(1n << 31n) | (1n << 32n), '[RTMIN RT_1]'],
    [0xffff_ffff_ffff_ffffn & ~((1n << 8n) | (1n << 18n)), '~[KILL STOP]'],
  ])('%d is %s', (bits, text) => {
    expect(printSignalSet(bits)).toBe(text);
  });
});

describe('stored values', () => {
  it.each([
    [0x0300, '{WIFEXITED(s) && WEXITSTATUS(s) == 3}'],
    [0x008b, '{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}'],
    [0x0009, '{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}'],
    [0x137f, '{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}'],
    [0xffff, '{WIFCONTINUED(s)}'],
  ])('status %d of a child', (word, text) => {
    const task = newTask();
    task.user.writeU32(PAGE, word);
    expect(printed(task, 'wait4', [-1, PAGE, 1, 0], 5)).toBe(`-1, [${text}], WNOHANG, NULL`);
    expect(printed(task, 'wait4', [-1, PAGE, 1, 0], 0)).toBe('-1, 0x20000, WNOHANG, NULL');
  });

  it('descriptors, masks and actions', () => {
    const task = newTask();
    task.user.writeU32(PAGE, 3);
    task.user.writeU32(PAGE + 4, 4);
    expect(printed(task, 'pipe2', [PAGE, 0o2000000])).toBe('[3, 4], O_CLOEXEC');
    expect(printed(task, 'pipe2', [PAGE, 0], -24)).toBe('0x20000, 0');
    task.user.writeU64(PAGE, 1n << 16n);
    expect(printed(task, 'rt_sigprocmask', [2, PAGE, 0, 8])).toBe('SIG_SETMASK, [CHLD], NULL, 8');
    for (const [offset, value] of [
      [0, 0x401000n],
      [8, 0x14000000n],
      [16, 0x402000n],
      [24, 0xffff_ffff_ffff_ffffn],
    ] as const)
      task.user.writeU64(PAGE + offset, value);
    const action = '{sa_handler=0x401000, sa_mask=~[], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x402000}';
    expect(printed(task, 'rt_sigaction', [17, PAGE, 0, 8])).toBe(`SIGCHLD, ${action}, NULL, 8`);
    expect(printed(task, 'rt_sigaction', [17, 0, PAGE, 8])).toBe(`SIGCHLD, NULL, ${action}, 8`);
  });

  it('only the arguments that count are shown', () => {
    const task = newTask();
    task.user.write(PAGE, Uint8Array.of(0x66, 0));
    expect(printed(task, 'openat', [-100, PAGE, 0, 0o666])).toBe('AT_FDCWD, "f", O_RDONLY');
    expect(printed(task, 'openat', [-100, PAGE, 0o101, 0o666])).toBe('AT_FDCWD, "f", O_WRONLY|O_CREAT, 0666');
    expect(printed(task, 'fcntl', [3, 1, 99])).toBe('3, F_GETFD');
    expect(printed(task, 'fcntl', [3, 2, 1])).toBe('3, F_SETFD, FD_CLOEXEC');
    expect(printed(task, 'fcntl', [3, 4, 0o4002])).toBe('3, F_SETFL, O_RDWR|O_NONBLOCK');
    expect(printed(task, 'fcntl', [3, 1030, 10])).toBe('3, F_DUPFD_CLOEXEC, 10');
    expect(printed(task, 'futex', [PAGE, 129, 1, 7, 7, 7])).toBe('0x20000, FUTEX_WAKE_PRIVATE, 1');
    expect(printed(task, 'futex', [PAGE, 128, 2, 0, 7, 7])).toBe('0x20000, FUTEX_WAIT_PRIVATE, 2, NULL');
    expect(printed(task, 'futex', [PAGE, 137, 2, 0, 0, -1])).toBe('0x20000, FUTEX_WAIT_BITSET_PRIVATE, 2, NULL, FUTEX_BITSET_MATCH_ANY');
    expect(printed(task, 'clone', [0x01200011, 0, 0, PAGE, 0])).toContain('CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD');
  });
});

describe('ends', () => {
  it('are told as strace tells them', () => {
    expect(describeEnd({ kind: 'exited', code: 3 })).toBe('exited with 3');
    expect(describeEnd({ kind: 'signaled', signal: 11, coreDumped: true })).toBe('killed by SIGSEGV (core dumped)');
  });
});
