// fcntl(F_ADD_SEALS): what can no longer be done to a memory file (mm/memfd.c, memfd_add_seals).
import { Errno, type OpenDescription, Seal, type Thread } from '@elf/kernel';
import { Protection } from '@elf/mm';
import { sharedMappings } from './shared-mappings.ts';

/** Adds F_SEAL_* bits for good. Returns 0 or a negated error number. */
export function addSeals(task: Thread, description: OpenDescription, wanted: number): number {
  const { file, mode } = description;
  if (!mode.writable) return -Errno.EPERM;
  if (wanted > Seal.All || file.seals === undefined) return -Errno.EINVAL;
  const { current } = file.seals;
  if ((current & Seal.Seal) !== 0) return -Errno.EPERM;
  const status = file.status();
  const isExecutable = typeof status !== 'number' && (status.mode & 0o111) !== 0;
  // A program whose permission bits are sealed must not change either.
  const implied = (wanted & Seal.Exec) !== 0 && isExecutable ? Seal.All & ~Seal.Seal : 0;
  const added = wanted | implied;
  const canBecomeWritable = () =>
    sharedMappings(task.kernel, file).some(({ area }) => (area.maximumProtection & Protection.Write) !== 0);
  if ((added & ~current & Seal.Write) !== 0 && canBecomeWritable()) return -Errno.EBUSY;
  file.seals.current = current | added;
  return 0;
}
