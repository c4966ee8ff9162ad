// NETLINK_SOCK_DIAG by messages: what dumps and questions for one socket answer.
import type { Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [INET, UNIX, NETLINK, STREAM, RAW, TCP, UDP, SOCK_DIAG] = [2, 1, 16, 1, 3, 6, 17, 4];
const [REQUEST, DUMP] = [1, 0x301];
const [DIAG_BY_FAMILY, DONE, ERROR] = [20, 3, 2];
const [EINVAL, ENOENT] = [-22, -2];
const ALL_STATES = 0xffff_ffff;
const ANSWER = PAGE + 1024;

interface Told {
  readonly type: number;
  readonly body: DataView;
}

/** Sends one request, and reads answers up to the end of the list or the only one. */
function ask(task: Thread, flags: number, body: Uint8Array, type = DIAG_BY_FAMILY): Told[] {
  const fd = call(task, 'socket', NETLINK, RAW, SOCK_DIAG) as number;
  const bytes = new Uint8Array(16 + body.length);
  new Uint16Array(bytes.buffer, 4, 2).set([type, flags]);
  new Uint32Array(bytes.buffer, 0, 1).set([bytes.length]);
  bytes.set(body, 16);
  task.user.write(PAGE, bytes);
  expect(call(task, 'sendto', fd, PAGE, bytes.length, 0, 0, 0)).toBe(bytes.length);
  const told: Told[] = [];
  for (;;) {
    const count = call(task, 'recvfrom', fd, ANSWER, 2000, 0x40, 0, 0) as number;
    if (count <= 0) break;
    const answer = (task.user.read(ANSWER, count) as Uint8Array).slice();
    const view = new DataView(answer.buffer);
    for (let at = 0; at < count; at += (view.getUint32(at, true) + 3) & ~3)
      told.push({
        type: view.getUint16(at + 4, true),
        body: new DataView(answer.buffer, at + 16, view.getUint32(at, true) - 16),
      });
  }
  call(task, 'close', fd);
  return told;
}

function internetRequest(
  protocol: number,
  options: { states?: number; port?: number; filter?: readonly number[]; family?: number } = {},
): Uint8Array {
  const { states = ALL_STATES, port = 0, filter = [], family = INET } = options;
  const attribute = filter.length === 0 ? [] : [4 + filter.length, 0, 1, 0, ...filter];
  const bytes = new Uint8Array(56 + attribute.length);
  bytes.set([family, protocol]);
  new DataView(bytes.buffer).setUint32(4, states, true);
  new DataView(bytes.buffer).setUint16(8, port);
  bytes.set(attribute, 56);
  return bytes;
}

function listening(task: Thread, port: number, backlog: number): number {
  const fd = call(task, 'socket', INET, STREAM, 0) as number;
  task.user.write(PAGE, Uint8Array.of(INET, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  expect(call(task, 'bind', fd, PAGE, 16)).toBe(0);
  expect(call(task, 'listen', fd, backlog)).toBe(0);
  return fd;
}

const portsOf = (told: readonly Told[]) =>
  told.filter(({ type }) => type === DIAG_BY_FAMILY).map(({ body }) => body.getUint16(4));
const errorOf = ([{ type, body }]: readonly Told[]) => (type === ERROR ? body.getInt32(0, true) : 0);

describe('a dump of sockets', () => {
  it('tells ports, states, queues and inodes, and ends', () => {
    const task = newTask();
    listening(task, 5555, 7);
    const told = ask(task, DUMP, internetRequest(TCP));
    expect(told.map(({ type }) => type)).toEqual([DIAG_BY_FAMILY, DONE]);
    const [{ body }] = told;
    expect([body.getUint8(0), body.getUint8(1), body.getUint16(4), body.getUint32(8)]).toEqual([
      INET,
      10,
      5555,
      0x7f00_0001,
    ]);
    expect([body.getUint32(56, true), body.getUint32(60, true)]).toEqual([0, 7]);
    expect(body.getUint32(68, true)).toBeGreaterThan(0);
    expect(portsOf(ask(task, DUMP, internetRequest(UDP)))).toEqual([]);
  });

  it('is chosen by state, port and filter', () => {
    const task = newTask();
    for (const port of [5555, 5556, 5557]) listening(task, port, 1);
    const [LISTEN, ESTABLISHED] = [1 << 10, 1 << 1];
    const ports = (options: Parameters<typeof internetRequest>[1]) =>
      portsOf(ask(task, DUMP, internetRequest(TCP, options))).sort();
    expect(ports({ states: LISTEN })).toEqual([5555, 5556, 5557]);
    expect(ports({ states: ESTABLISHED })).toEqual([]);
    expect(ports({ port: 5556 })).toEqual([5556]);
    const [AT_LEAST, AT_MOST] = [2, 3];
    const operation = (code: number, port: number) => [code, 8, 12, 0, 0, 0, port & 255, port >> 8];
    expect(ports({ filter: operation(AT_LEAST, 5556) })).toEqual([5556, 5557]);
    // The first operation leads past the end where it does not hold: 8 bytes more.
    const both = [...operation(AT_LEAST, 5556), ...operation(AT_MOST, 5556)];
    both[2] = 20;
    expect(ports({ filter: both })).toEqual([5556]);
    // A prefix of 8 bits: 127, and 10.
    const condition = (first: number) => [7, 16, 20, 0, INET, 8, 0, 0, 0xff, 0xff, 0xff, 0xff, first, 0, 0, 0];
    expect([ports({ filter: condition(127) }).length, ports({ filter: condition(10) }).length]).toEqual([3, 0]);
    for (const broken of [
      [2, 8, 12, 0],
      [99, 4, 8, 0],
      [0, 0, 4, 0],
    ])
      expect(errorOf(ask(task, DUMP, internetRequest(TCP, { filter: broken })))).toBe(EINVAL);
  });

  it('of AF_UNIX tells names and peers', () => {
    const task = newTask();
    expect(call(task, 'socketpair', UNIX, STREAM, 0, PAGE)).toBe(0);
    const body = new Uint8Array(24);
    body.set([UNIX]);
    new DataView(body.buffer).setUint32(4, ALL_STATES, true);
    new DataView(body.buffer).setUint32(12, 4, true);
    const told = ask(task, DUMP, body);
    const inodes = told.slice(0, 2).map((each) => each.body.getUint32(4, true));
    const peers = told.slice(0, 2).map((each) => [each.body.getUint16(18, true), each.body.getUint32(20, true)]);
    expect(peers).toEqual([
      [2, inodes[1]],
      [2, inodes[0]],
    ]);
    new DataView(body.buffer).setUint32(8, inodes[1], true);
    expect(ask(task, REQUEST, body).map((each) => each.body.getUint32(4, true))).toEqual([inodes[1]]);
    new DataView(body.buffer).setUint32(8, 99_999, true);
    expect(errorOf(ask(task, REQUEST, body))).toBe(ENOENT);
  });
});

describe('a question', () => {
  it('for one socket names both of its sides', () => {
    const task = newTask();
    listening(task, 5555, 1);
    const [{ body }] = ask(task, DUMP, internetRequest(TCP));
    const one = internetRequest(TCP);
    one.set(new Uint8Array(body.buffer, body.byteOffset + 4, 48), 8);
    expect(portsOf(ask(task, REQUEST, one))).toEqual([5555]);
    one[9] ^= 1;
    expect(errorOf(ask(task, REQUEST, one))).toBe(ENOENT);
  });

  it('that is none is refused', () => {
    const task = newTask();
    expect(errorOf(ask(task, DUMP, new Uint8Array(20).fill(INET)))).toBe(EINVAL);
    expect(errorOf(ask(task, DUMP, internetRequest(TCP), 21))).toBe(EINVAL);
    expect(errorOf(ask(task, DUMP, internetRequest(TCP, { family: 17 })))).toBe(ENOENT);
    expect(errorOf(ask(task, DUMP, internetRequest(99)))).toBe(ENOENT);
  });
});
