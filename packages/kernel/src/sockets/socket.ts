// What sockets of all families share. Nothing here waits: -EAGAIN says that the caller should, on `changes`.

import { WaitQueue } from '../wait-queue.ts';
import type { Received, ReceiveRequest, SenderIdentity, SendRequest } from './socket-message.ts';

/** How bytes keep together. */
export type SocketKind = 'stream' | 'datagram' | 'sequenced';

/** net.core.wmem_default and rmem_default. */
const DEFAULT_BUFFER_BYTES = 212_992;

/** Directions of shutdown(2). */
export const Shutdown = { Receive: 1, Send: 2, Both: 3 } as const;

/** One socket. Failures are negated error numbers. */
export abstract class Socket {
  readonly kind: SocketKind;
  readonly changes = new WaitQueue();
  /** Free for a file's number in /proc and fstat. */
  readonly inode: number;
  /** SO_PASSCRED: receivers learn who sent. */
  passesCredentials = false;
  sendBufferBytes = DEFAULT_BUFFER_BYTES;
  receiveBufferBytes = DEFAULT_BUFFER_BYTES;
  /** SO_RCVTIMEO and SO_SNDTIMEO in nanoseconds; undefined: no limit. */
  receiveTimeout: number | undefined;
  sendTimeout: number | undefined;
  /** SO_RCVLOWAT: fewer bytes do not make a stream readable. */
  lowWater = 1;
  protected error = 0;

  constructor(kind: SocketKind, inode: number) {
    this.kind = kind;
    this.inode = inode;
  }

  /** The error of an event that no call has told yet (SO_ERROR), told once. */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  abstract get isListening(): boolean;
  /** Bytes that could be received: those of a stream, or of the next message (FIONREAD). */
  abstract get available(): number;
  /** Bytes that were sent and not taken by the other side yet (SIOCOUTQ). */
  get unsent(): number {
    return 0;
  }

  abstract listen(backlog: number, identity: SenderIdentity): number;
  /** The next connection, or -EAGAIN. */
  abstract accept(): Socket | number;
  /** Returns bytes taken; a message is taken whole or not at all. */
  abstract send(request: SendRequest): number;
  /** What has arrived, or -EAGAIN. */
  abstract receive(request: ReceiveRequest): Received | number;
  abstract shutdown(directions: number): number;
  abstract readiness(): number;
  /** The last descriptor is gone. */
  abstract close(): void;
}
