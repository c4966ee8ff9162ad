// Sockets between processes of one machine (man 7 unix): streams, datagrams and messages in sequence.
import { Errno } from '../errno.ts';
import type { OpenDescription } from '../files/open-description.ts';
import { Readiness } from '../files/open-file.ts';
import { InFlight } from './in-flight.ts';
import { ReceiveQueue } from './receive-queue.ts';
import {
  END_OF_STREAM,
  type Received,
  type ReceiveRequest,
  type SenderIdentity,
  type SendRequest,
  UNKNOWN_SENDER,
} from './socket-message.ts';
import { Shutdown, Socket, type SocketKind } from './socket.ts';
import type { SocketNames } from './socket-names.ts';

/** A message may not fill the buffer to the last: its head counts too (sock_alloc_send_pskb). */
const MESSAGE_OVERHEAD_BYTES = 32;
/** net.unix.max_dgram_qlen of a kernel that nobody tuned. */
const DATAGRAM_QUEUE_LENGTH = 10;
const READABLE = Readiness.Readable | Readiness.ReadNormal;
const WRITABLE = Readiness.Writable | Readiness.WriteNormal | Readiness.WriteBand;
const GONE = READABLE | WRITABLE | Readiness.HangUp | Readiness.ReadHangUp | Readiness.Error;

/** A name as the program gave it, and the key it is found by. */
export interface SocketName {
  /** Bytes of the address behind its family; '' is no name. */
  readonly text: string;
  readonly key: string;
}

/** One end. */
export class LocalSocket extends Socket {
  readonly #names: SocketNames;
  readonly #queue: ReceiveQueue;
  readonly #inFlight: InFlight;
  #name: SocketName | undefined;
  #peer: LocalSocket | undefined;
  #peerIdentity: SenderIdentity | undefined;
  #peerName = '';
  /** Datagram sockets that are connected to this one: they wait for its room. */
  readonly #followers = new Set<LocalSocket>();
  /** Connections nobody accepted yet; undefined: not listening. */
  #waiting: LocalSocket[] | undefined;
  #backlog = 0;
  #listenerIdentity: SenderIdentity = UNKNOWN_SENDER;
  #shut = 0;
  #isClosed = false;
  #isConnected = false;

  constructor(kind: SocketKind, names: SocketNames, inode: number) {
    super(kind, inode);
    this.#names = names;
    this.#inFlight = names.inFlight(() => new InFlight(carrierOf));
    this.#queue = new ReceiveQueue(this.#inFlight);
  }

  /** socketpair(2): joins two fresh sockets. */
  static join(left: LocalSocket, right: LocalSocket, identity: SenderIdentity): void {
    for (const [one, other] of [
      [left, right],
      [right, left],
    ]) {
      one.#peer = other;
      one.#peerIdentity = identity;
      one.#isConnected = true;
    }
  }

  get name(): string {
    return this.#name?.text ?? '';
  }

  get isBound(): boolean {
    return this.#name !== undefined;
  }

  get isListening(): boolean {
    return this.#waiting !== undefined;
  }

  /** Connections that nobody accepted yet, and how many there may be. */
  get line(): { readonly waiting: number; readonly backlog: number } {
    return { waiting: this.#waiting?.length ?? 0, backlog: this.#backlog };
  }

  /** The other end while there is one. */
  get peer(): LocalSocket | undefined {
    return this.#peer;
  }

  get shut(): number {
    return this.#shut;
  }

  /** The peer's name, or -ENOTCONN. */
  peerName(): string | number {
    return this.#isConnected && this.#peer !== undefined ? this.#peerName : -Errno.ENOTCONN;
  }

  /** Who was on the other side when it was connected (SO_PEERCRED). */
  get peerIdentity(): SenderIdentity | undefined {
    return this.#peerIdentity;
  }

  get available(): number {
    return this.kind === 'datagram' ? this.#queue.nextLength : this.#queue.bytes;
  }

  bind(name: SocketName): number {
    if (this.#name !== undefined) return -Errno.EINVAL;
    if (!this.#names.bind(name.key, this)) return -Errno.EADDRINUSE;
    this.#name = name;
    return 0;
  }

  listen(backlog: number, identity: SenderIdentity): number {
    if (this.kind === 'datagram') return -Errno.EOPNOTSUPP;
    if (this.#name === undefined || this.#isConnected) return -Errno.EINVAL;
    this.#waiting ??= [];
    this.#backlog = backlog;
    this.#listenerIdentity = identity;
    this.changes.wake();
    return 0;
  }

  /**
   * Connects to what is bound to a key; undefined takes a datagram socket's peer away. -EAGAIN: the listener's line is full, wait on its
   * `changes`.
   */
  connect(target: LocalSocket | undefined, identity: SenderIdentity, inode: () => number): number {
    if (this.kind === 'datagram') {
      if (target !== undefined && target.kind !== 'datagram') return -Errno.EPROTOTYPE;
      if (target !== undefined && !target.#accepts(this)) return -Errno.EPERM;
      this.#leavePeer();
      if (target !== undefined) target.#followers.add(this);
      this.#peer = target;
      this.#peerName = target?.name ?? '';
      this.#isConnected = target !== undefined;
      this.changes.wake();
      return 0;
    }
    if (target === undefined) return -Errno.EINVAL;
    if (this.#isConnected) return -Errno.EISCONN;
    if (this.#waiting !== undefined) return -Errno.EINVAL;
    if (target.kind !== this.kind) return -Errno.EPROTOTYPE;
    const line = target.#waiting;
    if (line === undefined || (target.#shut & Shutdown.Receive) !== 0) return -Errno.ECONNREFUSED;
    if (line.length > target.#backlog) return -Errno.EAGAIN;
    const other = new LocalSocket(this.kind, this.#names, inode());
    // It goes by the listener's name without owning it.
    other.#name = target.#name;
    other.passesCredentials = target.passesCredentials;
    LocalSocket.join(this, other, identity);
    this.#peerIdentity = target.#listenerIdentity;
    this.#peerName = target.name;
    other.#peerName = this.name;
    line.push(other);
    target.changes.wake(READABLE);
    this.changes.wake();
    return 0;
  }

  accept(): LocalSocket | number {
    if (this.kind === 'datagram') return -Errno.EOPNOTSUPP;
    if (this.#waiting === undefined) return -Errno.EINVAL;
    const next = this.#waiting.shift();
    if (next === undefined) return (this.#shut & Shutdown.Receive) !== 0 ? -Errno.EINVAL : -Errno.EAGAIN;
    // Room in the line: those who could not connect try again.
    this.changes.wake(WRITABLE);
    return next;
  }

  /** Sends to the peer, or to `target`. Returns bytes taken; a message is taken whole or not at all. */
  send(request: SendRequest): number {
    const { bytes, descriptions, sender } = request;
    const target = request.target instanceof LocalSocket ? request.target : undefined;
    if (this.error !== 0) return -this.takeError();
    if (this.kind !== 'datagram' && target !== undefined) return this.#isConnected ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
    if ((this.#shut & Shutdown.Send) !== 0) return -Errno.EPIPE;
    const peer = target ?? this.#peer;
    if (peer === undefined) return -Errno.ENOTCONN;
    if (this.kind === 'datagram' && !peer.#isClosed && !peer.#accepts(this)) return -Errno.EPERM;
    if (peer.#isClosed) {
      if (this.kind !== 'datagram') return -Errno.EPIPE;
      if (target === undefined) this.#forgetPeer();
      return -Errno.ECONNREFUSED;
    }
    if ((peer.#shut & Shutdown.Receive) !== 0) return -Errno.EPIPE;
    const limit = this.sendBufferBytes;
    if (this.kind !== 'stream' && bytes.length > limit - MESSAGE_OVERHEAD_BYTES) return -Errno.EMSGSIZE;
    if (this.kind === 'stream' && bytes.length === 0) return 0;
    if (!this.#hasRoom(peer)) return -Errno.EAGAIN;
    const taken = this.kind === 'stream' ? bytes.subarray(0, Math.max(1, limit - peer.#queue.charge)) : bytes;
    peer.#queue.add({
      bytes: taken.slice(),
      descriptions,
      sender: this.passesCredentials || peer.passesCredentials ? sender : UNKNOWN_SENDER,
      from: this.name,
    });
    peer.changes.wake(READABLE);
    return taken.length;
  }

  /** What has arrived, or -EAGAIN. */
  receive(request: ReceiveRequest): Received | number {
    if (this.kind !== 'datagram' && !this.#isConnected) return this.kind === 'stream' ? -Errno.EINVAL : -Errno.ENOTCONN;
    const taken =
      this.kind === 'stream'
        ? this.#queue.takeBytes(request, this.passesCredentials)
        : this.#queue.takeMessage(request);
    if (taken !== undefined) {
      if (!request.peek) this.#announceRoom();
      return taken;
    }
    if (this.error !== 0) return -this.takeError();
    if ((this.#shut & Shutdown.Receive) !== 0) return END_OF_STREAM;
    return -Errno.EAGAIN;
  }

  shutdown(directions: number): number {
    this.#shut |= directions;
    this.changes.wake();
    const peer = this.#peer;
    if (peer !== undefined && this.kind !== 'datagram') {
      if ((directions & Shutdown.Receive) !== 0) peer.#shut |= Shutdown.Send;
      if ((directions & Shutdown.Send) !== 0) peer.#shut |= Shutdown.Receive;
      peer.changes.wake();
    }
    return 0;
  }

  /** unix_poll and unix_dgram_poll. */
  readiness(): number {
    if (this.#waiting !== undefined) return this.#waiting.length > 0 ? READABLE : 0;
    const isStream = this.kind !== 'datagram';
    const isOver = isStream && (!this.#isConnected || this.#shut === Shutdown.Both);
    return (
      (this.error !== 0 ? Readiness.Error : 0) |
      (isOver || this.#shut === Shutdown.Both ? Readiness.HangUp : 0) |
      ((this.#shut & Shutdown.Receive) !== 0 ? Readiness.ReadHangUp | READABLE : 0) |
      (this.#queue.isEmpty ? 0 : READABLE) |
      (this.#isWritable() ? WRITABLE : 0)
    );
  }

  /** The last descriptor is gone. `isUnaccepted`: it was a connection that nobody took. */
  close(isUnaccepted = false): void {
    this.#isClosed = true;
    if (this.#name !== undefined) this.#names.release(this.#name.key, this);
    for (const connection of this.#waiting ?? []) connection.close(true);
    const peer = this.#peer;
    if (peer !== undefined && this.kind !== 'datagram') {
      // Whoever leaves with unread data, or without having accepted, resets the connection.
      if (!this.#queue.isEmpty || isUnaccepted) peer.error = Errno.ECONNRESET;
      peer.#shut = Shutdown.Both;
      peer.changes.wake(GONE);
    }
    if (this.kind === 'datagram') {
      this.#leavePeer();
      for (const follower of this.#followers) follower.changes.wake();
    }
    this.#queue.clear();
    this.changes.wake(GONE);
    this.#inFlight.collect();
  }

  /** Descriptors on their way to this socket, or to one that it may still accept. */
  carried(): readonly OpenDescription[] {
    return [...this.#queue.carried, ...(this.#waiting ?? []).flatMap((each) => each.#queue.carried)];
  }

  /** Nobody will ever receive what is here. */
  dropCarried(): void {
    for (const each of this.#waiting ?? []) each.#queue.clear();
    this.#queue.clear();
  }

  /** A connected datagram socket hears its peer only. */
  #accepts(sender: LocalSocket): boolean {
    return this.#peer === undefined || this.#peer === sender;
  }

  #hasRoom(peer: LocalSocket): boolean {
    if (this.kind === 'datagram') return peer.#queue.count <= DATAGRAM_QUEUE_LENGTH;
    return peer.#queue.charge < this.sendBufferBytes;
  }

  /** A stream is writable while a quarter of its room is taken at most. */
  #isWritable(): boolean {
    const peer = this.#peer;
    if (peer === undefined || peer.#isClosed) return true;
    if (this.kind === 'datagram') return this.#hasRoom(peer);
    return peer.#queue.charge * 4 <= this.sendBufferBytes;
  }

  #announceRoom(): void {
    // Senders of datagrams may be many: those that are not connected wait at the receiver.
    if (this.kind === 'datagram') this.changes.wake(WRITABLE);
    this.#peer?.changes.wake(WRITABLE);
    for (const follower of this.#followers) if (follower !== this.#peer) follower.changes.wake(WRITABLE);
  }

  #leavePeer(): void {
    if (this.#peer !== undefined) this.#peer.#followers.delete(this);
  }

  #forgetPeer(): void {
    this.#leavePeer();
    this.#peer = undefined;
    this.#isConnected = false;
    this.changes.wake();
  }
}

function carrierOf({ file }: OpenDescription): LocalSocket | undefined {
  return file.control instanceof LocalSocket ? file.control : undefined;
}
