// A file that is memory and has no name in any tree: memfd_create(2).
import type { FileFrames } from '@elf/mm';
import type { Clock } from '../host/clock.ts';
import { coherentFile } from './coherent-file.ts';
import { type FileSeals, sealedFile } from './file-seals.ts';
import { FileType } from './file-status.ts';
import { MemoryNodeFactory } from './memory-node.ts';
import { openMemoryNode } from './memory-open-file.ts';
import type { OpenFile } from './open-file.ts';

/** The device of files the kernel keeps for itself. */
const KERNEL_DEVICE = 1;

/** What a memory file is made of. */
export interface MemoryFileParts {
  /** What /proc shows for its descriptors and mappings, such as "/memfd:name (deleted)". */
  readonly name: string;
  /** Permission bits. */
  readonly mode: number;
  readonly inode: number;
  /** The seals it starts with, of which the file keeps a copy. */
  readonly seals: FileSeals;
  readonly clock: Clock;
  readonly credentials: { readonly effectiveUser: number; readonly effectiveGroup: number };
  /** The page cache of the machine: `memory.fileFrames`. */
  readonly frames: FileFrames;
}

/**
 * Makes an empty file that lives as long as descriptors and mappings of it do.
 * @example
 * const file = createMemoryFile({ name: '/memfd:code (deleted)', mode: 0o777, inode: kernel.nextInode(), seals: { current: Seal.Seal }, clock, credentials, frames });
 */
export function createMemoryFile({ name, mode, inode, seals, clock, credentials, frames }: MemoryFileParts): OpenFile {
  const { effectiveUser, effectiveGroup } = credentials;
  const nodes = new MemoryNodeFactory(clock, effectiveUser, effectiveGroup, KERNEL_DEVICE);
  const node = nodes.create(FileType.Regular | mode);
  node.links = 0;
  const file = openMemoryNode(nodes, node);
  const backing = () => {
    const found = file.backing?.();
    return found && { ...found, mapsEntry: { path: name, device: '00:01', inode } };
  };
  const status = () => ({ ...nodes.status(node), inode });
  const coherent = coherentFile({ ...file, status, backing, anonymousName: name }, frames);
  return sealedFile(coherent, { ...seals });
}
