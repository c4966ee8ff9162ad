// TCP as a program sees it (man 7 tcp): connections within the machine are exact, those of the outside are the host's.
import { Errno } from '../errno.ts';
import { Readiness } from '../files/open-file.ts';
import type { OutsideStream } from '../host/sockets-port.ts';
import { AcceptLine } from './accept-line.ts';
import { type Endpoint, type InternetVersion, isWildcard, LOOPBACKS, WILDCARDS } from './endpoint.ts';
import type { InternetNetwork } from './internet-network.ts';
import type { Reservation } from './outside-listeners.ts';
import { Shutdown } from './socket.ts';
import { StreamConnection } from './stream-connection.ts';
import { linkTo } from './stream-link.ts';

/** net.ipv4.tcp_rmem[1] and tcp_wmem[1]. */
const DEFAULT_RECEIVE_BYTES = 131_072;
const DEFAULT_SEND_BYTES = 16_384; // not a page size: net.ipv4.tcp_wmem[1]
const READABLE = Readiness.Readable | Readiness.ReadNormal;
const WRITABLE = Readiness.Writable | Readiness.WriteNormal;

/** A TCP socket. */
export class StreamSocket extends StreamConnection {
  /** SO_LINGER in seconds; 0 resets at close. */
  linger: number | undefined;
  #reservation: Reservation | undefined;
  readonly #line = new AcceptLine<StreamSocket>();
  readonly #machine: InternetNetwork;
  /** It has its name from a listening socket, and may be bound anew once it is no connection (sk_clone_lock: no SOCK_BINDPORT_LOCK). */
  #wasAccepted = false;

  constructor(version: InternetVersion, machine: InternetNetwork, inode: number) {
    super('stream', version, machine.network, inode);
    this.#machine = machine;
    this.receiveBufferBytes = DEFAULT_RECEIVE_BYTES;
    this.sendBufferBytes = DEFAULT_SEND_BYTES;
  }

  get isListening(): boolean {
    return this.life === 'listening';
  }

  /** Connections that wait to be accepted. */
  get waiting(): number {
    return this.#line.length;
  }

  /** How many may wait. */
  get backlog(): number {
    return this.#line.backlog;
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
    if (this.life !== 'listening' && (this.life !== 'closed' || this.isUntold)) return -Errno.EINVAL;
    if (this.local === undefined) {
      const bound = this.bind({ address: WILDCARDS[this.version], port: 0 });
      if (bound === undefined) return -Errno.EINPROGRESS;
      if (bound < 0) return bound;
    }
    const { local } = this;
    if (local === undefined) return -Errno.EINVAL;
    if (this.life !== 'listening' && this.network.conflictsListening(this, local)) return -Errno.EADDRINUSE;
    this.life = 'listening';
    this.ends = 0;
    this.#line.backlog = backlog;
    return 0;
  }

  accept(): StreamSocket | number {
    if (this.life !== 'listening') return -Errno.EINVAL;
    return this.#line.next() ?? -Errno.EAGAIN;
  }

  /** Begins to connect. undefined: ask {@link finishConnect}. */
  connect(target: Endpoint): number | undefined {
    if (this.life !== 'closed') return -Errno.EISCONN;
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
    this.life = 'connecting';
    this.isUntold = true;
    this.ends = 0;
    this.isDone = false;
    this.error = 0;
    const listener = isLocal ? this.network.listener(remote) : undefined;
    if (listener instanceof StreamSocket) this.#meet(listener);
    else if (outside === undefined) this.arriveReset(Errno.ECONNREFUSED);
    else this.#connectOutside(remote, explicit);
    return undefined;
  }

  /** How a connect went, told once: 0, a negated error, or undefined while it is under way. */
  finishConnect(): number | undefined {
    if (this.life === 'connecting') return undefined;
    this.isUntold = false;
    return this.life === 'open' ? 0 : -(this.takeError() || Errno.ECONNABORTED);
  }

  /** connect(2) to AF_UNSPEC: gives the connection up; the socket can connect again. */
  disconnect(): number {
    const hadConnection = this.life === 'open' || this.life === 'connecting';
    this.link?.reset();
    if (this.#wasAccepted) this.hasOwnName = false;
    this.#forgetConnection();
    if (hadConnection) this.error = Errno.ECONNRESET;
    this.changes.wake();
    return 0;
  }

  shutdown(directions: number): number {
    if (this.life === 'listening') {
      if ((directions & Shutdown.Receive) === 0) return 0;
      this.#stopListening();
      this.changes.wake();
      return 0;
    }
    if (this.life === 'connecting') return this.disconnect();
    // Both sides have ended: the connection is over (TCP_CLOSE).
    const isOver = this.isDone && (this.ends & Shutdown.Send) !== 0;
    if (this.life === 'closed' || isOver) {
      this.changes.wake();
      return -Errno.ENOTCONN;
    }
    const isNewEnd = (directions & ~this.ends & Shutdown.Send) !== 0;
    this.ends |= directions;
    if (isNewEnd) this.link?.end();
    this.changes.wake();
    return 0;
  }

  /** tcp_poll (net/ipv4/tcp.c). */
  readiness(): number {
    if (this.life === 'listening') return this.#line.length > 0 ? READABLE : 0;
    const error = this.error !== 0 ? Readiness.Error : 0;
    if (this.life === 'connecting') return error;
    const isOver = this.life === 'closed' || this.ends === Shutdown.Both;
    const isEnd = (this.ends & Shutdown.Receive) !== 0;
    const isReadable = isEnd || this.queue.length >= this.lowWater;
    const canSend = (this.ends & Shutdown.Send) === 0 && this.life === 'open';
    const isWritable = !canSend || this.hasRoom();
    if (!isWritable) this.lacksRoom = true;
    return (
      error |
      (isOver ? Readiness.HangUp : 0) |
      (isEnd ? Readiness.ReadHangUp : 0) |
      (isReadable ? READABLE : 0) |
      (isWritable ? WRITABLE : 0) |
      (this.queue.hasUrgent ? Readiness.Priority : 0)
    );
  }

  close(): void {
    if (this.isClosed) return;
    this.#stopListening();
    // Whoever leaves with unread data, or does not want to linger, resets the connection (tcp_close).
    const isReset = this.queue.length > 0 || this.linger === 0 || this.life === 'connecting';
    this.isClosed = true;
    if (isReset) this.link?.reset();
    else {
      if ((this.ends & Shutdown.Send) === 0) this.link?.end();
      this.link?.close();
    }
    this.queue.clear();
    this.life = 'closed';
    this.link = undefined;
    this.leaveLocal();
    this.network.sockets.delete(this);
    this.changes.wake();
  }

  /** A connection from outside for this listening socket. */
  admit(stream: OutsideStream, remote: Endpoint, local: Endpoint): void {
    if (this.#line.isFull) {
      stream.reset();
      return;
    }
    const child = this.#child(local, remote);
    child.joinOutside(() => stream);
    child.open();
    this.#enqueue(child);
  }

  #meet(listener: StreamSocket): void {
    if (listener.isClosed || listener.life !== 'listening') {
      this.arriveReset(Errno.ECONNREFUSED);
      return;
    }
    if (listener.#line.isFull) {
      listener.#line.turnAway(() => {
        if (!this.isClosed && this.life === 'connecting') this.#meet(listener);
      });
      return;
    }
    const { local, remote } = this;
    if (local === undefined || remote === undefined) return;
    const child = listener.#child(remote, local);
    this.link = linkTo(this, child);
    child.link = linkTo(child, this);
    child.open();
    this.open();
    listener.#enqueue(child);
  }

  #connectOutside(remote: Endpoint, explicit: Endpoint | undefined): void {
    const begin = () => {
      if (this.isClosed || this.life !== 'connecting') return;
      this.joinOutside((events) => {
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
    for (const [setting, value] of this.settings) child.settings.set(setting, value);
    child.local = local;
    child.remote = remote;
    child.hasOwnName = true;
    child.#wasAccepted = true;
    this.network.claim(child);
    this.#machine.inherit(this, child);
    return child;
  }

  #enqueue(child: StreamSocket): void {
    this.#line.add(child);
    this.changes.wake(READABLE);
  }

  #stopListening(): void {
    this.#reservation?.release();
    this.#reservation = undefined;
    if (this.life !== 'listening') return;
    this.life = 'closed';
    for (const child of this.#line.dissolve()) {
      child.linger = 0;
      child.close();
    }
  }

  #forgetConnection(): void {
    this.#stopListening();
    this.life = 'closed';
    this.link = undefined;
    this.stream = undefined;
    this.isUntold = false;
    this.ends = 0;
    this.isDone = false;
    this.remote = undefined;
    this.queue.clear();
    if (!this.hasOwnName) this.leaveLocal();
  }
}
