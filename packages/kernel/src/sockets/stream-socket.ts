// TCP as a program sees it (man 7 tcp): connections within the machine are exact, those of the outside are the host's.
import { Errno } from '../errno.ts';
import { Readiness } from '../files/open-file.ts';
import type { OutsideSetting, OutsideStream } from '../host/sockets-port.ts';
import { ByteQueue } from './byte-queue.ts';
import { type Endpoint, isWildcard, LOOPBACKS, WILDCARDS } from './endpoint.ts';
import type { InternetNetwork } from './internet-network.ts';
import { InternetSocket } from './internet-socket.ts';
import type { InternetVersion } from './endpoint.ts';
import type { Reservation } from './outside-listeners.ts';
import { Shutdown } from './socket.ts';
import {
  END_OF_STREAM,
  type Received,
  type ReceiveRequest,
  type SendRequest,
  UNKNOWN_SENDER,
} from './socket-message.ts';
import { linkOutside, linkTo, type StreamLink } from './stream-link.ts';

/** net.ipv4.tcp_rmem[1], and what tcp_wmem[1] has grown to on a connection over the loopback. */
const DEFAULT_RECEIVE_BYTES = 131_072;
const DEFAULT_SEND_BYTES = 16_384; // not a page size: net.ipv4.tcp_wmem[1]
const CONNECTED_SEND_BYTES = 2_626_560;
const READABLE = Readiness.Readable | Readiness.ReadNormal;
const WRITABLE = Readiness.Writable | Readiness.WriteNormal;

/** Where a socket is in its life. 'closed' is also the fresh one. */
export type StreamState = 'closed' | 'connecting' | 'open' | 'listening';

/** A TCP socket. */
export class StreamSocket extends InternetSocket {
  /** SO_LINGER in seconds; 0 resets at close. */
  linger: number | undefined;
  /** The program chose a size for what it sends: it does not grow. */
  hasOwnSendBuffer = false;
  isClosed = false;
  #state: StreamState = 'closed';
  /** A connect was begun and no call has told what became of it (SS_CONNECTING). */
  #isUntold = false;
  #shut = 0;
  /** The other side's end has arrived (SOCK_DONE). */
  #isDone = false;
  #link: StreamLink | undefined;
  #outside: OutsideStream | undefined;
  #reservation: Reservation | undefined;
  readonly #queue = new ByteQueue();
  #urgent: number | undefined;
  /** Bytes in the queue before the urgent mark. */
  #mark: number | undefined;
  #waiting: StreamSocket[] = [];
  /** Those who found the line full. */
  #turnedAway: (() => void)[] = [];
  #backlog = 0;
  /** A write found no room: the next room is news. */
  #lacksRoom = false;
  readonly #settings = new Map<OutsideSetting, number>();
  readonly #machine: InternetNetwork;

  constructor(version: InternetVersion, machine: InternetNetwork, inode: number) {
    super('stream', version, machine.network, inode);
    this.#machine = machine;
    this.receiveBufferBytes = DEFAULT_RECEIVE_BYTES;
    this.sendBufferBytes = DEFAULT_SEND_BYTES;
  }

  get state(): StreamState {
    return this.#state;
  }

  get shut(): number {
    return this.#shut;
  }

  get hasArrivedEnd(): boolean {
    return this.#isDone;
  }

  get isListening(): boolean {
    return this.#state === 'listening';
  }

  get isConnected(): boolean {
    return this.#state === 'open';
  }

  /** A connect is under way, or nobody asked yet how it went. */
  get isConnecting(): boolean {
    return this.#isUntold;
  }

  get available(): number {
    return this.#mark === undefined || this.#mark === 0 ? this.#queue.length : this.#mark;
  }

  /** Connections that wait to be accepted. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many may wait. */
  get backlog(): number {
    return this.#backlog;
  }

  override get unsent(): number {
    return this.#link?.unsent() ?? 0;
  }

  /** The next byte is the urgent mark's (SIOCATMARK). */
  get isAtMark(): boolean {
    return this.#mark === 0;
  }

  /** Keeps an option that acts on the host's socket only. */
  set(setting: OutsideSetting, value: number): void {
    this.#settings.set(setting, value);
    this.#outside?.set(setting, value);
  }

  protected override reserve(endpoint: Endpoint): void {
    const { onlyVersion6 } = this;
    this.#reservation = this.#machine.listeners.reserve({
      local: endpoint,
      onlyVersion6,
      opened: (local) => {
        if (this.isClosed) return;
        this.outcome = this.local === undefined ? this.takeLocal(local) : 0;
      },
      failed: (errno) => {
        this.#reservation = undefined;
        this.leaveLocal();
        this.hasOwnName = false;
        this.outcome = -errno;
      },
    });
  }

  /** Begins to listen; -EINPROGRESS: an address is still being taken, see `outcome`. */
  listen(backlog: number): number {
    if (this.#state !== 'listening' && (this.#state !== 'closed' || this.#isUntold)) return -Errno.EINVAL;
    if (this.local === undefined) {
      const bound = this.bind({ address: WILDCARDS[this.version], port: 0 });
      if (bound === undefined) return -Errno.EINPROGRESS;
      if (bound < 0) return bound;
    }
    const { local } = this;
    if (local === undefined) return -Errno.EINVAL;
    if (this.#state !== 'listening' && this.network.conflictsListening(this, local)) return -Errno.EADDRINUSE;
    this.#state = 'listening';
    this.#shut = 0;
    this.#backlog = backlog;
    return 0;
  }

  accept(): StreamSocket | number {
    if (this.#state !== 'listening') return -Errno.EINVAL;
    const next = this.#waiting.shift();
    if (next === undefined) return -Errno.EAGAIN;
    this.#turnedAway.shift()?.();
    return next;
  }

  /** Begins to connect. undefined: ask {@link finishConnect}. */
  connect(target: Endpoint): number | undefined {
    if (this.#state !== 'closed') return -Errno.EISCONN;
    const version = target.address.includes(':') ? 6 : 4;
    const remote = isWildcard(target.address) ? { ...target, address: LOOPBACKS[version] } : target;
    if (version === 4 && this.version === 6 && this.onlyVersion6) return -Errno.ENETUNREACH;
    const isLocal = this.network.isLocal(remote.address);
    const { outside } = this.network;
    if (!isLocal && outside === undefined) return -Errno.ENETUNREACH;
    const source = this.network.sourceFor(remote.address);
    const explicit = this.local;
    if (this.local === undefined) {
      const taken = this.takeLocal({ address: source, port: 0 });
      if (taken < 0) return -Errno.EADDRNOTAVAIL;
    } else if (isWildcard(this.local.address)) this.local = { ...this.local, address: source };
    this.remote = remote;
    this.#state = 'connecting';
    this.#isUntold = true;
    this.#shut = 0;
    this.#isDone = false;
    this.error = 0;
    const listener = isLocal ? this.network.listener(remote) : undefined;
    if (listener instanceof StreamSocket) this.#meet(listener);
    else if (outside === undefined) this.arriveReset(Errno.ECONNREFUSED);
    else this.#connectOutside(remote, explicit);
    return undefined;
  }

  /** How a connect went, told once: 0, a negated error, or undefined while it is under way. */
  finishConnect(): number | undefined {
    if (this.#state === 'connecting') return undefined;
    this.#isUntold = false;
    return this.#state === 'open' ? 0 : -(this.takeError() || Errno.ECONNABORTED);
  }

  /** connect(2) to AF_UNSPEC: gives the connection up; the socket can connect again. */
  disconnect(): number {
    const hadConnection = this.#state === 'open' || this.#state === 'connecting';
    this.#link?.reset();
    this.#forgetConnection();
    if (hadConnection) this.error = Errno.ECONNRESET;
    this.changes.wake();
    return 0;
  }

  send({ bytes, urgent = false }: SendRequest): number {
    if (this.#state === 'connecting') return -Errno.EAGAIN;
    if (this.error !== 0) return -this.takeError();
    const link = this.#link;
    if (this.#state !== 'open' || link === undefined || (this.#shut & Shutdown.Send) !== 0) return -Errno.EPIPE;
    if (bytes.length === 0) return 0;
    const room = link.room();
    if (room === 0) {
      this.#lacksRoom = true;
      return -Errno.EAGAIN;
    }
    const taken = bytes.slice(0, room);
    link.send(taken, urgent && taken.length === bytes.length);
    return taken.length;
  }

  receive(request: ReceiveRequest): Received | number {
    if (this.#state === 'listening') return -Errno.ENOTCONN;
    if (request.urgent) return this.#receiveUrgent(request);
    if (this.#queue.length > 0) return this.#take(request);
    if (this.#isDone) return END_OF_STREAM;
    if (this.error !== 0) return -this.takeError();
    if ((this.#shut & Shutdown.Receive) !== 0) return END_OF_STREAM;
    return this.#state === 'closed' ? -Errno.ENOTCONN : -Errno.EAGAIN;
  }

  shutdown(directions: number): number {
    if (this.#state === 'listening') {
      if ((directions & Shutdown.Receive) === 0) return 0;
      this.#stopListening();
      this.changes.wake();
      return 0;
    }
    if (this.#state === 'connecting') return this.disconnect();
    // Both sides have ended: the connection is over (TCP_CLOSE).
    const isOver = this.#isDone && (this.#shut & Shutdown.Send) !== 0;
    if (this.#state === 'closed' || isOver) {
      this.changes.wake();
      return -Errno.ENOTCONN;
    }
    const isNewEnd = (directions & ~this.#shut & Shutdown.Send) !== 0;
    this.#shut |= directions;
    if (isNewEnd) this.#link?.end();
    this.changes.wake();
    return 0;
  }

  /** tcp_poll (net/ipv4/tcp.c). */
  readiness(): number {
    if (this.#state === 'listening') return this.#waiting.length > 0 ? READABLE : 0;
    const error = this.error !== 0 ? Readiness.Error : 0;
    if (this.#state === 'connecting') return error;
    const isOver = this.#state === 'closed' || this.#shut === Shutdown.Both;
    const isEnd = (this.#shut & Shutdown.Receive) !== 0;
    const isReadable = isEnd || this.#queue.length >= this.lowWater;
    const canSend = (this.#shut & Shutdown.Send) === 0 && this.#state === 'open';
    const isWritable = !canSend || this.#hasRoom();
    if (!isWritable) this.#lacksRoom = true;
    return (
      error |
      (isOver ? Readiness.HangUp : 0) |
      (isEnd ? Readiness.ReadHangUp : 0) |
      (isReadable ? READABLE : 0) |
      (isWritable ? WRITABLE : 0) |
      (this.#urgent === undefined ? 0 : Readiness.Priority)
    );
  }

  close(): void {
    if (this.isClosed) return;
    this.#stopListening();
    // Whoever leaves with unread data, or does not want to linger, resets the connection (tcp_close).
    const isReset = this.#queue.length > 0 || this.linger === 0 || this.#state === 'connecting';
    this.isClosed = true;
    if (isReset) this.#link?.reset();
    else {
      if ((this.#shut & Shutdown.Send) === 0) this.#link?.end();
      this.#link?.close();
    }
    this.#queue.clear();
    this.#state = 'closed';
    this.#link = undefined;
    this.leaveLocal();
    this.network.sockets.delete(this);
    this.changes.wake();
  }

  /** Bytes from the other side. */
  arrive(bytes: Uint8Array, isUrgent: boolean): void {
    if (this.isClosed) return;
    if (isUrgent) {
      this.#queue.add(bytes.subarray(0, bytes.length - 1));
      this.#urgent = bytes[bytes.length - 1];
      this.#mark = this.#queue.length;
      this.changes.wake(Readiness.Priority | (bytes.length > 1 ? READABLE : 0));
      return;
    }
    this.#queue.add(bytes);
    this.changes.wake(READABLE);
  }

  /** The other side sends nothing more. */
  arriveEnd(): void {
    if (this.isClosed || this.#state !== 'open') return;
    this.#isDone = true;
    this.#shut |= Shutdown.Receive;
    this.changes.wake(READABLE | Readiness.ReadHangUp | (this.#shut === Shutdown.Both ? Readiness.HangUp : 0));
  }

  /** The connection is over, or did not come about. */
  arriveReset(errno: number = Errno.ECONNRESET): void {
    if (this.isClosed || (this.#state !== 'open' && this.#state !== 'connecting')) return;
    // After its end nobody but a writer hears of a reset (net/ipv4/tcp_input.c, tcp_reset).
    this.error = this.#isDone && this.#state === 'open' ? Errno.EPIPE : errno;
    const wasConnecting = this.#state === 'connecting';
    this.#state = 'closed';
    this.#shut = Shutdown.Both;
    this.#link = undefined;
    this.#outside = undefined;
    if (wasConnecting) this.remote = undefined;
    if (!this.hasOwnName) this.leaveLocal();
    this.changes.wake();
  }

  /** The outside has taken the connection. */
  arriveConnected(local: Endpoint): void {
    if (this.isClosed || this.#state !== 'connecting') return;
    if (this.local !== undefined) {
      this.network.release(this);
      this.local = local;
      this.network.claim(this);
    }
    this.#open();
  }

  /** The other side has taken bytes away. */
  roomMade(): void {
    if (!this.#lacksRoom || this.#state !== 'open' || !this.#hasRoom()) return;
    this.#lacksRoom = false;
    this.changes.wake(WRITABLE);
  }

  /** A connection from outside for this listening socket. */
  admit(stream: OutsideStream, remote: Endpoint, local: Endpoint): void {
    if (this.#waiting.length > this.#backlog) {
      stream.reset();
      return;
    }
    const child = this.#child(local, remote);
    child.#joinOutside(() => stream);
    child.#open();
    this.#enqueue(child);
  }

  #meet(listener: StreamSocket): void {
    if (listener.isClosed || listener.#state !== 'listening') {
      this.arriveReset(Errno.ECONNREFUSED);
      return;
    }
    if (listener.#waiting.length > listener.#backlog) {
      listener.#turnedAway.push(() => {
        if (!this.isClosed && this.#state === 'connecting') this.#meet(listener);
      });
      return;
    }
    const { local, remote } = this;
    if (local === undefined || remote === undefined) return;
    const child = listener.#child(remote, local);
    this.#link = linkTo(this, child);
    child.#link = linkTo(child, this);
    child.#open();
    this.#open();
    listener.#enqueue(child);
  }

  #connectOutside(remote: Endpoint, explicit: Endpoint | undefined): void {
    const begin = () => {
      if (this.isClosed || this.#state !== 'connecting') return;
      this.#joinOutside((events) => {
        const stream = this.network.outside?.connect(remote, explicit, events);
        if (stream === undefined) throw new TypeError('A machine without an outside connects to nothing there.');
        return stream;
      });
    };
    // The port that was taken for a listener is now a connection's.
    const reservation = this.#reservation;
    this.#reservation = undefined;
    if (reservation === undefined) begin();
    else reservation.release(begin);
  }

  #joinOutside(open: Parameters<typeof linkOutside>[1]): void {
    const { link, stream } = linkOutside(this, (events) => {
      const opened = open(events);
      opened.listen(events);
      return opened;
    });
    this.#link = link;
    this.#outside = stream;
    for (const [setting, value] of this.#settings) stream.set(setting, value);
  }

  #open(): void {
    this.#state = 'open';
    if (!this.hasOwnSendBuffer) this.sendBufferBytes = CONNECTED_SEND_BYTES;
    this.changes.wake(WRITABLE);
  }

  /** A connection of this listening socket, with its options. */
  #child(local: Endpoint, remote: Endpoint): StreamSocket {
    const child = new StreamSocket(this.version, this.#machine, this.#machine.nextInode());
    child.onlyVersion6 = this.onlyVersion6;
    child.reusesAddress = this.reusesAddress;
    child.reusesPort = this.reusesPort;
    child.user = this.user;
    child.linger = this.linger;
    child.hasOwnSendBuffer = this.hasOwnSendBuffer;
    child.sendBufferBytes = this.sendBufferBytes;
    child.receiveBufferBytes = this.receiveBufferBytes;
    child.receiveTimeout = this.receiveTimeout;
    child.sendTimeout = this.sendTimeout;
    child.lowWater = this.lowWater;
    for (const [setting, value] of this.#settings) child.#settings.set(setting, value);
    child.local = local;
    child.remote = remote;
    child.hasOwnName = true;
    this.network.claim(child);
    this.#machine.inherit(this, child);
    return child;
  }

  #enqueue(child: StreamSocket): void {
    this.#waiting.push(child);
    this.changes.wake(READABLE);
  }

  #stopListening(): void {
    this.#reservation?.release();
    this.#reservation = undefined;
    if (this.#state !== 'listening') return;
    this.#state = 'closed';
    for (const child of this.#waiting) {
      child.linger = 0;
      child.close();
    }
    this.#waiting = [];
    const turnedAway = this.#turnedAway;
    this.#turnedAway = [];
    for (const retry of turnedAway) retry();
  }

  #forgetConnection(): void {
    this.#stopListening();
    this.#state = 'closed';
    this.#link = undefined;
    this.#outside = undefined;
    this.#isUntold = false;
    this.#shut = 0;
    this.#isDone = false;
    this.remote = undefined;
    this.#queue.clear();
    this.#urgent = undefined;
    this.#mark = undefined;
    if (!this.hasOwnName) this.leaveLocal();
  }

  /** A stream is writable when a third of its room is free (sk_stream_is_writeable). */
  #hasRoom(): boolean {
    const room = this.#link?.room() ?? 0;
    return room * 3 >= Math.min(this.sendBufferBytes, this.receiveBufferBytes);
  }

  #take({ maximum, peek = false }: ReceiveRequest): Received {
    const isBehindMark = this.#mark === undefined || this.#mark === 0;
    const bytes = this.#queue.take(isBehindMark ? maximum : Math.min(maximum, this.#mark ?? 0), peek);
    if (!peek && bytes.length > 0) {
      if (this.#mark !== undefined) this.#mark = isBehindMark ? undefined : this.#mark - bytes.length;
      this.#link?.consumed();
    }
    const from = this.remote ?? '';
    return { bytes, fullLength: bytes.length, descriptions: [], sender: UNKNOWN_SENDER, from, isMessage: true };
  }

  #receiveUrgent({ peek = false }: ReceiveRequest): Received | number {
    if (this.#urgent === undefined) return -Errno.EINVAL;
    const bytes = Uint8Array.of(this.#urgent);
    if (!peek) this.#urgent = undefined;
    return { bytes, fullLength: 1, descriptions: [], sender: UNKNOWN_SENDER, from: '', isMessage: true };
  }
}
