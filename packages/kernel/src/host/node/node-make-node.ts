// mknod(2) on a host: Node has no call for it, so the host's own mknod(1) makes FIFOs and devices, and a listening server a socket's name.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { Errno } from '../../errno.ts';
import { deviceMajor, deviceMinor, FileType } from '../../files/file-status.ts';
import { attempt } from './node-errno.ts';
import { changeMode } from './node-held-file.ts';

/** Letters of mknod(1) for the types it makes. */
const LETTERS: Readonly<Record<number, string>> = {
  [FileType.Fifo]: 'p',
  [FileType.Character]: 'c',
  [FileType.Block]: 'b',
};

/** Makes a regular file, FIFO or device node; 0 or a negated error number: -EPERM for what this host cannot make. */
export function makeHostNode(path: Buffer, mode: number, device: number): number {
  const type = mode & FileType.Mask;
  const permissions = mode & 0o7777;
  if (type === FileType.Regular) {
    return attempt(() => {
      const made = fs.openSync(path, 'wx', permissions);
      fs.fchmodSync(made, permissions);
      fs.closeSync(made);
    });
  }
  if (type === FileType.Socket) return makeSocketNode(path, permissions);
  const letter = LETTERS[type];
  const text = path.toString('utf8');
  // Arguments of a host program are text: a name that is none cannot be passed on.
  if (letter === undefined || !Buffer.from(text).equals(path)) return -Errno.EPERM;
  const numbers = letter === 'p' ? [] : [String(deviceMajor(device)), String(deviceMinor(device))];
  // mknod(1) takes permission bits only.
  const plain = (permissions & 0o777).toString(8);
  const made = spawnSync('mknod', ['-m', plain, '--', text, letter, ...numbers], { stdio: 'ignore' });
  if (made.status === 0) return permissions > 0o777 ? attempt(() => changeMode(path, permissions)) : 0;
  // Which error it was can be asked of the place itself.
  const directory = path.subarray(0, Math.max(1, path.lastIndexOf('/')));
  const refusal = attempt(() => fs.accessSync(directory, fs.constants.W_OK));
  return refusal < 0 ? refusal : -Errno.EPERM;
}

/**
 * A socket's name, which mknod(1) cannot make. A server listens at another name and closes, which takes that name away; the link made
 * meanwhile stays, as the name of a socket that was bound and closed does.
 */
function makeSocketNode(path: Buffer, permissions: number): number {
  const text = path.toString('utf8');
  if (!Buffer.from(text).equals(path)) return -Errno.EPERM;
  // Addresses are short: a directory of its own keeps the temporary name so.
  const directory = path.subarray(0, Math.max(1, path.lastIndexOf('/')));
  const near = `${directory.toString('utf8')}/.elf-${process.pid}-${Date.now().toString(36)}`;
  const server = createServer();
  server.on('error', () => {});
  server.listen(near);
  const result = attempt(() => {
    // Others who may write here could put a link in its place.
    changeMode(Buffer.from(near), permissions);
    fs.linkSync(near, path);
  });
  server.close();
  attempt(() => fs.unlinkSync(near));
  return result;
}
