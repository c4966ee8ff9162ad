// Asynchronous I/O: what is refused, what does not wait, and how an eventfd counts (man 2 io_submit, io_getevents).
import { Errno, Readiness, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [REQUEST, POINTER, EVENTS, BUFFER] = [PAGE, PAGE + 64, PAGE + 128, PAGE + 256];
const [READ, WRITE, NOWAIT] = [0, 1, 8];

function setup(task: Thread): number {
  task.user.writeU64(POINTER, 0n);
  expect(call(task, 'io_setup', 4, POINTER)).toBe(0);
  return task.user.readAddress(POINTER) ?? 0;
}

interface Request {
  readonly fd: number;
  readonly command?: number;
  readonly flags?: number;
  readonly event?: number;
}

function submit(task: Thread, context: number, { fd, command = WRITE, flags = 0, event }: Request) {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint32(12, flags, true);
  view.setUint16(16, command, true);
  view.setUint32(20, fd, true);
  view.setBigUint64(24, BigInt(BUFFER), true);
  view.setBigUint64(32, 4n, true);
  if (event !== undefined) view.setUint32(56, 1, true);
  view.setUint32(60, event ?? 0, true);
  task.user.write(REQUEST, bytes);
  task.user.writeU64(POINTER, BigInt(REQUEST));
  return call(task, 'io_submit', context, 1, POINTER);
}

function result(task: Thread, context: number): number {
  expect(call(task, 'io_getevents', context, 1, 1, EVENTS, 0)).toBe(1);
  return Number(BigInt.asIntN(64, task.user.readU64(EVENTS + 16) ?? 0n));
}

describe('asynchronous I/O', () => {
  it('does not wait for a pipe with RWF_NOWAIT', () => {
    const task = newTask();
    const context = setup(task);
    call(task, 'pipe', BUFFER);
    const [reader, writer] = [task.user.readU32(BUFFER) ?? 0, task.user.readU32(BUFFER + 4) ?? 0];
    expect(submit(task, context, { fd: reader, command: READ, flags: NOWAIT })).toBe(1);
    expect(result(task, context)).toBe(-Errno.EAGAIN);
    expect(submit(task, context, { fd: writer, flags: NOWAIT })).toBe(1);
    expect(result(task, context)).toBe(4);
    expect(submit(task, context, { fd: reader, command: READ, flags: NOWAIT })).toBe(1);
    expect(result(task, context)).toBe(4);
    expect(submit(task, context, { fd: reader, command: READ })).toBe(1);
    expect(result(task, context)).toBe(-Errno.EINVAL);
    expect(submit(task, context, { fd: reader, command: READ, flags: 0x100 })).toBe(-Errno.EOPNOTSUPP);
  });

  it('fills an eventfd to the brim and over', () => {
    const task = newTask();
    const context = setup(task);
    const file = Number(call(task, 'open', '/tmp/f', 0o102, 0o644));
    const event = Number(call(task, 'eventfd2', 0, 0o4000));
    task.user.writeU64(BUFFER, 0xffff_ffff_ffff_fffen);
    expect(call(task, 'write', event, BUFFER, 8)).toBe(8);
    expect(submit(task, context, { fd: file, event })).toBe(1);
    expect((task.process.descriptors.get(event)?.file.readiness() ?? 0) & Readiness.Error).toBe(Readiness.Error);
    expect(submit(task, context, { fd: file, event })).toBe(1);
    expect(call(task, 'read', event, BUFFER, 8)).toBe(8);
    expect(task.user.readU64(BUFFER)).toBe(0xffff_ffff_ffff_ffffn);
    expect(submit(task, context, { fd: file, event: file })).toBe(-Errno.EINVAL);
  });

  it.each([
    ['no context', 0, 1, 1, EVENTS, 0, Errno.EINVAL],
    ['fewer than none', 1, -1, 1, EVENTS, 0, Errno.EINVAL],
    ['more than it may get', 1, 2, 1, EVENTS, 0, Errno.EINVAL],
    ['a negative maximum', 1, 1, -1, EVENTS, 0, Errno.EINVAL],
    ['no room for events', 1, 1, 1, 0, 0, Errno.EFAULT],
    ['a mask of nowhere', 1, 1, 1, EVENTS, 8, Errno.EFAULT],
    ['a short mask', 1, 1, 1, EVENTS, BUFFER, Errno.EINVAL],
  ])('io_pgetevents refuses %s', (_, hasContext, minimum, maximum, events, signals, errno) => {
    const task = newTask();
    const context = setup(task);
    const file = Number(call(task, 'open', '/tmp/f', 0o102, 0o644));
    expect(submit(task, context, { fd: file })).toBe(1);
    task.user.writeU64(BUFFER, BigInt(EVENTS));
    task.user.writeU64(BUFFER + 8, 4n);
    const values = [hasContext === 1 ? context : 0, minimum, maximum, events, 0, signals];
    expect(call(task, 'io_pgetevents', ...values)).toBe(-errno);
  });
});
