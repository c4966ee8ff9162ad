// Errors as Plan 9 has them: strings. Inside they travel as negated numbers like the kernel's own, and become words at the border.
import { Errno } from '@elf/kernel';

/** Errors the kernel's errno numbers have no word for (sys/src/9/port/error.h). Above every errno, below what traces take for a result. */
// biome-ignore format: a table
export const Failure = {
  BadArgument: 1001, BadDescriptor: 1002, BadUse: 1003, NotFound: 1004, Exists: 1005, NotDirectory: 1006, IsDirectory: 1007, Permission: 1008,
  BadExecutable: 1009, NoChild: 1010, HungUp: 1011, IsStream: 1012, NegativeOffset: 1013, NoMemory: 1014, SegmentOverlap: 1015, BadDevice: 1016,
  FileSyntax: 1017, BadCharacter: 1018, MountPoint: 1019, NotMounted: 1020, NoAttach: 1021, InUse: 1022, ProcessDied: 1023, TooSmall: 1024,
  ShortStat: 1025, BadStat: 1026, BadControl: 1027, EmptyName: 1028, DirectorySeek: 1029, NoCreate: 1030, InconsistentMount: 1031, TooLarge: 1032,
  NoRegisters: 1033, NotPosted: 1034, CreateMode: 1035, ExecDirectory: 1036, OldWstat: 1037, NotInUnion: 1038, NameTooLong: 1039, NoServer: 1040,
  NoFileServers: 1041, MediaChange: 1042,
} as const;

/** What programs read with errstr. The first words of a row are 9front's; errno numbers share the row of what they mean. */
const TEXTS: Readonly<Record<number, string>> = {
  [Failure.BadArgument]: 'bad arg in system call',
  [Errno.EINVAL]: 'bad arg in system call',
  [Errno.EFAULT]: 'bad arg in system call',
  [Failure.BadDescriptor]: 'fd out of range or not open',
  [Errno.EBADF]: 'fd out of range or not open',
  [Failure.BadUse]: 'inappropriate use of fd',
  [Errno.EMFILE]: 'no free file descriptors',
  [Failure.NotFound]: 'file does not exist',
  [Errno.ENOENT]: 'file does not exist',
  [Failure.Exists]: 'file already exists',
  [Errno.EEXIST]: 'file already exists',
  [Failure.NotDirectory]: 'not a directory',
  [Errno.ENOTDIR]: 'not a directory',
  [Failure.IsDirectory]: 'file is a directory',
  [Errno.EISDIR]: 'file is a directory',
  [Failure.Permission]: 'permission denied',
  [Errno.EACCES]: 'permission denied',
  [Errno.EPERM]: 'permission denied',
  [Errno.EROFS]: 'file system read only',
  [Errno.ENOTEMPTY]: 'directory not empty',
  [Errno.ENOSPC]: 'file system full',
  [Errno.ENAMETOOLONG]: 'name too long',
  [Errno.ENXIO]: 'device shut down',
  [Errno.ELOOP]: 'file does not exist',
  [Errno.EXDEV]: 'file name syntax',
  [Errno.EBUSY]: 'device or object already in use',
  [Errno.ETXTBSY]: 'device or object already in use',
  [Errno.EIO]: 'i/o error',
  [Errno.EPIPE]: 'i/o on hungup channel',
  [Errno.EINTR]: 'interrupted',
  [Errno.ENOEXEC]: 'exec header invalid',
  [Errno.E2BIG]: 'virtual memory allocation failed',
  [Errno.ENOMEM]: 'virtual memory allocation failed',
  [Failure.BadExecutable]: 'exec header invalid',
  [Failure.NoChild]: 'no living children',
  [Failure.HungUp]: 'i/o on hungup channel',
  [Failure.IsStream]: 'seek on a stream',
  [Failure.NegativeOffset]: 'negative i/o offset',
  [Failure.NoMemory]: 'virtual memory allocation failed',
  [Failure.SegmentOverlap]: 'segments overlap',
  [Failure.BadDevice]: 'unknown device in # filename',
  [Failure.FileSyntax]: 'file name syntax',
  [Failure.BadCharacter]: 'bad character in file name',
  [Failure.MountPoint]: 'is a mount point',
  [Failure.NotMounted]: 'not mounted',
  [Failure.NotInUnion]: 'not in union',
  [Failure.NoAttach]: 'mount/attach disallowed',
  [Failure.InUse]: 'device or object already in use',
  [Failure.ProcessDied]: 'process exited',
  [Failure.TooSmall]: 'i/o count too small',
  [Failure.ShortStat]: 'stat buffer too small',
  [Failure.BadStat]: 'malformed stat buffer',
  [Failure.BadControl]: 'bad process or channel control request',
  [Failure.EmptyName]: 'empty file name',
  [Failure.DirectorySeek]: 'seek in directory',
  [Failure.NoCreate]: 'mounted directory forbids creation',
  [Failure.InconsistentMount]: 'inconsistent mount',
  [Failure.TooLarge]: 'read or write too large',
  [Failure.NoRegisters]: 'process has no saved registers',
  [Failure.NotPosted]: 'note not posted',
  [Failure.CreateMode]: 'create without DMDIR',
  [Failure.ExecDirectory]: 'cannot exec directory',
  [Failure.OldWstat]: 'old wstat system call - recompile',
  [Failure.NameTooLong]: 'name too long',
  [Failure.NoServer]: 'device shut down',
  [Failure.NoFileServers]: 'mount of a 9P file server is not supported by this emulator',
  [Failure.MediaChange]: 'media or partition has changed',
};

/** ERRMAX: bytes of an error string or a note, NUL included. */
export const ERROR_BYTES = 128;

/** The words of an error number, one of {@link Failure} or of errno. */
export function errorText(number: number): string {
  return TEXTS[number] ?? 'i/o error';
}
