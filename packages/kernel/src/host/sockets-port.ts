// The sockets port: which networks a machine is on, and the way to what is outside of it.
import type { Endpoint } from '../sockets/endpoint.ts';

/** One address of an interface. */
export interface InterfaceAddress {
  readonly address: string;
  /** Length of the network's part in bits. */
  readonly prefixBits: number;
}

/** A network interface. */
export interface NetworkInterface {
  readonly name: string;
  /** As SIOCGIFINDEX counts, from 1. */
  readonly index: number;
  /** Six bytes. */
  readonly hardwareAddress: Uint8Array;
  readonly isLoopback: boolean;
  readonly isUp: boolean;
  /** Longest packet in bytes. */
  readonly largestPacket: number;
  readonly addresses: readonly InterfaceAddress[];
}

/** A way to a network. Without a gateway the network is the interface's own. */
export interface NetworkRoute {
  readonly interfaceIndex: number;
  readonly destination: string;
  readonly prefixBits: number;
  readonly gateway?: string;
}

/**
 * Networks of a machine. Sockets of one machine reach each other without it; what nobody in the machine answers goes `outside`, and
 * without an outside no network can be reached: connections within the machine are all there are.
 */
export interface SocketsPort {
  interfaces(): readonly NetworkInterface[];
  routes(): readonly NetworkRoute[];
  readonly outside?: OutsideNetwork;
}

/**
 * Sockets beyond the machine. Everything here returns at once; outcomes arrive as events, never before the call has returned.
 * Errors are positive error numbers.
 */
export interface OutsideNetwork {
  /** Takes connections at an address, with a free port for port 0. They come from the moment it is open. */
  listen(local: Endpoint, options: OutsideOptions, events: ListenerEvents): OutsideListener;
  /** Connects, from `local` where one is given. */
  connect(remote: Endpoint, local: Endpoint | undefined, events: StreamEvents): OutsideStream;
  /** Datagrams to and from an address, with a free port for port 0. What is sent before it is open goes out then. */
  openDatagrams(local: Endpoint, options: OutsideOptions, events: DatagramEvents): OutsideDatagrams;
  /** Resolves when everything that was written has left, or after a while that is long enough for that. */
  drain(): Promise<void>;
}

/** How an address is taken. */
export interface OutsideOptions {
  /** IPV6_V6ONLY. */
  readonly onlyVersion6: boolean;
  /** SO_REUSEADDR. */
  readonly reusesAddress: boolean;
  /** Another port will do where this one is taken. */
  readonly mayMove?: boolean;
}

/** What a host tells of a listening socket. Error numbers are positive. */
export interface ListenerEvents {
  opened(local: Endpoint): void;
  failed(errno: number): void;
  /** `accept` must be called with where its events go, or the stream be reset. */
  connection(stream: OutsideStream, remote: Endpoint, local: Endpoint): void;
}

/** A listening socket of the host. */
export interface OutsideListener {
  /** Nobody is let in any more; `closed` is called when the address is free. */
  close(closed?: () => void): void;
}

/** What a host tells of a connection. Error numbers are positive. */
export interface StreamEvents {
  connected(local: Endpoint): void;
  data(bytes: Uint8Array): void;
  /** The other side has shut its direction down. */
  end(): void;
  failed(errno: number): void;
  /** Some of what was written has left. */
  drained(): void;
}

/** Options that a host can set on its own sockets. */
export type OutsideSetting =
  | 'noDelay'
  | 'keepAlive'
  | 'broadcast'
  | 'timeToLive'
  | 'multicastTimeToLive'
  | 'multicastLoop';

/** A connection of the host. */
export interface OutsideStream {
  /** Where events of an accepted connection go from now on. */
  listen(events: StreamEvents): void;
  /** Bytes that were written and have not left yet. */
  readonly unsentBytes: number;
  /** Takes all of it; the bytes must not change afterwards. */
  write(bytes: Uint8Array): void;
  /** No more `data` until `resume`. */
  pause(): void;
  resume(): void;
  /** Shuts the own direction down behind what was written. */
  end(): void;
  /** Sends what was written and gives the connection up. */
  close(): void;
  /** Gives it up at once, with a reset for the other side. */
  reset(): void;
  set(setting: OutsideSetting, value: number): void;
}

/** What a host tells of a datagram socket. Error numbers are positive. */
export interface DatagramEvents {
  opened(local: Endpoint): void;
  /** `local` is the address it sends from now on. */
  connected(local: Endpoint): void;
  message(bytes: Uint8Array, from: Endpoint): void;
  failed(errno: number): void;
}

/** A datagram socket of the host. */
export interface OutsideDatagrams {
  /** Fixes the destination; undefined gives it free. */
  connect(remote: Endpoint | undefined): void;
  /** `to` is absent on a connected one. */
  send(bytes: Uint8Array, to: Endpoint | undefined): void;
  set(setting: OutsideSetting, value: number): void;
  /** Takes part in a multicast group, or leaves it. */
  join(group: string, isMember: boolean, interfaceAddress: string | undefined): void;
  close(): void;
}
