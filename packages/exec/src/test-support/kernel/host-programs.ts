// The executables of this machine by kind: installed ones of every kind there is, and some built from committed sources.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, type Dirent, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseElf } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';

/** What a file is to execve. */
export interface HostProgram {
  readonly path: string;
  readonly kind: string;
}

const FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/libexec', '/usr/local', '/usr/lib', '/usr/lib32'];
/** Shared objects that can be executed, and programs of unusual size or making. */
const ALWAYS = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/x86_64-linux-gnu/libc.so.6',
  '/usr/bin/busybox',
  '/sbin/ldconfig',
  '/usr/bin/gdb',
];
const PROBE = fileURLToPath(new URL('../../../native/probe.c', import.meta.url));
const ET_DYN = 3;
const INTERP = 3;
const LARGEST_COPY = 1_000_000;

/** How each own program is built; one that this compiler cannot build is left out. */
// biome-ignore format: one row per program
const BUILDS: readonly (readonly [name: string, compiler: string, ...flags: string[]])[] = [
  ['free-static',          'gcc', '-DFREESTANDING', '-nostdlib', '-static'],
  ['free-static-pie',      'gcc', '-DFREESTANDING', '-nostdlib', '-static-pie'],
  ['free-static-pie-64k',  'gcc', '-DFREESTANDING', '-nostdlib', '-static-pie', '-Wl,-z,max-page-size=0x10000'],
  ['free-static-pie-2m',   'gcc', '-DFREESTANDING', '-nostdlib', '-static-pie', '-Wl,-z,max-page-size=0x200000'],
  ['free-static-2m',       'gcc', '-DFREESTANDING', '-nostdlib', '-static', '-Wl,-z,max-page-size=0x200000'],
  ['free-one-segment',     'gcc', '-DFREESTANDING', '-nostdlib', '-static', '-Wl,-N'],
  ['free-no-separate',     'gcc', '-DFREESTANDING', '-nostdlib', '-static', '-Wl,-z,noseparate-code'],
  ['free-exec-stack',      'gcc', '-DFREESTANDING', '-nostdlib', '-static', '-Wl,-z,execstack'],
  ['free-low',             'gcc', '-DFREESTANDING', '-nostdlib', '-static', '-Wl,-Ttext-segment=0x20000'],
  ['free-high',            'gcc', '-DFREESTANDING', '-nostdlib', '-static', '-Wl,-Ttext-segment=0x7effffff0000'],
  ['free-i386-static',     'gcc', '-DFREESTANDING', '-nostdlib', '-m32', '-static'],
  ['free-i386-static-pie', 'gcc', '-DFREESTANDING', '-nostdlib', '-m32', '-static-pie'],
  ['free-i386-2m',         'gcc', '-DFREESTANDING', '-nostdlib', '-m32', '-static', '-Wl,-z,max-page-size=0x200000'],
  ['free-i386-exec-stack', 'gcc', '-DFREESTANDING', '-nostdlib', '-m32', '-static', '-Wl,-z,execstack'],
  ['glibc-pie',            'gcc', '-pie', '-fPIE'],
  ['glibc-no-pie',         'gcc', '-no-pie'],
  ['glibc-static',         'gcc', '-static'],
  ['glibc-static-pie',     'gcc', '-static-pie', '-fPIE'],
  ['glibc-pie-2m',         'gcc', '-pie', '-fPIE', '-Wl,-z,max-page-size=0x200000'],
  ['glibc-pie-64k',        'gcc', '-pie', '-fPIE', '-Wl,-z,max-page-size=0x10000'],
  ['musl-static',          'musl-gcc', '-static'],
  ['musl-dynamic',         'musl-gcc'],
];

/** Builds own programs in `directory`, all of them or those of these names; what this compiler cannot build is left out. */
export function buildPrograms(directory: string, names?: readonly string[]): HostProgram[] {
  return BUILDS.filter(([name]) => names?.includes(name) ?? true).flatMap(([name, compiler, ...flags]) => {
    const path = join(directory, name);
    const built = spawnSync(compiler, ['-O1', '-w', ...flags, '-o', path, PROBE]);
    return built.status === 0 ? [{ path, kind: kindOf(path) }] : [];
  });
}

/** Installed files that may be executed, at most so many of a kind, spread over the list. */
export function installedPrograms(perKind: number): HostProgram[] {
  const byKind = new Map<string, HostProgram[]>();
  for (const path of FOLDERS.flatMap((folder) => (existsSync(folder) ? filesBelow(folder) : []))) {
    if (!mayBeCompared(path)) continue;
    const kind = kindOf(path);
    byKind.set(kind, [...(byKind.get(kind) ?? []), { path, kind }]);
  }
  const always = ALWAYS.filter((path) => existsSync(path)).map((path) => ({ path, kind: kindOf(path) }));
  return [...always, ...[...byKind.values()].flatMap((list) => spread(list, perKind))];
}

function spread<T>(list: readonly T[], wanted: number): T[] {
  const step = Math.max(1, list.length / wanted);
  return Array.from({ length: Math.min(list.length, wanted) }, (_, index) => list[Math.floor(index * step)]);
}

function filesBelow(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

/** No set-user-id files: whether they change identities depends on the tracer. */
function mayBeCompared(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && (stat.mode & 0o6000) === 0 && (stat.mode & 0o111) !== 0;
}

/** "i386 static PIE", "x86-64 dynamic PIE", "script", "other". */
export function kindOf(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return 'directory';
  let source: ReturnType<typeof openFileSource>;
  try {
    source = openFileSource(path);
  } catch {
    return 'unreadable';
  }
  try {
    const start = source.read(0, 4);
    if (start[0] === 0x23 && start[1] === 0x21) return 'script';
    if (start[0] !== 0x7f || start[1] !== 0x45) return 'other';
    const { fileHeader: header, programHeaders } = parseElf(source);
    const machine = { 3: 'i386', 62: 'x86-64' }[header.machine] ?? `machine ${header.machine}`;
    const hasInterpreter = programHeaders.some(({ type }) => type === INTERP);
    if (header.type === ET_DYN) return `${machine} ${hasInterpreter ? 'dynamic PIE' : 'static PIE or library'}`;
    return `${machine} ${header.type === 2 ? (hasInterpreter ? 'dynamic' : 'static') : `ET ${header.type}`}`;
  } catch {
    return 'broken ELF';
  } finally {
    source.close();
  }
}

/** Files without execute permission as they are: execve refuses them before it looks inside. */
export function dataFiles(): HostProgram[] {
  const paths = ['/etc/passwd', '/etc/os-release', '/usr/share/dict/words', '/etc', '/usr/bin', '/dev/null'];
  return paths.filter((path) => existsSync(path)).map((path) => ({ path, kind: 'data' }));
}

/** Copies of files that nobody meant to execute, with execute permission: one of each kind of name, not too big. */
export function executableCopies(directory: string): HostProgram[] {
  const endings = [
    '.o',
    '.a',
    '.so',
    '.gz',
    '.png',
    '.py',
    '.pyc',
    '.html',
    '.json',
    '.jar',
    '.h',
    '.txt',
    '.mo',
    '.zip',
    '.ko',
  ];
  const folders = ['/usr/share', '/usr/lib', '/usr/include'].filter((folder) => existsSync(folder));
  const found = new Map<string, string>();
  for (const path of folders.flatMap((folder) => filesBelow(folder))) {
    const ending = endings.find((each) => path.endsWith(each) && !found.has(each));
    if (ending === undefined) continue;
    const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 };
    if (size > 0 && size < LARGEST_COPY) found.set(ending, path);
    if (found.size === endings.length) break;
  }
  return [...found].map(([ending, path]) => {
    const copy = join(directory, `copy${ending}`);
    copyFileSync(path, copy);
    chmodSync(copy, 0o755);
    return { path: copy, kind: `copy: ${kindOf(copy)}` };
  });
}

/** Rules of binfmt_misc this machine has: they may start what no format knows. */
export function hasMiscRules(): boolean {
  const folder = '/proc/sys/fs/binfmt_misc';
  return existsSync(folder) && readdirSync(folder).some((name) => name !== 'register' && name !== 'status');
}
