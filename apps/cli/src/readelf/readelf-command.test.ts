// The command lines of `elf readelf` and `elf info`: options, dumps, JSON, errors, exit status, how much is read.
import { mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { infoCommand } from '../commands/info.ts';
import { readelfCommand } from '../commands/readelf.ts';
import { Bytes, buildElf } from './test-support/build-elf.ts';

const FILES = fileURLToPath(new URL('./fixtures/files/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'elf-readelf-command-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Command = typeof readelfCommand;

function run(command: Command, ...args: string[]) {
  let [stdout, stderr] = ['', ''];
  const status = command(args, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  return { stdout, stderr, status };
}

const readelf = (...args: string[]) => run(readelfCommand, ...args);
const info = (...args: string[]) => run(infoCommand, ...args);
const library = join(FILES, 'library.so');

function scratchFile(name: string, bytes: Uint8Array | string): string {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
}

describe('readelf options', () => {
  it('takes joined letters, single letters and long names alike', () => {
    const joined = readelf('-hlSW', library).stdout;
    expect(joined).toContain('Program Headers:');
    expect(readelf('-h', '-l', '-S', '-W', library).stdout).toBe(joined);
    expect(readelf('-eW', library).stdout).toBe(joined);
    expect(readelf('--file-header', '--segments', '--section-headers', '--wide', library).stdout).toBe(joined);
  });

  it('refuses what it does not know with status 1 and the usage', () => {
    expect(readelf('-Q', library)).toMatchObject({ status: 1, stdout: '' });
    expect(readelf('-Q', library).stderr).toMatch(/^readelf: invalid option -- 'Q'\nUsage: elf readelf/);
    expect(readelf('--nonsense', library).stderr).toMatch(/^readelf: unrecognized option '--nonsense'/);
    expect(readelf('--wide=1', '-h', library).stderr).toContain("doesn't allow an argument");
    expect(readelf('-x').stderr).toContain("option requires an argument -- 'x'");
    expect(readelf(library).status).toBe(1);
    expect(readelf('--help').status).toBe(0);
  });

  it('names each of several files and goes on after a missing one', () => {
    const result = readelf('-h', library, join(scratch, 'missing'), join(FILES, 'arm.o'));
    expect(result.status).toBe(1);
    expect(result.stderr).toBe(`readelf: Error: '${join(scratch, 'missing')}': No such file\n`);
    expect(result.stdout.match(/^File: .*$/gm)).toEqual([`File: ${library}`, `File: ${join(FILES, 'arm.o')}`]);
  });

  it('says what is wrong with files that are no ELF', () => {
    const text = scratchFile('text', 'not an executable, but long enough to hold a file header of either class');
    expect(readelf('-h', text)).toEqual({
      stdout: '',
      stderr: 'readelf: Error: Not an ELF file - it has the wrong magic bytes at the start\n',
      status: 1,
    });
    expect(readelf('-h', scratchFile('short', 'x')).stderr).toContain('Failed to read file header');
    expect(readelf('-h', scratch).stderr).toContain('is not an ordinary file');
  });

  it('warns of broken tables, prints the rest and returns 1', () => {
    const bytes = buildElf({ sections: [{ name: '.text', type: 1, data: Uint8Array.of(1, 2, 3) }] });
    const result = readelf('-S', scratchFile('cut', bytes.subarray(0, bytes.length - 64)));
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('readelf: Warning: ');
    expect(result.stdout).toContain('Section Headers:');
  });
});

describe('readelf dumps', () => {
  const data = new Bytes().text('\x01one\0two\nthree\0\x02end').done();
  const path = scratchFile(
    'dump',
    buildElf({
      sections: [
        { name: '.data', type: 1, data, address: 0x1000 },
        { name: '.zero', type: 8 },
      ],
    }),
  );

  it('shows bytes in groups of four with their characters', () => {
    expect(readelf('-x', '.data', path).stdout).toBe(
      "\nHex dump of section '.data':\n" +
        '  0x00001000 016f6e65 0074776f 0a746872 65650002 .one.two.three..\n' +
        '  0x00001010 656e64                              end\n\n',
    );
    expect(readelf('-x1', path).stdout).toBe(readelf('--hex-dump=.data', path).stdout);
  });

  it('shows strings with offsets, and goes on after a line feed', () => {
    expect(readelf('-p', '.data', path).stdout).toBe(
      "\nString dump of section '.data':\n  [     1]  one\n  [     5]  two\\n\n            three\n  [    10]  end\n\n",
    );
  });

  it('has words for sections without data and for sections that do not exist', () => {
    expect(readelf('-x', '.zero', path).stdout).toBe("Section '.zero' has no data to dump.\n");
    expect(readelf('-p', '.none', path).stderr).toContain("Section '.none' was not dumped because it does not exist");
  });
});

describe('readelf --json', () => {
  it('gives one document with 64-bit values as strings', () => {
    const document = JSON.parse(readelf('--json', library).stdout);
    expect(document).toMatchObject({ schema: 'elf-readelf', schemaVersion: 1, problems: [] });
    expect(document.header.machine).toEqual({ value: 62, name: 'Advanced Micro Devices X86-64' });
    expect(document.segments[0].virtualAddress).toBe('0x0');
    expect(document.versions.definitions.map(({ names }: { names: string[] }) => names[0])).toContain('LIB_2.0');
    expect(document.relocations.some(({ kind }: { kind: string }) => kind === 'relr')).toBe(true);
    expect(
      document.symbols.flatMap(({ entries }: { entries: { name: string }[] }) => entries.map(({ name }) => name)),
    ).toContain('chosen');
    expect(document.buildId).toMatch(/^[0-9a-f]{40}$/);
  });

  it('holds only what the options ask for', () => {
    expect(Object.keys(JSON.parse(readelf('--json', '-h', library).stdout))).toEqual([
      'schema',
      'schemaVersion',
      'file',
      'sizeInBytes',
      'header',
      'problems',
    ]);
  });
});

describe('readelf --stats', () => {
  it('reads less than 1 MB of a large program for its segments and sections', () => {
    const node = realpathSync(process.execPath);
    const { stderr, status } = readelf('-hlSW', '--stats', node);
    const [, read, size] = /: read (\d+) bytes of (\d+) in \d+ reads\n$/.exec(stderr)!;
    expect(status).toBe(0);
    expect(Number(size)).toBe(statSync(node).size);
    expect(Number(read)).toBeGreaterThan(0);
    expect(Number(read)).toBeLessThan(1_000_000);
  });
});

describe('info', () => {
  it('explains a program: linking, segments, security', () => {
    const { stdout, status } = info(join(FILES, 'program-pie'));
    expect(status).toBe(0);
    expect(stdout).toContain('executable for any address (PIE)');
    expect(stdout).toContain('dynamic: /lib64/ld-linux-x86-64.so.2 loads it');
    expect(stdout).toContain('Needs:          liblibrary.so.1');
    expect(stdout).toContain('Searches:       $ORIGIN');
    expect(stdout).toMatch(/Security: +PIE yes, NX stack yes, RELRO full, BIND_NOW yes/);
  });

  it('tells a static program, a library and an object file apart', () => {
    expect(info(join(FILES, 'alone-static')).stdout).toMatch(/Linking: +static: nothing else is loaded/);
    expect(info(library).stdout).toMatch(/What: +shared library, .*\n[\s\S]*Name: +liblibrary.so.1/);
    expect(info(join(FILES, 's390x.o')).stdout).toMatch(/What: +object file[\s\S]*IBM S\/390, 64-bit, big-endian/);
  });

  it('knows scripts, archives and Plan 9 programs', () => {
    expect(info(scratchFile('script', '#!/bin/sh -e\necho\n')).stdout).toMatch(
      /Interpreter: +\/bin\/sh\n +Argument: +-e\n/,
    );
    expect(info(join(FILES, 'two.a')).stdout).toContain('ar archive of 2 files');
    const header = new Bytes(true).u32(0x1eb).u32(16).u32(8).u32(4).u32(0).u32(0x1020).u32(0).u32(0);
    const plan9 = header.raw(new Uint8Array(24)).done();
    expect(info(scratchFile('plan9', plan9)).stdout).toMatch(/Plan 9 a.out[\s\S]*Entry: +0x1020/);
  });

  it('fails with a sentence for unknown and missing files', () => {
    expect(info(scratchFile('unknown', 'hello')).status).toBe(1);
    expect(info(join(scratch, 'missing')).stderr).toContain('no such file');
    expect(info().status).toBe(2);
    expect(info('-z', library).status).toBe(2);
  });
});
