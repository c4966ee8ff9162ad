// CPU time: what threads use up, and what happens when it is used up (man 2 setitimer, man 2 getrlimit, man 3 clock_getcpuclockid).
import { memoryClock } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

const CALL = [0x0f, 0x05];
const EXIT = [0xb8, 60, 0, 0, 0, ...CALL];
const FOREVER = [0xeb, 0xfe];
const push = (value: number) => [0x6a, value];
/** rax = call(first, rsp, 0, 0). */
const withStack = (number: number, first: number) => [
  ...[0x48, 0xc7, 0xc7, first & 0xff, first >> 8, first >> 16, first >> 24].map((byte) => byte & 0xff),
  ...[0x48, 0x89, 0xe6, 0x31, 0xd2, 0x45, 0x31, 0xd2, 0xb8, number & 0xff, number >> 8, 0, 0, ...CALL],
];
const NEGATED = [0xf7, 0xd8, 0x89, 0xc7, ...EXIT];

/** The virtual clock moves on by `tick` at each look, and every turn is looked at twice. */
async function run(tick: number, ...code: number[][]) {
  const files = { '/p': smallProgram({ fileBytes: 512, code }) };
  return createMachine({ host: createMemoryHost({ files, clock: memoryClock({ tick }) }) }).run({ path: '/p' });
}

describe('CPU time', () => {
  // struct itimerval, highest word first: one microsecond, no interval.
  const ONCE = [...push(1), ...push(0), ...push(0), ...push(0)];

  it.each([
    ['ITIMER_VIRTUAL', 1, 26],
    ['ITIMER_PROF', 2, 27],
  ])('%s ends in its signal', async (_name, which, signal) => {
    expect(await run(1000, ONCE, withStack(38, which), FOREVER)).toMatchObject({ kind: 'signaled', signal });
  });

  it('is not used up by sleeping', async () => {
    // nanosleep for 5 s with ITIMER_PROF at 1 s armed: exit(0) comes first.
    const oneSecond = [...push(0), ...push(1), ...push(0), ...push(0)];
    const sleep = [...push(0), ...push(5), 0x48, 0x89, 0xe7, 0x31, 0xf6, 0xb8, 35, 0, 0, 0, ...CALL];
    expect(await run(1000, oneSecond, withStack(38, 2), sleep, NEGATED)).toEqual({ kind: 'exited', code: 0 });
  });

  it.each([
    ['the soft limit', 1, 9, 24],
    ['the hard limit', 1, 1, 9],
  ])('at %s of RLIMIT_CPU is a signal', async (_name, soft, hard, signal) => {
    const limit = [...push(hard), ...push(soft)];
    expect(await run(300_000_000, limit, withStack(160, 0), FOREVER)).toMatchObject({ kind: 'signaled', signal });
  });

  // A clock's number: the complement of the id, what it counts in the lowest bits, 4 for a thread (3: a descriptor).
  it.each([
    ['of the process', (~0 << 3) | 2, 0],
    ['of the thread', (~0 << 3) | 6, 0],
    ['of the thread by its id', (~1000 << 3) | 6, 0],
    ['of the process, user time', (~1000 << 3) | 1, 0],
    ['of nobody', (~999 << 3) | 2, 22],
    ['of a descriptor', (~0 << 3) | 3, 22],
  ])('has a clock %s', async (_name, clock, error) => {
    const room = [...push(0), ...push(0)];
    expect(await run(1000, room, withStack(228, clock), NEGATED)).toEqual({ kind: 'exited', code: error });
  });

  it('cannot be waited for by the thread that uses it', async () => {
    const wait = (clock: number) =>
      run(
        1000,
        push(0),
        push(1),
        [0xbf, clock, 0, 0, 0, 0x48, 0x89, 0xe2, 0x31, 0xf6, 0x45, 0x31, 0xd2, 0xb8, 230, 0, 0, 0],
        CALL,
        NEGATED,
      );
    expect(await wait(3)).toEqual({ kind: 'exited', code: 95 });
    expect(await wait(4)).toEqual({ kind: 'exited', code: 95 });
  });
});
