// TCP, UDP and netlink over the loopback: our kernel prints what Linux printed, within the machine and over the sockets of this computer.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { type AddressInfo, connect, createServer } from 'node:net';
import { release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesInput, createMemoryHost, type Host, sinkOutput } from '@elf/kernel';
import { createNodeHost, nodeSockets } from '@elf/kernel/node';
import { describe, expect, it } from 'vitest';
import { createMachine } from './index.ts';

const folder = fileURLToPath(new URL('../../../fixtures/sockets-c/', import.meta.url));
const program = join(folder, 'sockets-musl');

/** What Linux printed, by part. */
const recorded = new Map(
  readFileSync(join(folder, 'recorded.txt'), 'latin1')
    .split(/^== /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), `== ${text}`]),
);
const [major, minor] = release().split('.').map(Number);
/** The record is of Linux 6.18. */
const isJudge = process.platform === 'linux' && process.arch === 'x64' && (major > 6 || (major === 6 && minor >= 18));

async function runHere(
  host: Host,
  path: string,
  part: string,
  ...words: readonly string[]
): Promise<{ text: string; errors: string }> {
  const output: string[] = [];
  const errors: string[] = [];
  const streams = {
    input: bytesInput(new Uint8Array(0)),
    output: sinkOutput((bytes) => output.push(Buffer.from(bytes).toString('latin1')), 2),
    error: sinkOutput((bytes) => errors.push(Buffer.from(bytes).toString('latin1')), 3),
  };
  const machine = createMachine({ host: { ...host, streams } });
  await machine.run({ path, arguments: ['sockets', part, ...words], environment: [] });
  return { text: output.join(''), errors: errors.join('') };
}

const inMemory = () =>
  createMemoryHost({ files: { '/sockets': readFileSync(program) }, clock: createNodeHost().clock });

describe('the record', () => {
  it('has every part of the program', () => {
    expect(recorded.size).toBe(13);
  });

  it.each(isJudge ? [...recorded.keys()] : [])('%s is what this kernel prints', (part) => {
    expect(spawnSync(program, [part], { encoding: 'latin1' }).stdout).toBe(recorded.get(part));
  });
});

describe('our kernel prints the same', () => {
  it.each([...recorded.keys()])('%s, within the machine', async (part) => {
    expect(await runHere(inMemory(), '/sockets', part)).toEqual({ text: recorded.get(part), errors: '' });
  });

  it.each([...recorded.keys()])('%s, over the sockets of this computer', async (part) => {
    const host = { ...inMemory(), sockets: nodeSockets() };
    expect(await runHere(host, '/sockets', part)).toEqual({ text: recorded.get(part), errors: '' });
  });
});

describe('a program and somebody outside', () => {
  const CLIENT = [
    'connect = 0',
    'shutdown = 0',
    'came back 1000000',
    'sendto = 4',
    'recv = 4',
    'PING',
    'connect = 0',
    'send = 4',
    'recv = 4',
    'taken = -1 Address in use',
    '',
  ].join('\n');

  it('reaches a server of this computer', async () => {
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    const datagrams = createSocket('udp4');
    datagrams.on('message', (bytes, { port, address }) =>
      datagrams.send(bytes.toString('latin1').toUpperCase(), port, address),
    );
    await new Promise<void>((resolve) => datagrams.bind(0, '127.0.0.1', resolve));
    const ports = [String((echo.address() as AddressInfo).port), String(datagrams.address().port)];
    const host = { ...inMemory(), sockets: nodeSockets() };
    expect(await runHere(host, '/sockets', 'client', ...ports)).toEqual({ text: CLIENT, errors: '' });
    echo.close();
    datagrams.close();
  });

  it('is reached, and what it wrote last arrives although it has ended', async () => {
    const received: Buffer[] = [];
    let arrived: Promise<unknown> = Promise.resolve();
    const streams = {
      input: bytesInput(new Uint8Array(0)),
      error: sinkOutput(() => {}, 3),
      output: sinkOutput((bytes) => {
        const socket = connect(Number(Buffer.from(bytes).toString()), '127.0.0.1');
        socket.on('data', (part) => received.push(part)).write('world');
        arrived = new Promise((resolve) => socket.on('end', resolve));
      }, 2),
    };
    const machine = createMachine({ host: { ...inMemory(), sockets: nodeSockets(), streams } });
    await machine.run({ path: '/sockets', arguments: ['sockets', 'server'], environment: [] });
    await arrived;
    expect(Buffer.concat(received).toString()).toBe('hello world');
  });

  it('reaches nobody from a sandbox', async () => {
    const server = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const port = String((server.address() as AddressInfo).port);
    const { text } = await runHere(createNodeHost({ readOnly: true }), program, 'alone', port);
    server.close();
    expect(text.split('\n')).toEqual([
      'to this computer = -1 Connection refused',
      'to another = -1 Network unreachable',
      'datagram = -1 Network unreachable',
      'connected datagrams = -1 Network unreachable',
      'its address = -1 Address not available',
      'version 6 = 1',
      'raw = -1 Operation not permitted',
      'packets = -1 Address family not supported by protocol',
      '',
    ]);
  });
});
