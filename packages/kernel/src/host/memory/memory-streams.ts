// Standard streams in memory: input from given bytes, output collected.
import { Errno } from '../../errno.ts';
import { anonymousStatus, FileType } from '../../files/file-status.ts';
import { type OpenFile, Readiness } from '../../files/open-file.ts';

/** An input stream over bytes: a pipe whose writer wrote them and left. */
export function bytesInput(bytes: Uint8Array): OpenFile {
  let position = 0;
  return {
    isSeekable: false,
    anonymousName: 'pipe:[1]',
    status: () => anonymousStatus({ mode: FileType.Fifo | 0o600, inode: 1 }),
    read: (target) => {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      position += part.length;
      return part.length;
    },
    write: () => -Errno.EBADF,
    readiness: () => Readiness.Readable | (position >= bytes.length ? Readiness.HangUp : 0),
    available: () => bytes.length - position,
    close: () => {},
  };
}

/** An output stream that hands every write to `sink` (the bytes are only valid during the call unless copied). */
export function sinkOutput(sink: (bytes: Uint8Array) => void, inode = 2): OpenFile {
  return {
    isSeekable: false,
    anonymousName: `pipe:[${inode}]`,
    status: () => anonymousStatus({ mode: FileType.Fifo | 0o600, inode }),
    read: () => -Errno.EBADF,
    write: (bytes) => {
      sink(bytes);
      return bytes.length;
    },
    readiness: () => Readiness.Writable,
    close: () => {},
  };
}
