// Node's file facts as the kernel has them.
import type { BigIntStats } from 'node:fs';
import type { FileStatus } from '../../files/file-status.ts';

/** Node's stats as the kernel has them. */
export function statusOf(stats: BigIntStats): FileStatus {
  return {
    device: Number(stats.dev),
    inode: Number(stats.ino),
    mode: Number(stats.mode),
    links: Number(stats.nlink),
    user: Number(stats.uid),
    group: Number(stats.gid),
    specialDevice: Number(stats.rdev),
    sizeInBytes: Number(stats.size),
    blockSizeInBytes: Number(stats.blksize),
    blocks: Number(stats.blocks),
    accessTime: stats.atimeNs,
    modifyTime: stats.mtimeNs,
    changeTime: stats.ctimeNs,
    birthTime: stats.birthtimeNs,
  };
}

/** utimes takes seconds as a double: exact to about 200 ns for present dates. */
export function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000_000n) + Number(nanoseconds % 1_000_000_000n) / 1e9;
}
