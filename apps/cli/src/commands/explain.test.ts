// elf explain on real files of this machine's test run and on files made here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainCommand } from './explain.ts';

/** A minimal ELF program whose one segment covers the whole file of a page. */
function tinyProgram(machine = 62): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(24, 0x400078n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(80, 0x400000n, true);
  view.setBigUint64(96, 4096n, true);
  view.setBigUint64(104, 4096n, true);
  return bytes;
}

describe('elf explain', () => {
  let directory = '';
  const file = (name: string) => join(directory, name);

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'elf-explain-'));
    writeFileSync(file('program'), tinyProgram(), { mode: 0o755 });
    writeFileSync(file('foreign'), tinyProgram(183), { mode: 0o755 });
    writeFileSync(file('script'), `#!${file('program')} -x\n`, { mode: 0o755 });
    writeFileSync(file('data'), tinyProgram(), { mode: 0o644 });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function explain(...args: string[]) {
    let out = '';
    let err = '';
    const stdout = { write: (text: string) => (out += text) };
    const stderr = { write: (text: string) => (err += text) };
    return { status: explainCommand(args, { stdout, stderr }), out, err };
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

  it('explains its usage', () => {
    for (const args of [[], ['--nonsense', 'x'], ['--profile', 'nothing', file('program')]]) {
      const { status, out, err } = explain(...args);
      expect([status, out]).toEqual([2, '']);
      expect(err).toMatch(/^elf explain: /);
    }
  });
});
