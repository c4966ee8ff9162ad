// pivot_root(2): another mount becomes the root, and the old one is seen below it.
import { defineSystemCall, Errno, FileType, isType, type Kernel, path } from '@elf/kernel';
import { hasCapability } from '../capabilities.ts';
import { seesSameMounts } from '../namespaces/mount-namespaces.ts';

const CAP_SYS_ADMIN = 21;

export const pivotRoot = defineSystemCall({
  name: 'pivot_root',
  numbers: { 'x86-64': 155, i386: 217 },
  support: 'full',
  arguments: { newRoot: path, putOld: path },
  run: (task, { newRoot, putOld }) => {
    const { kernel, process } = task;
    if (!hasCapability(process, CAP_SYS_ADMIN)) return -Errno.EPERM;
    const places = [newRoot, putOld].map((name) => kernel.tree.resolve(process.viewpoint, name, true));
    for (const place of places) {
      if (typeof place === 'number') return place;
      if (place.status === undefined) return -Errno.ENOENT;
      if (!isType(place.status, FileType.Directory)) return -Errno.ENOTDIR;
    }
    const [to, old] = places.map((place) => (typeof place === 'number' ? '' : place.path));
    const { root } = process.place;
    const mountOf = (at: string) => kernel.tree.mounts.locate(at)?.mount;
    // The order of fs/namespace.c.
    if (mountOf(to) === mountOf(root) || mountOf(old) === mountOf(root)) return -Errno.EBUSY;
    if (mountOf(root)?.path !== root || mountOf(to)?.path !== to) return -Errno.EINVAL;
    if (!isWithin(old, to)) return -Errno.EINVAL;
    pivot(kernel, root, to, join(root, old.slice(to.length)));
    return 0;
  },
});

/** What was below `to` is below `root` then, and all else that was there below `old`. */
function pivot(kernel: Kernel, root: string, to: string, old: string): void {
  const placeOf = (at: string) => {
    if (isWithin(at, to)) return join(root, at.slice(to.length));
    return isWithin(at, root) ? join(old, at.slice(root === '/' ? 0 : root.length)) : at;
  };
  kernel.tree.mounts.relocate(placeOf);
  for (const process of kernel.processes.values()) {
    if (!seesSameMounts(kernel, process)) continue;
    const { place, descriptors } = process;
    // Who stood at the old root stands at the new one (chroot_fs_refs).
    if (place.workingDirectory !== root) place.workingDirectory = placeOf(place.workingDirectory);
    if (place.root !== root) place.root = placeOf(place.root);
    for (const number of descriptors.numbers()) {
      const description = descriptors.get(number);
      if (description?.path !== undefined) description.path = placeOf(description.path);
    }
  }
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}

/** A path and what stands behind it, which is empty or begins with a slash. */
function join(base: string, rest: string): string {
  if (rest === '' || rest === '/') return base;
  return base === '/' ? rest : base + rest;
}
