// TCP beyond the machine through node:net.
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { Errno } from '../../errno.ts';
import type { Endpoint } from '../../sockets/endpoint.ts';
import type {
  ListenerEvents,
  OutsideListener,
  OutsideOptions,
  OutsideSetting,
  OutsideStream,
  StreamEvents,
} from '../sockets-port.ts';
import { endpointOf, hostAddress } from './node-endpoint.ts';
import { errnoOf } from './node-errno.ts';

/** Connections that wait within Node; the machine's own line is counted there. */
const BACKLOG = 511;

/** Sockets that were given up while something was still to be sent. */
export type Leaving = Set<Socket>;

export function listenOutside(
  local: Endpoint,
  { onlyVersion6 }: OutsideOptions,
  events: ListenerEvents,
  leaving: Leaving,
): OutsideListener {
  let isOpen = true;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.on('error', (error) => {
    if (isOpen) events.failed(-errnoOf(error));
  });
  server.on('connection', (socket) => {
    const remote = endpointOf(socket.remoteAddress, socket.remotePort);
    const own = endpointOf(socket.localAddress, socket.localPort);
    // Whoever has left already is not let in.
    if (!isOpen || remote === undefined || own === undefined) socket.destroy();
    else events.connection(outsideStream(socket, leaving), remote, own);
  });
  server.on('listening', () => {
    const bound = server.address();
    if (isOpen && bound !== null && typeof bound === 'object') events.opened({ ...local, port: bound.port });
  });
  // Nothing here keeps the process alive: a guest that waits does.
  server.unref();
  server.listen({
    host: hostAddress(local),
    port: local.port,
    ipv6Only: onlyVersion6,
    backlog: BACKLOG,
    exclusive: true,
  });
  return {
    close: (closed) => {
      isOpen = false;
      server.close();
      // The handle goes with the call, its event later.
      if (closed !== undefined) setImmediate(closed);
    },
  };
}

export function connectOutside(
  remote: Endpoint,
  local: Endpoint | undefined,
  events: StreamEvents,
  leaving: Leaving,
): OutsideStream {
  const socket = netConnect({
    host: hostAddress(remote),
    port: remote.port,
    allowHalfOpen: true,
    autoSelectFamily: false,
    ...(local !== undefined && { localPort: local.port, localAddress: hostAddress(local) }),
  });
  socket.once('connect', () => {
    const own = endpointOf(socket.localAddress, socket.localPort);
    if (own === undefined) events.failed(Errno.ECONNABORTED);
    else events.connected(own);
  });
  const stream = outsideStream(socket, leaving);
  return stream;
}

function outsideStream(socket: Socket, leaving: Leaving): OutsideStream {
  socket.unref();
  let listener: StreamEvents | undefined;
  let isGone = false;
  socket.on('error', (error) => {
    if (!isGone) listener?.failed(-errnoOf(error));
  });
  const leave = () => {
    isGone = true;
    listener = undefined;
  };
  return {
    listen: (events) => {
      listener = events;
      socket.on('data', (chunk: Buffer) =>
        listener?.data(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)),
      );
      socket.on('end', () => listener?.end());
      socket.resume();
    },
    get unsentBytes() {
      return socket.writableLength;
    },
    write: (bytes) => void socket.write(bytes, () => listener?.drained()),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    close: () => {
      leave();
      if (socket.destroyed || socket.writableFinished) {
        socket.destroy();
        return;
      }
      leaving.add(socket);
      socket.once('close', () => leaving.delete(socket));
      socket.once('finish', () => socket.destroy());
      socket.end();
    },
    reset: () => {
      leave();
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    },
    set: (setting: OutsideSetting, value: number) => {
      if (setting === 'noDelay') socket.setNoDelay(value !== 0);
      if (setting === 'keepAlive') socket.setKeepAlive(value !== 0);
    },
  };
}
