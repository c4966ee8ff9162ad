// Plan 9 programs in both instruction sets: pipes, rendezvous, notes of others, devices, name space and exec.
import { describe, expect, it } from 'vitest';
import { call, type Plan9Source, plan9Program, save, whenZero } from './test-support/plan9-program.ts';
import { runPlan9, wholeCalls } from './test-support/run-plan9.ts';

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

describe.each(['amd64', '386'] as const)('names of a Plan 9 program for %s', (machine) => {
  const run = (source: Plan9Source, request?: Parameters<typeof runPlan9>[1]) =>
    runPlan9(plan9Program(machine, source), request);

  it('talks through a pipe in both directions, a message at a time', async () => {
    const { output } = await run({
      main: [
        call(CALL.pipe, 'fds'),
        (asm) => [...loadHalves(asm)],
        call(CALL.pwrite, { at: 'left' }, 'ab', 2, NOW),
        call(CALL.pwrite, { at: 'left' }, 'cd', 2, NOW),
        call(CALL.pwrite, { at: 'right' }, 'ef', 2, NOW),
        call(CALL.pread, { at: 'right' }, 'buffer', 100, NOW),
        save('count'),
        print('buffer', { at: 'count' }),
        call(CALL.pread, { at: 'left' }, 'buffer', 100, NOW),
        save('count'),
        print('buffer', { at: 'count' }),
        call(CALL.close, { at: 'left' }),
        call(CALL.pread, { at: 'right' }, 'buffer', 1, NOW),
        call(CALL.pread, { at: 'right' }, 'buffer', 100, NOW),
        call(CALL.pread, { at: 'right' }, 'buffer', 100, NOW),
        save('count'),
        print('buffer', { at: 'count' }),
        call(CALL.seek, 'buffer', { at: 'right' }, 0n, 0),
        ...printError(),
        call(CALL.pwrite, { at: 'right' }, 'ab', 2, NOW),
        leave(),
      ],
      data: { fds: 8, left: 8, right: 8, ab: 'ab', cd: 'cd', ef: 'ef', buffer: 112, count: 8, ...texts },
    });
    expect(visible(output)).toBe('abefseek on a stream\n');
  });

  it('exchanges values in a rendezvous', async () => {
    const { trace } = await run({
      main: [
        call(CALL.rfork, 0x30),
        whenZero(call(CALL.rendezvous, 7, 0x11), leave()),
        call(CALL.rendezvous, 7, 0x22),
        leave(),
      ],
    });
    expect(wholeCalls(trace, 'rendezvous').sort()).toEqual([
      'rendezvous(0x7, 0x11) = 0x22',
      'rendezvous(0x7, 0x22) = 0x11',
    ]);
  });

  it('dies of notes that others send, silently, and of an alarm', async () => {
    const sent = await run({
      main: [
        call(CALL.rfork, 0x14),
        whenZero(call(CALL.sleep, 100000)),
        call(CALL.open, 'file', 1),
        save('fd'),
        call(CALL.pwrite, { at: 'fd' }, 'stop', 4, NOW),
        call(CALL.await, 'buffer', 100),
        save('count'),
        print('buffer', { at: 'count' }),
        leave(),
      ],
      data: { file: '/proc/1001/note', stop: 'stop', fd: 8, buffer: 112, count: 8 },
    });
    expect(sent.output).toMatch(/^1001 0 0 [0-9]+ 'program 1001: stop'$/);
    expect(sent.error).toBe('');
    const rung = await run({ main: [call(CALL.alarm, 20), call(CALL.sleep, 100000)] });
    expect(rung.outcome).toEqual({ kind: 'exited', code: 1, message: 'alarm' });
    expect(rung.error).toBe('');
  });

  it('finds its devices and its environment', async () => {
    const show = (label: string) => [
      call(CALL.open, label, 0),
      save('fd'),
      call(CALL.pread, { at: 'fd' }, 'buffer', 100, NOW),
      save('count'),
      print('buffer', { at: 'count' }),
      print('newline', 1),
    ];
    const { output } = await run(
      {
        main: [...show('pid'), ...show('user'), ...show('colour'), ...show('null'), ...show('status'), leave()],
        data: {
          pid: '#c/pid',
          user: '/dev/user',
          colour: '/env/colour',
          null: '/dev/null',
          status: '/proc/1000/args',
          fd: 8,
          buffer: 112,
          count: 8,
          ...texts,
        },
      },
      { environment: ['colour=green', 'user=ken'], arguments: ['program', 'two words'] },
    );
    expect(output).toBe("       1000 \nken\ngreen\n\nprogram 'two words'\n");
  });

  it('binds directories into unions', async () => {
    const files = { '/a/one': Uint8Array.of(49), '/b/two': Uint8Array.of(50) };
    const { output } = await run(
      {
        main: [
          call(CALL.bind, 'b', 'a', 2),
          call(CALL.open, 'two', 0),
          save('fd'),
          call(CALL.pread, { at: 'fd' }, 'buffer', 100, NOW),
          print('buffer', 1),
          call(CALL.fd2path, { at: 'fd' }, 'buffer', 100),
          print('buffer', 6),
          call(CALL.create, 'three', 1, 0o666),
          ...printError(),
          call(CALL.remove, 'a'),
          ...printError('more'),
          leave(),
        ],
        data: { a: '/a', b: '/b', two: '/a/two', three: '/a/three', fd: 8, buffer: 112, ...texts },
      },
      { files },
    );
    expect(visible(output)).toBe("2/a/twomounted directory forbids creation: '/a/three'\nis a mount point: '/a'\n");
  });

  it('is replaced by another program, through a script too', async () => {
    const echo = plan9Program(machine, {
      main: [
        call(CALL.open, 'args', 0),
        save('fd'),
        call(CALL.pread, { at: 'fd' }, 'buffer', 100, NOW),
        save('count'),
        print('buffer', { at: 'count' }),
        leave(),
      ],
      data: { args: '#p/1000/args', fd: 8, buffer: 112, count: 8 },
    });
    const files = { '/bin/echo9': echo, '/bin/script': new TextEncoder().encode("#!/bin/echo9 -x 'a b'\nbody\n") };
    const source = (file: string): Plan9Source => ({
      main: [(asm) => [...fillArguments(asm)], call(CALL.exec, 'file', 'table'), ...printError(), leave()],
      data: { file, zero: 'zero', one: 'one', table: 48, ...texts },
    });
    expect((await run(source('/bin/echo9'), { files })).output).toBe('zero one');
    expect((await run(source('/bin/script'), { files })).output).toBe("script -x 'a b' /bin/script one");
    expect(visible((await run(source('/bin/none'), { files })).output)).toBe("file does not exist: '/bin/none'\n");
    expect(visible((await run(source('/bin'), { files })).output)).toBe("cannot exec directory: '/bin'\n");
  });
});

function bytes(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Number((BigInt(value) >> BigInt(index * 8)) & 255n));
}

/** Stores a word of a label's address at an offset of another one. */
function storeAddress(asm: { isWide: boolean; address(label: string): number }, label: string, to: number): number[] {
  const [load, store] = asm.isWide
    ? [
        [0x48, 0xb8],
        [0x48, 0xa3],
      ]
    : [[0xb8], [0xa3]];
  const size = asm.isWide ? 8 : 4;
  return [...load, ...bytes(asm.address(label), size), ...store, ...bytes(to, size)];
}

function fillArguments(asm: { isWide: boolean; address(label: string): number }): number[] {
  const table = asm.address('table');
  return [...storeAddress(asm, 'zero', table), ...storeAddress(asm, 'one', table + (asm.isWide ? 8 : 4))];
}

/** mov eax, [fds]; mov [left], eax; the same for the other one. */
function loadHalves(asm: { isWide: boolean; address(label: string): number }): number[] {
  const move = (from: number, to: number) =>
    asm.isWide ? [0xa1, ...bytes(from, 8), 0xa3, ...bytes(to, 8)] : [0xa1, ...bytes(from, 4), 0xa3, ...bytes(to, 4)];
  return [...move(asm.address('fds'), asm.address('left')), ...move(asm.address('fds') + 4, asm.address('right'))];
}
