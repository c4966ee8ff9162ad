// What stat(2) tells about a file, and the file type bits of a mode.

/** Type bits of a mode (man 7 inode). */
// biome-ignore format: a table
export const FileType = {
  Mask: 0o170000, Socket: 0o140000, SymbolicLink: 0o120000, Regular: 0o100000, Block: 0o060000,
  Directory: 0o040000, Character: 0o020000, Fifo: 0o010000,
} as const;

/** The facts of one inode. Times are nanoseconds since 1970; device numbers are in Linux's packed form. */
export interface FileStatus {
  readonly device: number;
  readonly inode: number;
  /** Type and permission bits. */
  readonly mode: number;
  readonly links: number;
  readonly user: number;
  readonly group: number;
  /** Of a device node: which device it stands for. */
  readonly specialDevice: number;
  readonly sizeInBytes: number;
  readonly blockSizeInBytes: number;
  /** In units of 512 bytes. */
  readonly blocks: number;
  readonly accessTime: bigint;
  readonly modifyTime: bigint;
  readonly changeTime: bigint;
  readonly birthTime: bigint;
}

/** True for a mode of the given {@link FileType}. */
export function isType(status: { readonly mode: number }, type: number): boolean {
  return (status.mode & FileType.Mask) === type;
}

/** Linux's packed device number (include/linux/kdev_t.h, new_encode_dev, widened as glibc's makedev). */
export function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 256 + (minor >>> 8) * 0x100000;
}

/** Major number of a packed device number. */
export function deviceMajor(device: number): number {
  return Math.floor(device / 256) & 0xfff;
}

/** Minor number of a packed device number. */
export function deviceMinor(device: number): number {
  return (device & 0xff) | ((Math.floor(device / 0x100000) & 0xfff) << 8);
}

/** A status of something that is not in any file system (pipe, terminal): zeros except what is given. */
export function anonymousStatus(known: Partial<FileStatus> & { readonly mode: number }): FileStatus {
  return {
    device: 0,
    inode: 0,
    links: 1,
    user: 0,
    group: 0,
    specialDevice: 0,
    sizeInBytes: 0,
    blockSizeInBytes: 4096,
    blocks: 0,
    accessTime: 0n,
    modifyTime: 0n,
    changeTime: 0n,
    birthTime: 0n,
    ...known,
  };
}
