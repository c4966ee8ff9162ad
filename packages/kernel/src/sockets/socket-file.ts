// A socket as an open file: what read(2), write(2) and poll(2) do with it.
import { anonymousStatus, type FileStatus, FileType } from '../files/file-status.ts';
import type { OpenFile } from '../files/open-file.ts';
import type { Socket } from './socket.ts';
import type { SenderIdentity } from './socket-message.ts';

const SOCKET_DEVICE = 9;
/** An owner that stays as it is (man 2 chown: -1). */
const NOBODY = 0xffff_ffff;

/** Makes the file of a socket; `caller` tells who writes, `now` is the monotonic time. Its `control` is the socket. */
export function createSocketFile(socket: Socket, caller: () => SenderIdentity, now: () => number): OpenFile {
  // What fchmod and fchown set is kept and means nothing (sockfs).
  let attributes: Partial<FileStatus> = {};
  return {
    isSeekable: false,
    anonymousName: `socket:[${socket.inode}]`,
    control: socket,
    changes: socket.changes,
    status: () =>
      anonymousStatus({ mode: FileType.Socket | 0o777, inode: socket.inode, device: SOCKET_DEVICE, ...attributes }),
    setMode: (mode) => {
      attributes = { ...attributes, mode: FileType.Socket | (mode & 0o7777) };
      return 0;
    },
    setOwner: (user, group) => {
      const owner = { ...(user >>> 0 === NOBODY ? {} : { user }), ...(group >>> 0 === NOBODY ? {} : { group }) };
      attributes = { ...attributes, ...owner };
      return 0;
    },
    readiness: () => socket.readiness(),
    available: () => socket.available,
    deadline: (direction) => {
      const limit = direction === 'read' ? socket.receiveTimeout : socket.sendTimeout;
      return limit && now() + limit;
    },
    read: (target) => {
      // Nothing is asked for: nothing is waited for (net/socket.c, sock_read_iter).
      if (target.length === 0) return 0;
      const received = socket.receive({ maximum: target.length });
      if (typeof received === 'number') return received;
      target.set(received.bytes);
      // Descriptors nobody asked for are closed, as scm_destroy does.
      for (const each of received.descriptions) each.release();
      return received.bytes.length;
    },
    write: (bytes) => {
      return socket.send({ bytes, descriptions: [], sender: caller() });
    },
    close: () => socket.close(),
  };
}
