// What Linux 6.18 shows and gives for typed bytes under settings of stty(1), recorded with openpty(3); packet mode; flow control; limits.
import { fromBytes, Readiness, type Thread, toBytes } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';
import { installTerminals } from './terminals.ts';

const [TCSETS, TCFLSH, TCXONC, TIOCSPTLCK, TIOCPKT, FIOASYNC] = [0x5402, 0x540b, 0x540a, 0x4004_5431, 0x5420, 0x5452];
const [MASTER, SLAVE] = [3, 4];
const EAGAIN = -11;
/** What fresh terminals have, but VMIN and VTIME. */
const RAW = '0005000005000000bf000000398a000000031c7f1504';

/** Settings, struct termios, what is typed, what the terminal shows, and what reads give. */
// biome-ignore format: a recorded table
const RECORDED: readonly (readonly [string, string, string, string, readonly string[]])[] = [
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'ab\x7fc\r', 'ab\x08 \x08c\r\n', ['ac\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', '\t\x7fx\n', '\t\x08\x08\x08\x08\x08\x08\x08\x08x\r\n', ['x\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\tb\tc\x7f\x7f\x7f\n', 'a\tb\tc\x08 \x08\x08\x08\x08\x08\x08\x08\x08\x08 \x08\r\n', ['a\t\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'one two  \x17x\n', 'one two  \x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08x\r\n', ['one x\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'hello\x15bye\n', 'hello\x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08bye\r\n', ['bye\n']],
  ['-echoke', '0005000005000000bf0000003b82000000031c7f150400010011131a00120f1716000000', 'hello\x15bye\n', 'hello^U\r\nbye\r\n', ['bye\n']],
  ['-echok -echoke', '0005000005000000bf0000001b82000000031c7f150400010011131a00120f1716000000', 'hello\x15bye\n', 'hello^Ubye\r\n', ['bye\n']],
  ['-echoe', '0005000005000000bf0000002b8a000000031c7f150400010011131a00120f1716000000', 'ab\x7f\x7f\x7fc\n', 'ab^?^?c\r\n', ['c\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\x01b\x7f\x7fc\n', 'a^Ab\x08 \x08\x08 \x08\x08 \x08c\r\n', ['ac\n']],
  ['-echoctl', '0005000005000000bf0000003b88000000031c7f150400010011131a00120f1716000000', 'a\x01b\x7f\x7fc\n', 'a\x01b\x08 \x08c\r\n', ['ac\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\x16\x03b\n', 'a^\x08^Cb\r\n', ['a\x03b\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'abc\x12d\n', 'abc^R\r\nabcd\r\n', ['abcd\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'abc\x04', 'abc', ['abc']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', '\x04', '', ['']],
  ['-isig', '0005000005000000bf0000003a8a000000031c7f150400010011131a00120f1716000000', 'a\x03b\n', 'a^Cb\r\n', ['a\x03b\n']],
  ['-echo', '0005000005000000bf000000338a000000031c7f150400010011131a00120f1716000000', 'abc\x7fd\n', '', ['abd\n']],
  ['-echo echonl', '0005000005000000bf000000738a000000031c7f150400010011131a00120f1716000000', 'abc\n', '\r\n', ['abc\n']],
  ['igncr', '8005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\rb\n', 'ab\r\n', ['ab\n']],
  ['inlcr -icrnl', '4004000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\nb\rc\x04', 'a^Mb^Mc', ['a\rb\rc']],
  ['-icrnl', '0004000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\rb\n', 'a^Mb\r\n', ['a\rb\n']],
  ['-icanon', '0005000005000000bf000000398a000000031c7f150400010011131a00120f1716000000', 'a\x7f\x15\n\r', 'a^?^U^J\r\n', ['a\x7f\x15\n\n']],
  ['-icanon min 3', '0005000005000000bf000000398a000000031c7f150400030011131a00120f1716000000', 'ab', 'ab', ['ab']],
  ['-icanon min 3', '0005000005000000bf000000398a000000031c7f150400030011131a00120f1716000000', 'abcd', 'abcd', ['abcd']],
  ['-icanon min 0', '0005000005000000bf000000398a000000031c7f150400000011131a00120f1716000000', '', '', ['']],
  ['-opost', '0005000004000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\nb\n', 'a\nb\n', ['a\n', 'b\n']],
  ['-onlcr', '0005000001000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\nb\n', 'a\nb\n', ['a\n', 'b\n']],
  ['iutf8', '0045000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\xc3\xa4\xe2\x82\xac\x7f\x7fb\n', 'a\xc3\xa4\xe2\x82\xac\x08 \x08\x08 \x08b\r\n', ['ab\n']],
  ['-iutf8', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\xc3\xa4\x7fb\n', 'a\xc3\xa4\x08 \x08b\r\n', ['a\xc3b\n']],
  ['istrip', '2005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', '\xe1b\n', 'ab\r\n', ['ab\n']],
  ['intr ^x', '0005000005000000bf0000003b8a000000181c7f150400010011131a00120f1716000000', 'a\x03b\n', 'a^Cb\r\n', ['a\x03b\n']],
  ['erase ^h', '0005000005000000bf0000003b8a000000031c08150400010011131a00120f1716000000', 'ab\x08\x7fc\n', 'ab\x08 \x08^?c\r\n', ['a\x7fc\n']],
  ['eol x', '0005000005000000bf0000003b8a000000031c7f150400010011131a78120f1716000000', 'abxcd\n', 'abxcd\r\n', ['abx', 'cd\n']],
  ['-iexten', '0005000005000000bf0000003b0a000000031c7f150400010011131a00120f1716000000', 'ab\x16\x17c\n', 'ab^V^Wc\r\n', ['ab\x16\x17c\n']],
  ['-ixon', '0001000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\x13b\x11\n', 'a^Sb^Q\r\n', ['a\x13b\x11\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'ab\x11c\n', 'abc\r\n', ['abc\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', '\x08a\n', '^Ha\r\n', ['\x08a\n']],
  ['tab3', '0005000005180000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\tb\x7f\x7fc\n', 'a       b\x08 \x08\x08\x08\x08\x08\x08\x08\x08c\r\n', ['ac\n']],
  ['ocrnl -onlcr', '0005000009000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'a\x16\rb\n', 'a^\x08^Mb\n', ['a\rb\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'foo-bar_baz \x17\x17z\n', 'foo-bar_baz \x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08\x08 \x08z\r\n', ['z\n']],
  ['', '0005000005000000bf0000003b8a000000031c7f150400010011131a00120f1716000000', 'x\nx\nx\n', 'x\r\nx\r\nx\r\n', ['x\n', 'x\n', 'x\n']],
];

/** A pair whose slave belongs to no session; neither end waits. */
function pair(attributes?: string): Thread {
  const task = newTask();
  installTerminals(task.kernel);
  call(task, 'open', '/dev/ptmx', 0o4402, 0);
  task.user.writeU32(PAGE, 0);
  call(task, 'ioctl', MASTER, TIOCSPTLCK, PAGE);
  expect(call(task, 'open', '/dev/pts/0', 0o4402, 0)).toBe(SLAVE);
  if (attributes === undefined) return task;
  task.user.write(
    PAGE,
    Uint8Array.from(attributes.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)),
  );
  expect(call(task, 'ioctl', SLAVE, TCSETS, PAGE)).toBe(0);
  return task;
}

function write(task: Thread, fd: number, text: string): number {
  task.user.write(PAGE, toBytes(text));
  return call(task, 'write', fd, PAGE, text.length) as number;
}

/** What a read gives: text, or a negated error number. */
function read(task: Thread, fd: number, length = 1000): string | number {
  const count = call(task, 'read', fd, PAGE, length) as number;
  return count < 0 ? count : fromBytes(task.user.read(PAGE, count) ?? new Uint8Array(0));
}

function control(task: Thread, fd: number, request: number, value: number): number {
  task.user.writeU32(PAGE, value);
  return call(task, 'ioctl', fd, request, PAGE) as number;
}

describe('a line discipline', () => {
  it.each(RECORDED)('with [%s] (%s) makes of %j what Linux makes', (_, attributes, typed, shown, reads) => {
    const task = pair(attributes);
    expect(write(task, MASTER, typed)).toBe(typed.length);
    const seen = read(task, MASTER);
    expect(seen === EAGAIN ? '' : seen).toBe(shown);
    expect(reads.map(() => read(task, SLAVE))).toEqual(reads);
    if (!reads.includes('') || typed === '\x04') expect(read(task, SLAVE)).toBe(EAGAIN);
  });

  it('shows ^C after what a signal throws away', () => {
    const task = pair();
    write(task, SLAVE, 'lost');
    write(task, MASTER, 'typed\x03');
    expect(read(task, MASTER)).toBe('^C');
    write(task, MASTER, 'x\n');
    expect(read(task, SLAVE)).toBe('x\n');
  });

  it('what waits can be read when ICANON changes', () => {
    const task = pair();
    write(task, MASTER, 'one\ntw');
    task.user.write(
      PAGE,
      Uint8Array.from(`${RAW}0001`.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)),
    );
    call(task, 'ioctl', SLAVE, TCSETS, PAGE);
    expect(read(task, SLAVE)).toBe('one\ntw');
  });

  it('stops and starts output by keys and by tcflow(3)', () => {
    const task = pair();
    write(task, MASTER, '\x13');
    expect(write(task, SLAVE, 'held')).toBe(EAGAIN);
    expect(task.process.descriptors.get(SLAVE)?.file.readiness()).toBe(0);
    write(task, MASTER, '\x11');
    expect(write(task, SLAVE, 'sent')).toBe(4);
    expect(call(task, 'ioctl', SLAVE, TCXONC, 0)).toBe(0);
    expect(write(task, SLAVE, 'held')).toBe(EAGAIN);
    call(task, 'ioctl', SLAVE, TCXONC, 1);
    expect(read(task, MASTER)).toBe('sent');
  });

  it('keeps no more than its queues hold', () => {
    const line = pair();
    write(line, MASTER, 'x'.repeat(4000));
    write(line, MASTER, 'y'.repeat(200));
    write(line, MASTER, '\n');
    const [first, second] = [read(line, SLAVE, 4000), read(line, SLAVE, 4000)];
    expect([first, second]).toEqual(['x'.repeat(4000), `${'y'.repeat(95)}\n`]);
    const raw = pair(`${RAW}0001`);
    let typed = 0;
    for (let count = 0; (count = write(raw, MASTER, 'z'.repeat(1000))) > 0; ) typed += count;
    expect(typed).toBe(4095);
    expect(Number(raw.process.descriptors.get(MASTER)?.file.readiness()) & Readiness.Writable).toBe(0);
  });

  it('without ICANON a read waits for VMIN bytes or VTIME tenths of a second', () => {
    const task = pair(`${RAW}0500`);
    call(task, 'fcntl', SLAVE, 4, 0);
    const waiting = call(task, 'read', SLAVE, PAGE, 10) as { request: { deadline?: number; expire?(): number } };
    const left = Number(waiting.request.deadline) - task.kernel.host.clock.monotonic();
    expect(left / 1e9).toBeCloseTo(0.5);
    expect(waiting.request.expire?.()).toBe(0);
    write(task, MASTER, 'a');
    expect(read(task, SLAVE)).toBe('a');
  });
});

describe('packet mode', () => {
  it('tells data from events', () => {
    const task = pair();
    expect(control(task, MASTER, TIOCPKT, 1)).toBe(0);
    write(task, SLAVE, 'data');
    expect(read(task, MASTER)).toBe('\0data');
    call(task, 'ioctl', SLAVE, TCFLSH, 2);
    expect(Number(task.process.descriptors.get(MASTER)?.file.readiness()) & Readiness.Priority).toBe(
      Readiness.Priority,
    );
    expect(read(task, MASTER)).toBe('\x03');
    write(task, MASTER, '\x13');
    expect(read(task, MASTER)).toBe('\x04');
    expect(read(task, MASTER)).toBe(EAGAIN);
    control(task, MASTER, TIOCPKT, 0);
    call(task, 'ioctl', SLAVE, TCXONC, 1);
    write(task, SLAVE, 'x');
    expect(read(task, MASTER)).toBe('x');
  });
});

describe('FIOASYNC', () => {
  it('is O_ASYNC of files that have something to tell', () => {
    const task = pair();
    expect(control(task, MASTER, FIOASYNC, 1)).toBe(0);
    expect(Number(call(task, 'fcntl', MASTER, 3, 0)) & 0o20000).toBe(0o20000);
    expect(control(task, MASTER, FIOASYNC, 0)).toBe(0);
    expect(Number(call(task, 'fcntl', MASTER, 3, 0)) & 0o20000).toBe(0);
    const file = Number(call(task, 'open', '/etc/motd', 0, 0));
    expect(control(task, file, FIOASYNC, 1)).toBe(-25);
    expect(control(task, file, FIOASYNC, 0)).toBe(0);
  });
});
