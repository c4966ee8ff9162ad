// The older structure of terminal attributes: what fits is told, what is set changes the rest as little as it can.
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';
import { installTerminals } from './terminals.ts';

const [TCGETS, TCSETS, TCGETA, TCSETA] = [0x5401, 0x5402, 0x5405, 0x5406];
const [EFAULT, ENOTTY] = [-14, -25];
const AREA = PAGE + 64;

function openMaster() {
  const task = newTask();
  installTerminals(task.kernel);
  return { task, master: Number(call(task, 'open', '/dev/ptmx', 0o402, 0)) };
}

describe('struct termio', () => {
  it('has the low halves of the flags and eight characters', () => {
    const { task, master } = openMaster();
    expect(call(task, 'ioctl', master, TCGETS, PAGE)).toBe(0);
    expect(call(task, 'ioctl', master, TCGETA, AREA)).toBe(0);
    const wide = [...(task.user.read(PAGE, 36) ?? [])];
    const narrow = [...(task.user.read(AREA, 18) ?? [])];
    const flags = [0, 4, 8, 12].flatMap((at) => wide.slice(at, at + 2));
    expect(narrow).toEqual([...flags, ...wide.slice(16, 25), 0]);
    expect(narrow.slice(9, 13)).toEqual([3, 28, 127, 21]);
  });

  it('leaves what it does not have', () => {
    const { task, master } = openMaster();
    call(task, 'ioctl', master, TCGETS, PAGE);
    task.user.writeU32(PAGE + 8, 0x1234_00bf);
    expect(call(task, 'ioctl', master, TCSETS, PAGE)).toBe(0);
    call(task, 'ioctl', master, TCGETA, AREA);
    task.user.write(AREA + 4, Uint8Array.of(0xbd, 8));
    task.user.write(AREA + 9, Uint8Array.of(7));
    expect(call(task, 'ioctl', master, TCSETA, AREA)).toBe(0);
    call(task, 'ioctl', master, TCGETS, PAGE);
    expect(task.user.readU32(PAGE + 8)).toBe(0x1234_08bd);
    expect([...(task.user.read(PAGE + 17, 19) ?? [])].slice(0, 11)).toEqual([7, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26]);
  });

  it.each([TCGETA, TCSETA])('%i asks for memory and a terminal', (request) => {
    const { task, master } = openMaster();
    expect(call(task, 'ioctl', master, request, 0)).toBe(EFAULT);
    const file = Number(call(task, 'open', '/etc/motd', 0, 0));
    expect(call(task, 'ioctl', file, request, AREA)).toBe(ENOTTY);
  });
});
