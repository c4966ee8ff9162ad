// elf explain on real files of this machine's test run and on files made here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECK_RULES } from '@elf/exec/check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainCommand } from './explain.ts';

/** A minimal ELF program whose one segment covers the whole file of a page. */
function tinyProgram(machine = 62, tableAt = 64): Uint8Array {
  const bytes = new Uint8Array(tableAt === 64 ? 4096 : 16384); // not a page size: one segment's worth, and more for the table
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, 0x400078n, true);
  view.setBigUint64(32, BigInt(tableAt), true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(tableAt, 1, true);
  view.setUint32(tableAt + 4, 5, true);
  view.setBigUint64(tableAt + 16, 0x400000n, true);
  view.setBigUint64(tableAt + 32, 4096n, true);
  view.setBigUint64(tableAt + 40, 4096n, true);
  return bytes;
}

/** The program with other bytes at some offsets; 105 is cleared with 104, so that p_memsz is what is set. */
function changed(changes: Readonly<Record<number, number>>): Uint8Array {
  const bytes = tinyProgram();
  for (const [offset, byte] of Object.entries(changes)) bytes[Number(offset)] = byte;
  if (104 in changes) bytes[105] = 0;
  return bytes;
}

describe('elf explain', () => {
  let directory = '';
  const file = (name: string) => join(directory, name);

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'elf-explain-'));
    writeFileSync(file('program'), tinyProgram(), { mode: 0o755 });
    writeFileSync(file('foreign'), tinyProgram(183), { mode: 0o755 });
    writeFileSync(file('moved'), tinyProgram(62, 0x2004), { mode: 0o755 });
    writeFileSync(file('short'), changed({ 7: 9, 104: 1 }), { mode: 0o755 });
    writeFileSync(file('misfit'), changed({ 81: 0x10 }), { mode: 0o755 });
    writeFileSync(file('script'), `#!${file('program')} -x\n`, { mode: 0o755 });
    writeFileSync(file('data'), tinyProgram(), { mode: 0o644 });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function explain(...args: string[]) {
    let out = '';
    let err = '';
    const stdout = { write: (text: string) => (out += text) };
    const stderr = { write: (text: string) => (err += text) };
    const environment = { XDG_CONFIG_HOME: directory };
    return { status: explainCommand(args, { stdout, stderr }, environment), out, err };
  }

  it('tells the story with kernel functions, and shows the maps', () => {
    const { status, out } = explain(file('program'), '--json', 'for the program');
    expect(status).toBe(0);
    for (const name of ['do_open_execat', 'begin_new_exec', 'elf_load', 'create_elf_tables'])
      expect(out).toContain(name);
    expect(out).toContain('accepted as elf: starts at 0x400078');
    expect(out).toMatch(/^00400000-00401000 r-xp 00000000 /m);
    expect(out).toContain('argc 3');
  });

  it('follows a script to its interpreter', () => {
    const { status, out } = explain(file('script'));
    expect(status).toBe(0);
    expect(out).toContain('load_script');
    expect(out).toContain('argument -x');
  });

  it('names the rule of a refusal and exits with 1', () => {
    const { status, out } = explain(file('foreign'));
    expect(status).toBe(1);
    expect(out).toContain('refused by rule elf-machine: e_machine is 183');
    expect(out).toContain('execve returns ENOEXEC');
    expect(explain(file('data')).out).toContain('execve returns EACCES');
    expect(explain(directory).out).toContain('is not a regular file');
    expect(explain(file('missing')).out).toContain('execve returns ENOENT');
  });

  it('prints the same as JSON, addresses as hexadecimal strings', () => {
    const { status, out } = explain('--json', file('program'));
    expect(status).toBe(0);
    const story = JSON.parse(out);
    expect(story).toMatchObject({ schema: 1, profile: 'linux', accepted: true, entry: '0x400078', brk: '0x401000' });
    expect(story.steps[0]).toMatchObject({ step: 'open', kernelFunction: 'do_open_execat' });
    expect(story.auxiliaryVector.at(-1)).toEqual({ id: 0, name: 'AT_NULL', value: '0x0' });
    expect(JSON.parse(explain('--json', file('foreign')).out)).toMatchObject({
      accepted: false,
      errno: 'ENOEXEC',
      rule: 'elf-machine',
      afterPointOfNoReturn: false,
    });
  });

  it('takes the rules of other kernels, names their functions, and lists everything that is broken', () => {
    const { status, out } = explain('--profile', 'freebsd', file('moved'));
    expect(status).toBe(1);
    expect(out).toContain('do_execve               try elf: e_phoff is 8196 (0x2004)');
    const verdict = out.slice(out.indexOf('refused by rule'));
    expect(verdict.split('\n')[0]).toMatch(
      /^refused by rule freebsd-phdr-first-page: e_phoff is 8196 \(0x2004\) and the 1 /,
    );
    expect(verdict.split('\n').slice(1)).toEqual([
      'execve returns ENOEXEC',
      `${file('moved')} also breaks 2 rules of freebsd:`,
      expect.stringMatching(
        /^ {2}freebsd-phdr-alignment: e_phoff is 8196 \(0x2004\), which is 4 mod 8; .* \[ENOEXEC\]$/,
      ),
      expect.stringMatching(/^ {2}freebsd-brand: ELF binary type "0" is not known: .* \[ENOEXEC\]$/),
      '',
    ]);
    expect(explain('--profile', 'gvisor', file('moved')).status).toBe(0);
    const story = JSON.parse(explain('--json', '--profile=freebsd', file('moved')).out);
    expect(story).toMatchObject({ profile: 'freebsd', rule: 'freebsd-phdr-first-page', errno: 'ENOEXEC' });
    expect(story.brokenRules.map(({ rule }: { rule: string }) => rule)).toEqual([
      'freebsd-phdr-first-page',
      'freebsd-phdr-alignment',
      'freebsd-brand',
    ]);
    expect(explain('--profile', 'linux-5.4', file('program')).status).toBe(0);
  });

  it('says how a process dies', () => {
    const dies = (profile: string) => explain('--profile', profile, file('short')).out;
    expect(dies('linux')).toContain('load-filesz');
    expect(dies('linux')).toContain('the process dies of SIGSEGV');
    expect(dies('freebsd')).toContain('the process dies of SIGABRT');
    expect(JSON.parse(explain('--json', '--profile', 'freebsd', file('short')).out)).toMatchObject({
      signal: 'SIGABRT',
    });
  });

  it('maps with larger pages and by page policies', () => {
    const misfit = explain('--host-page-size', '16k', file('misfit'));
    expect([misfit.status, misfit.out]).toEqual([1, expect.stringContaining('load-congruence')]);
    expect(explain('--host-page-size', '16k', '--policy', 'qemu-8.1', file('misfit')).status).toBe(0);
    expect(explain(file('misfit')).status).toBe(0);
    expect(JSON.parse(explain('--json', '--host-page-size', '64K', file('program')).out)).toMatchObject({
      hostPageBytes: 65536,
    });
  });

  it('randomises by a seed, and sets variables', () => {
    const stack = (...args: string[]) => JSON.parse(explain('--json', ...args, file('program')).out).stackPointer;
    expect(stack('--aslr', '7')).toBe(stack('--aslr', '7'));
    expect(stack('--aslr', '7')).not.toBe(stack('--aslr', '8'));
    expect(explain('-E', 'A=1', '--env', 'B=', file('program')).out).toContain('argc 1, envc 2');
  });

  it('explains rules by their name, unless a file has it', () => {
    const loader = explain('uek-note-size');
    expect([loader.status, loader.out]).toEqual([0, expect.stringContaining('12 to 4194304 bytes')]);
    expect(loader.out).toContain('Profiles: uek\n');
    expect(explain('elf-phnum').out).toMatch(
      /1170 entries[^]*Profiles: linux, [^]*73 entries[^]*Profiles: linux-6\.16/,
    );
    const { id, title } = CHECK_RULES[0];
    const check = explain(id);
    expect([check.status, check.out]).toEqual([0, expect.stringContaining(`${id}: ${title}\n`)]);
    expect(check.out).toContain('Fix: ');
    expect(explain('--rules').out).toContain(`${id}  `);
    expect(explain('no-such-rule')).toMatchObject({ status: 1, out: expect.stringContaining('ENOENT') });
    expect(explain('ELF-PG-NOTHING')).toMatchObject({
      status: 2,
      err: expect.stringContaining('no rule ELF-PG-NOTHING'),
    });
  });

  it('shows its options and the names they take', () => {
    const help = explain('--help');
    expect(help.status).toBe(0);
    for (const option of ['profile', 'host-page-size', 'policy', 'aslr', 'E', 'env', 'binfmt-conf', 'json'])
      expect(help.out).toMatch(new RegExp(`^  --?${option} `, 'm'));
    expect(explain('--profile', 'list').out).toMatch(/^freebsd-linuxulator {2}FreeBSD/m);
    expect(explain('--policy', 'list').out).toMatch(/^latx-pre304 /m);
  });

  it('remarks on options that the program gets', () => {
    const { status, out, err } = explain(file('program'), '--json');
    expect([status, err]).toEqual([0, expect.stringMatching(/^elf explain: --json stands behind the file, .*\n$/)]);
    expect(out).toContain('argc 2');
    expect(explain('--json', file('program'), '--verbose', '-E').err).toBe('');
  });

  it('explains its usage', () => {
    const program = file('program');
    const mistakes = [
      [],
      ['--nonsense', 'x'],
      ['--profile', 'nothing', program],
      ['--policy', 'nothing', program],
      ['--host-page-size', '5k', program],
      ['--aslr', 'x', program],
      ['-E', 'A', program],
    ];
    for (const args of mistakes) {
      const { status, out, err } = explain(...args);
      expect([status, out]).toEqual([2, '']);
      expect(err).toMatch(/^elf explain: /);
    }
  });
});
