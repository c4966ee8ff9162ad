// A program that tries to leave what it was given, under --root, --mount and --sandbox: every attempt, what came of it, and that nothing outside changed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesInput, sinkOutput } from '@elf/kernel';
import { createMachine } from '@elf/machine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseOptions } from '../options.ts';
import { guestProgram, provideDevices } from './guest-program.ts';
import { mountAsked } from './mounts.ts';
import { RUN_OPTIONS } from './run-option-rows.ts';

const program = fileURLToPath(new URL('../../../../fixtures/walls-c/walls', import.meta.url));
const isRoot = process.geteuid?.() === 0;
/** Not a length that anything else here has. */
const SECRET = `SECRET\n${'s'.repeat(4314)}`;

let work: string;
let inside: string;
let outside: string;

beforeEach(() => {
  work = realpathSync(mkdtempSync(join('/tmp', 'elf-walls-')));
  inside = join(work, 'inside');
  outside = join(work, 'outside');
  for (const directory of [inside, outside]) mkdirSync(directory);
  writeFileSync(join(outside, 'secret'), SECRET, { mode: 0o755 });
  writeFileSync(join(outside, 'only-outside'), '');
  writeFileSync(join(inside, 'file'), 'inside\n');
  copyFileSync(program, join(inside, 'walls'));
  chmodSync(join(inside, 'walls'), 0o755);
  symlinkSync(join(outside, 'secret'), join(inside, 'planted-absolute'));
  symlinkSync('../outside/secret', join(inside, 'planted-relative'));
  symlinkSync('../outside', join(inside, 'planted-directory'));
  spawnSync('mkfifo', [join(inside, 'planted-fifo')]);
  // /dev/mem, which only root can make.
  if (isRoot) spawnSync('mknod', ['-m', '666', join(inside, 'planted-device'), 'c', '1', '1']);
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** Runs a part of the program under options; `given` is where the guest sees the directory. */
async function attempt(
  options: readonly string[],
  path: string,
  part: string,
  given: string,
  number = 0,
): Promise<string> {
  const words = [path, part, given, outside, String(number)];
  const parsed = parseOptions(RUN_OPTIONS, [...options, ...words], {});
  if ('mistake' in parsed) throw new Error(parsed.mistake);
  const guest = await guestProgram(parsed);
  if ('mistake' in guest) throw new Error(guest.mistake);
  const parts: string[] = [];
  const streams = {
    input: bytesInput(new Uint8Array(0)),
    output: sinkOutput((bytes) => parts.push(Buffer.from(bytes).toString('latin1')), 2),
    error: sinkOutput(() => {}, 3),
  };
  const machine = createMachine({ host: { ...guest.host, streams, onSignal: undefined } });
  provideDevices(machine.kernel);
  expect(mountAsked(machine.kernel, parsed)).toBeUndefined();
  const outcome = await machine.run({ path: guest.path, arguments: guest.words, environment: [] });
  expect(outcome).toEqual({ kind: 'exited', code: 0 });
  return parts.join('');
}

/** Everything about a directory that an attack could change. */
function fingerprint(directory: string): string {
  const lines = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => {
    const path = join(directory, name);
    const { mode, uid, gid, mtimeMs, nlink } = lstatSync(path);
    const content = lstatSync(path).isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
    return [name, mode, uid, gid, mtimeMs, nlink, content].join(' ');
  });
  return lines.sort().join('\n');
}

/** The lines a part prints where nothing gets through. */
// biome-ignore format: a table
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  dots: [
    'absolute: ENOENT', 'above the root: ENOENT', 'above the directory: ENOENT', 'beside the directory: ENOENT', 'relative to a descriptor: ENOENT',
    'through . and ..: ENOENT', 'chdir: 0', 'after twenty times ..: ENOENT', 'openat2 in the root: ENOENT',
  ],
  links: [
    'absolute: ENOENT', '  not followed: ELOOP', '  stat: ENOENT', '  truncate: ENOENT', '  chmod: ENOENT', '  chown: ENOENT',
    'relative: ENOENT', '  not followed: ELOOP', '  stat: ENOENT', '  truncate: ENOENT', '  chmod: ENOENT',
    'far up: ENOENT', '  not followed: ELOOP', '  stat: ENOENT', '  truncate: ENOENT', '  chmod: ENOENT',
    'through /proc: ENOENT', '  not followed: ELOOP', '  stat: ENOENT', '  truncate: ENOENT', '  chmod: ENOENT', '  chown: ENOENT',
    "a directory's link: ENOENT", 'made through it: ENOENT', 'made by a dangling link: ENOENT', 'a loop: ELOOP',
    'planted absolute: ENOENT', 'planted relative: ENOENT', 'planted directory: ENOENT',
  ],
  magic: [
    '/proc/self/root: ENOENT', '/proc/self/root, up: ENOENT', '/proc/self/cwd, up: ENOENT', '/proc/1/root: ENOENT', '/proc/1/environ: ""',
    '/proc/1/mem: ENOENT', '/proc/self/fd/N, up: ENOENT', '/dev/fd/N, up: ENOENT', 'a removed file whose name is a link now: ENOENT',
    'below a pipe: ENOTDIR', 'a process of the host: ENOENT',
    // Names that every object of JavaScript has.
    '/proc/constructor: ENOENT', '/proc/__proto__: ENOENT', '/proc/toString: ENOENT', '/proc/self/constructor: ENOENT',
    '/proc/self/__proto__: ENOENT', '/proc/sys/constructor: ENOENT',
  ],
  'hard-links': [
    'link from outside: ENOENT', 'link to outside: ENOENT', 'link across mounts: EXDEV', 'link of a planted link: ENOENT', 'link of a descriptor: ENOENT',
    'link of an empty path to outside: *', 'rename to outside: ENOENT', 'rename from outside: ENOENT', 'open_by_handle_at: ESTALE',
  ],
  // The path of the descriptor and of the working directory leads through a link to the outside by now.
  stale: [
    'chdir: 0', 'rmdir: 0', 'rmdir: 0', 'symlink: 0',
    ...['read by descriptor', 'read by working directory', 'stat', 'make', 'cut', 'directory', 'remove', 'rename', 'link', 'mode', 'owner', 'times', 'mknod',
      'run', 'open .', 'socket'].map((what) => `${what}: ENOTDIR`),
    'exchange: 0', 'read after an exchange: ENOTDIR',
  ],
  renamed: [
    'rename above the working directory: 0', 'now in /moved/est', '..: ENOENT', '.. once: ENOENT', 'inside: 0',
    ...(isRoot ? ['out of chroot: ENOENT', 'and further: ENOENT'] : ['chroot: EPERM']),
  ],
  core: [
    'died of 6, core 0', 'died of 6, core ?', 'kernel/modprobe: not to write', `kernel/hostname: ${isRoot ? '' : 'not '}to write`, 'vm/overcommit_memory: *',
    'kernel/sysrq: not to write', 'sysrq-trigger: ENOENT',
  ],
  devices: [
    'character device: EPERM', 'block device: EPERM', 'fifo: 0',
    ...(isRoot ? ['planted device: EACCES', 'planted device by descriptor: EACCES'] : ['planted device: ENOENT', 'planted device by descriptor: ENOENT']),
    // The machine's own queue, of which the host's other users know nothing.
    'planted fifo: 0', 'planted fifo to write: 0',
    'set-user-ID: EPERM', 'set-group-ID by descriptor: EPERM', 'made with set-ID bits: 755', 'an attribute: *',
  ],
  'read-only': [
    'open to write: EROFS', 'open to empty: EROFS', 'write: EBADF', 'cut: EINVAL', 'allocate: EBADF', 'mode: EROFS', 'owner: EROFS', 'times: EROFS',
    'mode by name: EROFS', 'times by name: EROFS', 'remove: EROFS', 'rename: EROFS', 'link: EROFS', 'directory: EROFS', 'device: EROFS', 'unnamed: EROFS',
    'attribute: EROFS', 'open again to write: EROFS', 'map to store: EACCES', 'allow stores: EACCES', 'store by process_vm_writev: EFAULT',
    'copy_file_range: EBADF', 'splice: EBADF', 'socket: EROFS', 'a private /tmp: "mine"', "the host's /tmp: ENOENT",
  ],
  others: [
    // The machine's own process 1, which has no memory; the host's is nowhere.
    ...(isRoot ? ['kill: 0', 'process_vm_readv: EFAULT', 'process_vm_writev: EFAULT'] : ['kill: *', 'process_vm_readv: *', 'process_vm_writev: *']),
    'pidfd_open: 3', 'ptrace: *', isRoot ? 'setpriority: 0' : 'setpriority: *', 'prlimit: *',
    ...[2, 3].flatMap(() => [
      'kill: ESRCH', 'process_vm_readv: ESRCH', 'process_vm_writev: ESRCH', 'pidfd_open: ESRCH', 'ptrace: *', 'setpriority: ESRCH', 'prlimit: ESRCH',
    ]),
  ],
  network: [
    ...[1, 2, 3].flatMap((type) => [`inet ${type}: *`, `inet6 ${type}: *`]), 'packet: *', 'vsock: *',
    'socket of the host: ECONNREFUSED', 'socket outside: ENOENT', 'abstract name of the host: ECONNREFUSED',
  ],
  sizes: [
    'ftruncate: EFBIG', 'ftruncate below zero: EINVAL', 'fallocate: EFBIG', 'fallocate past the end: EFBIG', 'pread: *', 'pread below the end of numbers: 0',
    'pwrite: EFBIG', 'lseek: *', 'lseek past it: *', 'read everything: *', 'map past the end of numbers: EOVERFLOW', 'memory file of 1 TB: answered', '  mapped and stored',
    'a path of 1 MB: ENAMETOOLONG', 'a path of 2047 names: ENOENT', 'a name of 256 bytes: ENAMETOOLONG', 'one argument of 200 KB: E2BIG',
    'arguments of 2 GB: E2BIG', 'mmap of 2^47: ENOMEM', 'readv of 2^64: *', 'entries: some',
  ],
};

/** Lines with what differs between kernels or does not matter taken out. */
function lines(text: string, expected: readonly string[]): string[] {
  const found = text.split('\n').slice(0, -1);
  return found.map((line, at) => {
    // Whether a program that takes cores runs there depends on the root.
    if (expected[at]?.endsWith('?')) return `${line.slice(0, -1)}?`;
    return expected[at]?.endsWith(': *') ? `${line.slice(0, line.lastIndexOf(':'))}: *` : line;
  });
}

async function judge(options: readonly string[], path: string, part: string, given: string, number = process.pid) {
  const before = fingerprint(outside);
  const text = await attempt(options, path, part, given, number);
  expect(lines(text, EXPECTED[part])).toEqual(EXPECTED[part]);
  expect(text).not.toContain('SECRET');
  expect(fingerprint(outside)).toBe(before);
}

const WALLED: readonly string[] = ['dots', 'links', 'magic', 'hard-links', 'stale', 'renamed', 'core'];

// /tmp by name: under --sandbox it is the part of the host that is out of reach.
describe.runIf(process.platform === 'linux')('nothing outside is read, written or changed', () => {
  it.each(WALLED)('--root: %s', (part) => judge(['--root', inside], '/walls', part, '/'));

  it.each([...WALLED, 'devices'])('--sandbox --root --mount: %s', (part) =>
    judge(['--sandbox', '--root', inside, '--mount', `${inside}:/given`], '/walls', part, '/given'),
  );

  it.each([...WALLED, 'devices', 'others', 'sizes'])('--sandbox --mount: %s', (part) =>
    judge(['--sandbox', '--mount', `${inside}:/given`], '/given/walls', part, '/given'),
  );

  it('--sandbox --root: read-only', async () => {
    const before = fingerprint(inside);
    await judge(['--sandbox', '--root', inside], '/walls', 'read-only', '/');
    expect(fingerprint(inside)).toBe(before);
  });

  it('--sandbox --mount :ro: read-only', async () => {
    const before = fingerprint(inside);
    await judge(['--sandbox', '--mount', `${inside}:/given:ro`], '/given/walls', 'read-only', '/given');
    expect(fingerprint(inside)).toBe(before);
  });

  it('--sandbox --mount: network', async () => {
    // A sandbox may have networks of its own: what counts is that nothing arrives here.
    let connections = 0;
    const listen = (where: object) =>
      new Promise<Server>((resolve) => {
        const server = createServer((socket) => {
          connections++;
          socket.destroy();
        }).listen(where, () => resolve(server));
      });
    const internet = await listen({ port: 0 });
    const { port } = internet.address() as { port: number };
    const servers = [internet];
    for (const path of [join(inside, 'planted-socket'), join(outside, 'socket'), `\0elf-walls-${port}`])
      servers.push(await listen({ path }));
    const datagrams = await Promise.all(
      (['udp4', 'udp6'] as const).map(
        (type) =>
          new Promise<Socket>((resolve) => {
            const socket = createSocket(type, () => connections++);
            // A computer without IPv6 has nothing that could be reached by it.
            socket.once('error', () => resolve(socket));
            socket.bind(port, type === 'udp4' ? '127.0.0.1' : '::1', () => resolve(socket));
          }),
      ),
    );
    await judge(['--sandbox', '--mount', `${inside}:/given`], '/given/walls', 'network', '/given', port);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const server of [...servers, ...datagrams]) server.close();
    expect(connections).toBe(0);
  });
});

/** Swaps a directory and a link to the outside until it is killed: the host's user, or another guest, at the worst moment. */
const SWAPPER = `
const { renameSync } = require('node:fs');
process.chdir(process.argv[1]);
process.stdout.write('ready');
for (;;) {
  renameSync('swapped', 'spare'); renameSync('link', 'swapped');
  renameSync('swapped', 'link'); renameSync('spare', 'swapped');
}`;

describe.runIf(process.platform === 'linux')('a directory that is swapped for a link while it is used', () => {
  let swapper: ChildProcess;
  beforeEach(async () => {
    mkdirSync(join(inside, 'swapped'));
    writeFileSync(join(inside, 'swapped/secret'), 'inside\n');
    symlinkSync('../outside', join(inside, 'link'));
    swapper = spawn(process.execPath, ['-e', SWAPPER, inside], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => swapper.stdout?.once('data', resolve));
  });
  afterEach(async () => {
    const ended = new Promise((resolve) => swapper.once('exit', resolve));
    swapper.kill('SIGKILL');
    await ended;
  });

  it.each([
    ['--root', () => ['--root', inside], '/walls', '/'],
    ['--sandbox --mount', () => ['--sandbox', '--mount', `${inside}:/given`], '/given/walls', '/given'],
  ] as const)('leads nobody out: %s', async (_, options, path, given) => {
    const before = fingerprint(outside);
    const text = await attempt(options(), path, 'race', given, 300);
    expect(text).toBe('secrets 0\nown files seen, swaps seen\n');
    expect(fingerprint(outside)).toBe(before);
  });
});
