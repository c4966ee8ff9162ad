// How the binaries the project started from are started: the kernel's numbers on sparse twins, and the files themselves where they are.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesBacking, UserMemory } from '@elf/mm';
import { type ByteSource, bytesSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { ET_DYN, LOAD, R, W } from './test-support/elf-builder.ts';
import { foundingNames, foundingTwin } from './test-support/founding-twins.ts';
import { comparePrograms } from './test-support/kernel/compare.ts';
import { CODE, program, text } from './test-support/kernel/crafted-case.ts';
import { kernelRunner } from './test-support/kernel/kernel-runner.ts';
import { run, succeed } from './test-support/run-execve.ts';

const CACHE = fileURLToPath(new URL('../../../.elf-cache/', import.meta.url));
const DYNAMIC_LINKER = '/lib64/ld-linux-x86-64.so.2';
const AT = { PHDR: 3, PHNUM: 5, BASE: 7, ENTRY: 9 };

/** What Linux 6.18 did, without randomisation and with a dynamic linker that spans 0x35000 bytes (Debian's glibc). */
// biome-ignore format: one row per file
const STARTS: Readonly<Record<string, { phdr: number; phnum: number; entry: number; brk: number }>> = {
  'claude-2.1.110':  { phdr: 0x200040,  phnum: 10, entry: 0x2d1c600, brk: 0xe2fe000 },
  'claude-2.1.126':  { phdr: 0x200040,  phnum: 10, entry: 0x2d2f400, brk: 0xef9f000 },
  'claude-2.1.329':  { phdr: 0x200040,  phnum: 14, entry: 0x3329470, brk: 0x16a03000 },
  'copilot-1.0.49':  { phdr: 0x2faed64, phnum: 14, entry: 0x7d00f0,  brk: 0x11910000 },
  'copilot-1.0.102': { phdr: 0x3030f64, phnum: 15, entry: 0x7ed080,  brk: 0x13c50000 },
};
const INTERPRETER_BASE = 0x7ffff7fca000;

/** A dynamic linker of the size of Debian's. */
const linker = program({
  type: ET_DYN,
  entry: CODE,
  segments: [
    { ...text, vaddr: 0 },
    { type: LOAD, flags: R | W, offset: 0x1000, vaddr: 0x31000, filesz: 0x1000, memsz: 0x4000 },
  ],
});

function sparseFile(source: ByteSource) {
  const backing = {
    identity: source,
    sizeInBytes: () => source.size,
    readInto(offset: number, target: Uint8Array) {
      const bytes = source.read(offset, target.length);
      target.set(bytes);
      return bytes.length;
    },
  };
  return { source, backing, mode: 0o755, isRegularFile: true };
}

const files = {
  [DYNAMIC_LINKER]: { source: bytesSource(linker), backing: bytesBacking(linker), mode: 0o755, isRegularFile: true },
};

describe('starts of the founding binaries', () => {
  it('are known for every one', () => {
    expect(Object.keys(STARTS).sort()).toEqual([...foundingNames()].sort());
  });

  it.each(Object.entries(STARTS))('%s', (name, { phdr, phnum, entry, brk }) => {
    const table = { ...files, '/program': sparseFile(foundingTwin(name)) };
    const started = succeed(run(table, { argv: ['prog', '--version'], envp: ['HOME=/root'] }));
    const vector = new Map(started.auxiliaryVector.map(({ id, value }) => [id, value]));
    expect([AT.PHDR, AT.PHNUM, AT.ENTRY, AT.BASE].map((id) => vector.get(id))).toEqual([
      phdr,
      phnum,
      entry,
      INTERPRETER_BASE,
    ]);
    expect(started.brk).toBe(brk);
    expect(started.entry).toBe(INTERPRETER_BASE + CODE);
  });

  it('put their strings where Linux put them', () => {
    // A path of 22 bytes, two arguments and two environment entries, on a host with a vDSO.
    const path = `/${'p'.repeat(21)}`;
    const table = { ...files, [path]: sparseFile(foundingTwin('claude-2.1.110')) };
    const request = { path, argv: ['prog', '--version'], envp: ['A=1', 'B='], vdso: { address: 0x7ffff7fc8000 } };
    const { space, stackPointer, auxiliaryVector, marks } = succeed(run(table, request));
    expect(stackPointer).toBe(0x7fffffffee00);
    const value = (id: number) => auxiliaryVector.find((entry) => entry.id === id)?.value;
    expect([value(25), value(15), value(31)]).toEqual([0x7fffffffefa9, 0x7fffffffefb9, 0x7fffffffefe1]);
    expect(marks.argumentStart).toBe(0x7fffffffefcb);
    const words = new UserMemory(space);
    expect(words.readU64(0x7fffffffee38)).toBe(33n);
    expect(words.readU64(0x7fffffffef98)).toBe(0n);
  });

  const directory = mkdtempSync(join(tmpdir(), 'elf-founding-'));
  const runner = kernelRunner(directory);
  const programs = foundingNames()
    .map((name) => ({ path: join(CACHE, name), kind: name }))
    .filter(({ path }) => existsSync(path));
  const compared = typeof runner === 'string' ? [] : comparePrograms(runner, programs, 64);
  rmSync(directory, { recursive: true });

  it.each(compared)('$kind itself, as the kernel of this machine starts it', ({ outcome, differences }) => {
    expect(outcome).toBe('started');
    expect(differences).toEqual([]);
  });
});
