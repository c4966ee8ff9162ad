// Finds the program to run: the path as given, or along PATH when it is a plain name that is not a file here.
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The path to give to execve. A name with a slash, or one that exists in the current directory, stays as it is.
 */
export function findProgram(name: string, searchPath: string | undefined): string {
  if (name.includes('/') || isFile(name)) return name;
  for (const directory of (searchPath ?? '').split(':')) {
    const candidate = join(directory === '' ? '.' : directory, name);
    if (isFile(candidate) && isExecutable(candidate)) return candidate;
  }
  return name;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
