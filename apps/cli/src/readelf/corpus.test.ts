// The readelf corpus: our text against GNU readelf's, on recorded fixtures, hand-made files and the programs of this machine.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readelfCommand } from '../commands/readelf.ts';
import { handmadeFiles } from './test-support/handmade-files.ts';

const OPTIONS = '-hlSdrnVsW';
const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));
/** The version whose text we reproduce; others differ in details of the wording. */
const REFERENCE = /GNU Binutils.* 2\.40$/;
const LARGEST_FILE = 12 * 1024 * 1024;
const WANTED_FILES = 120;

/** A difference that stays, and why. `normalise` brings both texts to a common form; it may touch nothing else. */
interface ToleratedDifference {
  readonly name: string;
  readonly reason: string;
  readonly theirs: (text: string) => string;
  readonly ours: (text: string) => string;
}

const TOLERATED: readonly ToleratedDifference[] = [
  {
    name: '64-bit NT_FILE',
    reason:
      'binutils 2.40 as built by distributions claims "Cannot decode 64-bit note in 32-bit build" for the file list of every 64-bit core; ' +
      'we print the list, in the form that it prints for 32-bit cores (which the hand-made corpus compares) and that its later versions print for both.',
    theirs: (text) =>
      text.replace(/(NT_FILE \(mapped files\)) Cannot decode 64-bit note in 32-bit build\n/g, '$1 <list>\n'),
    ours: (text) =>
      text.replace(
        /(NT_FILE \(mapped files\)) Page size: \d+\n Start End Page Offset\n(?: 0x[0-9a-f]{16} 0x[0-9a-f]{16} 0x[0-9a-f]{16}\n .*\n)*/g,
        '$1 <list>\n',
      ),
  },
  {
    name: 'DEL in a name',
    reason:
      'binutils adds 0x40 to the character DEL too, which gives the byte bf: no character in UTF-8. We print the usual ^?.',
    theirs: (text) => text.replace(/\^\ufffd/g, '^?'),
    ours: (text) => text,
  },
];

/** White-space folding: the contract of `elf readelf` is equality after it. */
function fold(text: string): string {
  return text.replace(/[ \t]+/g, ' ').replace(/ $/gm, '');
}

function run(path: string): { text: string; errors: string; status: number } {
  const pieces: string[] = [];
  let errors = '';
  const status = readelfCommand([OPTIONS, path], {
    stdout: (text) => {
      pieces.push(text);
    },
    stderr: (text) => {
      errors += text;
    },
  });
  return { text: pieces.join(''), errors, status };
}

function reference(path: string): string {
  const result = spawnSync('readelf', [OPTIONS, path], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return result.stdout;
}

/** The first line that differs, for a message a person can act on; undefined when both are equal. */
function firstDifference(theirs: string, ours: string): string | undefined {
  let [left, right] = [fold(theirs), fold(ours)];
  if (left === right) return undefined;
  for (const difference of TOLERATED) {
    left = difference.theirs(left);
    right = difference.ours(right);
  }
  if (left === right) return undefined;
  const [a, b] = [left.split('\n'), right.split('\n')];
  const line = a.findIndex((text, index) => text !== b[index]);
  return `line ${line + 1}: readelf "${a[line]}", ours "${b[line]}"`;
}

function compareAll(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const difference = firstDifference(reference(path), run(path).text);
    return difference === undefined ? [] : [`${path}: ${difference}`];
  });
}

function hasReference(): boolean {
  const result = spawnSync('readelf', ['--version'], { encoding: 'utf8' });
  return result.status === 0 && REFERENCE.test(result.stdout.split('\n')[0]?.replace(/\((.*?)\)/, '$1') ?? '');
}

/** ELF files and archives in the usual places, in a fixed order and spread over the alphabet. */
function installedFiles(): string[] {
  const folders = [
    '/usr/bin',
    '/usr/sbin',
    '/lib/x86_64-linux-gnu',
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/gcc/x86_64-linux-gnu/12',
    '/usr/lib64',
  ];
  const found = new Set<string>();
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const status = statSync(path, { throwIfNoEntry: false });
      if (status?.isFile() && status.size <= LARGEST_FILE && isElf(path)) found.add(realpathSync(path));
    }
  }
  const all = [...found].sort();
  const step = Math.max(1, Math.floor(all.length / WANTED_FILES));
  return all.filter((path, index) => index % step === 0 || /crt[1in]\.o$|busybox$|libc\.so\.6$/.test(path));
}

function isElf(path: string): boolean {
  try {
    return readFileSync(path).subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
  } catch {
    return false;
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'elf-readelf-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs a tool in the scratch folder; true when it is there and made its file. */
function made(name: string, command: string, args: readonly string[]): string[] {
  try {
    execFileSync(command, args, { cwd: scratch, stdio: 'ignore', timeout: 60_000 });
  } catch {
    return [];
  }
  const path = join(scratch, name);
  return existsSync(path) ? [path] : [];
}

/** Files that compilers and debuggers of this machine make: static and position-independent programs, 32-bit code, a core file. */
function generatedFiles(): string[] {
  writeFileSync(join(scratch, 'main.c'), '#include <stdio.h>\nint main(void) { printf("%d\\n", 1); return 0; }\n');
  writeFileSync(join(scratch, 'part.c'), 'extern int there; int here(void) { return there + 1; }\n');
  return [
    ...made('program', 'gcc', ['-g', 'main.c', '-o', 'program']),
    ...made('static', 'gcc', ['-static', 'main.c', '-o', 'static']),
    ...made('static-pie', 'gcc', ['-static-pie', 'main.c', '-o', 'static-pie']),
    ...made('part32.o', 'gcc', ['-m32', '-c', 'part.c', '-o', 'part32.o']),
    ...made('part.o', 'gcc', ['-c', '-ffunction-sections', '-g', 'part.c', '-o', 'part.o']),
    ...made('part.a', 'ar', ['rc', 'part.a', 'part.o', 'part32.o']),
    ...made('core', 'gdb', ['-q', '-batch', '-ex', 'break main', '-ex', 'run', '-ex', 'gcore core', './program']),
  ];
}

describe('recorded fixtures (need no binutils)', () => {
  const names = readdirSync(join(FIXTURES, 'files'));

  it('has a recorded text for every file', () => {
    expect(names.length).toBeGreaterThanOrEqual(25);
    expect(readdirSync(join(FIXTURES, 'expected')).sort()).toEqual(names.map((name) => `${name}.txt`).sort());
  });

  it.each(names)('%s', (name) => {
    // An archive's members are announced with the path that was given when the text was recorded.
    const { text, errors } = run(join(FIXTURES, 'files', name));
    const recorded = readFileSync(join(FIXTURES, 'expected', `${name}.txt`), 'utf8');
    expect(errors).toBe('');
    expect(firstDifference(recorded, text.replaceAll(join(FIXTURES, 'files/'), 'files/'))).toBeUndefined();
  });
});

describe.runIf(hasReference())('against the installed readelf', () => {
  it('prints every named number and every corner of the hand-made files alike', { timeout: 120_000 }, () => {
    const paths = handmadeFiles().map(({ name, bytes }) => {
      const path = join(scratch, `handmade-${name}`);
      writeFileSync(path, bytes);
      return path;
    });
    expect(paths.length).toBeGreaterThan(400);
    expect(compareAll(paths)).toEqual([]);
  });

  it('prints installed programs, libraries and object files alike', { timeout: 240_000 }, () => {
    const paths = installedFiles();
    expect(paths.length).toBeGreaterThanOrEqual(60);
    expect(compareAll(paths)).toEqual([]);
  });

  it('prints what the tools of this machine make alike', { timeout: 120_000 }, () => {
    const paths = generatedFiles();
    expect(paths.length).toBeGreaterThan(0);
    expect(compareAll(paths)).toEqual([]);
  });

  it('prints the running Node binary alike', { timeout: 120_000 }, () => {
    expect(compareAll([realpathSync(process.execPath)])).toEqual([]);
  });
});
