// Making namespaces and going into others: what clone(2), unshare(2) and setns(2) do to a thread (kernel/nsproxy.c).
import { Errno, type Thread } from '@elf/kernel';
import { hasCapability } from '../capabilities.ts';
import { threadAttributes } from '../thread-attributes.ts';
import { copyMounts } from './mount-namespaces.ts';
import { Namespace, NAMESPACE_KINDS, type NamespaceKind, type NamespaceSet, namespacesOf } from './namespaces.ts';
import { copyNames } from './system-names.ts';
import { copyOffsets, freezeOffsets } from './time-offsets.ts';

const CAP_SYS_ADMIN = 21;
/** Kinds of which there can be several. The others are refused, as where limits of 0 forbid them (/proc/sys/user). */
const SEVERAL: readonly NamespaceKind[] = ['uts', 'ipc', 'mnt', 'time', 'cgroup'];

/** The flags of all kinds. */
export const NAMESPACE_FLAGS = /* @__PURE__ */ (() =>
  Object.values(NAMESPACE_KINDS).reduce((flags, { flag }) => flags | flag, 0))();

/** 0, or why a thread may not make the namespaces that flags ask for. */
export function judgeNewNamespaces(task: Thread, flags: number): number {
  const kinds = kindsOf(flags);
  if (kinds.length === 0) return 0;
  if (!hasCapability(task.process, CAP_SYS_ADMIN)) return -Errno.EPERM;
  return kinds.every((kind) => SEVERAL.includes(kind)) ? 0 : -Errno.EPERM;
}

/** Puts a thread into new namespaces; the caller has judged. A namespace of time is for the children only (man 2 unshare). */
export function makeNamespaces(task: Thread, flags: number): void {
  let next: NamespaceSet = namespacesOf(task);
  for (const kind of kindsOf(flags)) {
    const made = new Namespace(kind, task.kernel.nextInode());
    if (kind === 'uts') copyNames(next.uts, made);
    if (kind === 'mnt') copyMounts(task.kernel, made);
    if (kind === 'time') copyOffsets(next.time, made);
    next = { ...next, [kind === 'time' ? 'timeForChildren' : kind]: made };
  }
  threadAttributes(task).namespaces = next;
}

/** A new process is in the namespace of time that was made for it (kernel/time/namespace.c, timens_on_fork). */
export function inheritNamespaces(child: Thread): void {
  const { namespaces } = threadAttributes(child);
  if (namespaces === undefined || namespaces.time === namespaces.timeForChildren) return;
  freezeOffsets(namespaces.timeForChildren);
  threadAttributes(child).namespaces = { ...namespaces, time: namespaces.timeForChildren };
}

/** setns(2) with a namespace; `flags` 0 takes any kind. */
export function enterNamespace(task: Thread, space: Namespace, flags: number): number {
  if (flags !== 0 && flags !== NAMESPACE_KINDS[space.kind].flag) return -Errno.EINVAL;
  if (!hasCapability(task.process, CAP_SYS_ADMIN)) return -Errno.EPERM;
  // kernel/user_namespace.c: nobody gets capabilities by entering the one it is in.
  if (space.kind === 'user') return -Errno.EINVAL;
  const isAlone = task.process.threads.size === 1;
  if (space.kind === 'time' && !isAlone) return -Errno.EUSERS;
  if (space.kind === 'mnt' && !isAlone) return -Errno.EINVAL;
  const also = space.kind === 'time' ? { timeForChildren: space } : {};
  if (space.kind === 'time') freezeOffsets(space);
  threadAttributes(task).namespaces = { ...namespacesOf(task), [space.kind]: space, ...also };
  if (space.kind === 'mnt') Object.assign(task.process.place, { root: '/', workingDirectory: '/' });
  return 0;
}

/** The kinds that flags of clone(2) name. */
export function kindsOf(flags: number): NamespaceKind[] {
  const kinds = Object.keys(NAMESPACE_KINDS) as NamespaceKind[];
  return kinds.filter((kind) => (flags & NAMESPACE_KINDS[kind].flag) !== 0);
}
