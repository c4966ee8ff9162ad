// One side of a TCP connection: what is sent and received, and how it ends (man 7 tcp).
import { Errno } from '../errno.ts';
import { Readiness } from '../files/open-file.ts';
import type { OutsideSetting, OutsideStream } from '../host/sockets-port.ts';
import type { Endpoint } from './endpoint.ts';
import { InternetSocket } from './internet-socket.ts';
import { Shutdown } from './socket.ts';
import {
  END_OF_STREAM,
  type Received,
  type ReceiveRequest,
  type SendRequest,
  UNKNOWN_SENDER,
} from './socket-message.ts';
import { linkOutside, type StreamLink } from './stream-link.ts';
import { StreamQueue } from './stream-queue.ts';

/** What net.ipv4.tcp_wmem[1] has grown to on a connection over the loopback. */
const CONNECTED_SEND_BYTES = 2_626_560;
const READABLE = Readiness.Readable | Readiness.ReadNormal;
const WRITABLE = Readiness.Writable | Readiness.WriteNormal;

/** Where a socket is in its life. 'closed' is also the fresh one. */
export type StreamState = 'closed' | 'connecting' | 'open' | 'listening';

/** A TCP socket as its other side sees it. */
export abstract class StreamConnection extends InternetSocket {
  /** The program chose a size for what it sends: it does not grow. */
  hasOwnSendBuffer = false;
  isClosed = false;
  protected life: StreamState = 'closed';
  /** A connect was begun and no call has told what became of it (SS_CONNECTING). */
  protected isUntold = false;
  /** Directions that are shut down. */
  protected ends = 0;
  /** The other side's end has arrived (SOCK_DONE). */
  protected isDone = false;
  protected link: StreamLink | undefined;
  protected stream: OutsideStream | undefined;
  protected readonly queue = new StreamQueue();
  /** A write found no room: the next room is news. */
  protected lacksRoom = false;
  protected readonly settings = new Map<OutsideSetting, number>();

  get state(): StreamState {
    return this.life;
  }

  get shut(): number {
    return this.ends;
  }

  get hasArrivedEnd(): boolean {
    return this.isDone;
  }

  get isConnected(): boolean {
    return this.life === 'open';
  }

  /** A connect is under way, or nobody asked yet how it went. */
  get isConnecting(): boolean {
    return this.isUntold;
  }

  get available(): number {
    return this.queue.available;
  }

  override get unsent(): number {
    return this.link?.unsent() ?? 0;
  }

  /** The next byte is the urgent mark's (SIOCATMARK). */
  get isAtMark(): boolean {
    return this.queue.isAtMark;
  }

  /** Keeps an option that acts on the host's socket only. */
  set(setting: OutsideSetting, value: number): void {
    this.settings.set(setting, value);
    this.stream?.set(setting, value);
  }

  send({ bytes, urgent = false }: SendRequest): number {
    if (this.life === 'connecting') return -Errno.EAGAIN;
    if (this.error !== 0) return -this.takeError();
    const link = this.link;
    if (this.life !== 'open' || link === undefined || (this.ends & Shutdown.Send) !== 0) return -Errno.EPIPE;
    if (bytes.length === 0) return 0;
    const room = link.room();
    if (room === 0) {
      this.lacksRoom = true;
      return -Errno.EAGAIN;
    }
    const taken = bytes.slice(0, room);
    link.send(taken, urgent && taken.length === bytes.length);
    return taken.length;
  }

  receive(request: ReceiveRequest): Received | number {
    if (this.life === 'listening') return -Errno.ENOTCONN;
    if (request.urgent) return this.takeUrgent(request);
    if (this.queue.length > 0) return this.takeBytes(request);
    if (this.isDone) return END_OF_STREAM;
    if (this.error !== 0) return -this.takeError();
    if ((this.ends & Shutdown.Receive) !== 0) return END_OF_STREAM;
    return this.life === 'closed' ? -Errno.ENOTCONN : -Errno.EAGAIN;
  }

  /** Bytes from the other side. */
  arrive(bytes: Uint8Array, isUrgent: boolean): void {
    if (this.isClosed) return;
    if (isUrgent) {
      this.queue.addUrgent(bytes);
      this.changes.wake(Readiness.Priority | (bytes.length > 1 ? READABLE : 0));
      return;
    }
    this.queue.add(bytes);
    this.changes.wake(READABLE);
  }

  /** The other side sends nothing more. */
  arriveEnd(): void {
    if (this.isClosed || this.life !== 'open') return;
    this.isDone = true;
    this.ends |= Shutdown.Receive;
    this.changes.wake(READABLE | Readiness.ReadHangUp | (this.ends === Shutdown.Both ? Readiness.HangUp : 0));
  }

  /** The connection is over, or did not come about. */
  arriveReset(errno: number = Errno.ECONNRESET): void {
    if (this.isClosed || (this.life !== 'open' && this.life !== 'connecting')) return;
    // After its end nobody but a writer hears of a reset (net/ipv4/tcp_input.c, tcp_reset).
    this.error = this.isDone && this.life === 'open' ? Errno.EPIPE : errno;
    const wasConnecting = this.life === 'connecting';
    this.life = 'closed';
    this.ends = Shutdown.Both;
    this.link = undefined;
    this.stream = undefined;
    if (wasConnecting) this.remote = undefined;
    if (!this.hasOwnName) this.leaveLocal();
    this.changes.wake();
  }

  /** The outside has taken the connection. */
  arriveConnected(local: Endpoint): void {
    if (this.isClosed || this.life !== 'connecting') return;
    if (this.local !== undefined) {
      this.network.release(this);
      this.local = local;
      this.network.claim(this);
    }
    this.open();
  }

  /** The other side has taken bytes away. */
  roomMade(): void {
    if (!this.lacksRoom || this.life !== 'open' || !this.hasRoom()) return;
    this.lacksRoom = false;
    this.changes.wake(WRITABLE);
  }

  protected joinOutside(open: Parameters<typeof linkOutside>[1]): void {
    const { link, stream } = linkOutside(this, (events) => {
      const opened = open(events);
      opened.listen(events);
      return opened;
    });
    this.link = link;
    this.stream = stream;
    for (const [setting, value] of this.settings) stream.set(setting, value);
  }

  protected open(): void {
    this.life = 'open';
    if (!this.hasOwnSendBuffer) this.sendBufferBytes = CONNECTED_SEND_BYTES;
    this.changes.wake(WRITABLE);
  }

  /** A stream is writable when a third of its room is free (sk_stream_is_writeable). */
  protected hasRoom(): boolean {
    const room = this.link?.room() ?? 0;
    return room * 3 >= Math.min(this.sendBufferBytes, this.receiveBufferBytes);
  }

  protected takeBytes({ maximum, peek = false }: ReceiveRequest): Received {
    const bytes = this.queue.take(maximum, peek);
    if (!peek && bytes.length > 0) this.link?.consumed();
    return receivedBytes(bytes, this.remote);
  }

  protected takeUrgent({ peek = false }: ReceiveRequest): Received | number {
    const byte = this.queue.takeUrgent(peek);
    return byte === undefined ? -Errno.EINVAL : receivedBytes(Uint8Array.of(byte), this.remote);
  }
}

function receivedBytes(bytes: Uint8Array, from: Endpoint | undefined): Received {
  const fullLength = bytes.length;
  return { bytes, fullLength, descriptions: [], sender: UNKNOWN_SENDER, from: from ?? '', isMessage: true };
}
