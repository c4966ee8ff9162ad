// Plan 9 programs that mean harm: unions without an end, names nobody can have, records that are none, partners that died.
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost } from './index.ts';
import { type Argument, call, type Plan9Source, plan9Program, save, whenZero } from './test-support/plan9-program.ts';
import { runPlan9, wholeCalls } from './test-support/run-plan9.ts';
import { smallProgram } from './test-support/small-program.ts';

// biome-ignore format: a table
const CALL = {
  bind: 2, chdir: 3, close: 4, exec: 7, exits: 8, open: 14, sleep: 17, rfork: 19, pipe: 21, create: 22, fd2path: 23, segattach: 30, rendezvous: 34, errstr: 41,
  stat: 42, fstat: 43, wstat: 44, await: 47, pread: 50, pwrite: 51,
} as const;
const NOW = -1n;
const leave = (status: string | 0 = 0) => call(CALL.exits, status);
const printError = [
  call(CALL.errstr, 'text', 128),
  call(CALL.pwrite, 1, 'text', 64, NOW),
  call(CALL.pwrite, 1, 'newline', 1, NOW),
];
const texts = { text: 128, newline: '\n' };
/** Lines of output, each up to its null byte: behind it stands what longer messages left. */
const linesOf = (output: string) => output.split('\n').map((line) => line.split('\0', 1)[0]);

/** A record of wstat that changes nothing but what is given. */
function change({ name = '', mode = 0xffff_ffff, length = 0xffff_ffff_ffff_ffffn }): Uint8Array {
  const bytes = new Uint8Array(49 + name.length).fill(0xff);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, bytes.length - 2, true);
  view.setUint32(21, mode, true);
  view.setBigUint64(33, length, true);
  view.setUint16(41, name.length, true);
  bytes.set(Buffer.from(name, 'latin1'), 43);
  bytes.fill(0, 43 + name.length);
  return bytes;
}

describe.each(['amd64', '386'] as const)('a hostile Plan 9 program for %s', (machine) => {
  const run = (source: Plan9Source, request?: Parameters<typeof runPlan9>[1]) =>
    runPlan9(plan9Program(machine, source), request);
  const ask = (...words: [number, ...Argument[]]) => [call(...words), ...printError];

  it('cannot double a union until memory ends', async () => {
    const bindings = Array.from({ length: 40 }, () => call(CALL.bind, 'slash', 'slash', 2));
    const { output, trace } = await run({
      main: [
        ...bindings,
        ...printError,
        call(CALL.open, 'slash', 0),
        save('fd'),
        call(CALL.pread, { at: 'fd' }, 'buffer', 112, NOW),
        leave(),
      ],
      data: { slash: '/', fd: 8, buffer: 112, ...texts },
    });
    expect(linesOf(output)).toEqual(['virtual memory allocation failed', '']);
    expect(trace.filter((line) => line.includes('bind(') && !line.includes('= -1'))).toHaveLength(10);
    expect(trace.find((line) => line.includes('pread('))).toMatch(/= [1-9]\d*$/);
  });

  it('cannot make names that grow with every step', async () => {
    // /a/a/a...: bound below itself, a directory has no end.
    const deep = 'a/'.repeat(20_000);
    const { output, trace } = await run(
      {
        main: [
          call(CALL.bind, 'slash', 'place', 0),
          call(CALL.chdir, 'deep'),
          call(CALL.chdir, 'deep'),
          ...printError,
          leave(),
        ],
        data: { slash: '/', place: '/a', deep: new TextEncoder().encode(`${deep}\0`), ...texts },
      },
      { files: { '/a/file': Uint8Array.of(1) } },
    );
    expect(trace.filter((line) => line.includes('chdir')).map((line) => line.replace(/.*= /, ''))).toEqual([
      '0',
      expect.stringMatching(/^-1/),
    ]);
    expect(linesOf(output)[0]).toMatch(/^name too long: '/);
  });

  it('cannot give a file a name that no walk would find, or make it without an end', async () => {
    const { output } = await run(
      {
        main: [
          ...['nul', 'control', 'dots', 'slashes'].flatMap((label) => ask(CALL.wstat, 'file', label, 52)),
          ...ask(CALL.wstat, 'file', 'endless', 49),
          ...ask(CALL.wstat, 'file', 'nul', 51),
          ...ask(CALL.wstat, 'file', 'big', 70_000),
          leave(),
        ],
        data: {
          file: '/tmp/file',
          nul: change({ name: 'a\0b' }),
          control: change({ name: 'a\x01b' }),
          dots: change({ name: '../' }),
          slashes: change({ name: 'a/b' }),
          endless: change({ length: 1n << 62n }),
          big: 70_000,
          ...texts,
        },
      },
      { files: { '/tmp/file': Uint8Array.of(1) } },
    );
    const lines = linesOf(output);
    expect(lines.slice(0, 2)).toEqual(Array(2).fill("bad character in file name: '/tmp/file'"));
    expect(lines.slice(2, 4)).toEqual(Array(2).fill("file name syntax: '/tmp/file'"));
    expect(lines[4]).toMatch(/'\/tmp\/file'$/);
    expect(lines.slice(5, 7)).toEqual(Array(2).fill("malformed stat buffer: '/tmp/file'"));
  });

  it('gets long messages through a pipe in blocks of 64 KiB, however long they are', async () => {
    const { trace } = await run({
      main: [
        call(CALL.pipe, 'fds'),
        call(CALL.segattach, 0, 'memory', 0, 0x10_0000),
        save('segment'),
        call(CALL.rfork, 0x10),
        whenZero(call(CALL.pwrite, 1 + 2, { at: 'segment' }, 0x10_0000, NOW), leave()),
        call(CALL.pread, 1 + 3, { at: 'segment' }, 0x10_0000, NOW),
        call(CALL.pread, 1 + 3, { at: 'segment' }, 0x10, NOW),
        leave(),
      ],
      data: { fds: 8, segment: 8, memory: 'memory' },
    });
    const results = wholeCalls(trace, 'pread').map((line) => line.replace(/.*= /, ''));
    expect(results).toEqual(['65536', '16']);
  });

  it('does not meet the dead', async () => {
    const { trace } = await run({
      main: [
        call(CALL.rfork, 0x10),
        whenZero(call(CALL.rendezvous, 7, 0x11), leave()),
        call(CALL.sleep, 0),
        call(CALL.open, 'control', 1),
        save('fd'),
        call(CALL.pwrite, { at: 'fd' }, 'kill', 4, NOW),
        call(CALL.await, 'buffer', 100),
        call(CALL.rfork, 0x10),
        whenZero(call(CALL.rendezvous, 7, 0x33), leave()),
        call(CALL.rendezvous, 7, 0x22),
        leave(),
      ],
      data: { control: '/proc/1001/ctl', kill: 'kill', fd: 8, buffer: 112 },
    });
    const met = wholeCalls(trace, 'rendezvous').filter((line) => line.includes('= 0x'));
    expect(met.sort()).toEqual(['rendezvous(0x7, 0x22) = 0x33', 'rendezvous(0x7, 0x33) = 0x22']);
  });

  it('keeps letters of other alphabets whole in the line of a script', async () => {
    // à is C3 A0, and A0 is no blank.
    const echo = plan9Program(machine, {
      main: [
        call(CALL.open, 'args', 0),
        save('fd'),
        call(CALL.pread, { at: 'fd' }, 'buffer', 100, NOW),
        save('count'),
        call(CALL.pwrite, 1, 'buffer', { at: 'count' }, NOW),
        leave(),
      ],
      data: { args: '#p/1000/args', fd: 8, buffer: 112, count: 8 },
    });
    const script = new TextEncoder().encode('#!/bin/echo9 à\t-x\n');
    const source: Plan9Source = {
      main: [call(CALL.exec, 'file', 'table'), ...printError, leave()],
      data: { file: '/bin/script', table: 48, ...texts },
    };
    const argv: Plan9Source = { ...source, main: [fill, ...source.main], data: { ...source.data, zero: 'zero' } };
    const { output } = await run(argv, { files: { '/bin/echo9': echo, '/bin/script': script } });
    expect(Buffer.from(output, 'latin1').toString()).toBe('script à -x /bin/script');
  });
});

/** table[0] = zero */
const fill = (asm: { isWide: boolean; address(label: string): number }): number[] => {
  const little = (value: number, count: number) =>
    Array.from({ length: count }, (_, index) => Number((BigInt(value) >> BigInt(index * 8)) & 255n));
  const size = asm.isWide ? 8 : 4;
  const wide = asm.isWide ? [0x48] : [];
  return [...wide, 0xb8, ...little(asm.address('zero'), size), ...wide, 0xa3, ...little(asm.address('table'), size)];
};

describe('a Plan 9 program that a Linux program starts', () => {
  it('has no other rights and no other root than its parent', async () => {
    const reader = plan9Program('amd64', {
      main: [
        call(CALL.open, 'secret', 0),
        ...printError,
        call(CALL.open, 'outside', 0),
        ...printError,
        call(CALL.create, 'made', 1, 0o666),
        ...printError,
        call(CALL.wstat, 'readable', 'mode', 49),
        ...printError,
        call(CALL.open, 'readable', 0),
        save('fd'),
        call(CALL.pread, { at: 'fd' }, 'text', 6, NOW),
        call(CALL.pwrite, 1, 'text', 6, NOW),
        leave(),
      ],
      data: {
        secret: '/secret',
        outside: '/jail/readable',
        made: '/made',
        readable: '/readable',
        mode: change({ mode: 0o777 }),
        fd: 8,
        ...texts,
      },
    });
    // chroot("/jail"); chdir("/"); setgid(1000); setuid(1000); execve("/reader", [path], [])
    const path = 400;
    const at = (offset: number) => [...Buffer.from(new Uint32Array([0x400000 + offset]).buffer)];
    const number = (value: number) => [0xb8, value, 0, 0, 0, 0x0f, 0x05];
    const parent = smallProgram({
      fileBytes: 512,
      code: [
        [0xbf, ...at(path + 16), ...number(161), 0xbf, ...at(path + 32), ...number(80)],
        [0xbf, 0xe8, 3, 0, 0, ...number(106), 0xbf, 0xe8, 3, 0, 0, ...number(105)],
        [0x6a, 0, 0x68, ...at(path), 0x48, 0x89, 0xe6, 0xbf, ...at(path), 0x31, 0xd2, ...number(59), 0x0f, 0x0b],
      ],
    });
    parent.set(Buffer.from('/reader\0'), path);
    parent.set(Buffer.from('/jail\0'), path + 16);
    parent.set(Buffer.from('/\0'), path + 32);
    let output = '';
    const host = createMemoryHost({
      files: {
        '/parent': parent,
        '/jail/reader': reader,
        '/jail/secret': Buffer.from('secret'),
        '/jail/readable': Buffer.from('inside'),
      },
      onOutput: (bytes) => {
        output += Buffer.from(bytes).toString('latin1');
      },
    });
    const machine = createMachine({ host });
    const { tree } = machine.kernel;
    tree.change({ base: '/', root: '/' }, '/jail/secret', true, (files, relative) => files.setMode(relative, 0o600));
    const outcome = await machine.run({ path: '/parent', arguments: ['parent'] });
    expect(linesOf(output)).toEqual([
      "permission denied: '/secret'",
      "file does not exist: '/jail'",
      "permission denied: '/made'",
      "permission denied: '/readable'",
      'inside',
    ]);
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
  });
});
