// TCP and UDP of one machine: makes the sockets and brings what comes from outside to them.
import type { Entropy } from '../host/entropy.ts';
import type { SocketsPort } from '../host/sockets-port.ts';
import { DatagramSocket } from './datagram-socket.ts';
import type { InternetVersion } from './endpoint.ts';
import type { InternetSocket } from './internet-socket.ts';
import { Network } from './network.ts';
import { OutsideListeners } from './outside-listeners.ts';
import { StreamSocket } from './stream-socket.ts';

/** The internet families of a machine. */
export class InternetNetwork {
  readonly network: Network;
  readonly listeners: OutsideListeners;
  readonly nextInode: () => number;
  /** Hears of every connection that a listening socket takes: a personality's own options go along. */
  inherit: (listener: InternetSocket, connection: InternetSocket) => void = () => {};

  constructor(port: SocketsPort, entropy: Entropy, nextInode: () => number) {
    this.network = new Network(port, entropy);
    this.nextInode = nextInode;
    this.listeners = new OutsideListeners(this.network, (stream, remote, local) => {
      const listener = this.network.listener(local);
      if (listener instanceof StreamSocket) listener.admit(stream, remote, local);
      // Bound but not listening: nobody answers there.
      else stream.reset();
    });
  }

  /** A fresh TCP socket. */
  stream(version: InternetVersion): StreamSocket {
    return new StreamSocket(version, this, this.nextInode());
  }

  /** A fresh UDP socket. */
  datagram(version: InternetVersion): DatagramSocket {
    return new DatagramSocket(version, this.network, this.nextInode());
  }
}
