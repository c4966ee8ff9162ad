// UDP beyond the machine through node:dgram.
import { createSocket } from 'node:dgram';
import { type Endpoint, isVersion6 } from '../../sockets/endpoint.ts';
import type { DatagramEvents, OutsideDatagrams, OutsideOptions } from '../sockets-port.ts';
import { endpointOf, hostAddress } from './node-endpoint.ts';
import { errnoOf } from './node-errno.ts';

/** Datagrams that may wait for the system: like a network, this one loses what it has no room for. */
const MOST_WAITING = 1024;

export function datagramsOutside(
  local: Endpoint,
  { onlyVersion6, reusesAddress, mayMove }: OutsideOptions,
  events: DatagramEvents,
): OutsideDatagrams {
  const isSix = isVersion6(local.address);
  const socket = createSocket({ type: isSix ? 'udp6' : 'udp4', ipv6Only: onlyVersion6, reuseAddr: reusesAddress });
  let isOpen = false;
  let isClosed = false;
  let hasMoved = mayMove !== true;
  /** What waits until the address is taken. */
  let later: (() => void)[] = [];
  /** Where the socket shall be connected to, and where it is: changes take their time. */
  let wanted: Endpoint | undefined;
  let state: 'free' | 'connecting' | 'connected' = 'free';
  let unsent: Uint8Array[] = [];

  const whenOpen = (action: () => void) => {
    const careful = () => {
      try {
        action();
      } catch (error) {
        if (!isClosed) events.failed(-errnoOf(error));
      }
    };
    if (isOpen) careful();
    else later.push(careful);
  };
  /** What a host's socket does not take is the program's affair only: its own record of the option stands. */
  const ifPossible = (action: () => void) =>
    whenOpen(() => {
      try {
        action();
      } catch {}
    });
  const begin = () => {
    if (isClosed || state !== 'free' || wanted === undefined) return;
    state = 'connecting';
    socket.connect(wanted.port, hostAddress(wanted, isSix));
  };
  /** Datagrams that Node has and the system does not. */
  let sending = 0;
  const sent = (error: Error | null) => {
    sending--;
    if (isClosed && sending === 0) socket.close();
    else if (error !== null && !isClosed) events.failed(-errnoOf(error));
  };
  const flush = () => {
    const messages = unsent;
    unsent = [];
    for (const bytes of messages) {
      sending++;
      socket.send(bytes, sent);
    }
  };

  socket.unref();
  socket.on('message', (bytes, { address, port }) => {
    const from = endpointOf(address, port);
    if (!isClosed && from !== undefined) events.message(bytes, from);
  });
  socket.on('connect', () => {
    const target = wanted;
    state = 'connected';
    if (target === undefined) {
      socket.disconnect();
      state = 'free';
      return;
    }
    flush();
    const own = endpointOf(socket.address().address, socket.address().port);
    if (own !== undefined) events.connected(own);
  });
  socket.on('listening', () => {
    isOpen = true;
    const own = endpointOf(socket.address().address, socket.address().port);
    if (own !== undefined) events.opened(own);
    const actions = later;
    later = [];
    for (const action of actions) action();
  });
  socket.on('error', (error) => {
    if (isClosed) return;
    if (!isOpen && !hasMoved && (error as { code?: string }).code === 'EADDRINUSE') {
      hasMoved = true;
      socket.bind({ address: hostAddress(local), port: 0, exclusive: true });
      return;
    }
    if (state === 'connecting') state = 'free';
    events.failed(-errnoOf(error));
  });
  socket.bind({ address: hostAddress(local), port: local.port, exclusive: true });

  return {
    connect: (remote) => {
      wanted = remote;
      whenOpen(() => {
        if (state === 'connected') {
          socket.disconnect();
          state = 'free';
        }
        begin();
      });
    },
    send: (bytes, to) => {
      if (sending + unsent.length + later.length >= MOST_WAITING) return;
      if (to === undefined) {
        unsent.push(bytes);
        whenOpen(() => {
          if (state === 'connected') flush();
        });
        return;
      }
      whenOpen(() => {
        // A connected socket of Node sends nowhere else: it is given free for this one.
        if (state === 'connected') {
          socket.disconnect();
          state = 'free';
        }
        sending++;
        socket.send(bytes, to.port, hostAddress(to, isSix), (error) => {
          sent(error);
          begin();
        });
      });
    },
    set: (setting, value) =>
      ifPossible(() => {
        if (setting === 'broadcast') socket.setBroadcast(value !== 0);
        if (setting === 'timeToLive') socket.setTTL(value);
        if (setting === 'multicastTimeToLive') socket.setMulticastTTL(value);
        if (setting === 'multicastLoop') socket.setMulticastLoopback(value !== 0);
      }),
    join: (group, isMember, interfaceAddress) =>
      ifPossible(() => {
        if (isMember) socket.addMembership(group, interfaceAddress);
        else socket.dropMembership(group, interfaceAddress);
      }),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      if (!isOpen) socket.once('listening', () => sending === 0 && socket.close());
      else if (sending === 0) socket.close();
    },
  };
}
