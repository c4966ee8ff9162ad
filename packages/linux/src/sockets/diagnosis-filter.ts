// The filter that a dump of sockets may bring: a little program over ports and addresses (net/ipv4/inet_diag.c, inet_diag_bc_run).
import { addressBytes, type Endpoint } from '@elf/kernel';

/** The sides of a socket. */
interface Sides {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly version: 4 | 6;
}

// biome-ignore format: a table
const Code = { nop: 0, jump: 1, localAtLeast: 2, localAtMost: 3, remoteAtLeast: 4, remoteAtMost: 5, automatic: 6, local: 7, remote: 8, localIs: 11, remoteIs: 12 } as const;
/** struct inet_diag_bc_op, and struct inet_diag_hostcond before its address. */
const OPERATION_BYTES = 4;
const CONDITION_BYTES = 8;
const ANY_PORT = -1;

/** True for a program that ends where it should and knows no unknown words: what the kernel calls EINVAL otherwise. */
export function isFilter(program: Uint8Array): boolean {
  const view = viewOf(program);
  const known: readonly number[] = Object.values(Code);
  for (let at = 0; at < program.length; ) {
    if (at + OPERATION_BYTES > program.length) return false;
    const [code, yes, no] = [view.getUint8(at), view.getUint8(at + 1), view.getUint16(at + 2, true)];
    const forward = yes >= OPERATION_BYTES && yes % 4 === 0 && at + yes <= program.length;
    if (!known.includes(code) || !forward || no < OPERATION_BYTES || no % 4 !== 0) return false;
    if (at + no > program.length + OPERATION_BYTES) return false;
    at += yes;
  }
  return true;
}

/** Runs a program that {@link isFilter} accepts: it holds when it comes exactly to its end. */
export function holds(program: Uint8Array, sides: Sides): boolean {
  const view = viewOf(program);
  let at = 0;
  while (at < program.length) {
    // A port stands in the word behind its operation, in the place of a jump's second target.
    const port = at + 2 * OPERATION_BYTES <= program.length ? view.getUint16(at + OPERATION_BYTES + 2, true) : 0;
    at += isTrue(program, at, port, sides) ? view.getUint8(at + 1) : view.getUint16(at + 2, true);
  }
  return at === program.length;
}

function isTrue(program: Uint8Array, at: number, port: number, { local, remote, version }: Sides): boolean {
  switch (program[at]) {
    case Code.jump:
      return false;
    case Code.localAtLeast:
      return local.port >= port;
    case Code.localAtMost:
      return local.port <= port;
    case Code.localIs:
      return local.port === port;
    case Code.remoteAtLeast:
      return remote.port >= port;
    case Code.remoteAtMost:
      return remote.port <= port;
    case Code.remoteIs:
      return remote.port === port;
    case Code.local:
      return matches(program.subarray(at + OPERATION_BYTES), local, version);
    case Code.remote:
      return matches(program.subarray(at + OPERATION_BYTES), remote, version);
    default:
      return true;
  }
}

/** struct inet_diag_hostcond: family, bits of the prefix, port, address. */
function matches(condition: Uint8Array, { address, port }: Endpoint, version: 4 | 6): boolean {
  const view = viewOf(condition);
  const [family, bits, wanted] = [view.getUint8(0), view.getUint8(1), view.getInt32(4, true)];
  if (wanted !== ANY_PORT && wanted !== port) return false;
  if (bits === 0) return true;
  const asked = condition.subarray(CONDITION_BYTES);
  const own = addressBytes(address, version);
  const AF_INET = 2;
  const isMapped = version === 6 && family === AF_INET;
  if (!isMapped && (family === AF_INET) !== (version === 4)) return false;
  const MAPPED_PREFIX = 12;
  const compared = isMapped ? own.subarray(MAPPED_PREFIX) : own;
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff00 >> (bits - bit)) & 0xff;
    if (((compared[bit / 8] ^ asked[bit / 8]) & mask) !== 0) return false;
  }
  return true;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
