// Sockets without a program: structures of 32-bit callers, traces, and addresses as text. Results are those of Linux 6.18.
import { addressBytes, addressText, type OpenDescription, printPointer, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { I386_ABI } from '../abi/i386.ts';
import { LINUX_CALLS } from '../index.ts';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const STREAM = 1;
const DATAGRAM = 2;
const INET = 2;

function narrowTask(): Thread {
  const task = newTask();
  task.callAbi = I386_ABI;
  return task;
}

/** struct sockaddr_in for 127.0.0.1 at an address; port 0 where none is given. */
function loopback(task: Thread, at: number, port = 0): [number, number] {
  task.user.write(at, Uint8Array.of(INET, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  return [at, 16];
}

function portOf(task: Thread, fd: number): number {
  task.user.writeU32(PAGE + 60, 16);
  expect(call(task, 'getsockname', fd, PAGE + 32, PAGE + 60)).toBe(0);
  const [high, low] = task.user.read(PAGE + 34, 2) as Uint8Array;
  return high * 256 + low;
}

/** struct iovec, then struct msghdr with a control buffer of `room` bytes, all with words of 32 bits. */
function narrowHeader(task: Thread, at: number, text: string, control: number, room: number): number {
  const bytes = Uint8Array.from(text, (each) => each.charCodeAt(0));
  task.user.write(at + 64, bytes);
  for (const [index, word] of [at + 64, bytes.length].entries()) task.user.writeU32(at + 40 + index * 4, word);
  const words = [0, 0, at + 40, 1, control, room, 0];
  for (const [index, word] of words.entries()) task.user.writeU32(at + index * 4, word);
  return at;
}

describe('messages of 32-bit callers', () => {
  it('carry descriptors with heads of 12 bytes', () => {
    const task = narrowTask();
    expect(call(task, 'socketpair', 1, STREAM, 0, PAGE)).toBe(0);
    const [left, right] = [task.user.readU32(PAGE), task.user.readU32(PAGE + 4)] as number[];
    const control = PAGE + 512;
    for (const [index, word] of [16, 1, 1, left].entries()) task.user.writeU32(control + index * 4, word);
    expect(call(task, 'sendmsg', left, narrowHeader(task, PAGE + 128, 'abc', control, 16), 0)).toBe(3);
    const at = narrowHeader(task, PAGE + 256, '....', control, 64);
    task.user.write(control, new Uint8Array(64));
    expect(call(task, 'recvmsg', right, at, 0)).toBe(3);
    expect(task.user.readU32(at + 20)).toBe(16);
    expect([0, 4, 8].map((offset) => task.user.readU32(control + offset))).toEqual([16, 1, 1]);
    const passed = task.user.readU32(control + 12) as number;
    const table = task.process.descriptors;
    expect(table.get(passed)).toBe(table.get(left) as OpenDescription);
  });

  it('come several at a time, through socketcall too', () => {
    const task = narrowTask();
    const fd = Number(call(task, 'socket', INET, DATAGRAM, 0));
    expect(call(task, 'bind', fd, ...loopback(task, PAGE))).toBe(0);
    const port = portOf(task, fd);
    const sender = Number(call(task, 'socket', INET, DATAGRAM, 0));
    expect(call(task, 'connect', sender, ...loopback(task, PAGE, port))).toBe(0);
    for (const text of ['one', 'three']) {
      task.user.write(
        PAGE + 64,
        Uint8Array.from(text, (each) => each.charCodeAt(0)),
      );
      // SYS_SEND: three words and the flags.
      for (const [index, word] of [sender, PAGE + 64, text.length, 0].entries())
        task.user.writeU32(PAGE + 32 + index * 4, word);
      expect(call(task, 'socketcall', 9, PAGE + 32)).toBe(text.length);
    }
    // struct mmsghdr: 28 bytes of header, 4 of length.
    const headers = PAGE + 1024;
    for (const index of [0, 1]) {
      const vector = PAGE + 1200 + index * 8;
      task.user.writeU32(vector, PAGE + 1300 + index * 16);
      task.user.writeU32(vector + 4, 16);
      const words = [0, 0, vector, 1, 0, 0, 0, 0];
      for (const [word, value] of words.entries()) task.user.writeU32(headers + index * 32 + word * 4, value);
    }
    expect(call(task, 'recvmmsg', fd, headers, 2, 0, 0)).toBe(2);
    expect([28, 60].map((offset) => task.user.readU32(headers + offset))).toEqual([3, 5]);
  });

  it('have limits of waiting in structures of 8 bytes, or of 16 by another name', () => {
    const task = narrowTask();
    const fd = Number(call(task, 'socket', INET, STREAM, 0));
    task.user.write(PAGE, new Uint8Array(Int32Array.of(1, 500_000, 0, 0).buffer));
    expect(call(task, 'setsockopt', fd, 1, 20, PAGE, 8)).toBe(0);
    task.user.writeU32(PAGE + 60, 16);
    expect(call(task, 'getsockopt', fd, 1, 66, PAGE + 32, PAGE + 60)).toBe(0);
    expect(task.user.readU32(PAGE + 60)).toBe(16);
    expect([0, 8].map((offset) => task.user.readU64(PAGE + 32 + offset))).toEqual([1n, 500_000n]);
  });
});

describe('traces of sockets', () => {
  const printed = (task: Thread, name: string, words: readonly number[], result: number) => {
    const row = LINUX_CALLS.find((each) => each.name === name);
    if (row === undefined) throw new Error(`no call ${name}`);
    const names = Object.keys(row.arguments);
    const low = Int32Array.from({ length: 6 }, (_, index) => words[index] ?? 0);
    const raw = { task, low, high: new Int32Array(6), indexOf: (key: string) => names.indexOf(key), result };
    return names.map((key, index) => {
      const value = row.arguments[key].decode(raw, index);
      return row.arguments[key].print(value, raw, index);
    });
  };

  it('show addresses, options and protocols as strace does', () => {
    const task = newTask();
    const [at, length] = loopback(task, PAGE, 8080);
    const four = '{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}';
    expect(printed(task, 'connect', [3, at, length], 0)).toEqual(['3', four, '16']);
    task.user.writeU32(PAGE + 60, 16);
    expect(printed(task, 'accept', [3, at, PAGE + 60], 4)).toEqual(['3', four, '[16]']);
    const pointer = printPointer({ task, low: Int32Array.of(at), high: new Int32Array(1), indexOf: () => 0 }, 0);
    expect(printed(task, 'accept', [3, at, PAGE + 60], -11)[1]).toBe(pointer);
    task.user.write(PAGE + 100, new Uint8Array(28));
    task.user.write(PAGE + 100, Uint8Array.of(10, 0, 0, 53));
    task.user.write(PAGE + 123, Uint8Array.of(1));
    const six =
      '{sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}';
    expect(printed(task, 'bind', [3, PAGE + 100, 28], 0)[1]).toBe(six);
    task.user.writeU32(PAGE + 64, 1);
    expect(printed(task, 'setsockopt', [3, 6, 1, PAGE + 64, 4], 0)).toEqual([
      '3',
      'SOL_TCP',
      'TCP_NODELAY',
      '[1]',
      '4',
    ]);
    expect(printed(task, 'socket', [2, 1, 6], 3)).toEqual(['AF_INET', 'SOCK_STREAM', 'IPPROTO_TCP']);
    expect(printed(task, 'socket', [16, 3, 0], 3)[2]).toBe('NETLINK_ROUTE');
  });
});

describe('addresses as text', () => {
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['fe80:0:0:0:1:2:3:4%eth0', 'fe80::1:2:3:4'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['255.0.0.1', '255.0.0.1'],
  ])('%s is %s', (given, canonical) => {
    expect(addressText(addressBytes(given))).toBe(canonical);
  });
});

describe('names of sockets', () => {
  it.each([
    ['no address', 0, 16, -14],
    ['no address and no room', 0, 0, 0],
    ['a negative length', PAGE + 32, -1, -22],
    ['room for a part', PAGE + 32, 2, 0],
  ])('are told with %s', (_, at, length, expected) => {
    const task = newTask();
    const fd = call(task, 'socket', INET, STREAM, 0) as number;
    call(task, 'bind', fd, ...loopback(task, PAGE));
    task.user.writeU32(PAGE + 60, length >>> 0);
    expect(call(task, 'getsockname', fd, at, PAGE + 60)).toBe(expected);
    expect(call(task, 'getsockname', fd, PAGE + 32, 0)).toBe(-14);
  });

  it('of files are for those who may write there', () => {
    const task = newTask();
    const address = Uint8Array.from('\x01\0/tmp/s\0', (each) => each.charCodeAt(0));
    const [listener, client] = [0, 1].map(() => call(task, 'socket', 1, STREAM, 0) as number);
    const connect = () => {
      task.user.write(PAGE, address);
      return call(task, 'connect', client, PAGE, address.length);
    };
    call(task, 'mkdir', '/tmp', 0o777);
    task.user.write(PAGE, address);
    expect(call(task, 'bind', listener, PAGE, address.length)).toBe(0);
    call(task, 'listen', listener, 1);
    call(task, 'chmod', '/tmp/s', 0o555);
    call(task, 'setresuid', -1, 1000, -1);
    expect(connect()).toBe(-13);
    call(task, 'setresuid', -1, 0, -1);
    call(task, 'chmod', '/tmp/s', 0o722);
    call(task, 'setresuid', -1, 1000, -1);
    expect(connect()).toBe(0);
  });
});

describe('the loopback', () => {
  it('is in the tables of /proc/net as long as a socket is open', () => {
    const task = newTask();
    const fd = Number(call(task, 'socket', INET, STREAM, 0));
    call(task, 'bind', fd, ...loopback(task, PAGE, 8080));
    call(task, 'listen', fd, 5);
    const text = () => {
      const mode = { readable: true, writable: false, append: false, nonBlocking: false };
      const request = { read: true, write: false };
      const file = task.kernel.tree.open(task.process.viewpoint, '/proc/net/tcp', request, mode);
      if (typeof file === 'number') throw new Error(`open failed with ${file}`);
      const bytes = new Uint8Array(4000);
      return String.fromCharCode(...bytes.subarray(0, file.file.read(bytes, 0)));
    };
    expect(text()).toContain(
      '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 ',
    );
    call(task, 'close', fd);
    expect(text()).not.toContain('1F90');
  });
});

describe('connections of version 6 with a peer of version 4', () => {
  const [INET6, SOL_IP, SOL_IPV6, ADDRFORM, JOIN, LEAVE] = [10, 0, 41, 1, 42, 45];

  /** A listening socket of version 6, and the connection that it accepted from one of version 4. */
  function connected() {
    const task = newTask();
    const listener = Number(call(task, 'socket', INET6, STREAM, 0));
    task.user.write(PAGE, Uint8Array.of(INET6, ...new Uint8Array(27)));
    expect(call(task, 'bind', listener, PAGE, 28)).toBe(0);
    call(task, 'listen', listener, 5);
    task.user.writeU32(PAGE + 60, 28);
    call(task, 'getsockname', listener, PAGE + 32, PAGE + 60);
    const [high, low] = task.user.read(PAGE + 34, 2) as Uint8Array;
    const client = Number(call(task, 'socket', INET, STREAM, 0));
    call(task, 'connect', client, ...loopback(task, PAGE, high * 256 + low));
    return { task, listener, client, server: Number(call(task, 'accept', listener, 0, 0)) };
  }

  const set = (task: Thread, fd: number, value: number) => {
    task.user.writeU32(PAGE, value);
    return call(task, 'setsockopt', fd, SOL_IPV6, ADDRFORM, PAGE, 4);
  };

  it('become connections of version 4 (IPV6_ADDRFORM), which can be given up and bound anew', () => {
    const { task, listener, server } = connected();
    expect(set(task, listener, INET)).toBe(-107);
    expect(set(task, server, INET6)).toBe(-22);
    expect(set(task, server, INET)).toBe(0);
    expect(set(task, server, INET)).toBe(-92);
    task.user.writeU32(PAGE + 60, 28);
    call(task, 'getpeername', server, PAGE + 32, PAGE + 60);
    expect([task.user.readU32(PAGE + 60), task.user.readU16(PAGE + 32)]).toEqual([16, INET]);
    task.user.write(PAGE, new Uint8Array(16));
    expect(call(task, 'connect', server, PAGE, 16)).toBe(0);
    expect(call(task, 'bind', server, ...loopback(task, PAGE))).toBe(0);
    expect(call(task, 'listen', server, 1)).toBe(0);
    const again = Number(call(task, 'socket', INET, STREAM, 0));
    expect(call(task, 'connect', again, ...loopback(task, PAGE, portOf(task, server)))).toBe(0);
  });

  it('join groups for themselves, not for those they accept', () => {
    const { task, listener, server } = connected();
    const group = (fd: number, name: number) => {
      const bytes = new Uint8Array(136);
      bytes.set([INET, 0, 0, 0, 224, 0, 0, 1], 8);
      task.user.write(PAGE + 256, bytes);
      return call(task, 'setsockopt', fd, SOL_IP, name, PAGE + 256, 136);
    };
    expect(group(listener, JOIN)).toBe(0);
    expect(group(listener, JOIN)).toBe(-98);
    expect(group(server, LEAVE)).toBe(-99);
    expect(group(listener, LEAVE)).toBe(0);
    expect(group(listener, LEAVE)).toBe(-99);
  });
});
