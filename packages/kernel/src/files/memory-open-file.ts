// An open file of the memory file system. Closures, not a class: a layer may copy its members.
import { Errno } from '../errno.ts';
import type { MemoryNode, MemoryNodeFactory } from './memory-node.ts';
import { type OpenFile, Readiness } from './open-file.ts';

/** Opens an inode. It lives on while it is open or mapped, even when its last name is gone. */
export function openMemoryNode(nodes: MemoryNodeFactory, node: MemoryNode): OpenFile {
  node.opens++;
  const close = () => {
    node.opens--;
    nodes.settle(node);
  };
  const shared = {
    isSeekable: true,
    status: () => nodes.status(node),
    readiness: () => Readiness.Readable | Readiness.Writable,
    close,
    closesWithMappings: true,
    setMode: (mode: number) => nodes.setMode(node, mode),
    setOwner: (user: number, group: number) => nodes.setOwner(node, user, group),
    setTimes: (access: bigint | undefined, modify: bigint | undefined) => nodes.setTimes(node, access, modify),
    synchronize: () => 0,
  };
  if (node.children !== undefined) {
    return { ...shared, read: () => -Errno.EISDIR, write: () => -Errno.EBADF, entries: () => nodes.entries(node) };
  }
  const read = (target: Uint8Array, position: number) => {
    const count = Math.min(target.length, Math.max(0, node.size - position));
    node.content.read(target.subarray(0, count), position);
    return count;
  };
  return {
    ...shared,
    read,
    write: (bytes, position) => nodes.write(node, bytes, position),
    truncate: (length) => nodes.resize(node, length),
    punchHole: (start, end) => {
      node.content.punch(start, end);
      nodes.touch(node);
      return 0;
    },
    reserve: (start, length) => (node.content.reserve(start, length) ? 0 : -Errno.ENOSPC),
    seekContent: (position, kind) => {
      const found = kind === 'data' ? node.content.dataFrom(position) : node.content.holeFrom(position);
      return Math.min(found ?? node.size, node.size);
    },
    available: () => node.size,
    mappedAs: () => node,
    backing: () => ({
      identity: node,
      sizeInBytes: () => node.size,
      readInto: (offset, target) => read(target, offset),
      writeFrom: (offset, bytes) => {
        const part = bytes.subarray(0, Math.max(0, node.size - offset));
        return part.length === 0 || nodes.write(node, part, offset) === part.length;
      },
      reserve: (offset, length) => node.content.reserve(offset, Math.min(length, Math.max(0, node.size - offset))),
    }),
  };
}
