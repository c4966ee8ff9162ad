// Addresses of the outside that stream sockets of the machine are bound to: sockets that share a port share its listener there.
import type { OutsideListener, OutsideStream } from '../host/sockets-port.ts';
import type { Endpoint } from './endpoint.ts';
import type { Network } from './network.ts';

/** One listener of the outside with the sockets bound to it. */
interface Shared {
  readonly listener: OutsideListener;
  readonly port: number;
  users: number;
}

/** How an address is taken. */
export interface ListenRequest {
  readonly local: Endpoint;
  readonly onlyVersion6: boolean;
  readonly opened: (local: Endpoint) => void;
  readonly failed: (errno: number) => void;
}

/** A hold on an address; giving it up frees the address when nobody else has it. */
export interface Reservation {
  release(freed?: () => void): void;
}

/** Who hears of connections from outside. */
export type Admit = (stream: OutsideStream, remote: Endpoint, local: Endpoint) => void;

/** The listeners of one machine by port. */
export class OutsideListeners {
  readonly #network: Network;
  readonly #admit: Admit;
  readonly #byPort = new Map<number, Shared>();

  constructor(network: Network, admit: Admit) {
    this.#network = network;
    this.#admit = admit;
  }

  /** Takes an address; `opened` or `failed` is called later, or at once where a socket of the machine has it already. */
  reserve({ local, onlyVersion6, opened, failed }: ListenRequest): Reservation {
    const there = this.#byPort.get(local.port);
    if (there !== undefined) {
      there.users++;
      opened(local);
      return this.#holdOn(there);
    }
    const options = { onlyVersion6, reusesAddress: true };
    let shared: Shared | undefined;
    let isReleased = false;
    const listener = this.#network.outside?.listen(local, options, {
      opened: ({ port }) => {
        if (listener !== undefined && !isReleased) {
          shared = { listener, port, users: 1 };
          this.#byPort.set(port, shared);
        }
        opened({ ...local, port });
      },
      failed,
      connection: this.#admit,
    });
    return {
      release: (freed) => {
        if (isReleased) return;
        isReleased = true;
        if (shared !== undefined) this.#holdOn(shared).release(freed);
        else listener?.close(freed);
      },
    };
  }

  #holdOn(shared: Shared): Reservation {
    let isReleased = false;
    return {
      release: (freed) => {
        if (isReleased) return;
        isReleased = true;
        if (--shared.users > 0) {
          freed?.();
          return;
        }
        this.#byPort.delete(shared.port);
        shared.listener.close(freed);
      },
    };
  }
}
