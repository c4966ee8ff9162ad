// Programs that run are not written to, and files that are being written do not run: ETXTBSY (fs/open.c, get_write_access; fs/exec.c).
import { type FileStatus, FileType, isType, type Kernel } from '@elf/kernel';

const SOMEBODY_EXECUTES = 0o111;
const EVERYWHERE = { base: '/', root: '/' } as const;

/** Whether a process runs this file. Only files that somebody may execute are looked for. */
export function isRunning({ processes, tree }: Kernel, status: FileStatus): boolean {
  if (!isType(status, FileType.Regular) || (status.mode & SOMEBODY_EXECUTES) === 0) return false;
  const programs = new Set<string>();
  for (const { program, exitStatus } of processes.values())
    if (exitStatus === undefined) programs.add(program.executable);
  for (const program of programs) {
    const found = tree.status(EVERYWHERE, program, true);
    if (typeof found === 'object' && isSameFile(found, status)) return true;
  }
  return false;
}

/** Whether a process has this file open for writing. */
export function isBeingWritten({ processes }: Kernel, status: FileStatus): boolean {
  for (const { descriptors } of processes.values()) {
    for (const number of descriptors.numbers()) {
      const description = descriptors.get(number);
      if (description?.path === undefined || !description.mode.writable) continue;
      const found = description.file.status();
      if (typeof found === 'object' && isType(found, FileType.Regular) && isSameFile(found, status)) return true;
    }
  }
  return false;
}

function isSameFile(left: FileStatus, right: FileStatus): boolean {
  return left.inode === right.inode && left.device === right.device;
}
