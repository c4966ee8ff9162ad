// Programs that are neither scripts nor ELF files: binfmt_misc rules, formats on demand, and files named by a descriptor.
import { readFileSync } from 'node:fs';
import type { BinaryFormat } from '@elf/exec';
import { OpenDescription } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost, type MachineOptions } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

/** Prints its arguments. */
const hello = new Uint8Array(readFileSync(new URL('../../../fixtures/hello-asm/hello', import.meta.url)));

/** read(3, stack, 16), write(1, stack, what was read), exit(0). */
const printsDescriptor3 = smallProgram({
  fileBytes: 512,
  code: [
    [0x31, 0xc0, 0xbf, 3, 0, 0, 0, 0x48, 0x8d, 0xb4, 0x24, 0, 0xff, 0xff, 0xff, 0xba, 16, 0, 0, 0, 0x0f, 0x05],
    [0x89, 0xc2, 0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0x0f, 0x05],
    [0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05],
  ],
});

function machineWith(files: Record<string, Uint8Array | string>, options: Partial<MachineOptions> = {}) {
  let output = '';
  const bytes = Object.entries(files).map(([path, content]) => {
    return [path, typeof content === 'string' ? new TextEncoder().encode(content) : content] as const;
  });
  const host = createMemoryHost({
    files: { '/bin/hello': hello, '/bin/third': printsDescriptor3, ...Object.fromEntries(bytes) },
    onOutput: (part) => {
      output += String.fromCharCode(...part);
    },
  });
  const machine = createMachine({ host, ...options });
  return { machine, output: () => output };
}

describe('binfmt_misc rules of a machine', () => {
  it('give a file to its interpreter', async () => {
    const { machine, output } = machineWith({ '/data/x.greet': 'anything' });
    machine.binfmtMisc.register(':greet:E::greet::/bin/hello:');
    const outcome = await machine.run({ path: '/data/x.greet', arguments: ['zero', 'one'] });
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    expect(output()).toContain('3 arguments\n  argv[0] = /bin/hello\n  argv[1] = /data/x.greet\n  argv[2] = one\n');
  });

  it('pass the open file with O as the lowest free descriptor', async () => {
    const { machine, output } = machineWith({ '/data/x': 'MAGIC and more than sixteen bytes' });
    machine.binfmtMisc.register(':magic:M::MAGIC::/bin/third:O');
    expect(await machine.run({ path: '/data/x' })).toEqual({ kind: 'exited', code: 0 });
    expect(output()).toBe('MAGIC and more t');
  });

  it('open interpreters of F rules in the file tree of the machine, at once', () => {
    const { machine } = machineWith({});
    expect(machine.binfmtMisc.register(':a:E::a::/bin/hello:F')).toMatchObject({ flags: { opensInterpreter: true } });
    expect(machine.binfmtMisc.register(':b:E::b::/bin/none:F')).toMatchObject({ errno: 2, field: 'interpreter' });
    expect(machine.binfmtMisc.register(':c:E::c::/bin:F')).toMatchObject({ errno: 13, field: 'interpreter' });
  });

  it('keep the interpreter of F rules when its name is gone', async () => {
    const { machine, output } = machineWith({ '/data/x.greet': 'anything' });
    machine.binfmtMisc.register(':greet:E::greet::/bin/hello:F');
    const from = { base: '/', root: '/' };
    machine.kernel.tree.change(from, '/bin/hello', false, (files, path) => files.removeFile(path));
    expect(await machine.run({ path: '/bin/hello' })).toMatchObject({ kind: 'refused', errno: 2 });
    expect(await machine.run({ path: '/data/x.greet' })).toEqual({ kind: 'exited', code: 0 });
    expect(await machine.run({ path: '/data/x.greet' })).toEqual({ kind: 'exited', code: 0 });
    expect(output()).toContain('argv[1] = /data/x.greet');
  });

  it('explain a refusal', async () => {
    const { machine } = machineWith({ '/data/x.greet': 'anything' });
    machine.binfmtMisc.register(':greet:E::greet::/bin/none:');
    const outcome = await machine.run({ path: '/data/x.greet' });
    expect(outcome).toMatchObject({ kind: 'refused', errno: 2, reason: expect.stringContaining('/bin/none') });
  });
});

describe('a format provider of a machine', () => {
  it('is asked for files nobody knows', async () => {
    const asked: string[] = [];
    const formatProvider = {
      requestFormat: (alias: string): BinaryFormat | undefined => {
        asked.push(alias);
        return undefined;
      },
    };
    const { machine } = machineWith({ '/data/x': '\x7fTOY' }, { formatProvider });
    expect(await machine.run({ path: '/data/x' })).toMatchObject({ kind: 'refused', errno: 8 });
    expect(asked).toEqual(['binfmt-594f']);
  });
});

describe('execveat', () => {
  const { machine } = machineWith({ '/data/script': '#!/bin/hello\n', '/data/program': hello, '/data/gone': hello });
  const { kernel } = machine;
  const open = (path: string) => {
    const mode = { readable: true, writable: false, append: false, nonBlocking: false };
    const opened = kernel.tree.open({ base: '/', root: '/' }, path, { read: true, write: false }, mode);
    if (typeof opened === 'number') throw new Error(`${path}: ${opened}`);
    return opened;
  };
  const load = (path: string, description: OpenDescription, closesOnExec: boolean, flags = 0x1000) =>
    kernel.loader(kernel, {
      ...kernel.firstViewer(),
      path,
      arguments: ['zero'],
      environment: [],
      at: { flags, descriptor: { number: 5, description, closesOnExec } },
      lowestFreeDescriptor: 3,
    });

  it('starts the file of a descriptor and names it /dev/fd/N', () => {
    const script = load('', open('/data/script'), false);
    expect(script).toMatchObject({ kind: 'loaded', arguments: ['/bin/hello', '/dev/fd/5'], commandName: 'script' });
    const below = load('script', open('/data'), false);
    expect(below).toMatchObject({ kind: 'loaded', arguments: ['/bin/hello', '/dev/fd/5/script'] });
    expect(load('', open('/data/program'), true)).toMatchObject({ kind: 'loaded', executable: '/data/program' });
  });

  it('refuses scripts whose descriptor is closed on exec, unknown flags, and what is no file', () => {
    expect(load('', open('/data/script'), true)).toMatchObject({ errno: 2, rule: 'path-inaccessible' });
    expect(load('', open('/data/script'), false, 0x1002)).toMatchObject({ errno: 22, rule: 'execveat-flags' });
    expect(load('', open('/data'), false)).toMatchObject({ errno: 13 });
    expect(load('none', open('/data'), false)).toMatchObject({ errno: 2 });
    const pathless = new OpenDescription(open('/data').file, open('/data').mode);
    expect(load('', pathless, false)).toMatchObject({ errno: 13 });
    expect(load('script', pathless, false)).toMatchObject({ errno: 20 });
  });

  it('starts a file whose name is gone', () => {
    const gone = open('/data/gone');
    kernel.tree.change({ base: '/', root: '/' }, '/data/gone', false, (files, path) => files.removeFile(path));
    const name = '/data/gone (deleted)';
    expect(load('', gone, true)).toMatchObject({ kind: 'loaded', executable: name, commandName: 'gone' });
    expect(gone.references).toBe(1);
  });

  it('only checks with AT_EXECVE_CHECK', () => {
    expect(load('', open('/data/script'), false, 0x11000)).toMatchObject({ kind: 'refused', errno: 0 });
  });
});
