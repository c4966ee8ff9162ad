// Asks a real kernel's binfmt_misc, in a namespace of its own, through native/binfmt-misc.c.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = (name: string) => fileURLToPath(new URL(`../../native/${name}`, import.meta.url));

/** One command of the runner: a verb and its words. Text is taken as one byte a character. */
export type MiscCommand = readonly [verb: string, ...words: string[]];

/** Where the runner puts the program that prints how it was started. */
export const SHOW = '/mnt/show';

/**
 * The kernel's answers to the commands, in order, after a copy of show-start was put at {@link SHOW}. Undefined where the kernel
 * cannot be asked: no Linux on x86-64, no compiler, no right to make namespaces, or a kernel before 6.14, which knows fewer
 * flags of execveat and has no binfmt_misc of a namespace's own before 6.7.
 */
export function askKernel(commands: readonly MiscCommand[]): string[] | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !isRecentKernel(release())) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'elf-misc-'));
  try {
    const runner = join(directory, 'runner');
    const show = join(directory, 'show');
    const freestanding = ['-static', '-nostdlib', '-fno-stack-protector'];
    if (spawnSync('gcc', ['-O1', '-o', runner, native('binfmt-misc.c')]).status !== 0) return undefined;
    if (spawnSync('gcc', ['-O1', ...freestanding, '-o', show, native('show-start.c')]).status !== 0) return undefined;
    const all: MiscCommand[] = [['copy', show, SHOW, '493', '0', '0'], ...commands];
    const input = all.map(([verb, ...words]) => [verb, ...words.map(hexWord)].join(' ')).join('\n');
    const ran = spawnSync(runner, { input: `${input}\n`, encoding: 'latin1', maxBuffer: 1 << 26 });
    const lines = ran.stdout.split('\n').slice(0, -1);
    if (ran.status !== 0 || lines[0] !== 'ok') return undefined;
    if (lines.length !== all.length) throw new Error(`the kernel answered ${lines.length} of ${all.length} commands`);
    return lines.slice(1);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function isRecentKernel(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 14);
}

/** The bytes of a text whose characters are bytes. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function hexWord(word: string): string {
  return word === '' ? '-' : Buffer.from(word, 'latin1').toString('hex');
}
