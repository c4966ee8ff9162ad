// Who would call execve: the identity of the person who runs the command, so that predictions are those of a real execve.
import type { ExecCredentials } from '@elf/exec';

/** Identity on systems without user numbers. */
const SOMEBODY = 1000;

/** The caller's credentials. The superuser may map below vm.mmap_min_addr (CAP_SYS_RAWIO). */
export function callerCredentials(): ExecCredentials {
  const { getuid, geteuid, getgid, getegid } = process;
  const euid = geteuid?.call(process) ?? SOMEBODY;
  return {
    uid: getuid?.call(process) ?? SOMEBODY,
    euid,
    gid: getgid?.call(process) ?? SOMEBODY,
    egid: getegid?.call(process) ?? SOMEBODY,
    mayMapLowPages: euid === 0,
  };
}
