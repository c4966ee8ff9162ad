// A directory of files, links and directories: on the disk for the kernel, in memory for us, with the same path walk.
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytesBacking } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { ExecErrno } from '../../exec-errno.ts';
import type { ExecFile, ExecFiles } from '../../exec-request.ts';

const ENOTDIR = 20;
const ENAMETOOLONG = 36;
/** Limits of Linux's path walk: PATH_MAX with its NUL, NAME_MAX, MAXSYMLINKS. */
const LONGEST_PATH = 4095; // not a page size: PATH_MAX less its NUL
const LONGEST_NAME = 255;
const MOST_LINKS = 40;

/** One name of the directory. */
export type CraftedEntry =
  | { readonly content: Uint8Array | string; readonly mode?: number }
  | { readonly link: string }
  | { readonly directoryMode: number };

/** Entries by path relative to the directory. Directories that are only implied have mode 0755. */
export type CraftedDirectory = Readonly<Record<string, CraftedEntry>>;

/** How a walk is made. */
export interface Walker {
  /** Neither root nor the owner: the permissions of others count. */
  readonly unprivileged?: boolean;
  /** File that is open for writing. */
  readonly busy?: string;
  /** The file system puts big mappings where huge pages fit. */
  readonly alignsToHugePages?: boolean;
  /** Directory below which nothing may be executed. */
  readonly noexec?: string;
}

/** Writes the entries below `root`. */
export function materialize(entries: CraftedDirectory, root: string): void {
  chmodSync(root, 0o755);
  const directories: [string, number][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true, recursive: true });
    if ('link' in entry) symlinkSync(entry.link, path);
    else if ('directoryMode' in entry) {
      mkdirSync(path);
      directories.push([path, entry.directoryMode]);
    } else {
      writeFileSync(path, bytesOf(entry.content));
      chmodSync(path, entry.mode ?? 0o755);
    }
  }
  for (const [path, mode] of directories) chmodSync(path, mode);
}

/** The entries as execve sees them, with the directory as the working directory. */
export function craftedFiles(entries: CraftedDirectory, walker: Walker): ExecFiles {
  const isDirectory = (path: string) =>
    path === '' ||
    (entries[path] !== undefined && 'directoryMode' in entries[path]) ||
    Object.keys(entries).some((name) => name.startsWith(`${path}/`));
  const modeOf = (path: string) => {
    const entry = entries[path];
    return entry !== undefined && 'directoryMode' in entry ? entry.directoryMode : 0o755;
  };

  /** The path with every link followed, or an error number. */
  const walk = (path: string): string | number => {
    let pending = path.split('/');
    let at = '';
    let links = 0;
    while (pending.length > 0) {
      const [name, ...rest] = pending;
      pending = rest;
      if (!isDirectory(at)) return ENOTDIR;
      if (walker.unprivileged && (modeOf(at) & 1) === 0) return ExecErrno.EACCES;
      if (name.length > LONGEST_NAME) return ENAMETOOLONG;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '';
        continue;
      }
      const next = at === '' ? name : `${at}/${name}`;
      const entry = entries[next];
      if (entry !== undefined && 'link' in entry) {
        if (++links > MOST_LINKS) return ExecErrno.ELOOP;
        pending = [...entry.link.split('/'), ...pending];
      } else if (entry !== undefined || isDirectory(next)) {
        at = next;
      } else {
        return ExecErrno.ENOENT;
      }
    }
    return at;
  };

  return {
    open(path): ExecFile | number {
      if (path.length > LONGEST_PATH) return ENAMETOOLONG;
      if (path.startsWith('/')) return ExecErrno.ENOENT;
      const found = walk(path);
      if (typeof found === 'number') return found;
      const entry = entries[found];
      if (entry === undefined || !('content' in entry)) return { ...fileOf('', 0o755, './'), isRegularFile: false };
      const mode = entry.mode ?? 0o755;
      const isForbidden = walker.noexec !== undefined && `${found}/`.startsWith(`${walker.noexec.replace('./', '')}/`);
      if (isForbidden || (walker.unprivileged && (mode & 1) === 0)) return ExecErrno.EACCES;
      const file = fileOf(entry.content, mode, `./${found}`, walker.alignsToHugePages);
      return { ...file, isOpenForWriting: walker.busy === `./${found}` };
    },
  };
}

function fileOf(content: Uint8Array | string, mode: number, path: string, alignsToHugePages = false): ExecFile {
  const bytes = bytesOf(content);
  const backing = { ...bytesBacking(bytes, { path, device: '00:00', inode: 0 }), alignsToHugePages };
  return { source: bytesSource(bytes), backing, mode, isRegularFile: true };
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? Uint8Array.from(content, (character) => character.charCodeAt(0)) : content;
}
