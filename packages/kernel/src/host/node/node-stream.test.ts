// Standard streams that are sockets of the host, which is what a program started by Node gets.
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FileType, isType } from '../../files/file-status.ts';
import { nodeStream } from './node-stream.ts';

describe('a stream that is a socket', () => {
  it('is a pipe to the guest, which can write to it', async () => {
    const server = createServer((socket) => socket.on('data', (bytes) => socket.end(bytes)));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
    await new Promise((resolve) => client.once('connect', resolve));
    const number = (client as unknown as { _handle: { fd: number } })._handle.fd;
    const stream = nodeStream(number);
    const status = stream.status();
    expect(typeof status === 'object' && isType(status, FileType.Fifo)).toBe(true);
    expect(stream.write(Uint8Array.of(104, 105), 0)).toBe(2);
    const echoed = await new Promise<Buffer>((resolve) => client.once('data', resolve));
    expect(echoed.toString()).toBe('hi');
    client.destroy();
    server.close();
  });
});
