// -g: a TCP port of this computer, and of this computer only, where gdb finds the program.
import { createServer, type Socket } from 'node:net';
import { createGdbServer, type Machine } from '@elf/machine';

const LOOPBACK = '127.0.0.1';
const HIGHEST_PORT = 65535;

/** Reads the option's value: 0 means any free port. */
export function readPort(text: string): number | { readonly mistake: string } {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= HIGHEST_PORT ? port : { mistake: `option -g takes a port number up to ${HIGHEST_PORT}, not ${text}` };
}

/**
 * Makes the machine's program wait for gdb before its first instruction. One debugger at a time; when it goes, the program runs on.
 * @param say gets one line that tells where to connect.
 * @returns once the port can be connected to; rejects with the system's error when it cannot be had.
 */
export function openDebuggerPort(machine: Machine, port: number, say: (line: string) => void): Promise<void> {
  const server = createGdbServer(machine);
  let current: Socket | undefined;
  const listener = createServer({ noDelay: true }, (socket) => {
    if (current !== undefined) {
      socket.destroy();
      return;
    }
    current = socket;
    const link = server.connect((bytes) => socket.write(bytes));
    socket.on('data', (bytes) => link.receive(bytes));
    // A connection that breaks is closed right after.
    socket.on('error', () => {});
    socket.on('close', () => {
      current = undefined;
      link.closed();
    });
  });
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, LOOPBACK, () => {
      const place = listener.address();
      const number = typeof place === 'object' && place !== null ? place.port : port;
      say(`waiting for gdb: target remote ${LOOPBACK}:${number}`);
      resolve();
    });
  });
}
