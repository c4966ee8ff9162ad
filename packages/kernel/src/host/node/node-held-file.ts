// Opening and chmod of a name when nobody can be trusted to leave it what it is: the file is held first, looked at, and then used.
import * as fs from 'node:fs';
import { hasHandles, withFile } from './node-paths.ts';

/** How often a name may appear and vanish between a look at it and its opening. */
const MOST_ATTEMPTS = 8;

/**
 * open(2) of what is neither a device (EACCES, as on a mount with nodev) nor a link (ELOOP). What it is must be known before, since
 * opening alone makes some devices act (a tape, a watchdog).
 * @throws what node:fs throws.
 */
export function openChecked(path: Buffer, flags: number, mode: number | undefined): number {
  const { O_CREAT, O_EXCL } = fs.constants;
  const isKnown = (error: unknown, code: string) => (error as { code?: string }).code === code;
  for (let attempts = 0; attempts < MOST_ATTEMPTS && (flags & O_EXCL) === 0; attempts++) {
    try {
      return openExisting(path, flags & ~O_CREAT);
    } catch (error) {
      if ((flags & O_CREAT) === 0 || !isKnown(error, 'ENOENT')) throw error;
    }
    try {
      return fs.openSync(path, flags | O_EXCL, mode);
    } catch (error) {
      if (!isKnown(error, 'EEXIST')) throw error;
    }
  }
  // A new file is what it is made as; there is no look before.
  return fs.openSync(path, flags | O_EXCL, mode);
}

function openExisting(path: Buffer, flags: number): number {
  const judge = (found: fs.Stats) => {
    if (found.isCharacterDevice() || found.isBlockDevice()) throw refusal('EACCES');
    if (found.isSymbolicLink()) throw refusal('ELOOP');
  };
  if (!hasHandles()) {
    judge(fs.lstatSync(path));
    return fs.openSync(path, flags);
  }
  return withFile(path, (file, found) => {
    judge(found);
    return fs.openSync(file, flags & ~fs.constants.O_NOFOLLOW);
  });
}

/**
 * chmod(2) of what is no link: the call itself follows links, and node:fs has no other one for names.
 * @param allowed false refuses it to everything but directories, with EPERM.
 */
export function changeMode(path: Buffer, mode: number, allowed = true): void {
  const change = (file: Buffer | string, found: fs.Stats) => {
    if (found.isSymbolicLink()) throw refusal('EOPNOTSUPP');
    if (!allowed && !found.isDirectory()) throw refusal('EPERM');
    fs.chmodSync(file, mode);
  };
  if (hasHandles()) withFile(path, change);
  else change(path, fs.lstatSync(path));
}

function refusal(code: string): Error {
  return Object.assign(new Error(code), { code });
}
