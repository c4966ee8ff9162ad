// sendto(2), recvfrom(2), sendmsg(2), recvmsg(2), sendmmsg(2), recvmmsg(2): what goes through sockets.
import {
  address,
  bytesIn,
  bytesOut,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  type GuestBuffer,
  int,
  Pending,
  type Received,
  type SendRequest,
  Socket,
  StreamSocket,
  type SystemCallResult,
  size,
  type Thread,
  unsigned,
} from '@elf/kernel';
import { MSG_NAMES } from '../abi/flags/socket-flags.ts';
import { type Attachments, identityOf, readControl, writeControl } from '../sockets/control-messages.ts';
import { datagramControl } from '../sockets/datagram-control.ts';
import { type MessageHeader, multipleBytes, readHeader, writeHeaderResult } from '../sockets/message-header.ts';
import type { OpenSocket } from '../sockets/socket-family.ts';
import { addressIn, addressOut, familyOf, lengthOut, socketOf, storeAddress } from '../sockets/socket-of.ts';
import { readTimespec, relativeDeadline } from '../time-arguments.ts';
import { brokenPipe } from '../transfer.ts';
import { gatherVectors } from '../vectors.ts';

const { MSG_OOB, MSG_PEEK, MSG_CTRUNC, MSG_TRUNC, MSG_DONTWAIT, MSG_WAITALL, MSG_ERRQUEUE, MSG_NOSIGNAL } = MSG_NAMES;
const { MSG_CMSG_CLOEXEC, MSG_WAITFORONE } = MSG_NAMES;
/** Bytes looked at in one go. */
const CHUNK_BYTES = 1 << 18;
const MOST_MESSAGES = 1024;
const flags = flagSet(MSG_NAMES);

export const sendto = defineSystemCall({
  name: 'sendto',
  numbers: { 'x86-64': 44, i386: 369 },
  support: 'full',
  arguments: { fd: descriptor, buffer: bytesIn('count'), count: size, flags, address: addressIn, length: int },
  run: (task, { fd, buffer, flags: how, address: at, length }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    const target = at === 0 || length === 0 ? undefined : familyOf(open.socket).target(task, open.socket, at, length);
    if (typeof target === 'number') return target;
    return send(task, open, buffer, { descriptions: [], sender: identityOf(task) }, how, target);
  },
});

export const recvfrom = defineSystemCall({
  name: 'recvfrom',
  numbers: { 'x86-64': 45, i386: 371 },
  support: 'full',
  arguments: { fd: descriptor, buffer: bytesOut('count'), count: size, flags, address: addressOut, length: lengthOut },
  run: (task, { fd, buffer, flags: how, address: at, length }) => {
    const open = socketOf(task, fd);
    if (typeof open === 'number') return open;
    return receive(task, open, buffer, how, undefined, (received, count) => {
      for (const each of received.descriptions) each.release();
      const stored = storeAddress(task, at, length, familyOf(open.socket).senderName(open.socket, received));
      return stored < 0 ? stored : count;
    });
  },
});

export const sendmsg = defineSystemCall({
  name: 'sendmsg',
  numbers: { 'x86-64': 46, i386: 370 },
  support: 'full',
  arguments: { fd: descriptor, message: address, flags },
  run: (task, { fd, message, flags: how }) => sendMessage(task, fd, message, how),
});

export const recvmsg = defineSystemCall({
  name: 'recvmsg',
  numbers: { 'x86-64': 47, i386: 372 },
  support: 'full',
  arguments: { fd: descriptor, message: address, flags },
  run: (task, { fd, message, flags: how }) => receiveMessage(task, fd, message, how, undefined),
});

export const sendmmsg = defineSystemCall({
  name: 'sendmmsg',
  numbers: { 'x86-64': 307, i386: 345 },
  support: 'full',
  arguments: { fd: descriptor, messages: address, count: unsigned, flags },
  run: (task, { fd, messages, count, flags: how }) =>
    several(task, messages, Math.min(count, MOST_MESSAGES), undefined, (at, done) =>
      sendMessage(task, fd, at, done > 0 ? how | MSG_DONTWAIT : how),
    ),
});

export const recvmmsg = defineSystemCall({
  name: 'recvmmsg',
  numbers: { 'x86-64': 299, i386: 337 },
  support: 'full',
  arguments: { fd: descriptor, messages: address, count: unsigned, flags, timeout: address },
  run: (task, { fd, messages, count, flags: how, timeout }) => {
    const time = timeout === 0 ? undefined : readTimespec(task, timeout);
    if (typeof time === 'number') return time;
    const deadline = time && relativeDeadline(task, time);
    const later = (how & MSG_WAITFORONE) !== 0 ? MSG_DONTWAIT : 0;
    return several(task, messages, Math.min(count, MOST_MESSAGES), deadline, (at, done) =>
      receiveMessage(task, fd, at, (how & ~MSG_WAITFORONE) | (done > 0 ? later : 0), undefined),
    );
  },
});

function send(
  task: Thread,
  { socket, description }: OpenSocket,
  buffer: GuestBuffer,
  attachments: Attachments,
  how: number,
  target: SendRequest['target'],
): SystemCallResult {
  const urgent = (how & MSG_OOB) !== 0;
  if (urgent && !(socket instanceof StreamSocket)) return -Errno.EOPNOTSUPP;
  const isWaiting = !description.mode.nonBlocking && (how & MSG_DONTWAIT) === 0;
  const { sender } = attachments;
  let descriptions = attachments.descriptions;
  let done = 0;
  const attempt = (): number | undefined => {
    do {
      const length = socket.kind === 'stream' ? Math.min(buffer.length - done, CHUNK_BYTES) : buffer.length;
      if (socket.kind !== 'stream' && length > socket.sendBufferBytes) return -Errno.EMSGSIZE;
      const bytes = buffer.copyIn(done, length);
      if (bytes === undefined) return done > 0 ? done : -Errno.EFAULT;
      for (const each of descriptions) each.retain();
      const sent = socket.send({
        bytes,
        descriptions,
        sender,
        target,
        urgent: urgent && done + length === buffer.length,
      });
      if (sent < 0) for (const each of descriptions) each.release();
      if (sent === -Errno.EAGAIN && isWaiting) return undefined;
      if (sent === -Errno.EPIPE && (how & MSG_NOSIGNAL) === 0 && socket.kind === 'stream') brokenPipe(task);
      if (sent < 0) return done > 0 ? done : sent;
      descriptions = [];
      done += sent;
    } while (socket.kind === 'stream' && done < buffer.length);
    return done;
  };
  const limit = socket.sendTimeout;
  return (
    attempt() ??
    new Pending({
      queues: target instanceof Socket ? [socket.changes, target.changes] : [socket.changes],
      attempt,
      deadline: limit && task.host.clock.monotonic() + limit,
      expire: () => (done > 0 ? done : -Errno.EAGAIN),
      interrupt: () => (done > 0 ? done : -Errno.EINTR),
      restartable: limit === undefined,
    })
  );
}

/** `finish` stores what goes beside the bytes; it owns the received descriptions. */
function receive(
  task: Thread,
  { socket, description }: OpenSocket,
  buffer: GuestBuffer,
  how: number,
  deadline: number | undefined,
  finish: (received: Received, count: number, isCut: boolean) => number,
): SystemCallResult {
  const isTcp = socket instanceof StreamSocket;
  const urgent = (how & MSG_OOB) !== 0;
  if (urgent && !isTcp) return -Errno.EOPNOTSUPP;
  if ((how & MSG_ERRQUEUE) !== 0) return -Errno.EAGAIN;
  // TCP throws away what MSG_TRUNC asks for (man 7 tcp).
  const isThrownAway = isTcp && (how & MSG_TRUNC) !== 0;
  const isWaiting = !description.mode.nonBlocking && (how & MSG_DONTWAIT) === 0;
  const peek = (how & MSG_PEEK) !== 0;
  const isStream = socket.kind === 'stream';
  const waitsForAll = isStream && (how & MSG_WAITALL) !== 0 && !peek;
  let done = 0;
  let last: Received | undefined;
  const end = () => (last === undefined ? undefined : finish(last, done, false));
  const attempt = (): number | undefined => {
    for (;;) {
      const maximum = isStream ? Math.min(buffer.length - done, CHUNK_BYTES) : buffer.length;
      const received = socket.receive({ maximum, peek, urgent });
      if (received === -Errno.EAGAIN && isWaiting) return undefined;
      if (typeof received === 'number') return end() ?? received;
      if (done > 0 && !received.isMessage) return end();
      last = received;
      if (!isThrownAway && !buffer.copyOut(received.bytes, done)) {
        for (const each of received.descriptions) each.release();
        return -Errno.EFAULT;
      }
      done += received.bytes.length;
      const goesOn = received.isMessage && received.descriptions.length === 0 && done < buffer.length;
      if (waitsForAll && goesOn) continue;
      const isCut = !isStream && received.fullLength > received.bytes.length;
      // MSG_TRUNC as a wish: the result is the whole length of the message.
      const count = !isStream && (how & MSG_TRUNC) !== 0 ? received.fullLength : done;
      return finish(received, count, isCut);
    }
  };
  const limit = socket.receiveTimeout;
  return (
    attempt() ??
    new Pending({
      queues: [socket.changes],
      attempt,
      deadline: deadline ?? (limit && task.host.clock.monotonic() + limit),
      expire: () => end() ?? -Errno.EAGAIN,
      interrupt: () => end() ?? -Errno.EINTR,
      restartable: limit === undefined,
    })
  );
}

function sendMessage(task: Thread, fd: number, at: number, how: number): SystemCallResult {
  const open = socketOf(task, fd);
  if (typeof open === 'number') return open;
  const header = readHeader(task, at);
  if (typeof header === 'number') return header;
  const buffer = gatherVectors(task, header.vectors, header.vectorCount);
  if (typeof buffer === 'number') return buffer === -Errno.EINVAL ? -Errno.EMSGSIZE : buffer;
  const attachments = readControl(task, header.control, header.controlLength);
  if (typeof attachments === 'number') return attachments;
  const isNamed = header.name !== 0 && header.nameLength > 0;
  const { socket } = open;
  const target = isNamed ? familyOf(socket).target(task, socket, header.name, header.nameLength) : undefined;
  if (typeof target === 'number') return target;
  return send(task, open, buffer, attachments, how, target);
}

function receiveMessage(
  task: Thread,
  fd: number,
  at: number,
  how: number,
  deadline: number | undefined,
): SystemCallResult {
  const open = socketOf(task, fd);
  if (typeof open === 'number') return open;
  const header = readHeader(task, at);
  if (typeof header === 'number') return header;
  const buffer = gatherVectors(task, header.vectors, header.vectorCount);
  if (typeof buffer === 'number') return buffer === -Errno.EINVAL ? -Errno.EMSGSIZE : buffer;
  const { socket } = open;
  return receive(task, open, buffer, how, deadline, (received, count, isCut) => {
    const closeOnExec = (how & MSG_CMSG_CLOEXEC) !== 0;
    const { used, isCut: lostControl } = writeControl(task, header.control, header.controlLength, received, {
      credentials: socket.passesCredentials,
      closeOnExec,
      others: datagramControl(task, socket, received),
    });
    const marks =
      (isCut ? MSG_TRUNC : 0) |
      (lostControl ? MSG_CTRUNC : 0) |
      (closeOnExec ? MSG_CMSG_CLOEXEC : 0) |
      (how & MSG_OOB & (received.bytes.length > 0 ? MSG_OOB : 0));
    const stored = storeName(task, header, familyOf(socket).senderName(socket, received));
    if (stored < 0) return stored;
    return writeHeaderResult(task, at, used, marks) ? count : -Errno.EFAULT;
  });
}

/** The sender's name, as far as the header has room for it. */
function storeName(task: Thread, { name, nameLengthAt }: MessageHeader, bytes: Uint8Array): number {
  return name === 0 ? 0 : storeAddress(task, name, nameLengthAt, bytes);
}

/** Message after message until one fails; what is done counts. */
function several(
  task: Thread,
  at: number,
  count: number,
  deadline: number | undefined,
  transfer: (at: number, done: number) => SystemCallResult,
): SystemCallResult {
  const bytes = multipleBytes(task);
  let done = 0;
  let waiting: Pending | undefined;
  const record = (result: number): number | undefined => {
    if (result < 0) return done > 0 ? done : result;
    if (!task.user.writeU32(at + done * bytes.each + bytes.header, result)) return done > 0 ? done : -Errno.EFAULT;
    done++;
    // The time limit is looked at between messages only (man 2 recvmmsg).
    return deadline !== undefined && task.host.clock.monotonic() >= deadline ? done : undefined;
  };
  const attempt = (): number | undefined => {
    while (done < count) {
      const result = waiting === undefined ? transfer(at + done * bytes.each, done) : waiting.request.attempt();
      if (result === undefined) return undefined;
      if (result instanceof Pending) {
        waiting = result;
        return undefined;
      }
      waiting = undefined;
      const outcome = record(Number(result));
      if (outcome !== undefined) return outcome;
    }
    return done;
  };
  const now = attempt();
  if (now !== undefined) return now;
  const { request } = waiting as unknown as Pending;
  const stop = (otherwise: () => number | bigint) => () => (done > 0 ? done : otherwise());
  // Every message waits for the same socket.
  return new Pending({
    ...request,
    attempt,
    expire: stop(() => request.expire?.() ?? 0),
    interrupt: stop(() => request.interrupt?.() ?? -Errno.EINTR),
  });
}
