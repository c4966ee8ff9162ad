// The sockets port without an outside: a loopback interface, on which the programs of one machine find each other.
import type { SocketsPort } from '../sockets-port.ts';

/** What "lo" has on Linux. */
const LARGEST_PACKET_BYTES = 65536;

/**
 * Connections within the machine only. Everything else is ENETUNREACH, as on a computer without a network card.
 * @example
 * const host = { ...createNodeHost(), sockets: memorySockets() };
 */
export function memorySockets(): SocketsPort {
  const loopback = {
    name: 'lo',
    index: 1,
    hardwareAddress: new Uint8Array(6),
    isLoopback: true,
    isUp: true,
    largestPacket: LARGEST_PACKET_BYTES,
    addresses: [
      { address: '127.0.0.1', prefixBits: 8 },
      { address: '::1', prefixBits: 128 },
    ],
  };
  return { interfaces: () => [loopback], routes: () => [] };
}
