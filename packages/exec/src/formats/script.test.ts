// The `#!` line, row by row as a real kernel was seen to read it (loader policy 1.5).
import { UserMemory } from '@elf/mm';
import { decodeText } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { ExecErrno } from '../exec-errno.ts';
import { linuxProfile } from '../profiles/linux.ts';
import { buildElf } from '../test-support/elf-builder.ts';
import { run, succeed, type TestFile, verdict } from '../test-support/run-execve.ts';
import { parseEarlyScriptLine } from './script.ts';

const { ENOEXEC, EACCES, ENOENT, ELOOP, E2BIG } = ExecErrno;
const sh = buildElf({});

/** Arguments the interpreter sees, or the verdict. */
function started(script: string, files: Record<string, TestFile> = {}, argv = ['old zero', 'one', 'two']) {
  const outcome = run({ '/program': script, '/bin/sh': sh, ...files }, { argv });
  return outcome.ok ? outcome.argv.map((argument) => decodeText(argument)) : verdict(outcome);
}

describe('the #! line', () => {
  const long = (length: number) => `/${'n'.repeat(length - 1)}`;
  // biome-ignore format: one row per line
  const rows: [string, string, readonly string[] | number][] = [
    ['plain',                           '#!/bin/sh\n',                    ['/bin/sh', '/program', 'one', 'two']],
    ['with an argument',                '#!/bin/sh -e\n',                 ['/bin/sh', '-e', '/program', 'one', 'two']],
    ['inner blanks are kept',           '#!/bin/sh  -e \t x  \n',         ['/bin/sh', '-e \t x', '/program', 'one', 'two']],
    ['leading blanks are skipped',      '#! \t/bin/sh\n',                 ['/bin/sh', '/program', 'one', 'two']],
    ['without a line feed',             '#!/bin/sh',                      ['/bin/sh', '/program', 'one', 'two']],
    ['a blank and no line feed',        '#!/bin/sh ',                     ['/bin/sh', '', '/program', 'one', 'two']],
    ['empty file',                      '',                               ENOEXEC],
    ['one byte',                        '#',                              ENOEXEC],
    ['#! only',                         '#!',                             EACCES],
    ['#! and a line feed',              '#!\n',                           ENOEXEC],
    ['#! and blanks',                   '#! \t \n',                       ENOEXEC],
    ['a blank in front',                '# !/bin/sh\n',                   ENOEXEC],
    ['a byte order mark in front',      '\xef\xbb\xbf#!/bin/sh\n',        ENOEXEC],
    ['carriage return in the name',     '#!/bin/sh\r\n',                  ENOENT],
    ['carriage return in the argument', '#!/bin/sh -e\r\n',               ['/bin/sh', '-e\r', '/program', 'one', 'two']],
    ['255 bytes, then a line feed',     `#!${long(253)}\n`,               ENOENT],
    ['256 bytes',                       `#!${long(254)}\n`,               ENOEXEC],
  ];
  it.each(rows)('%s', (_name, script, expected) => {
    expect(started(script)).toEqual(expected);
  });

  it('cuts a too long argument silently at the end of the buffer', () => {
    const [, argument] = started(`#!/bin/sh ${'a'.repeat(400)}\n`) as string[];
    expect(argument).toHaveLength(255 - (2 + '/bin/sh'.length + 1));
  });

  it('accepts a name of 253 bytes that exists', () => {
    const name = `/${'n'.repeat(252)}`;
    expect(started(`#!${name}\n`, { [name]: sh })).toEqual([name, '/program', 'one', 'two']);
  });

  it('allows five rewrites, not six, and calls a script that names itself a loop', () => {
    const chain = (length: number) => {
      const files: Record<string, TestFile> = {};
      for (let i = 0; i < length; i++)
        files[i === 0 ? '/program' : `/s${i}`] = `#!${i === length - 1 ? '/bin/sh' : `/s${i + 1}`}\n`;
      return verdict(run({ ...files, '/bin/sh': sh }));
    };
    expect(chain(5)).toBe('ok');
    expect(chain(6)).toBe(ELOOP);
    expect(started('#!/program\n')).toBe(ELOOP);
  });

  it('keeps the script as AT_EXECFN and drops only argv[0]', () => {
    const outcome = succeed(run({ '/program': '#!/bin/sh -x\n', '/bin/sh': sh }, { argv: [], envp: ['A=1'] }));
    const user = new UserMemory(outcome.space);
    const execfn = outcome.auxiliaryVector.find(({ id }) => id === 31)?.value ?? 0;
    expect(decodeText(user.readCString(execfn, 100) ?? new Uint8Array())).toBe('/program');
    expect(outcome.executablePath).toBe('/bin/sh');
    expect(user.readAddress(outcome.stackPointer)).toBe(3);
  });

  it('checks the argument space again after the rewrite', () => {
    // The strings fill the space to the byte; the interpreter's name no longer fits.
    const space = 2097152 - 8 * 1 - '/program'.length - 1;
    const chunks = [];
    for (let left = space; left > 0; left -= 131072) chunks.push('e'.repeat(Math.min(131072, left) - 1));
    const pointers = chunks.length * 8;
    const envp = chunks.map((chunk, i) => (i === chunks.length - 1 ? chunk.slice(pointers + 1) : chunk));
    const argv = [''];
    expect(verdict(run({ '/program': sh }, { argv, envp }))).toBe('ok');
    expect(verdict(run({ '/program': '#!/bin/sh\n', '/bin/sh': sh }, { argv, envp }))).toBe(E2BIG);
  });
});

describe('the #! line before Linux 5.1', () => {
  const profile = { ...linuxProfile, headerBytes: 128, traits: { readScriptLine: parseEarlyScriptLine } };
  const started = (script: string, files: Record<string, TestFile> = {}) => {
    const outcome = run({ '/program': script, '/bin/sh': sh, ...files }, { argv: ['zero', 'one'], profile });
    return outcome.ok ? outcome.argv.map((argument) => decodeText(argument)) : verdict(outcome);
  };
  const cut = `/${'n'.repeat(124)}`;

  it('cuts a name that does not fit 127 bytes, and starts whatever has the shorter name', () => {
    expect(started(`#!${cut}nnn\n`)).toBe(ENOENT);
    expect(started(`#!${cut}nnn\n`, { [cut]: sh })).toEqual([cut, '/program', 'one']);
    expect(started(`#!/bin/sh ${'a'.repeat(400)}\n`)).toEqual(['/bin/sh', 'a'.repeat(117), '/program', 'one']);
  });

  // biome-ignore format: one row per line
  const rows: [string, string, readonly string[] | number][] = [
    ['plain',                  '#!/bin/sh\n',          ['/bin/sh', '/program', 'one']],
    ['with an argument',       '#!/bin/sh  -e x \n',   ['/bin/sh', '-e x', '/program', 'one']],
    ['a blank, no line feed',  '#!/bin/sh ',           ['/bin/sh', '/program', 'one']],
    ['#! only',                '#!',                   ENOEXEC],
    ['#! and blanks',          '#! \t\n',              ENOEXEC],
    ['carriage return',        '#!/bin/sh\r\n',        ENOENT],
  ];
  it.each(rows)('%s', (_name, script, expected) => expect(started(script)).toEqual(expected));
});
