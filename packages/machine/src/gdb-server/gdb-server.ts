// A server for GDB's remote protocol: bytes in and out, whatever carries them.
import type { Machine } from '../create-machine.ts';
import { DebugSession } from './debug-session.ts';
import { GdbConnection } from './gdb-connection.ts';

/** The debugger's end of a machine. */
export interface GdbServer {
  /**
   * Begins with a debugger; there is one at a time, and the one before is let go.
   * @param send gets bytes for the debugger.
   */
  connect(send: (bytes: Uint8Array) => void): GdbLink;
}

/** One debugger. */
export interface GdbLink {
  /** Bytes it sent, in any portions. */
  receive(bytes: Uint8Array): void;
  /** It went away: the program runs on without one. */
  closed(): void;
}

/**
 * Makes the next program of a machine wait for a debugger before its first instruction (GDB manual, appendix E). Registers up to AVX,
 * memory, threads, breakpoints, steps, signals, execve and files; x86-64 and i386. What the program forks runs free.
 * @example
 * const server = createGdbServer(machine);
 * listener.on('connection', (socket) => {
 *   const link = server.connect((bytes) => socket.write(bytes));
 *   socket.on('data', (bytes) => link.receive(bytes)).on('close', () => link.closed());
 * });
 * await machine.run({ path: '/bin/true' });   // gdb -ex 'target remote :1234' goes on from there
 */
export function createGdbServer({ kernel }: Machine): GdbServer {
  const session = new DebugSession(kernel);
  kernel.tracer = session;
  return { connect: (send) => new GdbConnection(session, send) };
}
