// The other side of a TCP connection, as a socket sees it: a socket of the same machine, or a stream of the outside.
import type { OutsideStream, StreamEvents } from '../host/sockets-port.ts';
import type { StreamConnection } from './stream-connection.ts';

/** What a socket asks of its other side. The other side answers through the socket's `arrive` methods. */
export interface StreamLink {
  /** Bytes it takes now. */
  room(): number;
  /** Bytes that were sent and not taken yet. */
  unsent(): number;
  /** The bytes must not change afterwards. */
  send(bytes: Uint8Array, isUrgent: boolean): void;
  /** The socket sends nothing more. */
  end(): void;
  /** The socket is gone, in order. */
  close(): void;
  /** The socket is gone and so is the connection. */
  reset(): void;
  /** The program has taken bytes away. */
  consumed(): void;
}

/** What of a sender's buffer counts: the kernel lets it grow with the connection, our memory is not its. */
const MOST_SEND_BYTES = 425_984;

/** A link from a socket to another one of the same machine. */
export function linkTo(own: StreamConnection, other: StreamConnection): StreamLink {
  return {
    room: () => {
      if (other.isClosed) return Number.MAX_SAFE_INTEGER;
      const window = other.receiveBufferBytes + Math.min(own.sendBufferBytes, MOST_SEND_BYTES);
      return Math.max(0, window - other.available);
    },
    unsent: () => 0,
    send: (bytes, isUrgent) => {
      // Nobody is there to take it: the answer is a reset.
      if (other.isClosed) own.arriveReset();
      else other.arrive(bytes, isUrgent);
    },
    end: () => other.arriveEnd(),
    close: () => {},
    reset: () => other.arriveReset(),
    consumed: () => other.roomMade(),
  };
}

/** Joins a socket to a stream of the outside: the link for the one, the events for the other. */
export function linkOutside(
  socket: StreamConnection,
  open: (events: StreamEvents) => OutsideStream,
): { readonly link: StreamLink; readonly stream: OutsideStream } {
  let isPaused = false;
  const stream = open({
    connected: (local) => socket.arriveConnected(local),
    data: (bytes) => {
      socket.arrive(bytes, false);
      if (isPaused || socket.available < socket.receiveBufferBytes) return;
      isPaused = true;
      stream.pause();
    },
    end: () => socket.arriveEnd(),
    failed: (errno) => socket.arriveReset(errno),
    drained: () => socket.roomMade(),
  });
  const link = {
    room: () => Math.max(0, Math.min(socket.sendBufferBytes, MOST_SEND_BYTES) - stream.unsentBytes),
    unsent: () => stream.unsentBytes,
    send: (bytes: Uint8Array) => stream.write(bytes),
    end: () => stream.end(),
    close: () => stream.close(),
    reset: () => stream.reset(),
    consumed: () => {
      if (!isPaused || socket.available * 2 > socket.receiveBufferBytes) return;
      isPaused = false;
      stream.resume();
    },
  };
  return { link, stream };
}
