// Seals of a memory file: changes that nobody can make any more (man 2 memfd_create, mm/memfd.c, mm/shmem.c).
import { guestPageAddress } from '@elf/mm';
import { Errno } from '../errno.ts';
import type { OpenFile } from './open-file.ts';

/** F_SEAL_* bits (include/uapi/linux/fcntl.h). */
export const Seal = { Seal: 1, Shrink: 2, Grow: 4, Write: 8, FutureWrite: 16, Exec: 32, All: 63 } as const;

/** The seals of one file, which all its descriptors share. */
export interface FileSeals {
  current: number;
}

const EXECUTE_BITS = 0o111;

/** The file such that changes its seals forbid are refused with EPERM. Mappings are the memory calls' matter. */
export function sealedFile(file: OpenFile, seals: FileSeals): OpenFile {
  const has = (bits: number) => (seals.current & bits) !== 0;
  const sizeAndMode = () => {
    const status = file.status();
    return typeof status === 'number' ? { sizeInBytes: 0, mode: 0 } : status;
  };
  return {
    ...file,
    seals,
    write: (bytes, position) => {
      if (bytes.length > 0 && has(Seal.Write | Seal.FutureWrite)) return -Errno.EPERM;
      const { sizeInBytes } = sizeAndMode();
      if (!has(Seal.Grow) || position + bytes.length <= sizeInBytes) return file.write(bytes, position);
      // The kernel writes page by page and stops at the first part that reaches behind the end.
      const allowed = guestPageAddress(sizeInBytes) - position;
      return allowed > 0 ? file.write(bytes.subarray(0, allowed), position) : -Errno.EPERM;
    },
    truncate: (length) => {
      const { sizeInBytes } = sizeAndMode();
      if ((length < sizeInBytes && has(Seal.Shrink)) || (length > sizeInBytes && has(Seal.Grow))) return -Errno.EPERM;
      return file.truncate?.(length) ?? -Errno.EINVAL;
    },
    punchHole: (start, end) => {
      if (has(Seal.Write | Seal.FutureWrite)) return -Errno.EPERM;
      return file.punchHole?.(start, end) ?? -Errno.EOPNOTSUPP;
    },
    setMode: (mode) => {
      if (has(Seal.Exec) && ((mode ^ sizeAndMode().mode) & EXECUTE_BITS) !== 0) return -Errno.EPERM;
      return file.setMode?.(mode) ?? -Errno.EINVAL;
    },
  };
}
