// Calls that a machine answers with an error only, as a kernel that was built or started without the thing does.
import { address, defineSystemCall, Errno, hexadecimal, type SystemCallRow } from '@elf/kernel';

const PRIVILEGED = 'EPERM, as for a process without the capability: programs of a machine do not administer a host.';
const ABSENT = 'ENOSYS, as from a kernel that was built without it.';
const OBSOLETE = 'ENOSYS, as from every kernel for this architecture.';

/** Name, number, error and why. */
// biome-ignore format: a table
const REFUSED: readonly (readonly [name: string, number: number, errno: number, note: string])[] = [
  ['ptrace', 101, Errno.EPERM, 'EPERM, as where security settings forbid tracing.'],
  ['uselib', 134, Errno.ENOSYS, OBSOLETE],
  ['_sysctl', 156, Errno.ENOSYS, OBSOLETE], ['acct', 163, Errno.EPERM, PRIVILEGED],
  ['swapon', 167, Errno.EPERM, PRIVILEGED], ['swapoff', 168, Errno.EPERM, PRIVILEGED], ['reboot', 169, Errno.EPERM, PRIVILEGED],
  ['iopl', 172, Errno.EPERM, PRIVILEGED], ['ioperm', 173, Errno.EPERM, PRIVILEGED], ['create_module', 174, Errno.ENOSYS, OBSOLETE],
  ['init_module', 175, Errno.EPERM, PRIVILEGED], ['delete_module', 176, Errno.EPERM, PRIVILEGED],
  ['get_kernel_syms', 177, Errno.ENOSYS, OBSOLETE], ['query_module', 178, Errno.ENOSYS, OBSOLETE], ['quotactl', 179, Errno.ENOSYS, ABSENT],
  ['nfsservctl', 180, Errno.ENOSYS, OBSOLETE], ['getpmsg', 181, Errno.ENOSYS, OBSOLETE], ['putpmsg', 182, Errno.ENOSYS, OBSOLETE],
  ['afs_syscall', 183, Errno.ENOSYS, OBSOLETE], ['tuxcall', 184, Errno.ENOSYS, OBSOLETE], ['security', 185, Errno.ENOSYS, OBSOLETE],
  ['set_thread_area', 205, Errno.ENOSYS, OBSOLETE], ['get_thread_area', 211, Errno.ENOSYS, OBSOLETE],
  ['lookup_dcookie', 212, Errno.ENOSYS, OBSOLETE], ['epoll_ctl_old', 214, Errno.ENOSYS, OBSOLETE],
  ['epoll_wait_old', 215, Errno.ENOSYS, OBSOLETE], ['vserver', 236, Errno.ENOSYS, OBSOLETE], ['kexec_load', 246, Errno.EPERM, PRIVILEGED],
  ['perf_event_open', 298, Errno.EACCES, 'EACCES, as under perf_event_paranoid.'], ['fanotify_init', 300, Errno.ENOSYS, ABSENT],
  ['fanotify_mark', 301, Errno.ENOSYS, ABSENT],
  ['finit_module', 313, Errno.EPERM, PRIVILEGED],
  ['seccomp', 317, Errno.ENOSYS, ABSENT], ['kexec_file_load', 320, Errno.EPERM, PRIVILEGED], ['bpf', 321, Errno.EPERM, PRIVILEGED],
  ['userfaultfd', 323, Errno.EPERM, 'EPERM, as under unprivileged_userfaultfd = 0.'], ['io_uring_setup', 425, Errno.ENOSYS, ABSENT],
  ['io_uring_enter', 426, Errno.ENOSYS, ABSENT], ['io_uring_register', 427, Errno.ENOSYS, ABSENT], ['open_tree', 428, Errno.EPERM, PRIVILEGED],
  ['move_mount', 429, Errno.EPERM, PRIVILEGED], ['fsopen', 430, Errno.EPERM, PRIVILEGED], ['fsconfig', 431, Errno.EPERM, PRIVILEGED],
  ['fsmount', 432, Errno.EPERM, PRIVILEGED], ['fspick', 433, Errno.EPERM, PRIVILEGED], ['mount_setattr', 442, Errno.EPERM, PRIVILEGED],
  ['quotactl_fd', 443, Errno.ENOSYS, ABSENT], ['landlock_create_ruleset', 444, Errno.ENOSYS, ABSENT],
  ['landlock_add_rule', 445, Errno.ENOSYS, ABSENT], ['landlock_restrict_self', 446, Errno.ENOSYS, ABSENT],
];

/** One row each; none of them looks at its arguments. */
export const REFUSED_CALLS: readonly SystemCallRow[] = REFUSED.map(([name, number, errno, note]) =>
  defineSystemCall({
    name,
    numbers: { 'x86-64': number },
    support: 'refused',
    note,
    arguments: { first: hexadecimal, second: address, third: address, fourth: address },
    run: () => -errno,
  }),
);
