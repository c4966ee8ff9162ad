// The sockets port over node:net and node:dgram: guests reach what this computer reaches.
import type { SocketsPort } from '../sockets-port.ts';
import { datagramsOutside } from './node-datagrams-outside.ts';
import { interfaceLists } from './node-interfaces.ts';
import { connectOutside, type Leaving, listenOutside } from './node-streams-outside.ts';

/** What a system gives the last bytes of a closed connection, at most. */
const LONGEST_DRAIN_MILLISECONDS = 5000;

/**
 * Networks of this computer. A guest's listeners take connections from it and from outside, under its own addresses and ports.
 * Nothing of it keeps Node alive.
 * @example
 * const host = { ...createMemoryHost({ files }), clock: nodeClock(), sockets: nodeSockets() };
 */
export function nodeSockets(): SocketsPort {
  const leaving: Leaving = new Set();
  return {
    ...interfaceLists(),
    outside: {
      listen: (local, options, events) => listenOutside(local, options, events, leaving),
      connect: (remote, local, events) => connectOutside(remote, local, events, leaving),
      openDatagrams: datagramsOutside,
      drain: async () => {
        // Datagrams and ends that were given to Node in this turn leave in the next.
        await new Promise((resolve) => setImmediate(resolve));
        const ends = [...leaving].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
        if (ends.length === 0) return;
        let timer: NodeJS.Timeout | undefined;
        const tooLong = new Promise((resolve) => {
          timer = setTimeout(resolve, LONGEST_DRAIN_MILLISECONDS);
        });
        await Promise.race([Promise.all(ends), tooLong]);
        clearTimeout(timer);
      },
    },
  };
}
