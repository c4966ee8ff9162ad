// The built command end to end: exit statuses, signals, messages, streams, options. Needs `npm run build` (npm test does it first).
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packTar } from 'modern-tar';
import { afterAll, describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../../dist/elf.js', import.meta.url));
// The built command is tested, not the sources: without it every test here would fail for a reason that its message does not show.
if (!existsSync(command)) throw new Error('apps/cli/dist/elf.js is missing; run "npm run build" first (npm test does)');
const buildAge = newestSource(fileURLToPath(new URL('..', import.meta.url))) - statSync(command).mtimeMs;
if (buildAge > 0)
  console.warn('apps/cli/dist/elf.js is older than apps/cli/src: "npm run build" tests what is there now.');

function newestSource(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const sources = names.filter((name) => name.endsWith('.ts') && !/\.test\.ts$|test-support/.test(name));
  return Math.max(...sources.map((name) => statSync(join(directory, name)).mtimeMs));
}

const fixture = (name: string) => fileURLToPath(new URL(`../../../../fixtures/${name}`, import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'elf-cli-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function elf(args: string[], environment: Record<string, string> = {}) {
  const result = spawnSync(process.execPath, [command, ...args], {
    env: { PATH: '/usr/bin:/bin', ...environment },
    encoding: 'utf8',
  });
  return { out: result.stdout, err: result.stderr, status: result.status, signal: result.signal };
}

const hello = fixture('hello-asm/hello');
const faults = fixture('faults-asm/faults');

describe('elf run', () => {
  it('gives everything after the program to the program', () => {
    const { out, status } = elf(['run', '-0', 'name', hello, '-strace', '--help']);
    expect(out).toBe('hello from x86-64, 3 arguments\n  argv[0] = name\n  argv[1] = -strace\n  argv[2] = --help\n');
    expect(status).toBe(0);
  });

  it('exits with the guest’s own status', () => {
    expect(elf(['run', faults, 'e'])).toMatchObject({ status: 3, signal: null, err: '' });
  });

  it('dies of the signal the guest died of, with a report', () => {
    const { signal, err } = elf(['run', faults, 's']);
    expect(signal).toBe('SIGSEGV');
    expect(err).toMatch(/died of SIGSEGV: writing 0x10 failed/);
    expect(err).toMatch(/<store_fault\+0x/);
    expect(elf(['run', faults, 'k'])).toMatchObject({ signal: 'SIGTERM', err: '' });
    expect(elf(['run', '--exit-code-only', faults, 'u'])).toMatchObject({ status: 132, signal: null });
  });

  it('names the rule of a refusal: 126, and 127 for what is not there', () => {
    const text = join(work, 'text');
    writeFileSync(text, 'not a program');
    expect(elf(['run', text])).toMatchObject({ status: 126, err: expect.stringMatching(/EACCES by rule open-mode: /) });
    chmodSync(text, 0o755);
    expect(elf(['run', text])).toMatchObject({
      status: 126,
      err: expect.stringMatching(/ENOEXEC by rule \S+: .+\.\n$/),
    });
    expect(elf(['run', join(work, 'missing')])).toMatchObject({ status: 127, err: expect.stringContaining('ENOENT') });
  });

  it('models the processor of -cpu or ELF_CPU, and says which there are', () => {
    expect(elf(['run', '-cpu', 'x86-64-v1', hello]).status).toBe(0);
    expect(elf(['run', hello], { ELF_CPU: 'pentium3' })).toMatchObject({
      status: 126,
      err: expect.stringMatching(/ENOEXEC by rule machine-cpu-model: .+ 64-bit mode\.\n$/),
    });
    expect(elf(['run', '-cpu', 'z80', hello])).toMatchObject({
      status: 125,
      err: expect.stringMatching(/^elf run: no CPU model is called z80; known are x86-64-v1, /),
    });
    const { out, status } = elf(['run', '-cpu', 'help']);
    expect(status).toBe(0);
    expect(out).toMatch(/^ {2}x86-64-v3 +level 3/m);
  });

  it('starts foreign files with the interpreter of a binfmt_misc rule', () => {
    const rules = join(work, 'binfmt.d');
    mkdirSync(rules);
    writeFileSync(join(rules, 'greet.conf'), `# greets\n:greet:E::greet::${hello}:P\n`);
    const file = join(work, 'x.greet');
    writeFileSync(file, 'anything', { mode: 0o755 });
    const started = elf(['run', '--binfmt-conf', rules, '-0', 'name', file, 'one']);
    expect(started).toMatchObject({ status: 0, err: '' });
    expect(started.out).toContain(
      `4 arguments\n  argv[0] = ${hello}\n  argv[1] = ${file}\n  argv[2] = name\n  argv[3] = one\n`,
    );
    expect(elf(['run', file]).status).toBe(126);
    expect(elf(['run', file], { ELF_BINFMT_CONF: rules }).status).toBe(0);
    expect(elf(['run', '--binfmt-conf', join(work, 'none'), file])).toMatchObject({
      status: 125,
      err: expect.stringContaining('none: no such file or directory'),
    });
    writeFileSync(join(rules, 'wrong.conf'), ':wrong:M:-1:ab::/i:\n');
    expect(elf(['run', '--binfmt-conf', rules, file])).toMatchObject({
      status: 0,
      err: `elf run: ${rules}/wrong.conf:1: offset: The offset "-1" is no decimal number from 0 to 255 (EINVAL); the rule is left out\n`,
    });
  });

  it('says what is wrong with the command line: 125', () => {
    expect(elf(['run', '-nonsense', hello])).toMatchObject({
      status: 125,
      err: expect.stringContaining('unknown option -nonsense'),
    });
    expect(elf(['run'])).toMatchObject({ status: 125, err: expect.stringContaining('usage: elf run') });
  });

  it('traces in strace’s format, to standard error or a file, by option or variable', () => {
    const line = 'exit_group(3)                           = ?\n';
    expect(elf(['run', '-strace', faults, 'e']).err).toBe(line);
    expect(elf(['run', faults, 'e'], { ELF_STRACE: '1' }).err).toBe(line);
    const log = join(work, 'log');
    expect(elf(['run', '-strace', '-D', log, faults, 'e']).err).toBe('');
    expect(readFileSync(log, 'utf8')).toBe(line);
  });

  it('shows a program only its root', () => {
    expect(elf(['run', '--root', fixture('hello-asm'), '/hello'])).toMatchObject({ status: 0 });
    expect(elf(['run', '--root', fixture('hello-asm'), '/../faults-asm/faults'])).toMatchObject({ status: 127 });
  });

  it('shows directories of the host at other places, read-only when told so', () => {
    const directory = fixture('hello-asm').replace(/\/$/, '');
    expect(elf(['run', '--mount', `${directory}:/far/away`, '/far/away/hello'])).toMatchObject({ status: 0 });
    expect(elf(['run', '--mount', `${directory}:/far/away/deep`, '/far/away/deep/hello'])).toMatchObject({ status: 0 });
    expect(elf(['run', '--mount', `${directory}:/far/away`, '/far/hello'])).toMatchObject({ status: 127 });
    expect(elf(['run', '--mount', `${directory}:/far:rx`, hello])).toMatchObject({
      status: 125,
      err: expect.stringContaining('a mount is ro or rw, not rx'),
    });
    expect(elf(['run', '--mount', `${directory}/hello:/far`, hello]).err).toContain('is no directory');
    expect(elf(['run', '--mount', `${directory}:/far/../etc`, hello]).err).toContain('is no absolute path');
  });

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'passes signals it gets on to the program',
    async () => {
      const script = 'trap "echo caught; exit 5" TERM; echo ready; while :; do :; done';
      const child = spawn(process.execPath, [command, 'run', '/bin/sh', '-c', script]);
      let out = '';
      child.stdout.on('data', (part: Buffer) => {
        if (out === '') child.kill('SIGTERM');
        out += part;
      });
      const status = await new Promise((resolve) => child.on('exit', resolve));
      expect({ out, status }).toEqual({ out: 'ready\ncaught\n', status: 5 });
    },
  );

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'ends although the program waits for input that never comes',
    async () => {
      const child = spawn(process.execPath, [command, 'run', '--timeout', '1', '/bin/cat'], { stdio: 'pipe' });
      const status = await new Promise((resolve) => child.on('exit', resolve));
      child.stdin.end();
      expect(status).toBe(124);
    },
  );

  it.runIf(process.platform === 'linux' && process.arch === 'x64')('repeats a run to the instruction', () => {
    const run = () =>
      elf(['run', '--deterministic', '--stats', '/bin/sh', '-c', 'date -u +%Y-%m-%dT%T.%N; sleep 100; date +%N'], {
        LC_ALL: 'C',
      });
    const [first, second] = [run(), run()];
    expect(first.out).toMatch(/^2024-01-01T00:00:\d\d\.\d{9}\n\d{9}\n$/);
    expect(second.out).toBe(first.out);
    const instructions = (text: string) => /^elf: (\d+) instructions/.exec(text)?.[1];
    expect(instructions(first.err)).toBeDefined();
    expect(instructions(second.err)).toBe(instructions(first.err));
  });

  it('runs what an image holds, with the devices it lacks, and changes nothing', async () => {
    const file = join(work, 'image.tar');
    const bytes = readFileSync(hello);
    const header = { name: 'bin/hello', size: bytes.length, mode: 0o755, type: 'file' as const };
    writeFileSync(file, await packTar([{ header, body: bytes }]));
    const { out, status } = elf(['run', '--image', file, 'hello', 'there']);
    expect({ out: out.includes('there'), status }).toEqual({ out: true, status: elf(['run', hello, 'there']).status });
    expect(elf(['run', '--image', file, 'other']).status).toBe(127);
    expect(elf(['run', '--image', file])).toMatchObject({ status: 125, err: expect.stringContaining('names none') });
    expect(elf(['run', '--image', hello, 'x']).err).toContain('is no tar file, or a damaged one');
  });

  it('loads as other kernels and emulators do', () => {
    const widened = fixture('widened-asm/widened');
    const damaged = elf(['run', '--host-page-size', '16k', '--policy', 'latx-pre304', '--exit-code-only', widened]);
    expect(damaged).toMatchObject({ out: '', status: 139, err: expect.stringContaining('0x404000-0x4041a0 .plt') });
    const { out, status } = elf(['run', widened], { ELF_HOST_PAGE_SIZE: '16k', ELF_PAGE_POLICY: 'latx-304' });
    expect({ out, status }).toEqual({ out: 'nothing damaged\n', status: 0 });
    expect(elf(['run', '--policy', 'list']).out).toMatch(/^latx-304 /m);
    expect(elf(['run', '--profile', 'minix', hello])).toMatchObject({
      status: 125,
      err: expect.stringContaining('there is no loader profile minix'),
    });
  });
});

describe('elf', () => {
  it('prints its version, its help, and passes words to the other commands', () => {
    expect(elf(['--version']).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(elf(['--help']).out).toMatch(/run .*readelf .*info .*explain /s);
    expect(elf(['readelf', '-h', hello]).out).toContain('Advanced Micro Devices X86-64');
    expect(elf(['explain', hello])).toMatchObject({ status: 0 });
  });
});
