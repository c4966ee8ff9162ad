// mq_notify: who is told of the first message, by a signal or through a netlink socket (man 2 mq_notify).
import { Errno, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { processState } from '../signals/signal-state.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [EVENT, COOKIE, BUFFER] = [PAGE, PAGE + 64, PAGE + 128];
const [SIGNAL, NONE, THREAD] = [0, 1, 2];
const NETLINK = 16;

function register(task: Thread, queue: number, notify: number, signal: number, value = COOKIE) {
  task.user.writeU64(EVENT, BigInt(value));
  task.user.writeU32(EVENT + 8, signal);
  task.user.writeU32(EVENT + 12, notify);
  return call(task, 'mq_notify', queue, EVENT);
}

function setup() {
  const task = newTask();
  const queue = Number(call(task, 'mq_open', 'q', 0o102, 0o600, 0));
  const socket = Number(call(task, 'socket', NETLINK, 3, 0));
  task.user.write(COOKIE, new Uint8Array(32).fill(7));
  const send = () => call(task, 'mq_timedsend', queue, BUFFER, 1, 0, 0);
  /** The last byte of what the socket got: 1 for a message, 2 for the end of the registration. */
  const heard = () => {
    const length = Number(call(task, 'recvfrom', socket, BUFFER, 64, 0x40, 0, 0));
    const bytes = length < 0 ? [] : [...(task.user.read(BUFFER, length) ?? [])];
    expect(bytes.slice(0, 31)).toEqual(length < 0 ? [] : new Array(31).fill(7));
    return length < 0 ? length : bytes[31];
  };
  return { task, queue, socket, send, heard };
}

describe('mq_notify', () => {
  it('tells a netlink socket once', () => {
    const { task, queue, socket, send, heard } = setup();
    expect(register(task, queue, THREAD, socket)).toBe(0);
    expect(register(task, queue, THREAD, socket)).toBe(-Errno.EBUSY);
    expect(heard()).toBe(-Errno.EAGAIN);
    expect(send()).toBe(0);
    expect(heard()).toBe(1);
    expect(send()).toBe(0);
    expect(heard()).toBe(-Errno.EAGAIN);
  });

  it('tells that the registration was taken back', () => {
    const { task, queue, socket, send, heard } = setup();
    register(task, queue, THREAD, socket);
    expect(call(task, 'mq_notify', queue, 0)).toBe(0);
    expect(heard()).toBe(2);
    send();
    expect(heard()).toBe(-Errno.EAGAIN);
  });

  it('sends a signal, or nothing', () => {
    const { task, queue, send } = setup();
    const pending = () => processState(task.process).pending.map(({ signal, value }) => [signal, value]);
    expect(register(task, queue, NONE, 0)).toBe(0);
    send();
    expect(pending()).toEqual([]);
    call(task, 'mq_timedreceive', queue, BUFFER, 8192, 0, 0);
    expect(register(task, queue, SIGNAL, 10, 5)).toBe(0);
    send();
    expect(pending()).toEqual([[10, 5n]]);
  });

  it.each([
    ['an unknown way', 3, 0, COOKIE, Errno.EINVAL],
    ['no signal', SIGNAL, 65, COOKIE, Errno.EINVAL],
    ['no descriptor', THREAD, 99, COOKIE, Errno.EBADF],
    ['no socket', THREAD, 0, COOKIE, Errno.ENOTSOCK],
    ['no cookie', THREAD, 4, 0, Errno.EFAULT],
  ])('refuses %s', (_, notify, signal, value, errno) => {
    const { task, queue } = setup();
    expect(register(task, queue, notify, signal, value)).toBe(-errno);
  });

  it('refuses a socket of another family', () => {
    const { task, queue } = setup();
    const other = Number(call(task, 'socket', 2, 2, 0));
    expect(register(task, queue, THREAD, other)).toBe(-Errno.EINVAL);
  });
});
