// NETLINK_SOCK_DIAG: the sockets of a machine as ss(8) asks for them (man 7 sock_diag; net/ipv4/inet_diag.c, net/unix/diag.c).
import {
  addressBytes,
  DatagramSocket,
  type Endpoint,
  Errno,
  isVersion6,
  type InternetSocket,
  type Kernel,
  type LocalSocket,
  StreamSocket,
  WILDCARD_ADDRESSES,
} from '@elf/kernel';
import { AF_NAMES, IPPROTO } from '../abi/flags/socket-flags.ts';
import { holds, isFilter } from './diagnosis-filter.ts';
import { tcpInformation } from './internet-options.ts';
import { localSockets } from './local-sockets.ts';
import type { Make } from './netlink-answers.ts';
import { attribute, message, NLM_F, type RouteRequest, readAttributes, u32 } from './route-messages.ts';
import { TcpState, tcpState } from './tcp-state.ts';

const SOCK_DIAG_BY_FAMILY = 20;
/** Bytes of inet_diag_req_v2, inet_diag_msg, unix_diag_req and unix_diag_msg. */
const [ASKED_BYTES, TOLD_BYTES, ASKED_LOCAL_BYTES, TOLD_LOCAL_BYTES] = [56, 72, 24, 16];
const IDENTITY_AT = 8;
const REQUEST_FILTER = 1;
/** INET_DIAG_* attributes; bit n - 1 of what is asked for means attribute n. */
const Told = {
  memory: 1,
  information: 2,
  congestion: 4,
  serviceClass: 5,
  buffers: 7,
  shutdown: 8,
  onlyVersion6: 11,
} as const;
/** UNIX_DIAG_* attributes, and the bits that ask for them. */
const ToldLocal = { name: 0, peer: 2, queues: 4, buffers: 5, shutdown: 6 } as const;
const Show = { name: 1, peer: 4, queues: 16, buffers: 32 } as const;
const LOCAL_TYPES = { stream: 1, datagram: 2, sequenced: 5 } as const;
const TCP_CONGESTION_NAME = 'cubic\0';

/** What answers a request: the messages, or a negated error. */
export function answerDiagnosis(kernel: Kernel, request: RouteRequest, port: number): Make[] | number {
  if (request.type !== SOCK_DIAG_BY_FAMILY) return -Errno.EINVAL;
  const [family] = request.body;
  switch (family) {
    case AF_NAMES.AF_INET:
    case AF_NAMES.AF_INET6:
      return answerInternet(kernel, request, port, family === AF_NAMES.AF_INET ? 4 : 6);
    case AF_NAMES.AF_UNIX:
      return answerLocal(kernel, request, port);
    default:
      return family === undefined ? -Errno.EINVAL : -Errno.ENOENT;
  }
}

// ---- TCP and UDP ------------------------------------------------------------------------------------------------------

function answerInternet(kernel: Kernel, request: RouteRequest, port: number, version: 4 | 6): Make[] | number {
  const { body } = request;
  if (body.length < ASKED_BYTES) return -Errno.EINVAL;
  const protocol = body[1];
  if (protocol !== IPPROTO.TCP && protocol !== IPPROTO.UDP) return -Errno.ENOENT;
  const kind = protocol === IPPROTO.TCP ? StreamSocket : DatagramSocket;
  const found = [...kernel.internet.network.sockets].filter(
    (socket) => socket instanceof kind && socket.version === version && isTold(socket),
  );
  const chosen = (request.flags & NLM_F.DUMP) !== 0 ? dumped(found, body) : one(found, body);
  if (typeof chosen === 'number') return chosen;
  return chosen.map((socket) => (flags) => internetMessage(socket, flags, request, port));
}

/** Those that have a place in the kernel's tables. */
function isTold(socket: InternetSocket): boolean {
  return socket instanceof StreamSocket ? tcpState(socket) !== TcpState.Close : socket.local !== undefined;
}

function stateOf(socket: InternetSocket): number {
  if (socket instanceof StreamSocket) return tcpState(socket);
  return socket.remote === undefined ? TcpState.Close : TcpState.Established;
}

function remoteOf({ remote, version }: InternetSocket): Endpoint {
  return remote ?? { address: WILDCARD_ADDRESSES[version], port: 0 };
}

function dumped(sockets: readonly InternetSocket[], body: Uint8Array): InternetSocket[] | number {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const [states, localPort, remotePort] = [
    view.getUint32(4, true),
    view.getUint16(IDENTITY_AT),
    view.getUint16(IDENTITY_AT + 2),
  ];
  const program = readAttributes(body, ASKED_BYTES).get(REQUEST_FILTER) ?? new Uint8Array(0);
  if (!isFilter(program)) return -Errno.EINVAL;
  const chosen = sockets.filter((socket) => {
    const { localName: local, version } = socket;
    const remote = remoteOf(socket);
    if (((states >>> stateOf(socket)) & 1) === 0) return false;
    if ((localPort !== 0 && localPort !== local.port) || (remotePort !== 0 && remotePort !== remote.port)) return false;
    return holds(program, { local, remote, version });
  });
  // Those who listen come first, as in the kernel's tables.
  return chosen.sort((left, right) => Number(right.isListening) - Number(left.isListening));
}

/** The one with these two sides. */
function one(sockets: readonly InternetSocket[], body: Uint8Array): InternetSocket[] | number {
  const asked = body.subarray(IDENTITY_AT, IDENTITY_AT + 36);
  const found = sockets.find((socket) =>
    identityBytes(socket)
      .subarray(0, 36)
      .every((byte, at) => byte === asked[at]),
  );
  return found === undefined ? -Errno.ENOENT : [found];
}

/** struct inet_diag_sockid: ports, addresses, interface and a cookie, for which the inode serves. */
function identityBytes(socket: InternetSocket): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  for (const [index, { address, port }] of [socket.localName, remoteOf(socket)].entries()) {
    view.setUint16(index * 2, port);
    const isNone = socket.version === 6 && address === WILDCARD_ADDRESSES[4];
    if (!isNone) bytes.set(addressBytes(address, socket.version), 4 + index * 16);
  }
  view.setUint32(40, socket.inode, true);
  return bytes;
}

function internetMessage(socket: InternetSocket, flags: number, request: RouteRequest, port: number): Uint8Array {
  const isStream = socket instanceof StreamSocket;
  const told = new Uint8Array(TOLD_BYTES);
  const view = new DataView(told.buffer);
  told.set([socket.version === 4 ? AF_NAMES.AF_INET : AF_NAMES.AF_INET6, stateOf(socket)]);
  told.set(identityBytes(socket), 4);
  const isListening = isStream && socket.isListening;
  const waiting = isListening ? socket.waiting : isStream ? socket.available : (socket as DatagramSocket).charge;
  view.setUint32(56, waiting, true);
  view.setUint32(60, isListening ? socket.backlog : isStream ? socket.unsent : 0, true);
  view.setUint32(64, socket.user, true);
  view.setUint32(68, socket.inode, true);
  const asked = (attributeNumber: number) => (request.body[2] & (1 << (attributeNumber - 1))) !== 0;
  const parts = [told, attribute(Told.shutdown, Uint8Array.of(isStream ? socket.shut : 0))];
  const unsent = isStream ? socket.unsent : 0;
  if (asked(Told.memory)) parts.push(attribute(Told.memory, u32(waiting, unsent, 0, unsent)));
  if (asked(Told.buffers)) {
    const { receiveBufferBytes, sendBufferBytes } = socket;
    const held = isListening ? 0 : waiting;
    parts.push(attribute(Told.buffers, u32(held, receiveBufferBytes, unsent, sendBufferBytes, 0, unsent, 0, 0, 0)));
  }
  const states: readonly number[] = [TcpState.Listen, TcpState.Close];
  if (socket.version === 6 && states.includes(stateOf(socket)))
    parts.push(attribute(Told.onlyVersion6, Uint8Array.of(takesVersion6Alone(socket) ? 1 : 0)));
  if (asked(Told.serviceClass) && isStream) parts.push(attribute(Told.serviceClass, Uint8Array.of(0)));
  if (asked(Told.information) && isStream) parts.push(attribute(Told.information, tcpInformation(socket)));
  if (asked(Told.congestion) && isStream) {
    const name = Uint8Array.from(TCP_CONGESTION_NAME, (each) => each.charCodeAt(0));
    parts.push(attribute(Told.congestion, name));
  }
  return message(SOCK_DIAG_BY_FAMILY, flags, request, port, parts);
}

/** Also one that is bound to an address that version 4 does not have (net/ipv6/af_inet6.c, __inet6_bind). */
function takesVersion6Alone({ onlyVersion6, local }: InternetSocket): boolean {
  const wild: readonly string[] = Object.values(WILDCARD_ADDRESSES);
  const isWild = local === undefined || wild.includes(local.address);
  return onlyVersion6 || (!isWild && isVersion6(local.address));
}

// ---- AF_UNIX ----------------------------------------------------------------------------------------------------------

function answerLocal(kernel: Kernel, request: RouteRequest, port: number): Make[] | number {
  const { body, flags: asked } = request;
  if (body.length < ASKED_LOCAL_BYTES) return -Errno.EINVAL;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const [states, inode, show] = [4, 8, 12].map((at) => view.getUint32(at, true));
  const all = [...localSockets(kernel)];
  const isDump = (asked & NLM_F.DUMP) !== 0;
  if (!isDump && inode === 0) return -Errno.EINVAL;
  const chosen = isDump
    ? all.filter((socket) => ((states >>> localState(socket)) & 1) !== 0)
    : all.filter((socket) => socket.inode === inode);
  if (!isDump && chosen.length === 0) return -Errno.ENOENT;
  return chosen.map((socket) => (flags) => localMessage(socket, show, flags, request, port));
}

function localState(socket: LocalSocket): number {
  if (socket.isListening) return TcpState.Listen;
  return socket.peer === undefined && typeof socket.peerName() === 'number' ? TcpState.Close : TcpState.Established;
}

function localMessage(
  socket: LocalSocket,
  show: number,
  flags: number,
  request: RouteRequest,
  port: number,
): Uint8Array {
  const told = new Uint8Array(TOLD_LOCAL_BYTES);
  const view = new DataView(told.buffer);
  told.set([AF_NAMES.AF_UNIX, LOCAL_TYPES[socket.kind], localState(socket)]);
  view.setUint32(4, socket.inode, true);
  view.setUint32(8, socket.inode, true);
  const { name, peer, line, isListening, receiveBufferBytes, sendBufferBytes } = socket;
  const parts: Uint8Array[] = [told];
  if ((show & Show.name) !== 0 && name !== '')
    parts.push(
      attribute(
        ToldLocal.name,
        Uint8Array.from(name, (each) => each.charCodeAt(0)),
      ),
    );
  if ((show & Show.peer) !== 0 && peer !== undefined) parts.push(attribute(ToldLocal.peer, u32(peer.inode)));
  if ((show & Show.queues) !== 0) {
    const queues = isListening ? u32(line.waiting, line.backlog) : u32(socket.available, 0);
    parts.push(attribute(ToldLocal.queues, queues));
  }
  if ((show & Show.buffers) !== 0)
    parts.push(attribute(ToldLocal.buffers, u32(0, receiveBufferBytes, 0, sendBufferBytes, 0, 0, 0, 0, 0)));
  parts.push(attribute(ToldLocal.shutdown, Uint8Array.of(socket.shut)));
  return message(SOCK_DIAG_BY_FAMILY, flags, request, port, parts);
}
