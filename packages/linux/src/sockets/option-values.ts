// Integer options of sockets as the program set them, by level and name.
import type { Socket } from '@elf/kernel';

const values = /* @__PURE__ */ new WeakMap<Socket, Map<string, number | Uint8Array>>();

/** An integer as it was set, or undefined. */
export function optionValue(socket: Socket, level: number, name: number): number | undefined {
  const value = values.get(socket)?.get(`${level} ${name}`);
  return typeof value === 'number' ? value : undefined;
}

/** A structure as it was set, or undefined. */
export function optionBytes(socket: Socket, level: number, name: number): Uint8Array | undefined {
  const value = values.get(socket)?.get(`${level} ${name}`);
  return typeof value === 'object' ? value : undefined;
}

export function setOptionValue(socket: Socket, level: number, name: number, value: number | Uint8Array): void {
  const own = values.get(socket) ?? new Map<string, number | Uint8Array>();
  values.set(socket, own);
  own.set(`${level} ${name}`, value);
}

/** An accepted connection has the options of the socket that listened. */
export function inheritOptions(from: Socket, to: Socket): void {
  const own = values.get(from);
  if (own !== undefined) values.set(to, new Map(own));
}
