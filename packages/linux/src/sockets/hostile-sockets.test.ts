// Sockets of programs that mean harm: lengths beyond any limit, questions without an end, messages of every shape.
import { Errno, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const INET = 2;
const NETLINK = 16;
const DATAGRAM = 2;
const RAW = 3;
const GETLINK = 18;
/** NLM_F_REQUEST with NLM_F_DUMP. */
const DUMP = 0x301;

function netlink(task: Thread): number {
  return Number(call(task, 'socket', NETLINK, RAW, 0));
}

/** struct nlmsghdr and a body. */
function request(type: number, flags: number, length: number, body: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  bytes.set(body, 16);
  return bytes;
}

function send(task: Thread, fd: number, bytes: Uint8Array): number {
  task.user.write(PAGE, bytes);
  return Number(call(task, 'sendto', fd, PAGE, bytes.length, 0, 0, 0));
}

/** MSG_DONTWAIT. */
const receive = (task: Thread, fd: number) => Number(call(task, 'recvfrom', fd, PAGE + 2048, 2000, 0x40, 0, 0));

describe('a program that means harm', () => {
  it('cannot have the kernel copy control messages without an end', () => {
    const task = newTask();
    const fd = Number(call(task, 'socket', 1, DATAGRAM, 0));
    // struct msghdr: no name, no vectors, control at an address nobody can read.
    const header = (length: bigint) =>
      task.user.write(PAGE, new Uint8Array(BigUint64Array.of(0n, 0n, 0n, 0n, 16n, length, 0n).buffer));
    header(1n << 17n);
    expect(call(task, 'sendmsg', fd, PAGE, 0)).toBe(-Errno.EFAULT);
    for (const length of [(1n << 17n) + 1n, 1n << 40n]) {
      header(length);
      expect(call(task, 'sendmsg', fd, PAGE, 0)).toBe(-Errno.ENOBUFS);
    }
  });

  it('cannot ask more of a netlink socket than fits its buffer', () => {
    const task = newTask();
    const fd = netlink(task);
    const limit = 2304;
    task.user.writeU32(PAGE, limit / 2);
    expect(call(task, 'setsockopt', fd, 1, 8, PAGE, 4)).toBe(0);
    // Sixty dumps in one datagram.
    const one = request(GETLINK, DUMP, 16);
    const many = new Uint8Array(60 * one.length);
    for (let at = 0; at < many.length; at += one.length) many.set(one, at);
    expect(send(task, fd, many)).toBe(many.length);
    expect(send(task, fd, one)).toBe(-Errno.ENOBUFS);
    // Told once, then what there was room for.
    expect(receive(task, fd)).toBe(-Errno.ENOBUFS);
    let total = 0;
    for (let count = receive(task, fd); count > 0; count = receive(task, fd)) total += count;
    expect(total).toBeGreaterThan(limit);
    expect(total).toBeLessThan(2 * limit);
    expect(receive(task, fd)).toBe(-Errno.EAGAIN);
    expect(send(task, fd, one)).toBe(one.length);
  });

  it('gets an answer or none to messages of every shape', () => {
    const task = newTask();
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % below;
    };
    for (let round = 0; round < 2000; round += 1) {
      const fd = netlink(task);
      const body = Array.from({ length: random(60) }, () => (random(3) === 0 ? random(256) : random(6)));
      const length = random(4) === 0 ? random(2 ** 31) : 16 + body.length;
      const bytes = request(random(8) === 0 ? random(65_536) : 16 + random(32), random(65_536) | 1, length, body);
      expect(send(task, fd, bytes)).toBe(bytes.length);
      const answer = receive(task, fd);
      expect(answer === -Errno.EAGAIN || answer >= 16).toBe(true);
      call(task, 'close', fd);
    }
  });

  it('is in twenty groups of the network at most', () => {
    const task = newTask();
    const fd = Number(call(task, 'socket', INET, DATAGRAM, 0));
    const join = (group: number, option = 35) => {
      task.user.write(PAGE, Uint8Array.of(224, 1, 1, group, 127, 0, 0, 1));
      return call(task, 'setsockopt', fd, 0, option, PAGE, 8);
    };
    expect(Array.from({ length: 20 }, (_, group) => join(group))).toEqual(Array(20).fill(0));
    expect(join(20)).toBe(-Errno.ENOBUFS);
    expect(join(3, 36)).toBe(0);
    expect(join(20)).toBe(0);
  });
});
