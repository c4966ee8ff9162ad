// struct sockaddr_in and sockaddr_in6 (man 7 ip, man 7 ipv6).
import { addressBytes, addressText, type Endpoint, Errno, type InternetVersion, type Thread } from '@elf/kernel';
import { AF_NAMES } from '../abi/flags/socket-flags.ts';

const VERSION_4_BYTES = 16;
const VERSION_6_BYTES = 28;
/** Without sin6_scope_id, as RFC 2133 had it. */
const SHORTEST_VERSION_6_BYTES = 24;
/** sizeof(struct sockaddr_storage). */
const LONGEST_ADDRESS = 128;

/** An address with its family, as read from the program. */
export interface GivenAddress {
  readonly family: number;
  /** Undefined: too short for its family, or of another one. */
  readonly endpoint: Endpoint | undefined;
}

/** Reads an address of any family; the caller judges the family. A negated error for what cannot be read. */
export function readAddress(task: Thread, at: number, length: number): GivenAddress | number {
  if (length < 0 || length > LONGEST_ADDRESS) return -Errno.EINVAL;
  const bytes = task.user.read(at, length);
  if (bytes === undefined) return -Errno.EFAULT;
  return length < 2 ? -Errno.EINVAL : { family: bytes[0] + bytes[1] * 256, endpoint: endpointOf(bytes) };
}

/** The endpoint that a structure names. AF_UNSPEC is read as AF_INET: bind(2) takes it for the wildcard. */
export function endpointOf(bytes: Uint8Array): Endpoint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = view.getUint16(0, true);
  if (family === AF_NAMES.AF_INET6) {
    if (bytes.length < SHORTEST_VERSION_6_BYTES) return undefined;
    const address = addressText(bytes.subarray(8, 24));
    const scope = bytes.length >= VERSION_6_BYTES ? view.getUint32(24, true) : 0;
    return { address, port: view.getUint16(2), ...(scope !== 0 && { scope }) };
  }
  if (family !== AF_NAMES.AF_INET && family !== AF_NAMES.AF_UNSPEC) return undefined;
  if (bytes.length < VERSION_4_BYTES) return undefined;
  return { address: addressText(bytes.subarray(4, 8)), port: view.getUint16(2) };
}

/** The whole structure, as a socket of this version sees the endpoint. */
export function internetAddressBytes({ address, port, scope = 0 }: Endpoint, version: InternetVersion): Uint8Array {
  const bytes = new Uint8Array(version === 4 ? VERSION_4_BYTES : VERSION_6_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, version === 4 ? AF_NAMES.AF_INET : AF_NAMES.AF_INET6, true);
  view.setUint16(2, port);
  // The wildcard has a form for each version.
  const isNoAddress = version === 6 && address === '0.0.0.0';
  if (!isNoAddress) bytes.set(addressBytes(address, version), version === 4 ? 4 : 8);
  if (version === 6) view.setUint32(24, scope, true);
  return bytes;
}

/** As strace prints it; undefined for other families. */
export function printInternetAddress(bytes: Uint8Array): string | undefined {
  const family = bytes[0] + bytes[1] * 256;
  const endpoint = family === AF_NAMES.AF_UNSPEC ? undefined : endpointOf(bytes);
  if (endpoint === undefined) return undefined;
  const port = `htons(${endpoint.port})`;
  if (family === AF_NAMES.AF_INET)
    return `{sa_family=AF_INET, sin_port=${port}, sin_addr=inet_addr("${endpoint.address}")}`;
  const flow = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
  const mapped = endpoint.address.includes(':') ? endpoint.address : `::ffff:${endpoint.address}`;
  const { scope = 0 } = endpoint;
  return `{sa_family=AF_INET6, sin6_port=${port}, sin6_flowinfo=htonl(${flow}), inet_pton(AF_INET6, "${mapped}", &sin6_addr), sin6_scope_id=${scope}}`;
}
