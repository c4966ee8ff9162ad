// linkat(2) of an open file on a host: Node has no call for it, so the host's own ln(1) follows the link of the descriptor.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { Errno } from '../../errno.ts';
import { attempt } from './node-errno.ts';

/**
 * Gives a file without a name one; 0 or a negated error number.
 * @param number A descriptor of this process that O_TMPFILE made.
 */
export function nameOpenFile(number: number, path: Buffer): number {
  const text = path.toString('utf8');
  // Arguments of a host program are text: a name that is none cannot be passed on.
  if (!Buffer.from(text).equals(path)) return -Errno.EPERM;
  const file = `/proc/${process.pid}/fd/${number}`;
  const named = spawnSync('ln', ['-L', '-T', '--', file, text], { stdio: 'ignore' });
  if (named.status === 0) return 0;
  // Which error it was can be asked of the place itself.
  const directory = path.subarray(0, Math.max(1, path.lastIndexOf('/')));
  if (attempt(() => fs.lstatSync(path)) === 0) return -Errno.EEXIST;
  const refusal = attempt(() => fs.accessSync(directory, fs.constants.W_OK));
  return refusal < 0 ? refusal : -Errno.EPERM;
}
