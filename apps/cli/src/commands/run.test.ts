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
import { connect } from 'node:net';
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
    const line = 'exit_group(3)                           = ?\n+++ exited with 3 +++\n';
    expect(elf(['run', '-strace', faults, 'e']).err).toBe(line);
    expect(elf(['run', faults, 'e'], { ELF_STRACE: '1' }).err).toBe(line);
    const log = join(work, 'log');
    expect(elf(['run', '-strace', '-D', log, faults, 'e']).err).toBe('');
    expect(readFileSync(log, 'utf8')).toBe(line);
  });

  it('logs what -d asks for, to standard error or to the file of -D, by option or variable', () => {
    const { out, err } = elf(['run', '-d', 'page,in_asm', hello]);
    expect(out).toMatch(/^hello from x86-64/);
    expect(err).toMatch(/^page: \d+ starts .*\/hello\n {2}00400000-/m);
    expect(err).toMatch(/^in_asm: \d+ .*\/hello\n {2}0x401000: +4c 8b 24 24 +mov +\(%rsp\),%r12$/m);
    const stepped = elf(['run', faults, 'e'], { ELF_LOG: 'exec,cpu' }).err.split('\n');
    expect(stepped[1]).toMatch(/^cpu: \d+ rip=4000b0 rax=0 .* flags=202$/);
    expect(stepped[0]).toMatch(/^exec: \d+ 0x4000b0: +b8 03 00 00 00 +mov +\$0x3,%eax$/);
    expect(elf(['run', '-d', 'int', faults, 's']).err).toMatch(/^int: \d+ at 0x4000fb: writing 0x10 failed/);
    const log = join(work, 'items');
    writeFileSync(log, 'what was there before');
    expect(elf(['run', '-d', 'strace', faults, 'e'], { ELF_LOG_FILENAME: log })).toMatchObject({ status: 3, err: '' });
    expect(readFileSync(log, 'utf8')).toMatch(/^exit_group\(3\) += \?\n\+{3} exited with 3 \+{3}\n$/);
  });

  it('says which items there are, and what is wrong with -d and -D', () => {
    expect(elf(['run', '-d', 'help'])).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^ {2}in_asm +guest code/m),
    });
    expect(elf(['run', '-d', 'exec,everything', hello])).toMatchObject({
      status: 125,
      err: expect.stringMatching(/^elf run: -d: there is no item everything\n.* {2}strace /s),
    });
    expect(elf(['run', '-d', 'int', '-D', join(work, 'none/log'), hello])).toMatchObject({
      status: 125,
      out: '',
      err: expect.stringMatching(/^elf run: -D: ENOENT/),
    });
  });

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'tells the release of -r, the stack of -s and the base of -B, by option or variable',
    () => {
      const script = ['/bin/sh', '-c', 'uname -r; ulimit -s; exec cat /proc/self/maps'];
      const given = elf(['run', '-r', '3.10.0-test', '-s', '16M', '-B', '0x40000000', ...script]).out;
      expect(given).toMatch(/^3\.10\.0-test\n16384\n40000000-.*cat$/m);
      const variables = { ELF_UNAME: '4.4.0', ELF_STACK_SIZE: '512k', ELF_GUEST_BASE: '0x20000000' };
      expect(elf(['run', ...script], variables).out).toMatch(/^4\.4\.0\n512\n20000000-.*cat$/m);
    },
  );

  it.each([
    ['-r', 'new', 'option -r takes a release such as 5.4.0, not new'],
    ['-s', '4k', 'option -s takes a size from 128k to 1024G'],
    ['-B', '0x40000001', 'option -B takes an address that is a multiple of 4096'],
    ['-core', 'much', 'option -core takes a number of bytes or "unlimited"'],
    ['-timeout', '0', 'option -timeout takes seconds'],
    ['-g', '65536', 'option -g takes a port number up to 65535'],
    ['-g', 'unix:/x', 'option -g takes a port number up to 65535'],
  ])('refuses %s %s', (option, value, sentence) => {
    expect(elf(['run', option, value, hello])).toMatchObject({
      status: 125,
      out: '',
      err: expect.stringContaining(sentence),
    });
  });

  it('shows a program only its root', () => {
    expect(elf(['run', '--root', fixture('hello-asm'), '/hello'])).toMatchObject({ status: 0 });
    expect(elf(['run', '--root', fixture('hello-asm'), '/../faults-asm/faults'])).toMatchObject({ status: 127 });
    expect(elf(['run', '--root', join(work, 'none'), '/hello'])).toMatchObject({
      status: 125,
      err: expect.stringMatching(/^elf run: --root: .*none: no such file or directory\n/),
    });
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

describe('elf run -g', () => {
  /** Starts a program that waits for a debugger, and tells where. */
  async function waiting(...args: string[]) {
    const child = spawn(process.execPath, [command, 'run', '-g', '0', ...args]);
    const said = { out: '', err: '' };
    child.stdout.on('data', (part: Buffer) => {
      said.out += part;
    });
    child.stderr.on('data', (part: Buffer) => {
      said.err += part;
    });
    const status = new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)));
    await expect.poll(() => said.err, { timeout: 20_000 }).toMatch(/127\.0\.0\.1:\d+\n/);
    return { child, said, status, port: Number(/:(\d+)\n/.exec(said.err)?.[1]) };
  }

  /** A connection and everything that comes back. */
  function connected(port: number, host = '127.0.0.1') {
    const socket = connect(port, host);
    const link = { received: '', isClosed: false, error: '', socket };
    socket.on('data', (part) => {
      link.received += part.toString('latin1');
    });
    socket.on('error', (error) => {
      link.error = (error as { code?: string }).code ?? '';
    });
    socket.on('close', () => {
      link.isClosed = true;
    });
    return link;
  }

  const packet = (content: string) => {
    const sum = Buffer.from(content).reduce((total, byte) => (total + byte) & 255, 0);
    return `+$${content}#${sum.toString(16).padStart(2, '0')}`;
  };

  it('waits for a debugger of this computer, one at a time, and for nobody else', async () => {
    const { said, status, port } = await waiting(hello, 'there');
    expect(said.err).toBe(`elf run: waiting for gdb: target remote 127.0.0.1:${port}\n`);
    // Only at this address; what a browser would post from a page is no debugger.
    const elsewhere = connected(port, '::1');
    const browser = connected(port);
    browser.socket.write(`POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n${packet('k')}`);
    await expect.poll(() => [elsewhere.isClosed, browser.isClosed], { timeout: 10_000 }).toEqual([true, true]);
    expect([elsewhere.error, browser.received]).toEqual([
      expect.stringMatching(/ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH/),
      '',
    ]);
    const gdb = connected(port);
    gdb.socket.write(packet('?'));
    await expect.poll(() => gdb.received, { timeout: 10_000 }).toMatch(/^\+\$T05thread:/);
    const second = connected(port);
    second.socket.write(packet('?'));
    await expect.poll(() => second.isClosed, { timeout: 10_000 }).toBe(true);
    expect([second.received, said.out]).toEqual(['', '']);
    gdb.socket.write(packet('c'));
    expect(await status).toBe(0);
    expect(said.out).toContain('hello from x86-64, 2 arguments');
    expect(gdb.received).toMatch(/\$W00#/);
  });

  it('runs on alone when the debugger goes, and dies of its wish', async () => {
    const left = await waiting(faults, 'e');
    const gdb = connected(left.port);
    gdb.socket.write(packet('?'));
    await expect.poll(() => gdb.received, { timeout: 10_000 }).toContain('T05');
    gdb.socket.destroy();
    expect(await left.status).toBe(3);
    const killed = await waiting(hello);
    connected(killed.port).socket.write(packet('k'));
    expect(await killed.status).toBe('SIGKILL');
    expect(killed.said.out).toBe('');
  });

  it('says when there is no such port, and goes without the steps of -d', async () => {
    const { child, port, status } = await waiting(hello);
    expect(elf(['run', '-g', String(port), hello])).toMatchObject({
      status: 125,
      err: expect.stringMatching(new RegExp(`^elf run: port ${port}: .*EADDRINUSE`)),
    });
    child.kill('SIGKILL');
    await status;
    for (const item of ['exec', 'cpu'])
      expect(elf(['run', '-g', '0', '-d', item, hello])).toMatchObject({
        status: 125,
        err: expect.stringContaining('which only the debugger of -g may do'),
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
