// `elf disassemble` prints what objdump -d prints: recorded fixtures everywhere, installed binaries where objdump 2.40 is.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countingSource, hasElfMagic, parseElf } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import { describe, expect, it } from 'vitest';
import { disassembleCommand } from '../commands/disassemble.ts';
import { Output } from '../readelf/output.ts';
import { Listing } from './listing.ts';
import { compareWithObjdump, hasObjdump } from './test-support/compare-with-objdump.ts';
import { toleranceOf } from './test-support/tolerances.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

function run(...words: string[]): { status: number; stdout: string; stderr: string } {
  const texts = { stdout: '', stderr: '' };
  const status = disassembleCommand(words, {
    stdout: (text) => {
      texts.stdout += text;
    },
    stderr: (text) => {
      texts.stderr += text;
    },
  });
  return { status, ...texts };
}

const lines = (text: string) => text.split('\n').slice(2);

describe('elf disassemble', () => {
  for (const name of ['forms.o', 'forms.so', 'forms-stripped.so'])
    for (const syntax of ['att', 'intel'])
      it(`prints ${name} as objdump does, ${syntax} syntax`, () => {
        const { status, stdout } = run(`--${syntax}`, fixture(name));
        expect(status).toBe(0);
        expect(stdout.split('\n')[1]).toBe(`${fixture(name)}:     file format elf64-x86-64`);
        const ours = lines(stdout);
        const theirs = lines(readFileSync(fixture(`${name}.${syntax}.txt`), 'utf8'));
        const wrong = theirs
          .map((line, index) => [line, ours[index]])
          .filter(([line, other]) => line !== other && toleranceOf(line, other) === undefined);
        expect(wrong).toEqual([]);
        expect(ours.length).toBe(theirs.length);
      });

  it('prints installed binaries as objdump does (the fixtures where it is not installed)', () => {
    const candidates = hasObjdump() ? ['/bin/sh', '/bin/ls', '/usr/bin/env', process.execPath] : [];
    for (const path of candidates.filter((name) => existsSync(name) && isX86(name))) {
      const code = parseElf(openFileSource(path)).sectionNamed('.text');
      // A part from the middle of a large file: 512 KiB of code take a second.
      const start = code === undefined || code.size < 0x8_0000n ? 0n : code.addr + code.size / 2n;
      const words =
        start === 0n
          ? []
          : [`--start-address=0x${start.toString(16)}`, `--stop-address=0x${(start + 0x8_0000n).toString(16)}`];
      for (const syntax of [[], ['--intel']]) {
        const { differences, equal } = compareWithObjdump([...syntax, ...words, path]);
        expect(differences.map((pair) => [path, ...pair])).toEqual([]);
        expect(equal).toBeGreaterThan(1000);
      }
    }
  });

  it('prints one section, a range of addresses, no bytes', () => {
    const { stdout } = run(
      '-j',
      '.text',
      '--start-address=0x2b8',
      '--stop-address',
      '0x2c0',
      '--no-show-raw-insn',
      fixture('forms.so'),
    );
    expect(lines(stdout)).toEqual([
      '',
      '',
      'Disassembly of section .text:',
      '',
      '00000000000002b8 <first>:',
      ' 2b8:\tendbr64',
      ' 2bc:\tpush   %rbp',
      ' 2bd:\tmov    %rsp,%rbp',
      '',
    ]);
  });

  it('prints zeros when asked to', () => {
    expect(run('-j', '.text', fixture('forms.so')).stdout).toContain('\t...\n');
    const { stdout } = run('-z', '-j', '.text', fixture('forms.so'));
    expect(stdout).not.toContain('\t...\n');
    expect(stdout).toContain('\tadd    %al,(%rax)\n');
  });

  it('reads a large file in parts', () => {
    const path = isX86(process.execPath) ? process.execPath : fixture('forms.so');
    const source = openFileSource(path);
    const counted = countingSource(source);
    const elf = parseElf(counted);
    const { addr } = elf.sectionNamed('.text')!;
    let written = 0;
    const output = new Output({ stdout: (text) => void (written += text.length), stderr: () => undefined });
    new Listing(elf, output, {
      syntax: 'att',
      sections: [],
      startAddress: addr,
      stopAddress: addr + 64n,
      showRawBytes: true,
      showZeroes: false,
    }).print();
    output.flush();
    expect(written).toBeGreaterThan(64);
    // Symbols and their names, and one window of code.
    const symbols = elf.sectionHeaders
      .filter(({ type }) => [2, 3, 4, 9, 11].includes(type))
      .reduce((sum, { size }) => sum + Number(size), 0);
    expect(counted.bytesRead).toBeLessThan(symbols + 0x10_0000);
    source.close();
  });

  it.each([
    [['--nothing'], 2, 'unknown option --nothing'],
    [[], 2, 'no file to disassemble'],
    [['--start-address', 'main', 'x'], 2, '--start-address takes an address, not main'],
    [['-M', 'masm', 'x'], 2, '-M takes att or intel, not masm'],
    [['-j', '.nothing', fixture('forms.so')], 1, 'no section is called .nothing'],
    [[fixture('forms.s')], 1, 'not an ELF file; only ELF files are disassembled'],
    [[fixture('missing')], 1, 'no such file'],
  ] as [string[], number, string][])('%j ends with status %i', (words, status, sentence) => {
    const result = run(...words);
    expect(result.status).toBe(status);
    expect(result.stderr).toContain(sentence);
  });

  it('says for which machine code is that it does not know', () => {
    const directory = mkdtempSync(join(tmpdir(), 'elf-disassemble-'));
    const bytes = readFileSync(fixture('forms.o'));
    const EM_AARCH64 = 183;
    bytes.writeUInt16LE(EM_AARCH64, 18);
    writeFileSync(join(directory, 'arm.o'), bytes);
    expect(run(join(directory, 'arm.o')).stderr).toContain('code for machine 183; only x86 is disassembled');
    rmSync(directory, { recursive: true });
  });

  it('explains its options', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    for (const option of ['--section', '--start-address', '--intel', '--no-show-raw-insn'])
      expect(stdout).toContain(option);
  });
});

function isX86(path: string): boolean {
  const source = openFileSource(path);
  try {
    return hasElfMagic(source.read(0, 4)) && parseElf(source).fileHeader.machine === 62;
  } finally {
    source.close();
  }
}
