// Formats that are loaded on demand, shown with a toy: the alias, the second walk, and what the four parts of a row do.
import { UserMemory } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import type { BinaryFormat } from './binary-format.ts';
import { ExecErrno } from './exec-errno.ts';
import { ExecRecord } from './exec-record.ts';
import { type FormatProvider, moduleAlias } from './format-provider.ts';
import { loadLibrary } from './load-library.ts';
import { linuxProfile } from './profiles/linux.ts';
import { buildElf } from './test-support/elf-builder.ts';
import { filesFrom, run, succeed, verdict } from './test-support/run-execve.ts';
import { TOY_BASE, TOY_HEADER_BYTES, TOY_LIBRARY_BASE, toyFormat } from './test-support/toy-format.ts';

const toy = '\x7fTOYcode';
const open = (content: string) => {
  const file = filesFrom({ '/lib': content }).open('/lib', new Uint8Array());
  if (typeof file === 'number') throw new Error('the table has it');
  return file;
};

/** A provider that knows the given formats and remembers what it was asked for. */
function providerOf(known: Record<string, BinaryFormat>) {
  const asked: string[] = [];
  const provider: FormatProvider = {
    requestFormat(alias) {
      asked.push(alias);
      return known[alias];
    },
  };
  return { provider, asked };
}

describe('a request for a format', () => {
  it('names bytes 2 and 3 as a little-endian number', () => {
    const alias = (...bytes: number[]) => moduleAlias(Uint8Array.from([...bytes, 0, 0, 0, 0]));
    expect(alias(0x7f, 0x54, 0x4f, 0x59)).toBe('binfmt-594f');
    expect(alias(0, 0, 0x0b, 0x01)).toBe('binfmt-010b');
    expect(alias(0, 0, 0, 0)).toBe('binfmt-0000');
    expect(alias(0x80, 0x41, 0x41, 0xff)).toBe('binfmt-ff41');
  });

  it('is made unless all four first bytes look like text', () => {
    const alias = (text: string) => moduleAlias(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    for (const text of ['text', '\t\n ~', 'a b\n']) expect(alias(text)).toBeUndefined();
    for (const text of ['tex\r', '\x1ftex', 'te\x7ft', '\xfftex', 'te\0\0']) expect(alias(text)).toMatch(/^binfmt-/);
  });

  it('adds a format to the end of the list, which is walked once more', () => {
    const { provider, asked } = providerOf({ 'binfmt-594f': toyFormat });
    const outcome = succeed(run({ '/program': toy }, { formatProvider: provider }));
    expect(asked).toEqual(['binfmt-594f']);
    expect(outcome).toMatchObject({ format: 'toy', entry: TOY_BASE + TOY_HEADER_BYTES });
    expect(new UserMemory(outcome.space).read(outcome.entry, 4)).toEqual(Uint8Array.from([0x63, 0x6f, 0x64, 0x65]));
    const tries = outcome.record.filter(({ step }) => step.startsWith('try')).map(({ step }) => step);
    const list = linuxProfile.formats.map(({ name }) => `try ${name}`);
    expect(tries).toEqual([...list, ...list]);
    expect(outcome.record.find(({ step }) => step === 'request module')?.decision).toContain('answers to binfmt-594f');
  });

  it('is not made for a file somebody knows, nor for text', () => {
    const { provider, asked } = providerOf({});
    expect(verdict(run({ '/program': buildElf({}) }, { formatProvider: provider }))).toBe('ok');
    expect(verdict(run({ '/program': 'true\n' }, { formatProvider: provider }))).toBe(ExecErrno.ENOEXEC);
    expect(verdict(run({ '/program': '#!/none\n' }, { formatProvider: provider }))).toBe(ExecErrno.ENOENT);
    expect(asked).toEqual([]);
  });

  it('is made once: a format that does not know the file either is the end', () => {
    const never: BinaryFormat = { ...toyFormat, name: 'never' };
    const { provider, asked } = providerOf({ 'binfmt-0403': never });
    const outcome = run({ '/program': '\x01\x02\x03\x04' }, { formatProvider: provider });
    expect(verdict(outcome)).toBe(ExecErrno.ENOEXEC);
    expect(asked).toEqual(['binfmt-0403']);
    expect(outcome.record.filter(({ step }) => step === 'try never')).toHaveLength(1);
  });

  it('is made for an empty file too, as zeros are no text', () => {
    const { provider, asked } = providerOf({});
    expect(verdict(run({ '/program': '' }, { formatProvider: provider }))).toBe(ExecErrno.ENOEXEC);
    expect(asked).toEqual(['binfmt-0000']);
  });

  it('is made for the interpreter of a script, and the format stays for the rest of the walk', () => {
    const { provider, asked } = providerOf({ 'binfmt-594f': toyFormat });
    const outcome = succeed(run({ '/program': '#!/toy\n', '/toy': toy }, { formatProvider: provider }));
    expect([outcome.format, outcome.executablePath, asked]).toEqual(['toy', '/toy', ['binfmt-594f']]);
  });

  it('finds nobody without a provider', () => {
    const outcome = run({ '/program': toy });
    expect(verdict(outcome)).toBe(ExecErrno.ENOEXEC);
    expect(outcome.record.at(-1)?.decision).toBe('no module answers to binfmt-594f');
  });
});

describe('the other parts of a row', () => {
  const formats = [...linuxProfile.formats, toyFormat];
  const { space } = succeed(run({ '/program': toy }, { profile: { ...linuxProfile, formats } }));

  it('loadLibrary maps a library into a running program', () => {
    const record = new ExecRecord();
    const library = { file: open('\x7fTOYlibrary'), space, record };
    expect(loadLibrary(formats, library)).toBe(0);
    expect(new UserMemory(space).read(TOY_LIBRARY_BASE + 4, 3)).toEqual(Uint8Array.from([0x6c, 0x69, 0x62]));
    expect(loadLibrary(formats, library)).toBe(ExecErrno.EEXIST);
    expect(record.steps.map(({ errno }) => errno)).toEqual([undefined, ExecErrno.EEXIST]);
  });

  it('loadLibrary refuses what no format has libraries for', () => {
    const record = new ExecRecord();
    expect(loadLibrary(formats, { file: open('text'), space, record })).toBe(ExecErrno.ENOEXEC);
    expect(loadLibrary(linuxProfile.formats, { file: open(toy), space, record })).toBe(ExecErrno.ENOEXEC);
    const directory = { ...open(toy), source: bytesSource(new Uint8Array()), isRegularFile: false };
    expect(loadLibrary(formats, { file: directory, space, record })).toBe(ExecErrno.EACCES);
  });

  it('coreDump writes as much as the limit allows', () => {
    const written: number[] = [];
    const write = (bytes: Uint8Array) => written.push(...bytes) > 0;
    expect(toyFormat.coreDump?.({ space, signal: 11, limitInBytes: 4, write })).toBe(false);
    expect(toyFormat.coreDump?.({ space, signal: 11, limitInBytes: Infinity, write })).toBe(true);
    expect(written).toEqual([0x7f, 0x54, 0x4f, 0x59, 11]);
  });
});
