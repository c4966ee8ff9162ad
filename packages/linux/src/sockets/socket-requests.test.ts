// What interfaces may be set to: what they are (man 7 netdevice).
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';

const [GETFLAGS, SETFLAGS, GETADDRESS, SETADDRESS, GETMTU, SETMTU] = [0x8913, 0x8914, 0x8915, 0x8916, 0x8921, 0x8922];
const [EPERM, ENODEV] = [-1, -19];
const UNION = PAGE + 16;

function withInterface(name: string) {
  const task = newTask();
  const fd = Number(call(task, 'socket', 2, 2, 0));
  const bytes = new Uint8Array(40);
  bytes.set(new TextEncoder().encode(name));
  task.user.write(PAGE, bytes);
  return { task, ask: (request: number) => call(task, 'ioctl', fd, request, PAGE) };
}

describe('an interface', () => {
  it.each([
    ['flags', GETFLAGS, SETFLAGS, 0x1],
    ['address', GETADDRESS, SETADDRESS, 0x1_0000_0000],
    ['largest packet', GETMTU, SETMTU, 0x1],
  ] as const)('takes the %s it has and no other', (_, get, set, change) => {
    const { task, ask } = withInterface('lo');
    expect([ask(get), ask(set)]).toEqual([0, 0]);
    task.user.writeU64(UNION, (task.user.readU64(UNION) as bigint) ^ BigInt(change));
    expect(ask(set)).toBe(EPERM);
  });

  it('is named, and changed by administrators only', () => {
    expect(withInterface('none7').ask(SETFLAGS)).toBe(ENODEV);
    const { task, ask } = withInterface('lo');
    call(task, 'setresuid', 7, 7, 7);
    expect([ask(GETFLAGS), ask(SETFLAGS)]).toEqual([0, EPERM]);
  });
});
