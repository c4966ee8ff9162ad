// Core files: what is in them, when there are none, and under which name. gdb judges them in `npm run test:cores`.
import { readFileSync } from 'node:fs';
import { Errno, type MemoryFileSystem, toBytes } from '@elf/kernel';
import { bytesSource, decodeNote, PT, parseElf } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost, type MachineOptions } from './index.ts';

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
