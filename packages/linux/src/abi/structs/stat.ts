// table: struct stat of x86-64 and i386, struct stat64 of i386 and struct statx (arch/x86/include/uapi/asm/stat.h, include/uapi/linux/stat.h), and how they are printed.
import { deviceMajor, deviceMinor, type FileStatus, FileType } from '@elf/kernel';
import { defineStruct } from '../struct-layout.ts';

const BILLION = 1_000_000_000n;

// biome-ignore format: a table
const stat32 = defineStruct(64, {
  device: [0, 'u32'], inode: [4, 'u32'], mode: [8, 'u16'], links: [10, 'u16'], user: [12, 'u16'], group: [14, 'u16'], specialDevice: [16, 'u32'],
  size: [20, 'u32'], blockSize: [24, 'u32'], blocks: [28, 'u32'], accessSeconds: [32, 'u32'], accessNanoseconds: [36, 'u32'],
  modifySeconds: [40, 'u32'], modifyNanoseconds: [44, 'u32'], changeSeconds: [48, 'u32'], changeNanoseconds: [52, 'u32'],
});

/** Of the i386 calls stat64, fstat64, lstat64 and fstatat64. The inode number stands twice. */
// biome-ignore format: a table
export const stat64 = defineStruct(96, {
  device: [0, 'u64'], shortInode: [12, 'u32'], mode: [16, 'u32'], links: [20, 'u32'], user: [24, 'u32'], group: [28, 'u32'],
  specialDevice: [32, 'u64'], size: [44, 'i64'], blockSize: [52, 'u32'], blocks: [56, 'u64'], accessSeconds: [64, 'u32'],
  accessNanoseconds: [68, 'u32'], modifySeconds: [72, 'u32'], modifyNanoseconds: [76, 'u32'], changeSeconds: [80, 'u32'],
  changeNanoseconds: [84, 'u32'], inode: [88, 'u64'],
});

// biome-ignore format: a table
export const stat = defineStruct(144, {
  device: [0, 'u64'], inode: [8, 'u64'], links: [16, 'u64'], mode: [24, 'u32'], user: [28, 'u32'], group: [32, 'u32'],
  specialDevice: [40, 'u64'], size: [48, 'i64'], blockSize: [56, 'i64'], blocks: [64, 'i64'],
  accessSeconds: [72, 'i64'], accessNanoseconds: [80, 'i64'], modifySeconds: [88, 'i64'], modifyNanoseconds: [96, 'i64'],
  changeSeconds: [104, 'i64'], changeNanoseconds: [112, 'i64'],
}, { layout: stat32 });

// biome-ignore format: a table
export const statx = defineStruct(256, {
  mask: [0, 'u32'], blockSize: [4, 'u32'], attributes: [8, 'u64'], links: [16, 'u32'], user: [20, 'u32'], group: [24, 'u32'],
  mode: [28, 'u16'], inode: [32, 'u64'], size: [40, 'u64'], blocks: [48, 'u64'], attributesMask: [56, 'u64'],
  accessSeconds: [64, 'i64'], accessNanoseconds: [72, 'u32'], birthSeconds: [80, 'i64'], birthNanoseconds: [88, 'u32'],
  changeSeconds: [96, 'i64'], changeNanoseconds: [104, 'u32'], modifySeconds: [112, 'i64'], modifyNanoseconds: [120, 'u32'],
  specialMajor: [128, 'u32'], specialMinor: [132, 'u32'], deviceMajor: [136, 'u32'], deviceMinor: [140, 'u32'],
  mountId: [144, 'u64'],
});

/** A status as the fields both structures share. */
function shared(status: FileStatus) {
  return {
    inode: status.inode,
    links: status.links,
    mode: status.mode,
    user: status.user,
    group: status.group,
    size: status.sizeInBytes,
    blockSize: status.blockSizeInBytes,
    blocks: status.blocks,
    accessSeconds: floor(status.accessTime),
    accessNanoseconds: rest(status.accessTime),
    modifySeconds: floor(status.modifyTime),
    modifyNanoseconds: rest(status.modifyTime),
    changeSeconds: floor(status.changeTime),
    changeNanoseconds: rest(status.changeTime),
  };
}

/** Fields of struct stat. */
export function statFields(status: FileStatus) {
  return { ...shared(status), shortInode: status.inode, device: status.device, specialDevice: status.specialDevice };
}

/** What statx tells beyond a status: STATX_ATTR_* bits, and the mount where there is one. */
export interface StatxFacts {
  readonly attributes: number;
  readonly mountId: number | undefined;
}

/** STATX_ATTR_IMMUTABLE, STATX_ATTR_APPEND and STATX_ATTR_NODUMP, which have the values of the flags of files; STATX_ATTR_MOUNT_ROOT. */
export const StatxAttribute = { OfFiles: 0x70, MountRoot: 0x2000 } as const;

/** Fields of struct statx: STATX_BASIC_STATS, STATX_BTIME and, for what lies in a mount, STATX_MNT_ID. */
export function statxFields(status: FileStatus, { attributes, mountId }: StatxFacts) {
  return {
    ...shared(status),
    mask: mountId === undefined ? 0xfff : 0x1fff,
    attributes,
    attributesMask: StatxAttribute.OfFiles | StatxAttribute.MountRoot,
    mountId: mountId ?? 0,
    birthSeconds: floor(status.birthTime),
    birthNanoseconds: rest(status.birthTime),
    deviceMajor: deviceMajor(status.device),
    deviceMinor: deviceMinor(status.device),
    specialMajor: deviceMajor(status.specialDevice),
    specialMinor: deviceMinor(status.specialDevice),
  };
}

const TYPE_NAMES: readonly (readonly [number, string])[] = [
  [FileType.Regular, 'S_IFREG'],
  [FileType.Directory, 'S_IFDIR'],
  [FileType.SymbolicLink, 'S_IFLNK'],
  [FileType.Character, 'S_IFCHR'],
  [FileType.Block, 'S_IFBLK'],
  [FileType.Fifo, 'S_IFIFO'],
  [FileType.Socket, 'S_IFSOCK'],
];

/** The abbreviated structure strace shows. */
export function printStat(values: { mode: number; size: number; specialDevice: number }): string {
  const type = TYPE_NAMES.find(([bits]) => bits === (values.mode & FileType.Mask))?.[1] ?? '0';
  const isDevice = type === 'S_IFCHR' || type === 'S_IFBLK';
  const device = values.specialDevice;
  const last = isDevice ? `st_rdev=makedev(0x${deviceMajor(device).toString(16)}, 0x${deviceMinor(device).toString(16)})` : `st_size=${values.size}`;
  return `{st_mode=${type}|0${(values.mode & 0o7777).toString(8)}, ${last}, ...}`;
}

function floor(time: bigint): bigint {
  return (time - rest(time)) / BILLION;
}

function rest(time: bigint): bigint {
  return ((time % BILLION) + BILLION) % BILLION;
}
