// What travels through a socket: bytes with what was attached to them.
import type { OpenDescription } from '../files/open-description.ts';
import type { Endpoint } from './endpoint.ts';
import type { Socket } from './socket.ts';

/** Who sent something, as SCM_CREDENTIALS tells it. */
export interface SenderIdentity {
  readonly process: number;
  readonly user: number;
  readonly group: number;
}

/** What the other side learns when nobody asked for the sender (overflowuid). */
export const UNKNOWN_SENDER: SenderIdentity = { process: 0, user: 65534, group: 65534 };

/** Who something comes from: the name of a local socket ('' for none), or where an internet socket is. */
export type SenderAddress = string | Endpoint;

/** Bytes on their way, with what was attached. `from` is the sender's name as the receiver will read it. */
export interface SocketMessage {
  bytes: Uint8Array;
  /** Each holds one reference that the receiver takes over. */
  descriptions: readonly OpenDescription[];
  readonly sender: SenderIdentity;
  readonly from: SenderAddress;
  /** Where a datagram of a network was sent to. */
  readonly to?: Endpoint;
}

/** How something is received. */
export interface ReceiveRequest {
  readonly maximum: number;
  /** MSG_PEEK: it stays. */
  readonly peek?: boolean;
  /** MSG_OOB: the urgent byte. */
  readonly urgent?: boolean;
}

/** What was received. */
export interface Received {
  readonly bytes: Uint8Array;
  /** Length of the whole message, which may have been cut (MSG_TRUNC). */
  readonly fullLength: number;
  /** Freshly referenced. */
  readonly descriptions: readonly OpenDescription[];
  readonly sender: SenderIdentity;
  readonly from: SenderAddress;
  readonly to?: Endpoint;
  /** False at the end of the stream. */
  readonly isMessage: boolean;
}

/** How something is sent. */
export interface SendRequest {
  readonly bytes: Uint8Array;
  readonly descriptions: readonly OpenDescription[];
  readonly sender: SenderIdentity;
  /** Who gets a datagram; absent: the peer. */
  readonly target?: Socket | Endpoint;
  /** MSG_OOB: the last byte overtakes the others. */
  readonly urgent?: boolean;
}

/** Nothing more comes. */
export const END_OF_STREAM: Received = {
  bytes: new Uint8Array(0),
  fullLength: 0,
  descriptions: [],
  sender: UNKNOWN_SENDER,
  from: '',
  isMessage: false,
};
