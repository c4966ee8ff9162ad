// Addresses as Node's sockets take and give them.
import { addressBytes, addressText, type Endpoint, isVersion6 } from '../../sockets/endpoint.ts';

/** What Node tells about one side of a socket; undefined once it is closed. */
export function endpointOf(address: string | undefined, port: number | undefined): Endpoint | undefined {
  if (address === undefined || port === undefined) return undefined;
  return { address: addressText(addressBytes(address)), port };
}

/** An address for Node: link-local ones name their interface, and a version 6 socket sees version 4 ones mapped. */
export function hostAddress({ address, scope = 0 }: Endpoint, isSix = false): string {
  if (isSix && !isVersion6(address)) return `::ffff:${address}`;
  return scope === 0 ? address : `${address}%${scope}`;
}
