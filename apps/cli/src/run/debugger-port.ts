// -g: a TCP port of this computer, and of this computer only, where gdb finds the program.
import { createServer, type Socket } from 'node:net';
import { createGdbServer, type Machine } from '@elf/machine';

const LOOPBACK = '127.0.0.1';
const HIGHEST_PORT = 65535;
/** What a debugger begins with: an acknowledgement, a packet, an interrupt. */
const FIRST_BYTES = [0x2b, 0x2d, 0x24, 3];

/** Reads the option's value: 0 means any free port. */
export function readPort(text: string): number | { readonly mistake: string } {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= HIGHEST_PORT ? port : { mistake: `option -g takes a port number up to ${HIGHEST_PORT}, not ${text}` };
}

/**
 * Makes the machine's program wait for gdb before its first instruction. One debugger at a time; when it goes, the program runs on.
 * What begins otherwise than a debugger is cut off: a web page can make a browser post packets to any port of its own computer.
 * @param say gets one line that tells where to connect.
 * @returns once the port can be connected to; rejects with the system's error when it cannot be had.
 */
export function openDebuggerPort(machine: Machine, port: number, say: (line: string) => void): Promise<void> {
  const server = createGdbServer(machine);
  let current: Socket | undefined;
  const attend = (socket: Socket, first: Uint8Array) => {
    if (current !== undefined || !FIRST_BYTES.includes(first[0])) {
      socket.destroy();
      return;
    }
    current = socket;
    const link = server.connect((bytes) => socket.write(bytes));
    link.receive(first);
    socket.on('data', (bytes) => link.receive(bytes));
    socket.on('close', () => {
      current = undefined;
      link.closed();
    });
  };
  const listener = createServer({ noDelay: true }, (socket) => {
    // A connection that breaks is closed right after.
    socket.on('error', () => {});
    socket.once('data', (first) => attend(socket, first));
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
