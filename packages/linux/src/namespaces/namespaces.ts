// Namespaces of threads (man 7 namespaces): which ones there are and who is in which. What differs between two of a kind is kept by its users.
import {
  anonymousStatus,
  FileType,
  type Kernel,
  OpenDescription,
  type Process,
  Readiness,
  type Thread,
} from '@elf/kernel';
import { threadAttributes } from '../thread-attributes.ts';

/** A row for each kind: its CLONE_NEW flag, and the inode number of the first one (include/linux/proc_ns.h; mnt and net count on from there). */
// biome-ignore format: a table
export const NAMESPACE_KINDS = {
  cgroup: { flag: 0x0200_0000, inode: 0xefff_fffb }, ipc: { flag: 0x0800_0000, inode: 0xefff_ffff }, mnt: { flag: 0x0002_0000, inode: 0xf000_0001 },
  net: { flag: 0x4000_0000, inode: 0xf000_0000 }, pid: { flag: 0x2000_0000, inode: 0xefff_fffc }, time: { flag: 0x80, inode: 0xefff_fffa },
  user: { flag: 0x1000_0000, inode: 0xefff_fffd }, uts: { flag: 0x0400_0000, inode: 0xefff_fffe },
} as const;

export type NamespaceKind = keyof typeof NAMESPACE_KINDS;

/** One namespace: what /proc/PID/ns and setns(2) are about. */
export class Namespace {
  readonly kind: NamespaceKind;
  readonly inode: number;

  constructor(kind: NamespaceKind, inode: number) {
    this.kind = kind;
    this.inode = inode;
  }
}

/** The namespaces of a thread, and the one of time that its children get. */
export type NamespaceSet = Readonly<Record<NamespaceKind | 'timeForChildren', Namespace>>;

const initialSets = /* @__PURE__ */ new WeakMap<Kernel, NamespaceSet>();

/** What the first process of a machine is in. */
export function initialNamespaces(kernel: Kernel): NamespaceSet {
  const known = initialSets.get(kernel);
  if (known !== undefined) return known;
  const kinds = Object.entries(NAMESPACE_KINDS) as [NamespaceKind, { readonly inode: number }][];
  const first = Object.fromEntries(kinds.map(([kind, { inode }]) => [kind, new Namespace(kind, inode)]));
  const made = { ...first, timeForChildren: first.time } as NamespaceSet;
  initialSets.set(kernel, made);
  return made;
}

/** Those of a thread. */
export function namespacesOf(thread: Thread): NamespaceSet {
  return threadAttributes(thread).namespaces ?? initialNamespaces(thread.kernel);
}

/** Those of the thread whose call is being served. */
export function currentNamespaces(kernel: Kernel): NamespaceSet {
  const { currentThread } = kernel;
  return currentThread === undefined ? initialNamespaces(kernel) : namespacesOf(currentThread);
}

/** Those of a process: of its first thread. */
export function namespacesOfProcess(kernel: Kernel, { threads }: Process): NamespaceSet {
  const [first] = threads;
  return first === undefined ? initialNamespaces(kernel) : namespacesOf(first);
}

const NSFS_DEVICE = 4;

/** A namespace as an open file: setns(2) takes it, reading it is EINVAL (fs/nsfs.c). */
export function openNamespace(space: Namespace): OpenDescription {
  const { inode, kind } = space;
  const status = anonymousStatus({ mode: FileType.Regular | 0o444, inode, device: NSFS_DEVICE });
  const file = {
    isSeekable: true,
    anonymousName: `${kind}:[${inode}]`,
    control: space,
    status: () => status,
    read: () => -22,
    write: () => -22,
    readiness: () => Readiness.Readable,
    close: () => {},
  };
  return new OpenDescription(file, { readable: true, writable: false, append: false, nonBlocking: false });
}
