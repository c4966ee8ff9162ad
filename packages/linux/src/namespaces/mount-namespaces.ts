// Mount namespaces (man 7 mount_namespaces): each has a table of its own, without propagation between them.
import type { Kernel, MountTable, Process } from '@elf/kernel';
import { currentNamespaces, type Namespace, namespacesOfProcess } from './namespaces.ts';

/** The first namespace of a machine has its own table. */
const tables = /* @__PURE__ */ new WeakMap<Namespace, MountTable>();

/** Makes a machine's paths lead through the mounts of whoever asks. */
export function useMountNamespaces(kernel: Kernel): void {
  kernel.tree.mountsInUse = () => tables.get(currentNamespaces(kernel).mnt);
}

/** A new namespace begins with the mounts that its maker sees. */
export function copyMounts(kernel: Kernel, to: Namespace): void {
  tables.set(to, kernel.tree.mounts.copy());
}

/** True for processes that see the mounts of whoever asks. */
export function seesSameMounts(kernel: Kernel, process: Process): boolean {
  return namespacesOfProcess(kernel, process).mnt === currentNamespaces(kernel).mnt;
}
