// Executables of the host as an ExecFiles port, for tests on this machine.
import { readFileSync, statSync } from 'node:fs';
import { bytesBacking } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import type { ExecFiles } from '../exec-request.ts';

/** Opens files of the host; directories are not regular files, missing ones ENOENT. */
export const nodeFiles: ExecFiles = {
  open(path) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return ExecErrno.ENOENT;
    const bytes = stat.isFile() ? readFileSync(path) : Buffer.alloc(0);
    const content = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    return {
      source: bytesSource(content),
      backing: bytesBacking(content, { path, device: '00:00', inode: 1 }),
      mode: stat.mode & 0o7777,
      isRegularFile: stat.isFile(),
    };
  },
};
