// UDP as a program sees it (man 7 udp): within the machine datagrams go straight to their receivers, others through the outside.
import { Errno } from '../errno.ts';
import { Readiness } from '../files/open-file.ts';
import type { OutsideDatagrams, OutsideSetting } from '../host/sockets-port.ts';
import {
  type Endpoint,
  type InternetVersion,
  isMulticast,
  isVersion6,
  isWildcard,
  LOOPBACKS,
  WILDCARDS,
} from './endpoint.ts';
import { InternetSocket } from './internet-socket.ts';
import type { Network } from './network.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { Shutdown } from './socket.ts';
import {
  END_OF_STREAM,
  type Received,
  type ReceiveRequest,
  type SendRequest,
  UNKNOWN_SENDER,
} from './socket-message.ts';

/** Longest content of one datagram: 65,535 without the heads of UDP and, for version 4, of IP. */
const LONGEST = { 4: 65_507, 6: 65_527 } as const;
/** net.ipv4.igmp_max_memberships. */
const MOST_GROUPS = 20;
const READABLE = Readiness.Readable | Readiness.ReadNormal;
const WRITABLE = Readiness.Writable | Readiness.WriteNormal | Readiness.WriteBand;

/** A UDP socket. */
export class DatagramSocket extends InternetSocket {
  /** SO_BROADCAST. */
  mayBroadcast = false;
  /** IP_MULTICAST_LOOP: what it sends to a group comes back. */
  multicastLoop = true;
  /** Datagrams that found no room. */
  dropped = 0;
  readonly #queue = new ReceiveQueue();
  readonly #groups = new Set<string>();
  readonly #settings = new Map<OutsideSetting, number>();
  #outside: OutsideDatagrams | undefined;
  #isConnectedOutside = false;
  #shut = 0;
  #isClosed = false;

  constructor(version: InternetVersion, network: Network, inode: number) {
    super('datagram', version, network, inode);
  }

  get isListening(): boolean {
    return false;
  }

  get available(): number {
    return this.#queue.nextLength;
  }

  /** Memory of what waits, as /proc/net/udp shows it. */
  get charge(): number {
    return this.#queue.charge;
  }

  listen(): number {
    return -Errno.EOPNOTSUPP;
  }

  accept(): number {
    return -Errno.EOPNOTSUPP;
  }

  /** Keeps an option that acts on the host's socket only. */
  set(setting: OutsideSetting, value: number): void {
    this.#settings.set(setting, value);
    this.#outside?.set(setting, value);
  }

  /** Takes part in a group, or leaves it: 0, -EADDRINUSE for one it is in, -EADDRNOTAVAIL for one it is not, -ENOBUFS for one too many. */
  join(group: string, isMember: boolean, interfaceAddress?: string): number {
    if (this.#groups.has(group) === isMember) return isMember ? -Errno.EADDRINUSE : -Errno.EADDRNOTAVAIL;
    if (isMember && this.#groups.size >= MOST_GROUPS) return -Errno.ENOBUFS;
    if (isMember) this.#groups.add(group);
    else this.#groups.delete(group);
    this.#outside?.join(group, isMember, interfaceAddress);
    return 0;
  }

  protected override reserve(endpoint: Endpoint): void {
    this.#openOutside(endpoint);
  }

  /** Fixes the peer; undefined gives it free. 0, a negated error, or undefined: ask `outcome`. */
  connect(target: Endpoint | undefined): number | undefined {
    if (target === undefined) return this.#disconnect();
    const version = isVersion6(target.address) ? 6 : 4;
    if (version === 4 && this.version === 6 && this.onlyVersion6) return -Errno.ENETUNREACH;
    const remote = isWildcard(target.address) ? { ...target, address: LOOPBACKS[version] } : target;
    const isLocal = this.network.isLocal(remote.address);
    if (!isLocal && this.network.outside === undefined && !isMulticast(remote.address)) return -Errno.ENETUNREACH;
    if (this.network.isBroadcast(remote.address) && !this.mayBroadcast) return -Errno.EACCES;
    const source = this.network.sourceFor(remote.address);
    if (this.local === undefined) {
      const taken = this.takeLocal({ address: source, port: 0 });
      if (taken < 0) return -Errno.EAGAIN;
    } else if (isWildcard(this.local.address)) this.#move({ ...this.local, address: source });
    this.remote = remote;
    if (this.#isConnectedOutside) this.#outside?.connect(undefined);
    this.#isConnectedOutside = false;
    if (isLocal && this.network.receiver(remote, this.localName) !== undefined) return 0;
    return isLocal ? 0 : this.#connectOutside(remote);
  }

  send({ bytes, target }: SendRequest): number {
    if (this.error !== 0) return -this.takeError();
    if (bytes.length > LONGEST[this.version]) return -Errno.EMSGSIZE;
    if ((this.#shut & Shutdown.Send) !== 0) return -Errno.EPIPE;
    const given = target !== undefined && 'address' in target ? target : undefined;
    const wanted = given ?? this.remote;
    if (wanted === undefined) return -Errno.EDESTADDRREQ;
    const version = isVersion6(wanted.address) ? 6 : 4;
    if (version === 4 && this.version === 6 && this.onlyVersion6) return -Errno.ENETUNREACH;
    if (wanted.port === 0) return -Errno.EINVAL;
    const to = isWildcard(wanted.address) ? { ...wanted, address: LOOPBACKS[version] } : wanted;
    if (this.local === undefined && this.takeLocal({ address: WILDCARDS[this.version], port: 0 }) < 0)
      return -Errno.EAGAIN;
    const isGroup = isMulticast(to.address);
    const isBroadcast = this.network.isBroadcast(to.address);
    if (isBroadcast && !this.mayBroadcast) return -Errno.EACCES;
    if (isGroup || isBroadcast) return this.#sendToMany(bytes, to, isBroadcast);
    const from = this.#sourceOf(to);
    if (this.network.isLocal(to.address)) {
      const receiver = this.network.receiver(to, from);
      if (receiver instanceof DatagramSocket) {
        receiver.#deliver(bytes, from, to);
        return bytes.length;
      }
      if (this.network.outside === undefined) {
        this.#refuse();
        return bytes.length;
      }
    } else if (this.network.outside === undefined) return -Errno.ENETUNREACH;
    // A host tells about ports that nobody has on connected sockets only.
    if (given === undefined && !this.#isConnectedOutside && this.remote !== undefined)
      this.#connectOutside(this.remote);
    this.#openOutside(this.localName);
    this.#outside?.send(bytes.slice(), this.#isConnectedOutside && given === undefined ? undefined : to);
    return bytes.length;
  }

  receive(request: ReceiveRequest): Received | number {
    if (request.urgent) return -Errno.EOPNOTSUPP;
    if (this.error !== 0) return -this.takeError();
    const taken = this.#queue.takeMessage(request);
    if (taken !== undefined) return taken;
    return (this.#shut & Shutdown.Receive) !== 0 ? END_OF_STREAM : -Errno.EAGAIN;
  }

  shutdown(directions: number): number {
    // Those who wait are woken all the same (net/ipv4/af_inet.c, inet_shutdown).
    const isConnected = this.remote !== undefined;
    if (isConnected) this.#shut |= directions;
    this.changes.wake();
    return isConnected ? 0 : -Errno.ENOTCONN;
  }

  /** datagram_poll (net/core/datagram.c). */
  readiness(): number {
    const isEnd = (this.#shut & Shutdown.Receive) !== 0;
    return (
      (this.error !== 0 ? Readiness.Error : 0) |
      (isEnd ? READABLE | Readiness.ReadHangUp : 0) |
      (this.#shut === Shutdown.Both ? Readiness.HangUp : 0) |
      (this.#queue.isEmpty ? 0 : READABLE) |
      WRITABLE
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outside?.close();
    this.#outside = undefined;
    this.#queue.clear();
    this.leaveLocal();
    this.network.sockets.delete(this);
    this.changes.wake();
  }

  #deliver(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    if (this.#isClosed || (this.#shut & Shutdown.Receive) !== 0) return;
    if (this.#queue.charge > this.receiveBufferBytes) {
      this.dropped++;
      return;
    }
    this.#queue.add({ bytes: bytes.slice(), descriptions: [], sender: UNKNOWN_SENDER, from, to });
    this.changes.wake(READABLE);
  }

  /** Everybody who listens for the group or for all, and the network. */
  #sendToMany(bytes: Uint8Array, to: Endpoint, isBroadcast: boolean): number {
    const { outside } = this.network;
    if (isBroadcast && outside === undefined) return -Errno.ENETUNREACH;
    const from = this.#sourceOf(to);
    if (outside !== undefined) {
      this.#openOutside(this.localName);
      this.#outside?.send(bytes.slice(), to);
    }
    for (const receiver of this.network.receivers(to, from)) {
      if (!(receiver instanceof DatagramSocket)) continue;
      // A member with a socket outside gets the host's copy.
      if (receiver.#outside !== undefined && outside !== undefined) continue;
      if (isBroadcast || (receiver.#groups.has(to.address) && this.multicastLoop)) receiver.#deliver(bytes, from, to);
    }
    return bytes.length;
  }

  #sourceOf(to: Endpoint): Endpoint {
    const own = this.localName;
    return isWildcard(own.address) ? { ...own, address: this.network.sourceFor(to.address) } : own;
  }

  /** Nobody has the port: a connected socket hears of it (ICMP port unreachable). */
  #refuse(): void {
    if (this.remote === undefined) return;
    this.error = Errno.ECONNREFUSED;
    this.changes.wake();
  }

  #disconnect(): number {
    this.remote = undefined;
    if (this.#isConnectedOutside) this.#outside?.connect(undefined);
    this.#isConnectedOutside = false;
    if (!this.hasOwnName) this.leaveLocal();
    this.changes.wake();
    return 0;
  }

  #connectOutside(remote: Endpoint): number | undefined {
    this.#openOutside(this.localName);
    this.#isConnectedOutside = true;
    this.outcome = undefined;
    this.#outside?.connect(remote);
    return this.outcome;
  }

  #openOutside(local: Endpoint): void {
    if (this.#outside !== undefined) return;
    // The source address of a socket that the program did not bind is the host's choice.
    const wanted = this.hasOwnName || local.port === 0 ? local : { ...local, address: WILDCARDS[this.version] };
    const { onlyVersion6, reusesAddress } = this;
    const options = { onlyVersion6, reusesAddress, mayMove: !this.hasOwnName };
    const outside = this.network.outside?.openDatagrams(wanted, options, {
      opened: (taken) => {
        if (this.#isClosed) return;
        if (this.local === undefined) this.outcome = this.takeLocal({ ...local, port: taken.port });
        else if (this.outcome === undefined && !this.#isConnectedOutside) this.outcome = 0;
      },
      connected: (own) => {
        if (this.#isClosed || !this.#isConnectedOutside) return;
        if (this.local !== undefined) this.#move({ ...own, port: this.local.port });
        this.outcome = 0;
      },
      message: (bytes, from) => {
        const { localName: own, remote } = this;
        if (remote !== undefined && (remote.port !== from.port || remote.address !== from.address)) return;
        this.#deliver(
          bytes,
          from,
          isWildcard(own.address) ? { ...own, address: this.network.sourceFor(from.address) } : own,
        );
      },
      failed: (errno) => this.#fail(errno),
    });
    this.#outside = outside;
    for (const [setting, value] of this.#settings) outside?.set(setting, value);
    for (const group of this.#groups) outside?.join(group, true, undefined);
  }

  /** The outside refused an address, or told about a datagram that nobody took. */
  #fail(errno: number): void {
    if (this.#isClosed) return;
    if (this.outcome === undefined) {
      if (!this.#isConnectedOutside) {
        this.#outside = undefined;
        this.leaveLocal();
        this.hasOwnName = false;
      } else this.remote = undefined;
      this.outcome = -errno;
      return;
    }
    if (this.remote === undefined) return;
    this.error = errno;
    this.changes.wake();
  }

  #move(local: Endpoint): void {
    this.network.release(this);
    this.local = local;
    this.network.claim(this);
  }
}
