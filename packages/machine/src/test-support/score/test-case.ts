// The cases of a run: a list in LTP's runtest format, or a directory of test programs.
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** One test program with its arguments. */
export interface TestCase {
  readonly name: string;
  /** As in the list: words, or a line for the shell. */
  readonly command: string;
}

/** Characters for which a command line needs a shell. */
const SHELL_SYNTAX = /["'`$|&;<>()*?[\]#~=%\\]/;

/**
 * The cases of `source`: every executable file of a directory, or the lines `name command arguments` of a file, without empty ones and
 * comments. A file of a directory has its file name, or its path where another one before it has that name.
 */
export function readCases(source: string): TestCase[] {
  if (statSync(source).isDirectory()) return casesBelow(source);
  return readFileSync(source, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name, ...words] = line.split(/\s+/);
      return { name, command: words.length > 0 ? words.join(' ') : name };
    });
}

function casesBelow(directory: string): TestCase[] {
  const names = new Set<string>();
  return [...executablesBelow(directory)].map((path) => {
    // Results are kept by name: what has the name of another would pass for it.
    const name = names.has(basename(path)) ? relative(directory, path) : basename(path);
    names.add(name);
    return { name, command: path };
  });
}

function* executablesBelow(directory: string): Generator<string> {
  const entries = readdirSync(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* executablesBelow(path);
    else if (entry.isFile() && isExecutable(path)) yield path;
  }
}

/** What to start for a case: the program's path and arguments; a script or a line with shell syntax goes through the shell. */
export function wordsOf({ command }: TestCase, path: readonly string[]): string[] | undefined {
  if (SHELL_SYNTAX.test(command)) return ['/bin/sh', '-c', command];
  const [program, ...args] = command.split(' ');
  const file = program.includes('/')
    ? program
    : path.map((directory) => join(directory, program)).find((candidate) => isExecutable(candidate));
  if (file === undefined || !isExecutable(file)) return undefined;
  // An emulator of single programs does not look at the first line of a script.
  return isScript(file) ? ['/bin/sh', file, ...args] : [file, ...args];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isScript(path: string): boolean {
  return readFileSync(path).subarray(0, 2).toString('latin1') === '#!';
}
