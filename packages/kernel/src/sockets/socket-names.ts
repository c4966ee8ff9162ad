// The names sockets are bound to, of one machine.
import type { InFlight } from './in-flight.ts';
import type { LocalSocket } from './local-socket.ts';

/** Bound sockets by key: whoever binds makes the key (an abstract name, an inode, an address with its port). */
export class SocketNames {
  readonly #bound = new Map<string, LocalSocket>();
  #nextAutomatic = 0;
  #inFlight: InFlight | undefined;

  find(key: string): LocalSocket | undefined {
    return this.#bound.get(key);
  }

  /** False: the name is taken. */
  bind(key: string, socket: LocalSocket): boolean {
    if (this.#bound.has(key)) return false;
    this.#bound.set(key, socket);
    return true;
  }

  release(key: string, socket: LocalSocket): void {
    if (this.#bound.get(key) === socket) this.#bound.delete(key);
  }

  /** A number for a socket that wants any name. */
  automatic(): number {
    return this.#nextAutomatic++;
  }

  /** Descriptors under way between these sockets; made by the first one. */
  inFlight(make: () => InFlight): InFlight {
    this.#inFlight ??= make();
    return this.#inFlight;
  }

  get bound(): ReadonlyMap<string, LocalSocket> {
    return this.#bound;
  }
}
