// AF_UNIX: sockets between processes of one machine (man 7 unix).
import { Errno, type LocalSocket, Pending, type Received } from '@elf/kernel';
import { AF_NAMES } from '../abi/flags/socket-flags.ts';
import { identityOf } from './control-messages.ts';
import type { SocketFamily } from './socket-family.ts';
import { bindUnix, findUnix, readUnixAddress, unixAddressBytes } from './unix-address.ts';

export const unixFamily: SocketFamily<LocalSocket> = {
  domain: () => AF_NAMES.AF_UNIX,
  protocol: () => 0,
  bind: (task, socket, at, length) => {
    const text = readUnixAddress(task, at, length);
    return typeof text === 'number' ? text : bindUnix(task, socket, text);
  },
  connect: (task, { socket, description }, at, length) => {
    const nextInode = () => task.kernel.nextInode();
    if (length >= 2 && task.user.readU16(at) === AF_NAMES.AF_UNSPEC)
      return socket.kind === 'datagram' ? socket.connect(undefined, identityOf(task), nextInode) : -Errno.EINVAL;
    const text = readUnixAddress(task, at, length);
    if (typeof text === 'number') return text;
    const target = findUnix(task, socket, text);
    if (typeof target === 'number') return target;
    const attempt = () => {
      const result = socket.connect(target, identityOf(task), nextInode);
      return result === -Errno.EAGAIN && !description.mode.nonBlocking ? undefined : result;
    };
    const limit = socket.sendTimeout;
    return (
      attempt() ??
      new Pending({
        queues: [target.changes],
        attempt,
        deadline: limit && task.host.clock.monotonic() + limit,
        expire: () => -Errno.EAGAIN,
        restartable: limit === undefined,
      })
    );
  },
  target: (task, socket, at, length) => {
    const text = readUnixAddress(task, at, length);
    if (typeof text === 'number') return text;
    return socket.kind === 'datagram' ? findUnix(task, socket, text) : socket;
  },
  localName: (socket) => unixAddressBytes(socket.name),
  peerName: (socket) => {
    const name = socket.peerName();
    return typeof name === 'number' ? name : unixAddressBytes(name);
  },
  // Only datagrams carry a name, a connection has one on each side.
  senderName: ({ kind }, { from }: Received) =>
    kind === 'stream' || typeof from !== 'string' || from === '' ? new Uint8Array(0) : unixAddressBytes(from),
};
