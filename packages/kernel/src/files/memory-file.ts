// A file that is memory and has no name in any tree: memfd_create(2).
import type { FileFrames } from '@elf/mm';
import type { Clock } from '../host/clock.ts';
import { coherentFile } from './coherent-file.ts';
import { type FileSeals, sealedFile } from './file-seals.ts';
import { FileType } from './file-status.ts';
import { MemoryNodeFactory } from './memory-node.ts';
import { openMemoryNode } from './memory-open-file.ts';
import type { MemoryBudget } from './memory-budget.ts';
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
  /** What its bytes are paid from: `kernel.memoryBudget`. */
  readonly budget: MemoryBudget;
}

/**
 * Makes an empty file that lives as long as descriptors and mappings of it do; -ENOSPC when the budget is used up.
 * @example
 * const file = createMemoryFile({ name: '/memfd:code (deleted)', mode: 0o777, inode: kernel.nextInode(), seals: { current: Seal.Seal }, clock, credentials, frames, budget: kernel.memoryBudget });
 */
export function createMemoryFile(parts: MemoryFileParts): OpenFile | number {
  const { name, mode, inode, seals, clock, credentials, frames, budget } = parts;
  const { effectiveUser, effectiveGroup } = credentials;
  const owner = { user: effectiveUser, group: effectiveGroup };
  const nodes = new MemoryNodeFactory(clock, owner, KERNEL_DEVICE, budget);
  const node = nodes.create(FileType.Regular | mode);
  if (typeof node === 'number') return node;
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
