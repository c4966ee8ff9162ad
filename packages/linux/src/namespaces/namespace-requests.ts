// Requests of ioctl(2) to namespaces (man 2 ioctl_ns; fs/nsfs.c).
import { Errno, type Thread } from '@elf/kernel';
import { initialNamespaces, type Namespace, NAMESPACE_KINDS, openNamespace } from './namespaces.ts';

export const NAMESPACE_REQUESTS = {
  NS_GET_USERNS: 0xb701,
  NS_GET_PARENT: 0xb702,
  NS_GET_NSTYPE: 0xb703,
  NS_GET_OWNER_UID: 0xb704,
} as const;

/** The answer to a request; undefined for others. */
export function namespaceRequest(
  task: Thread,
  space: Namespace,
  request: number,
  argument: number,
): number | undefined {
  const { kind } = space;
  switch (request) {
    case NAMESPACE_REQUESTS.NS_GET_USERNS:
      // All belong to the one of users, which belongs to nobody.
      if (kind === 'user') return -Errno.EPERM;
      return task.process.descriptors.insert(openNamespace(initialNamespaces(task.kernel).user), true);
    case NAMESPACE_REQUESTS.NS_GET_PARENT:
      return kind === 'user' || kind === 'pid' ? -Errno.EPERM : -Errno.EINVAL;
    case NAMESPACE_REQUESTS.NS_GET_NSTYPE:
      return NAMESPACE_KINDS[kind].flag;
    case NAMESPACE_REQUESTS.NS_GET_OWNER_UID:
      if (kind !== 'user') return -Errno.EINVAL;
      return task.user.writeU32(argument, 0) ? 0 : -Errno.EFAULT;
    default:
      return undefined;
  }
}
