// Runs a row of the corpus once, in a fresh directory, and keeps everything the row can be judged by.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeInputs } from './corpus-inputs.ts';
import type { CorpusRow } from './corpus-row.ts';

/** What a run left behind. */
export interface RowResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status, "signal NAME" or "timeout". */
  readonly status: string;
  /** Kind, mode, link count and content of each file, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly seconds: number;
  /** Guest instructions; 0 natively. */
  readonly instructions: number;
}

/** The line that `elf run -stats` adds to the program's standard error. */
const STATISTICS = /^elf: (\d+) instructions in .*\n/m;

/** Where rows find their programs; those of npm (scripts/fetch-npm-programs.mjs) come last. */
export const PROGRAM_PATH = `/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:${fileURLToPath(new URL('../../../../../.elf-cache/npm/bin', import.meta.url))}`;

/** Runs `command` (what stands before "/bin/sh -c SCRIPT"; empty: natively) for a row in `directory`, which is made anew. */
export async function runRow(
  row: CorpusRow,
  command: readonly string[],
  directory: string,
  limitInSeconds: number,
): Promise<RowResult> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  writeInputs(directory);
  const [file, ...args] = [...command, '/bin/sh', '-c', row.script];
  const started = performance.now();
  // A session of its own: a limit that passes ends everything the row started.
  const child = spawn(file, args, { cwd: directory, env: environmentOf(row, directory), detached: true });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
  // A program that ends without reading closes the pipe under us.
  child.stdin.on('error', () => {});
  child.stdin.end(row.stdin ?? '');
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    endGroup(child.pid);
  }, limitInSeconds * 1000);
  const ending = await new Promise<string>((resolve) => {
    child.on('close', (code, signal) => resolve(signal === null ? String(code) : `signal ${signal}`));
  });
  clearTimeout(timer);
  endGroup(child.pid);
  const errors = Buffer.concat(stderr).toString('latin1');
  return {
    stdout: Buffer.concat(stdout).toString('latin1'),
    stderr: errors.replace(STATISTICS, ''),
    status: isLate ? 'timeout' : ending,
    files: new Map(filesOf(directory, '')),
    seconds: (performance.now() - started) / 1000,
    instructions: Number(STATISTICS.exec(errors)?.[1] ?? 0),
  };
}

function environmentOf(row: CorpusRow, directory: string): Record<string, string> {
  return {
    PATH: PROGRAM_PATH,
    HOME: directory,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    TERM: 'dumb',
    ...row.environment,
  };
}

function endGroup(id: number | undefined): void {
  try {
    if (id !== undefined) process.kill(-id, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

function* filesOf(directory: string, below: string): Generator<[string, string]> {
  for (const name of readdirSync(join(directory, below)).sort()) {
    const path = join(below, name);
    const full = join(directory, path);
    const facts = lstatSync(full);
    const mode = (facts.mode & 0o7777).toString(8);
    if (facts.isDirectory()) {
      yield [path, `directory ${mode}`];
      yield* filesOf(directory, path);
    } else if (facts.isSymbolicLink()) yield [path, `link to ${readlinkSync(full)}`];
    else if (facts.isFile()) {
      const hash = createHash('sha256').update(readFileSync(full)).digest('hex').slice(0, 16);
      yield [path, `file ${mode} links ${facts.nlink} ${facts.size} bytes ${hash}`];
    } else yield [path, `special ${facts.mode.toString(8)}`];
  }
}
