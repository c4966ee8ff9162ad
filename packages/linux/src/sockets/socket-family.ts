// What an address family does with the calls whose addresses are its own.
import type { Endpoint, OpenDescription, Received, Socket, SystemCallResult, Thread } from '@elf/kernel';

/** A descriptor that is a socket. */
export interface OpenSocket<Kind extends Socket = Socket> {
  readonly socket: Kind;
  readonly description: OpenDescription;
}

/** One family. `at` and `length` are a structure in guest memory; failures are negated errors. */
export interface SocketFamily<Kind extends Socket = Socket> {
  /** AF_ number (SO_DOMAIN). */
  domain(socket: Kind): number;
  /** IPPROTO_ number (SO_PROTOCOL). */
  protocol(socket: Kind): number;
  bind(task: Thread, socket: Kind, at: number, length: number): SystemCallResult;
  connect(task: Thread, open: OpenSocket<Kind>, at: number, length: number): SystemCallResult;
  /** Who gets what is sent to this address; undefined: the peer. */
  target(task: Thread, socket: Kind, at: number, length: number): Socket | Endpoint | undefined | number;
  /** The structures of names; empty: none. */
  localName(socket: Kind): Uint8Array;
  peerName(socket: Kind): Uint8Array | number;
  senderName(socket: Kind, received: Received): Uint8Array;
}
