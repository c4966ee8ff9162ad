// Packets in pipes (man 2 pipe2, O_DIRECT).
import { describe, expect, it } from 'vitest';
import { createPipe } from './pipe.ts';

function newPipe() {
  const { reader, writer } = createPipe(7, () => 0n);
  const read = (length: number) => {
    const target = new Uint8Array(length);
    const count = reader.read(target, 0);
    return count < 0 ? count : String.fromCharCode(...target.subarray(0, count));
  };
  const write = (text: string) => writer.write(new TextEncoder().encode(text), 0);
  return { read, write, keep: (is: boolean) => writer.pipeCapacity?.keepPackets(is), left: () => reader.available?.() };
}

describe('packets', () => {
  it('are read one at a time, and what does not fit is lost', () => {
    const { read, write, keep, left } = newPipe();
    keep(true);
    expect([write('first'), write('second')]).toEqual([5, 6]);
    expect([read(100), read(3), left(), read(1)]).toEqual(['first', 'sec', 0, -11]);
  });

  it('end a read that began in a stream', () => {
    const { read, write, keep } = newPipe();
    write('stream');
    keep(true);
    write('packet');
    keep(false);
    write('again');
    expect([read(4), read(4), read(100)]).toEqual(['stre', 'ampa', 'again']);
  });

  it('have PIPE_BUF bytes at most', () => {
    const { read, write, keep } = newPipe();
    keep(true);
    expect(write('x'.repeat(5000))).toBe(5000);
    expect([(read(9000) as string).length, (read(9000) as string).length]).toEqual([4096, 904]);
  });
});
