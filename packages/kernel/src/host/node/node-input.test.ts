// Input of the host: what is taken out of it, when waiters hear of it, and its end.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Errno } from '../../errno.ts';
import { FileType } from '../../files/file-status.ts';
import { Readiness } from '../../files/open-file.ts';
import { type NodeInput, nodeInput } from './node-input.ts';

let work: string;
let reader: number;
let writer: number;
let input: NodeInput;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'elf-input-'));
  const fifo = join(work, 'fifo');
  spawnSync('mkfifo', [fifo]);
  reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  writer = openSync(fifo, constants.O_WRONLY);
  input = nodeInput(reader, FileType.Fifo);
});
afterEach(() => {
  input.close();
  closeSync(reader);
  rmSync(work, { recursive: true, force: true });
});

const woken = () =>
  new Promise<void>((resolve) => {
    const leave = input.changes.join(() => {
      leave();
      resolve();
    });
  });

function read(length: number): string | number {
  const target = new Uint8Array(length);
  const count = input.read(target);
  return count < 0 || (count === 0 && length > 0) ? count : Buffer.from(target.subarray(0, count)).toString();
}

// Elsewhere no pipe can be opened once more, and a look waits for the event loop.
describe.runIf(process.platform === 'linux')('input of a pipe', () => {
  it('arrives, and what the guest did not read stays for the next program', async () => {
    expect(read(10)).toBe(-Errno.EAGAIN);
    const change = woken();
    writeSync(writer, 'one two');
    await change;
    expect(read(3)).toBe('one');
    const rest = Buffer.alloc(10);
    expect(rest.toString('latin1', 0, readSync(reader, rest))).toBe(' two');
    closeSync(writer);
  });

  it('is taken a byte at most by a look whether there is any', () => {
    expect(input.readiness()).toBe(0);
    writeSync(writer, 'text');
    expect(input.readiness()).toBe(Readiness.Readable);
    const rest = Buffer.alloc(10);
    expect(rest.toString('latin1', 0, readSync(reader, rest))).toBe('ext');
    expect(read(10)).toBe('t');
    closeSync(writer);
  });

  it('is counted, then read in order', () => {
    writeSync(writer, 'abcdef');
    expect(input.readiness()).toBe(Readiness.Readable);
    expect(input.available()).toBe(6);
    expect([read(2), read(2), read(9)]).toEqual(['ab', 'cd', 'ef']);
    expect(read(0)).toBe('');
    closeSync(writer);
  });

  it('ends when the last writer leaves, also for somebody who waits already', async () => {
    expect(read(1)).toBe(-Errno.EAGAIN);
    const change = woken();
    closeSync(writer);
    await change;
    expect(input.readiness()).toBe(Readiness.Readable);
    expect(read(1)).toBe(0);
  });

  it('can be waited for again after it was closed', async () => {
    expect(read(1)).toBe(-Errno.EAGAIN);
    input.close();
    expect(read(1)).toBe(-Errno.EAGAIN);
    const change = woken();
    writeSync(writer, 'x');
    await change;
    expect(read(1)).toBe('x');
    closeSync(writer);
  });
});
