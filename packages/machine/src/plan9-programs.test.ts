// Plan 9 programs in both instruction sets: every group of calls does on amd64 and on 386 what 9front's kernel does.
import { describe, expect, it } from 'vitest';
import {
  call,
  handlerArgument,
  code,
  local,
  type Plan9Source,
  plan9Program,
  put,
  readNil,
  save,
  skipCode,
  whenZero,
} from './test-support/plan9-program.ts';
import { runPlan9 } from './test-support/run-plan9.ts';

// biome-ignore format: a table
const CALL = {
  bind: 2, chdir: 3, close: 4, dup: 5, alarm: 6, exec: 7, exits: 8, open: 14, sleep: 17, rfork: 19, pipe: 21, create: 22, fd2path: 23, brk: 24, remove: 25,
  notify: 28, noted: 29, segattach: 30, rendezvous: 34, semacquire: 37, semrelease: 38, seek: 39, errstr: 41, stat: 42, fstat: 43, await: 47, pread: 50,
  pwrite: 51, tsemacquire: 52,
} as const;
const NOW = -1n;
const leave = (status: string | 0 = 0) => call(CALL.exits, status);
const print = (label: string, length: number | { at: string }) => call(CALL.pwrite, 1, label, length, NOW);
/** The error string of the call before, and a newline. */
const printError = (label: 'text' | 'more' = 'text') => [
  call(CALL.errstr, label, 128),
  call(CALL.pwrite, 1, label, 64, NOW),
  call(CALL.pwrite, 1, 'newline', 1, NOW),
];
const texts = { text: 128, more: 128, newline: '\n' };
const visible = (text: string) => text.replaceAll('\0', '');

describe.each(['amd64', '386'] as const)('a Plan 9 program for %s', (machine) => {
  const run = (source: Plan9Source, request?: Parameters<typeof runPlan9>[1]) =>
    runPlan9(plan9Program(machine, source), request);

  it('prints, ends with words, and is traced', async () => {
    const data = { hello: 'hello\n', sad: 'sad' };
    const { output, outcome, trace } = await run({ main: [print('hello', 6), leave('sad')], data });
    expect(output).toBe('hello\n');
    expect(outcome).toEqual({ kind: 'exited', code: 1, message: 'sad' });
    expect(trace).toEqual([
      'pwrite(1, "hello\\n", 6, -1)             = 6',
      'exits("sad")                            = ?',
    ]);
  });

  it.each([
    ['', { kind: 'exited', code: 0 }],
    ['3', { kind: 'exited', code: 3, message: '3' }],
    ['0', { kind: 'exited', code: 1, message: '0' }],
    ['256', { kind: 'exited', code: 1, message: '256' }],
  ])('that exits with %j', async (status, wanted) => {
    expect((await run({ main: [leave('status')], data: { status } })).outcome).toEqual(wanted);
  });

  it('creates, writes, reads, seeks, stats and removes files', async () => {
    const { output, outcome, trace } = await run({
      main: [
        call(CALL.create, 'name', 2, 0o666),
        save('fd'),
        call(CALL.pwrite, { at: 'fd' }, 'content', 9, NOW),
        call(CALL.seek, 'position', { at: 'fd' }, 4n, 0),
        call(CALL.pread, { at: 'fd' }, 'buffer', 100, NOW),
        print('buffer', 5),
        call(CALL.pread, { at: 'fd' }, 'buffer', 100, 0n),
        print('buffer', 9),
        call(CALL.fd2path, { at: 'fd' }, 'buffer', 100),
        print('buffer', 10),
        call(CALL.stat, 'name', 'buffer', 100),
        call(CALL.remove, 'name'),
        call(CALL.open, 'name', 0),
        ...printError(),
        leave(),
      ],
      data: { name: '/tmp/new', content: 'one\ntwo.\n', fd: 8, position: 8, buffer: 112, ...texts },
    });
    expect(visible(output)).toBe("two.\none\ntwo.\n/tmp/newfile does not exist: '/tmp/new'\n");
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    // 49 bytes and four strings: the name and the user three times.
    expect(trace.find((line) => line.startsWith('stat('))).toMatch(/ = 70$/);
  });

  it('dies of a fault with the words of the kernel', async () => {
    const { error, outcome } = await run({ main: [readNil] });
    expect(error).toMatch(/^program 1000: suicide: sys: trap: fault read addr=0x0 pc=0x[0-9a-f]+\n$/);
    expect(outcome).toMatchObject({
      kind: 'exited',
      code: 1,
      message: error.slice('program 1000: suicide: '.length, -1),
    });
  });

  it.each([
    ['divide error', [0x31, 0xc9, 0x31, 0xc0, 0xf7, 0xf1], 'sys: trap: divide error'],
    ['an undefined instruction', [0x0f, 0x0b], 'sys: trap: invalid opcode'],
    ['a breakpoint', [0xcc], 'sys: breakpoint'],
    ['a store to code', [0xe8, 0, 0, 0, 0, 0x58, 0x89, 0], 'sys: trap: fault write addr=0x'],
    ['HLT', [0xf4], 'sys: trap: general protection violation'],
    ['an x87 division by zero', [0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0x9b], 'sys: fp: division by zero fppc=0x'],
  ])('of %s gets the note for it', async (_name, bytes, words) => {
    const { error } = await run({ main: [code(...bytes)] });
    expect(error).toContain(`suicide: ${words}`);
  });

  it('handles a fault, changes its registers and goes on', async () => {
    const { output, outcome } = await run({
      main: [call(CALL.notify, 'handler'), readNil, print('back', 5), readNil, print('back', 5), leave()],
      functions: {
        handler: [
          handlerArgument(0, 'ureg'),
          handlerArgument(1, 'note'),
          call(CALL.pwrite, 1, { at: 'note' }, 34, NOW),
          print('newline', 1),
          skipCode('ureg', 2),
          call(CALL.noted, 0),
        ],
      },
      data: { back: 'back\n', ureg: 8, note: 8, ...texts },
    });
    expect(output).toBe(`${'sys: trap: fault read addr=0x0 pc=\nback\n'.repeat(2)}`);
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
  });

  it('dies of a fault inside its handler, and of NDFLT', async () => {
    const inside = await run({ main: [call(CALL.notify, 'handler'), readNil], functions: { handler: [readNil] } });
    expect(inside.error).toContain('suicide: sys: trap: fault read addr=0x0');
    const refused = await run({
      main: [call(CALL.notify, 'handler'), readNil],
      functions: { handler: [call(CALL.noted, 1)] },
    });
    expect(refused.outcome).toMatchObject({ code: 1, message: expect.stringContaining('fault read addr=0x0') });
  });

  it('keeps the registers of the floating-point unit through a handler', async () => {
    // fld1; fault; the handler empties the stack; then fistp to a label must still store 1.
    const { output } = await run({
      main: [
        call(CALL.notify, 'handler'),
        code(0xd9, 0xe8),
        readNil,
        (asm) =>
          asm.isWide
            ? [0x48, 0xb8, ...bytes(asm.address('one'), 8), 0xdb, 0x18]
            : [0xb8, ...bytes(asm.address('one'), 4), 0xdb, 0x18],
        print('one', 1),
        leave(),
      ],
      functions: { handler: [handlerArgument(0, 'ureg'), code(0xdb, 0xe3), skipCode('ureg', 2), call(CALL.noted, 0)] },
      data: { one: 8, ureg: 8 },
    });
    expect(output).toBe('\x01');
  });

  it('is told that a number is no system call', async () => {
    const { error, trace, outcome } = await run({ main: [call(99, 1, 2)] });
    expect(error).toMatch(
      /^program 1000: bad sys call number 99 pc 0x[0-9a-f]+\nprogram 1000: suicide: sys: bad sys call pc=0x[0-9a-f]+\n$/,
    );
    expect(trace).toEqual(['syscall_99()                            = -1 bad arg in system call']);
    expect(outcome).toMatchObject({ code: 1 });
  });

  it('waits for a child and reads how it ended', async () => {
    const { output } = await run({
      main: [
        call(CALL.rfork, 0x14),
        whenZero(leave('bad')),
        call(CALL.rfork, 0x14),
        whenZero(call(CALL.sleep, 5), leave()),
        call(CALL.await, 'buffer', 100),
        save('count'),
        print('buffer', { at: 'count' }),
        print('newline', 1),
        call(CALL.await, 'buffer', 100),
        save('count'),
        print('buffer', { at: 'count' }),
        print('newline', 1),
        call(CALL.await, 'buffer', 100),
        ...printError(),
        leave(),
      ],
      data: { bad: 'bad', buffer: 112, count: 8, ...texts },
    });
    expect(visible(output)).toMatch(/^1001 0 0 [0-9]+ 'program 1001: bad'\n1002 0 0 [0-9]+ ''\nno living children\n$/);
  });

  it('shares data with RFMEM and never the stack; a plain rfork shares neither', async () => {
    const child = [put('word', 0x59), local.put(0x59), call(CALL.exits, 0)];
    const { output } = await run({
      main: [
        put('word', 0x4e),
        local.put(0x4e),
        call(CALL.rfork, 0x10),
        whenZero(...child),
        call(CALL.await, 'buffer', 100),
        print('word', 1),
        call(CALL.rfork, 0x30),
        whenZero(...child),
        call(CALL.await, 'buffer', 100),
        print('word', 1),
        local.copyTo('word'),
        print('word', 1),
        // Shared memory is copied again for a child that does not share it.
        put('word', 0x4e),
        call(CALL.rfork, 0x10),
        whenZero(...child),
        call(CALL.await, 'buffer', 100),
        print('word', 1),
        leave(),
      ],
      data: { word: 8, buffer: 112 },
    });
    expect(output).toBe('NYNN');
  });

  it('grows its memory for all that share it, and gives back zeros', async () => {
    const { output, outcome } = await run({
      main: [
        call(CALL.brk, 0),
        save('bss'),
        call(CALL.rfork, 0x30),
        whenZero(call(CALL.brk, 0x700000), call(CALL.semrelease, 'go', 1), call(CALL.semacquire, 'done', 1), leave()),
        call(CALL.semacquire, 'go', 1),
        // The memory the child got is there.
        call(CALL.pwrite, 1, 0x6ff000, 1, NOW),
        call(CALL.brk, 0x600000),
        ...printError(),
        call(CALL.semrelease, 'done', 1),
        call(CALL.await, 'buffer', 100),
        call(CALL.brk, 0x600000),
        call(CALL.brk, 0xdff00000),
        ...printError('more'),
        leave(),
      ],
      data: { bss: 8, go: 8, done: 8, buffer: 112, ...texts },
    });
    const overlap = machine === '386' ? 'segments overlap\n' : '';
    expect(visible(output)).toMatch(`device or object already in use\n${overlap}`);
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
  });

  it('times out at a semaphore', async () => {
    const { trace } = await run({
      main: [
        call(CALL.tsemacquire, 'word', 30),
        call(CALL.semacquire, 'word', 0),
        put('word', 2),
        call(CALL.tsemacquire, 'word', 30),
        leave(),
      ],
      data: { word: 8 },
    });
    expect(trace.map((line) => line.slice(line.indexOf('=') + 2))).toEqual(['0', '0', '1', '?']);
  });
});

function bytes(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Number((BigInt(value) >> BigInt(index * 8)) & 255n));
}
