// The network of a machine: which socket has which port, and which addresses are its own.
import type { Entropy } from '../host/entropy.ts';
import type { NetworkRoute, OutsideNetwork, SocketsPort } from '../host/sockets-port.ts';
import {
  addressBytes,
  BROADCAST,
  type Endpoint,
  isLoopback,
  isMulticast,
  isVersion6,
  isWildcard,
  LOOPBACKS,
} from './endpoint.ts';
import type { InternetSocket } from './internet-socket.ts';

/** net.ipv4.ip_local_port_range. */
const FIRST_FREE_PORT = 32_768;
const LAST_FREE_PORT = 60_999;

/** Ports and addresses of one machine. */
export class Network {
  readonly port: SocketsPort;
  /** Every open socket, for the tables in /proc/net. */
  readonly sockets = new Set<InternetSocket>();
  readonly #entropy: Entropy;
  readonly #bound = new Map<string, Set<InternetSocket>>();
  #nextPort = 0;
  #turn = 0;

  constructor(port: SocketsPort, entropy: Entropy) {
    this.port = port;
    this.#entropy = entropy;
  }

  get outside(): OutsideNetwork | undefined {
    return this.port.outside;
  }

  /** True for addresses that lead back to this machine. */
  isLocal(address: string): boolean {
    if (isLoopback(address)) return true;
    return this.port.interfaces().some((each) => each.addresses.some((own) => own.address === address));
  }

  /** True for the limited broadcast address and those of the own networks. */
  isBroadcast(address: string): boolean {
    if (address === BROADCAST) return true;
    if (isVersion6(address)) return false;
    return this.port
      .interfaces()
      .some(
        (each) =>
          !each.isLoopback &&
          each.addresses.some((own) => !isVersion6(own.address) && own.prefixBits < 31 && broadcastOf(own) === address),
      );
  }

  /** The address packets to `destination` have as their source, as far as this machine knows it. */
  sourceFor(destination: string): string {
    const version = isVersion6(destination) ? 6 : 4;
    if (isLoopback(destination)) return LOOPBACKS[version];
    if (this.isLocal(destination)) return destination;
    const best = this.routeTo(destination);
    const own = this.port.interfaces().find((each) => each.index === best?.interfaceIndex)?.addresses;
    const candidates = own?.filter(({ address }) => isVersion6(address) === (version === 6)) ?? [];
    const linkLocal = (address: string) => address.startsWith('fe80');
    const found = candidates.find(({ address }) => linkLocal(address) === linkLocal(destination)) ?? candidates[0];
    return found?.address ?? LOOPBACKS[version];
  }

  /** The most exact route to an address outside of this machine. */
  routeTo(destination: string): NetworkRoute | undefined {
    const isSix = isVersion6(destination);
    const [best] = this.port
      .routes()
      .filter((route) => isVersion6(route.destination) === isSix)
      .filter((route) => isWithin(destination, route.destination, route.prefixBits))
      .sort((left, right) => right.prefixBits - left.prefixBits);
    return best;
  }

  /** Another socket has the address in a way that does not let this one share it (net/ipv4/inet_connection_sock.c, inet_csk_bind_conflict). */
  conflicts(socket: InternetSocket, endpoint: Endpoint): boolean {
    for (const other of this.#at(socket.kind, endpoint.port)) {
      if (other === socket || other.local === undefined || !overlaps(socket, endpoint.address, other)) continue;
      if (socket.reusesPort && other.reusesPort && socket.user === other.user) continue;
      if (socket.reusesAddress && other.reusesAddress && !(other.isListening && socket.kind === 'stream')) continue;
      return true;
    }
    return false;
  }

  /** Another listening socket is in the way of one that begins to listen. */
  conflictsListening(socket: InternetSocket, endpoint: Endpoint): boolean {
    for (const other of this.#at(socket.kind, endpoint.port)) {
      if (other === socket || !other.isListening || !overlaps(socket, endpoint.address, other)) continue;
      if (!(socket.reusesPort && other.reusesPort && socket.user === other.user)) return true;
    }
    return false;
  }

  /** A port that nobody has, or undefined. */
  freePort(socket: InternetSocket, address: string): number | undefined {
    const count = LAST_FREE_PORT - FIRST_FREE_PORT + 1;
    if (this.#nextPort === 0) {
      const bytes = new Uint8Array(2);
      this.#entropy.fill(bytes);
      this.#nextPort = FIRST_FREE_PORT + ((bytes[0] * 256 + bytes[1]) % count);
    }
    for (let tried = 0; tried < count; tried++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_FREE_PORT ? FIRST_FREE_PORT : port + 1;
      const taken = [...this.#at(socket.kind, port)].some((other) => overlaps(socket, address, other));
      if (!taken) return port;
    }
    return undefined;
  }

  claim(socket: InternetSocket): void {
    if (socket.local === undefined) return;
    const key = keyOf(socket.kind, socket.local.port);
    const there = this.#bound.get(key) ?? new Set<InternetSocket>();
    this.#bound.set(key, there);
    there.add(socket);
  }

  release(socket: InternetSocket): void {
    if (socket.local === undefined) return;
    const key = keyOf(socket.kind, socket.local.port);
    const there = this.#bound.get(key);
    there?.delete(socket);
    if (there?.size === 0) this.#bound.delete(key);
  }

  /** Who takes connections to an address: the most exact, in turn where several share it. */
  listener({ address, port }: Endpoint): InternetSocket | undefined {
    const listening = [...this.#at('stream', port)].filter((each) => each.isListening && covers(each, address));
    const exact = listening.filter((each) => each.local?.address === address);
    const [candidates] = [exact, listening].filter((list) => list.length > 0);
    return candidates?.[this.#turn++ % candidates.length];
  }

  /** Who gets a datagram: a socket connected to its sender before others, then the most exact address, then the youngest. */
  receiver(to: Endpoint, from: Endpoint): InternetSocket | undefined {
    let best: InternetSocket | undefined;
    let most = -1;
    const equal: InternetSocket[] = [];
    for (const socket of this.#receivers(to, from)) {
      const value = (socket.remote === undefined ? 0 : 2) + (socket.local?.address === to.address ? 1 : 0);
      if (value < most) continue;
      if (value > most) equal.length = 0;
      most = value;
      best = socket;
      equal.push(socket);
    }
    return best?.reusesPort ? equal[this.#turn++ % equal.length] : best;
  }

  /** Everybody who gets a datagram to a group or to all. */
  receivers(to: Endpoint, from: Endpoint): InternetSocket[] {
    return [...this.#receivers(to, from)];
  }

  *#receivers(to: Endpoint, from: Endpoint): Generator<InternetSocket> {
    for (const socket of this.#at('datagram', to.port)) {
      if (!covers(socket, to.address)) continue;
      const { remote } = socket;
      if (remote === undefined || (remote.address === from.address && remote.port === from.port)) yield socket;
    }
  }

  #at(kind: string, port: number): Iterable<InternetSocket> {
    return this.#bound.get(keyOf(kind, port)) ?? [];
  }
}

function keyOf(kind: string, port: number): string {
  return `${kind} ${port}`;
}

/** The socket answers at this address. */
function covers(socket: InternetSocket, address: string): boolean {
  const own = socket.local?.address;
  if (own === undefined) return false;
  if (own === address) return true;
  if (!isWildcard(own)) return false;
  if (isVersion6(address)) return socket.version === 6;
  return isVersion6(own) ? !socket.onlyVersion6 : true;
}

/** Two sockets would answer at one address. */
function overlaps(socket: InternetSocket, address: string, other: InternetSocket): boolean {
  const theirs = other.local?.address;
  if (theirs === undefined) return false;
  const isSixOnly = (each: InternetSocket, at: string) => isVersion6(at) && (each.onlyVersion6 || !isWildcard(at));
  const reachesFour = (each: InternetSocket, at: string) => !isVersion6(at) || (isWildcard(at) && !each.onlyVersion6);
  if (isVersion6(address) === isVersion6(theirs))
    return address === theirs || isWildcard(address) || isWildcard(theirs);
  if (isSixOnly(socket, address) || isSixOnly(other, theirs)) return false;
  return reachesFour(socket, address) && reachesFour(other, theirs);
}

function broadcastOf({ address, prefixBits }: { readonly address: string; readonly prefixBits: number }): string {
  const bytes = addressBytes(address);
  return bytes.map((byte, index) => byte | hostBits(prefixBits, index)).join('.');
}

function isWithin(address: string, network: string, prefixBits: number): boolean {
  if (isMulticast(address)) return prefixBits === 0;
  const bytes = addressBytes(address);
  const base = addressBytes(network);
  return bytes.every((byte, index) => ((byte ^ base[index]) & ~hostBits(prefixBits, index) & 255) === 0);
}

/** Bits of one byte of an address behind the network's part. */
function hostBits(prefixBits: number, index: number): number {
  return 255 >> Math.max(0, Math.min(8, prefixBits - index * 8));
}
