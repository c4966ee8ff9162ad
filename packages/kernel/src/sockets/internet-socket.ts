// What TCP and UDP sockets share: their addresses and how these are taken.
import { Errno } from '../errno.ts';
import { type Endpoint, type InternetVersion, isMulticast, isVersion6, isWildcard, WILDCARDS } from './endpoint.ts';
import type { Network } from './network.ts';
import { Socket, type SocketKind } from './socket.ts';

/** A socket of AF_INET or AF_INET6. */
export abstract class InternetSocket extends Socket {
  /** IPV6_ADDRFORM makes a socket of version 6 that has a peer of version 4 one of version 4. */
  version: InternetVersion;
  readonly network: Network;
  /** IPV6_V6ONLY: version 4 is somebody else's. */
  onlyVersion6 = false;
  reusesAddress = false;
  reusesPort = false;
  /** Who made it: SO_REUSEPORT shares between sockets of one user. */
  user = 0;
  /** Where it is; undefined before a port is taken. */
  local: Endpoint | undefined;
  remote: Endpoint | undefined;
  /** The program chose the port: it stays when a connection is given up. */
  protected hasOwnName = false;
  /** What a call that waits for the outside comes to; undefined while it does. */
  #outcome: number | undefined = 0;

  constructor(kind: SocketKind, version: InternetVersion, network: Network, inode: number) {
    super(kind, inode);
    this.version = version;
    this.network = network;
    network.sockets.add(this);
  }

  /** Result of the bind or connect under way: 0, a negated error, or undefined until `changes` says that there is one. */
  get outcome(): number | undefined {
    return this.#outcome;
  }

  protected set outcome(value: number | undefined) {
    this.#outcome = value;
    if (value !== undefined) this.changes.wake();
  }

  /** What the socket was bound to, or the wildcard without a port (getsockname). */
  get localName(): Endpoint {
    return this.local ?? { address: WILDCARDS[this.version], port: 0 };
  }

  /** Takes an address. 0, a negated error, or undefined: ask `outcome`. */
  bind(endpoint: Endpoint): number | undefined {
    if (this.local !== undefined) return -Errno.EINVAL;
    const { address } = endpoint;
    const isFamily = isVersion6(address) ? this.version === 6 : this.version === 4 || !this.onlyVersion6;
    if (!isFamily) return -Errno.EINVAL;
    const isGroup = this.kind === 'datagram' && (isMulticast(address) || this.network.isBroadcast(address));
    if (!isWildcard(address) && !isGroup && !this.network.isLocal(address)) return -Errno.EADDRNOTAVAIL;
    if (endpoint.port !== 0 && this.network.conflicts(this, endpoint)) return -Errno.EADDRINUSE;
    if (endpoint.port !== 0 || this.network.outside === undefined) {
      const taken = this.takeLocal(endpoint);
      if (taken < 0) return taken;
    }
    this.hasOwnName = true;
    if (this.network.outside === undefined) return 0;
    this.#outcome = undefined;
    this.reserve(endpoint);
    return this.#outcome;
  }

  /** Asks the outside for the address; sets `outcome` in the end. */
  protected abstract reserve(endpoint: Endpoint): void;

  /** Takes a port within the machine: that of the endpoint, or a free one. */
  protected takeLocal(endpoint: Endpoint): number {
    const port = endpoint.port === 0 ? this.network.freePort(this, endpoint.address) : endpoint.port;
    if (port === undefined) return -Errno.EADDRINUSE;
    this.local = { ...endpoint, port };
    this.network.claim(this);
    return 0;
  }

  protected leaveLocal(): void {
    this.network.release(this);
    this.local = undefined;
  }
}
