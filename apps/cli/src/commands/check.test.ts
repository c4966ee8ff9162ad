// elf check on files, directories and wrong command lines: what is printed, in which format, and the exit status.
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanProgram, crowdedProgram } from '../check/test-support/tiny-elf.ts';
import { checkCommand } from './check.ts';

let root = '';
const at = (...names: string[]) => join(root, ...names);

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'elf-check-'));
  writeFileSync(at('clean'), cleanProgram);
  writeFileSync(at('crowded'), crowdedProgram);
  writeFileSync(at('script'), '#!/bin/sh\n');
  writeFileSync(at('text'), 'nothing to load');
  mkdirSync(at('tree', 'inner', 'deep'), { recursive: true });
  writeFileSync(at('tree', 'a'), cleanProgram);
  writeFileSync(at('tree', 'inner', 'b'), crowdedProgram);
  linkSync(at('crowded'), at('tree', 'inner', 'deep', 'c'));
  writeFileSync(at('tree', 'notes.txt'), 'not an ELF file');
  writeFileSync(at('tree', 'cut'), cleanProgram.subarray(0, 20));
  writeFileSync(at('tree', 'empty'), '');
  symlinkSync('..', at('tree', 'inner', 'loop'));
  symlinkSync(at('clean'), at('tree', 'link'));
});
afterAll(() => rmSync(root, { recursive: true }));

async function check(
  args: readonly string[],
  changes: { environment?: Record<string, string>; hasColors?: boolean } = {},
) {
  let out = '';
  let err = '';
  const io = { stdout: (text: string) => void (out += text), stderr: (text: string) => void (err += text) };
  const host = { environment: {}, hasColors: false, isTerminal: false, terminal: undefined, ...changes };
  return { status: await checkCommand(args, io, host), out, err };
}

describe('elf check FILE', () => {
  it('shows a table of loaders and pages, then findings with advice', async () => {
    const { status, out, err } = await check([at('crowded')]);
    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(/^loader +4K pages +16K pages +64K pages$/m);
    expect(out).toMatch(/^qemu-3\.1-8\.0 +loads +\d+ bytes wrong +loads$/m);
    expect(out).toMatch(/^linux +loads +refused +refused$/m);
    expect(out).toMatch(/^warning ELF-PG-DAMAGE \(qemu-3\.1-8\.0, latx-pre304 16K\): \d+ bytes differ/m);
    expect(out).toMatch(/^ {2}0x[0-9a-f]+ should be ([0-9a-f]{2} ?)+$/m);
    expect(out).toMatch(/^ {2}fix: .*-z,max-page-size=16384/m);
    expect(out).not.toContain('\u001b');
  });

  it('exits with 1 when what was asked for is refused or damaged', async () => {
    expect((await check([at('crowded'), '--host-page-size', '16k'])).status).toBe(1);
    expect((await check(['--loader=qemu-3.1-8.0', at('crowded')])).status).toBe(1);
    expect((await check(['--loader', 'latx-304', at('crowded')])).status).toBe(0);
    expect((await check(['--loader', 'wsl1', at('clean')])).status).toBe(0);
  });

  it.each([
    ['error', 0],
    ['warning', 1],
    ['note', 1],
    ['never', 0],
  ])('--fail-on %s', async (failOn, status) => {
    expect((await check([at('crowded'), '--fail-on', failOn])).status).toBe(status);
  });

  it('reports only the rules that are wanted', async () => {
    const only = await check(['--rule', 'elf-pg-damage', '--format', 'json', at('crowded')]);
    const rules = JSON.parse(only.out).files[0].findings.map(({ rule }: { rule: string }) => rule);
    expect(new Set(rules)).toEqual(new Set(['ELF-PG-DAMAGE']));
    const without = await check(['--ignore', 'ELF-PG-DAMAGE,ELF-PG-PERMISSIONS', at('crowded')]);
    expect(without.out).not.toContain('ELF-PG-DAMAGE');
  });

  it('says in a word what nothing loads', async () => {
    expect((await check([at('script')])).out).toContain('script for /bin/sh');
    const { status, out } = await check([at('text')]);
    expect([status, out]).toEqual([0, expect.stringContaining('no verdict: it is neither ELF nor a script')]);
  });

  it('has colours where they are wanted', async () => {
    expect((await check([at('clean')], { hasColors: true })).out).toContain('\u001b[32mloads');
    expect((await check([at('clean'), '--color=never'], { hasColors: true })).out).not.toContain('\u001b');
    expect((await check([at('clean'), '--color', 'always'])).out).toContain('\u001b[');
  });

  it('takes its options from the environment, below those of the command line', async () => {
    const environment = { ELF_HOST_PAGE_SIZE: '16k', ELF_CHECK_FORMAT: 'jsonl' };
    const lines = (await check([at('crowded')], { environment })).out.trim().split('\n');
    expect(
      JSON.parse(lines[0]).verdicts.every(({ hostPageBytes }: { hostPageBytes: number }) => hostPageBytes === 16384),
    ).toBe(true);
    expect((await check([at('crowded'), '--format', 'text'], { environment })).out).toMatch(/^loader +16K pages$/m);
  });

  it('cannot be driven by names that control terminals', async () => {
    const name = at('bad\u001b[31m\nname');
    writeFileSync(name, crowdedProgram);
    const { out } = await check([name]);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('bad^[[31m^Jname');
  });
});

describe('elf check DIRECTORY', () => {
  it('finds ELF files, one line each, and is not stopped by a bad one, a loop or a link', async () => {
    const { status, out } = await check([at('tree')]);
    expect(status).toBe(1);
    expect(out).toMatch(/tree\/a: ok$/m);
    expect(out).toMatch(/tree\/inner\/b: 2 warnings \(refused: wsl1 4K\)$/m);
    expect(out).toMatch(/tree\/inner\/deep\/c: /);
    expect(out).toMatch(/tree\/cut: 1 error/);
    expect(out).toContain('ELF-IM-MALFORMED');
    expect(out).toMatch(/4 files checked: 1 error, .*2 other files passed over/);
    expect(out).not.toMatch(/loop|link/);
  });

  it('asks emulators about files found only when they or pages are named', async () => {
    expect((await check([at('tree')])).out).not.toContain('qemu');
    expect((await check([at('tree'), '--host-page-size=16k'])).out).toContain('qemu-3.1-8.0');
  });

  it('reports what cannot be read, prints the rest, and exits with 2', async () => {
    const { status, out } = await check([at('missing'), at('clean'), at('crowded', 'below')]);
    expect(status).toBe(2);
    expect(out).toContain('missing: cannot be read: no such file or directory');
    expect(out).toContain('below: cannot be read: a part of the path is not a directory');
    expect(out).toMatch(/clean: ok/);
  });

  it('reports files and directories without permission', async () => {
    mkdirSync(at('locked'));
    writeFileSync(at('locked', 'x'), cleanProgram);
    chmodSync(at('locked'), 0);
    const { status, out } = await check([at('locked')]);
    chmodSync(at('locked'), 0o700);
    // The superuser may read everything.
    if (process.getuid?.() === 0) expect([status, out]).toEqual([0, expect.stringContaining('x: ok')]);
    else expect([status, out]).toEqual([2, expect.stringContaining('permission denied')]);
  });
});

describe('the command line', () => {
  // biome-ignore format: one row per mistake
  const mistakes: readonly [readonly string[], RegExp][] = [
    [[],                                    /no file given/],
    [['--nonsense', 'x'],                   /unknown option --nonsense/],
    [['--loader', 'windows', 'x'],          /there is no loader windows; elf check --list-loaders /],
    [['--host-page-size', '5k', 'x'],       /5k is no list of page sizes/],
    [['--host-page-size=1g', 'x'],          /1g is no list of page sizes/],
    [['--format', 'xml', 'x'],              /there is no format xml; known: text, json/],
    [['--fail-on=bad', 'x'],                /--fail-on takes error, warning, note, never/],
    [['--rule', 'ELF-PG-NOTHING', 'x'],     /there is no rule ELF-PG-NOTHING/],
    [['x', '--loader'],                     /option --loader needs a name/],
  ];
  it.each(mistakes)('%j is a mistake', async (args, message) => {
    const { status, out, err } = await check(args);
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });

  it('has help and a list of loaders', async () => {
    const help = await check(['--help']);
    expect([help.status, help.err]).toEqual([0, '']);
    for (const option of ['-loader', '-host-page-size', '-format', '-fail-on', '-ignore'])
      expect(help.out).toContain(option);
    const loaders = await check(['--list-loaders']);
    expect(loaders.out).toMatch(/^qemu-3\.1-8\.0 +QEMU/m);
    expect(loaders.out).toMatch(/^widen-host .*\(only when named\)$/m);
  });

  it('ends options at --', async () => {
    expect((await check(['--', '--help'])).out).toContain('--help: cannot be read');
  });
});
