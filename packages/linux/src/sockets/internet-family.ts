// AF_INET and AF_INET6: TCP and UDP (man 7 ip, man 7 ipv6).
import {
  DatagramSocket,
  type Endpoint,
  Errno,
  type InternetSocket,
  Pending,
  StreamSocket,
  type SystemCallResult,
  type Thread,
} from '@elf/kernel';
import { AF_NAMES, IPPROTO } from '../abi/flags/socket-flags.ts';
import { internetAddressBytes, readAddress } from './internet-address.ts';
import type { OpenSocket, SocketFamily } from './socket-family.ts';
import { TcpState, tcpState } from './tcp-state.ts';

/** net.ipv4.ip_unprivileged_port_start. */
const FIRST_UNPRIVILEGED_PORT = 1024;

const familyNumber = ({ version }: InternetSocket) => (version === 4 ? AF_NAMES.AF_INET : AF_NAMES.AF_INET6);

export const internetFamily: SocketFamily<InternetSocket> = {
  domain: familyNumber,
  protocol: (socket) => (socket instanceof StreamSocket ? IPPROTO.TCP : IPPROTO.UDP),
  bind: (task, socket, at, length) => {
    // A bind that was interrupted while the host looked goes on.
    if (socket.outcome === undefined) return outcome(socket);
    const given = readAddress(task, at, length);
    if (typeof given === 'number') return given;
    const { family, endpoint } = given;
    if (family !== familyNumber(socket) && (socket.version === 6 || family !== AF_NAMES.AF_UNSPEC))
      return -Errno.EAFNOSUPPORT;
    if (endpoint === undefined) return -Errno.EINVAL;
    if (family === AF_NAMES.AF_UNSPEC && endpoint.address !== '0.0.0.0') return -Errno.EAFNOSUPPORT;
    const { port } = endpoint;
    const isPrivileged = task.process.credentials.effectiveUser === 0;
    if (port !== 0 && port < FIRST_UNPRIVILEGED_PORT && !isPrivileged) return -Errno.EACCES;
    return socket.bind(endpoint) ?? outcome(socket);
  },
  connect: (task, open, at, length) => {
    const { socket } = open;
    const given = readAddress(task, at, length);
    if (typeof given === 'number') return given;
    if (given.family === AF_NAMES.AF_UNSPEC) return disconnect(socket);
    // A version 6 UDP socket also takes the structure of version 4 (net/ipv6/datagram.c).
    const isKnown =
      given.family === familyNumber(socket) || (socket.version === 6 && given.family === AF_NAMES.AF_INET);
    if (!isKnown || (given.family !== familyNumber(socket) && socket instanceof StreamSocket))
      return -Errno.EAFNOSUPPORT;
    if (given.endpoint === undefined) return -Errno.EINVAL;
    if (socket instanceof StreamSocket) return connectStream(task, open, socket, given.endpoint);
    if (!(socket instanceof DatagramSocket)) return -Errno.EOPNOTSUPP;
    if (socket.outcome === undefined) return outcome(socket);
    return socket.connect(given.endpoint) ?? outcome(socket);
  },
  target: (task, socket, at, length) => {
    // TCP has one peer and looks at no address.
    if (socket instanceof StreamSocket) return undefined;
    const given = readAddress(task, at, length);
    if (typeof given === 'number') return given;
    const { family, endpoint } = given;
    if (family === AF_NAMES.AF_UNSPEC && socket.version === 6) return undefined;
    if (family === AF_NAMES.AF_INET6 ? socket.version === 4 : family > AF_NAMES.AF_INET) return -Errno.EAFNOSUPPORT;
    if (family === AF_NAMES.AF_UNIX) return -Errno.EAFNOSUPPORT;
    return endpoint ?? -Errno.EINVAL;
  },
  localName: (socket) => internetAddressBytes(socket.localName, socket.version),
  peerName: (socket) => {
    const { remote } = socket;
    // A connection that both sides have ended is none (getpeername: TCP_CLOSE).
    const isConnected = socket instanceof StreamSocket ? hasPeer(socket) : remote !== undefined;
    return isConnected && remote !== undefined ? internetAddressBytes(remote, socket.version) : -Errno.ENOTCONN;
  },
  senderName: (socket, { from, isMessage }) =>
    socket instanceof StreamSocket || typeof from === 'string' || !isMessage
      ? new Uint8Array(0)
      : internetAddressBytes(from, socket.version),
};

function hasPeer(socket: StreamSocket): boolean {
  return socket.isConnected && tcpState(socket) !== TcpState.Close;
}

/** Waits for what the host says to a bind or a connect. */
export function outcome(socket: InternetSocket): SystemCallResult {
  const attempt = () => socket.outcome;
  return attempt() ?? new Pending({ queues: [socket.changes], attempt, restartable: true });
}

function disconnect(socket: InternetSocket): SystemCallResult {
  if (socket instanceof StreamSocket) return socket.disconnect();
  return socket instanceof DatagramSocket ? (socket.connect(undefined) ?? 0) : -Errno.EOPNOTSUPP;
}

/** inet_stream_connect (net/ipv4/af_inet.c): a connect that goes on is told once how it went. */
function connectStream(
  task: Thread,
  { description }: OpenSocket<InternetSocket>,
  socket: StreamSocket,
  endpoint: Endpoint,
): SystemCallResult {
  const wasConnecting = socket.isConnecting;
  if (!wasConnecting) {
    const refused = socket.connect(endpoint);
    if (refused !== undefined) return refused;
  }
  const isNonBlocking = description.mode.nonBlocking;
  if (isNonBlocking && !wasConnecting) return -Errno.EINPROGRESS;
  const attempt = () => socket.finishConnect();
  const now = attempt();
  if (now !== undefined) return now;
  if (isNonBlocking) return -Errno.EALREADY;
  const limit = socket.sendTimeout;
  return new Pending({
    queues: [socket.changes],
    attempt,
    deadline: limit && task.host.clock.monotonic() + limit,
    expire: () => -Errno.EINPROGRESS,
    restartable: limit === undefined,
  });
}
