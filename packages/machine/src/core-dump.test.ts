// Core files: what is in them, when there are none, and under which name. gdb judges them in `npm run test:cores`.
import { readFileSync } from 'node:fs';
import { Errno, type MemoryFileSystem, toBytes } from '@elf/kernel';
import { bytesSource, decodeNote, PT, parseElf } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost, type MachineOptions } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

const FAULTS = readFileSync(new URL('../../../fixtures/faults-asm/faults', import.meta.url));
const ET_CORE = 4;
const AT_ENTRY = 9n;
const mode = { readable: true, writable: false, append: false, nonBlocking: false };

async function crash(how: string, options: Partial<MachineOptions> = {}) {
  const host = createMemoryHost({ files: { '/faults': FAULTS } });
  const machine = createMachine({ host, coreLimitInBytes: Number.POSITIVE_INFINITY, ...options });
  const outcome = await machine.run({ path: '/faults', arguments: ['faults', how] });
  const opened = machine.kernel.tree.open({ base: '/', root: '/' }, '/core', { read: true, write: false }, mode);
  if (typeof opened === 'number') return { outcome, missing: -opened, bytes: new Uint8Array(), status: undefined };
  const status = opened.file.status();
  if (typeof status === 'number') throw new Error(`status: ${status}`);
  const bytes = new Uint8Array(status.sizeInBytes);
  expect(opened.file.read(bytes, 0)).toBe(bytes.length);
  return { outcome, missing: 0, bytes, status };
}

describe('a core file', () => {
  it('has the notes of Linux in their order, the registers of the end, and the memory', async () => {
    const { outcome, bytes, status } = await crash('s');
    expect(outcome).toEqual({ kind: 'signaled', signal: 11, coreDumped: true });
    expect((status?.mode ?? 0) & 0o777).toBe(0o600);
    const core = parseElf(bytesSource(bytes));
    expect(core.fileHeader.type).toBe(ET_CORE);
    const notes = [...core.notes()];
    expect(notes.map(({ type }) => type)).toEqual([1, 3, 0x53494749, 6, 0x46494c45, 2, 0x202]);
    const [thread, process, signal, auxiliary, files] = notes.map((note) => decodeNote(core, note));
    if (thread?.kind !== 'core-thread') throw new Error('no thread');
    const registers = Object.fromEntries(thread.registers.map(({ name, value }) => [name, value]));
    expect(thread).toMatchObject({ signal: 11, pid: 1000, pgrp: 1000, sid: 999 });
    expect(registers).toMatchObject({ rdi: 16n, rcx: 0x1234n, orig_rax: 2n ** 64n - 1n, cs: 0x33n, ss: 0x2bn });
    expect(process).toMatchObject({ fileName: 'faults', commandLine: 'faults s', pid: 1000 });
    expect(signal).toMatchObject({ signal: 11, code: 1, address: 16n });
    if (auxiliary?.kind !== 'core-auxiliary-vector' || files?.kind !== 'core-files') throw new Error('no such notes');
    const entry = parseElf(bytesSource(FAULTS)).fileHeader.entry;
    expect(auxiliary.entries.find(({ type }) => type === AT_ENTRY)?.value).toBe(entry);
    expect(files.files).toMatchObject([{ path: '/faults' }]);
    // The stack holds the arguments; the program's first page is there for debuggers.
    expect(Buffer.from(bytes).includes('faults\0s\0')).toBe(true);
    const code = core.programHeaders.find(({ type, vaddr }) => type === PT.LOAD && vaddr === 0x400000n);
    expect(code).toMatchObject({ filesz: 0x1000n, flags: 5 });
    const offset = Number(code?.offset);
    expect(bytes.slice(offset, offset + 64)).toEqual(new Uint8Array(FAULTS.subarray(0, 64)));
  });

  it.each([
    ['without a limit of its own', 's', { coreLimitInBytes: undefined }, 11],
    ['under the smallest limit', 's', { coreLimitInBytes: 4095 }, 11],
    ['for a signal that only ends a process', 'k', {}, 15],
  ])('is not there %s', async (_, how, options, signal) => {
    const { outcome, missing } = await crash(how, options);
    expect({ outcome, missing }).toEqual({
      outcome: { kind: 'signaled', signal, coreDumped: false },
      missing: Errno.ENOENT,
    });
  });

  it('ends at the limit', async () => {
    const { outcome, bytes } = await crash('d', { coreLimitInBytes: 8000 });
    expect(outcome).toEqual({ kind: 'signaled', signal: 8, coreDumped: true });
    expect(bytes).toHaveLength(8000);
  });

  it('does not replace what is not its own: a directory, a link, another name of a file', async () => {
    const own = { '/faults': FAULTS, '/other': toBytes('kept') };
    for (const prepare of [
      (files: MemoryFileSystem) => files.makeDirectory('core', 0o755),
      (files: MemoryFileSystem) => files.makeSymbolicLink('core', 'other'),
      (files: MemoryFileSystem) => files.link('other', 'core'),
    ]) {
      const host = createMemoryHost({ files: own });
      expect(prepare(host.files as MemoryFileSystem)).toBe(0);
      const machine = createMachine({ host, coreLimitInBytes: 1 << 20 });
      const outcome = await machine.run({ path: '/faults', arguments: ['faults', 's'] });
      expect(outcome).toEqual({ kind: 'signaled', signal: 11, coreDumped: false });
      expect(host.files.status('other')).toMatchObject({ sizeInBytes: 4 });
    }
  });
});

/** mov eax, 0x1234; mov [0], eax. */
const NARROW_CRASH = smallProgram({
  fileBytes: 4096,
  isNarrow: true,
  code: [
    [0xb8, 0x34, 0x12, 0, 0],
    [0xa3, 0, 0, 0, 0],
  ],
});

describe('a core file of an i386 program', () => {
  it('is ELF32, with the notes and registers of such programs', async () => {
    const host = createMemoryHost({ files: { '/small': NARROW_CRASH } });
    const machine = createMachine({ host, coreLimitInBytes: Number.POSITIVE_INFINITY });
    expect(await machine.run({ path: '/small' })).toEqual({ kind: 'signaled', signal: 11, coreDumped: true });
    const bytes = fileBytes(host.files as MemoryFileSystem, 'core');
    const core = parseElf(bytesSource(bytes));
    expect(core.fileHeader).toMatchObject({ type: ET_CORE, elfClass: 32, machine: 3 });
    const notes = [...core.notes()];
    expect(notes.map(({ type, description }) => [type, description.length])).toEqual([
      [1, 144],
      [3, 124],
      [0x53494749, 128],
      [6, expect.any(Number)],
      [0x46494c45, expect.any(Number)],
      [2, 108],
      [0x46e62b7f, 512],
      [0x202, 832],
      [0x200, 48],
    ]);
    const words = new DataView(notes[0].description.buffer, notes[0].description.byteOffset);
    // eax, eip, cs and ss of struct user_regs_struct32.
    expect([96, 120, 124, 136].map((at) => words.getUint32(at, true))).toEqual([0x1234, 0x400085, 0x23, 0x2b]);
    const auxiliary = new DataView(
      notes[3].description.buffer,
      notes[3].description.byteOffset,
      notes[3].description.length,
    );
    const entries = Array.from({ length: auxiliary.byteLength / 8 }, (_, index) =>
      [0, 4].map((at) => auxiliary.getUint32(index * 8 + at, true)),
    );
    expect(entries).toContainEqual([9, 0x400080]);
    expect(entries.at(-1)).toEqual([0, 0]);
    expect(core.programHeaders.find(({ vaddr }) => vaddr === 0x400000n)).toMatchObject({ type: PT.LOAD, flags: 5 });
  });
});

/** Copies its standard input to /out and adds four characters of argv[1]. */
// biome-ignore format: one instruction per line
const HELPER = smallProgram({
  fileBytes: 4096,
  code: [
    [0x48, 0x8b, 0x5c, 0x24, 0x10], // mov rbx, [rsp + 16]: argv[1]
    [0x48, 0x81, 0xec, 0x00, 0x20, 0x00, 0x00], // sub rsp, 8192
    [0x48, 0x8d, 0x3d, 0x50, 0x00, 0x00, 0x00], // lea rdi, [rip + 0x50]: the path
    [0xbe, 0x41, 0x00, 0x00, 0x00], // mov esi, O_WRONLY | O_CREAT
    [0xba, 0xa4, 0x01, 0x00, 0x00], // mov edx, 0644
    [0xb8, 0x02, 0x00, 0x00, 0x00], // mov eax, 2: open
    [0x0f, 0x05],
    [0x41, 0x89, 0xc4], // mov r12d, eax
    [0x31, 0xff], // again: xor edi, edi
    [0x48, 0x89, 0xe6], // mov rsi, rsp
    [0xba, 0x00, 0x10, 0x00, 0x00], // mov edx, 4096
    [0x31, 0xc0], // xor eax, eax: read
    [0x0f, 0x05],
    [0x85, 0xc0], // test eax, eax
    [0x7e, 0x0f], // jle done
    [0x89, 0xc2], // mov edx, eax
    [0x44, 0x89, 0xe7], // mov edi, r12d
    [0xb8, 0x01, 0x00, 0x00, 0x00], // mov eax, 1: write
    [0x0f, 0x05],
    [0xeb, 0xe0], // jmp again
    [0x90],
    [0x44, 0x89, 0xe7], // done: mov edi, r12d
    [0x48, 0x89, 0xde], // mov rsi, rbx
    [0xba, 0x04, 0x00, 0x00, 0x00], // mov edx, 4: the process number behind the core
    [0xb8, 0x01, 0x00, 0x00, 0x00],
    [0x0f, 0x05],
    [0x31, 0xff],
    [0xb8, 0x3c, 0x00, 0x00, 0x00], // exit
    [0x0f, 0x05],
    [0x2f, 0x6f, 0x75, 0x74, 0x00], // "/out"
  ],
});

describe('core_pattern with a pipe', () => {
  async function crashInto(pattern: string, how = 's') {
    const host = createMemoryHost({ files: { '/faults': FAULTS, '/helper': HELPER } });
    const machine = createMachine({ host });
    const opened = machine.kernel.tree.open(
      { base: '/', root: '/' },
      '/proc/sys/kernel/core_pattern',
      { read: false, write: true },
      { ...mode, readable: false, writable: true },
    );
    if (typeof opened === 'number') throw new Error(`core_pattern: ${opened}`);
    expect(opened.file.write(toBytes(`${pattern}\n`), 0)).toBe(pattern.length + 1);
    opened.release();
    const outcome = await machine.run({ path: '/faults', arguments: ['faults', how] });
    return { outcome, machine, files: host.files as MemoryFileSystem };
  }

  it('gives a program the whole core, whatever the limit, and its words', async () => {
    const { outcome, machine, files } = await crashInto('|/helper %p');
    expect(outcome).toEqual({ kind: 'signaled', signal: 11, coreDumped: true });
    const bytes = fileBytes(files, 'out');
    expect(Buffer.from(bytes.subarray(-4)).toString()).toBe('1000');
    const { bytes: expected } = await crash('s');
    const core = parseElf(bytesSource(bytes));
    expect(core.programHeaders).toEqual(parseElf(bytesSource(expected)).programHeaders);
    const end = Math.max(...core.programHeaders.map(({ offset, filesz }) => Number(offset + filesz)));
    expect(bytes.length).toBe(end + 4);
    // The memory behind the notes is the same to the byte.
    const first = Number(core.programHeaders[1].offset);
    expect(Buffer.compare(bytes.subarray(first, end), expected.subarray(first, end))).toBe(0);
    expect(files.status('core')).toBe(-Errno.ENOENT);
    expect(machine.kernel.processes.size).toBe(0);
  });

  it.each(['|/missing', '|helper', '|'])('leaves nothing when there is no such program: %s', async (pattern) => {
    const { outcome, machine, files } = await crashInto(pattern);
    expect(outcome).toEqual({ kind: 'signaled', signal: 11, coreDumped: false });
    expect(files.status('core')).toBe(-Errno.ENOENT);
    expect(machine.kernel.threads.size).toBe(0);
  });

  it('does not wait for a program that does not read', async () => {
    const { outcome, machine } = await crashInto('|/faults e');
    expect(outcome).toEqual({ kind: 'signaled', signal: 11, coreDumped: true });
    expect(machine.kernel.processes.size).toBe(0);
  });
});

function fileBytes(files: MemoryFileSystem, name: string): Uint8Array {
  const opened = files.open(name, { read: true, write: false });
  if (typeof opened === 'number') throw new Error(`${name}: ${opened}`);
  const status = opened.status();
  const bytes = new Uint8Array(typeof status === 'number' ? 0 : status.sizeInBytes);
  expect(opened.read(bytes, 0)).toBe(bytes.length);
  return bytes;
}
