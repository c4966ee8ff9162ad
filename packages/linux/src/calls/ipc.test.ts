// Semaphores, message queues and shared memory, System V and POSIX. Results are those of Linux 6.18 for the same calls.
import { Pending, type Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, callI386, newTask, PAGE } from '../test-support/call-bench.ts';

const NEW = 0o1600;

function operations(task: Thread, ...rows: readonly (readonly [number, number, number])[]): [number, number] {
  task.user.write(PAGE, new Uint8Array(Int16Array.from(rows.flat()).buffer));
  return [PAGE, rows.length];
}

function message(task: Thread, type: number, text: string): [number, number] {
  task.user.writeU64(PAGE, BigInt(type));
  task.user.write(
    PAGE + 8,
    Uint8Array.from(text, (each) => each.charCodeAt(0)),
  );
  return [PAGE, text.length];
}

const textAt = (task: Thread, at: number, length: number) =>
  String.fromCharCode(...(task.user.read(at, length) as Uint8Array));

describe('System V semaphores', () => {
  it('change together or not at all', () => {
    const task = newTask();
    const id = Number(call(task, 'semget', 0, 2, NEW));
    expect(call(task, 'semctl', id, 0, 16, 5)).toBe(0);
    expect(call(task, 'semop', id, ...operations(task, [0, -3, 0]))).toBe(0);
    expect(call(task, 'semctl', id, 0, 12, 0)).toBe(2);
    expect(call(task, 'semop', id, ...operations(task, [0, -3, 0o4000]))).toBe(-11);
    expect(call(task, 'semop', id, ...operations(task, [0, 0, 0o4000]))).toBe(-11);
    expect(call(task, 'semop', id, ...operations(task, [0, -1, 0o4000], [1, -1, 0o4000]))).toBe(-11);
    expect(call(task, 'semctl', id, 0, 12, 0)).toBe(2);
    expect(call(task, 'semop', id, ...operations(task, [0, 32767, 0]))).toBe(-34);
    expect(call(task, 'semop', id, ...operations(task, [2, 1, 0]))).toBe(-27);
    expect(call(task, 'semctl', id, 2, 12, 0)).toBe(-22);
    expect(call(task, 'semctl', id, 0, 0, 0)).toBe(0);
    expect(call(task, 'semctl', id, 0, 12, 0)).toBe(-22);
    expect(call(task, 'semget', 77, 0, 0)).toBe(-2);
    expect(call(task, 'semget', 0, 0, NEW)).toBe(-22);
  });

  it('wait, are counted while they do, and are given back at exit', () => {
    const task = newTask();
    const id = Number(call(task, 'semget', 0, 1, NEW));
    const waiting = call(task, 'semop', id, ...operations(task, [0, -2, 0])) as Pending;
    expect(call(task, 'semctl', id, 0, 14, 0)).toBe(1);
    const child = task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
    expect(call(child, 'semop', id, ...operations(child, [0, 3, 0o10000]))).toBe(0);
    expect(waiting.request.attempt()).toBe(0);
    expect(call(task, 'semctl', id, 0, 14, 0)).toBe(0);
    expect(call(task, 'semctl', id, 0, 12, 0)).toBe(1);
    call(child, 'exit_group', 0);
    expect(call(task, 'semctl', id, 0, 12, 0)).toBe(0);
    const again = call(task, 'semop', id, ...operations(task, [0, -1, 0])) as Pending;
    expect(call(task, 'semctl', id, 0, 0, 0)).toBe(0);
    expect(again.request.attempt()).toBe(-43);
  });
});

describe('System V message queues', () => {
  it('choose by type', () => {
    const task = newTask();
    const id = Number(call(task, 'msgget', 0, NEW));
    expect(call(task, 'msgsnd', id, ...message(task, 3, 'three'), 0)).toBe(0);
    expect(call(task, 'msgsnd', id, ...message(task, 1, 'one'), 0)).toBe(0);
    expect(call(task, 'msgsnd', id, ...message(task, 0, 'one'), 0)).toBe(-22);
    expect(call(task, 'msgrcv', id, PAGE, 2, -3, 0o4000)).toBe(-7);
    expect(call(task, 'msgrcv', id, PAGE, 2, -3, 0o14000)).toBe(2);
    expect(task.user.readU64(PAGE)).toBe(1n);
    expect(textAt(task, PAGE + 8, 2)).toBe('on');
    expect(call(task, 'msgrcv', id, PAGE, 100, 7, 0o4000)).toBe(-42);
    expect(call(task, 'msgrcv', id, PAGE, 100, 7, 0o24000)).toBe(5);
    const waiting = call(task, 'msgrcv', id, PAGE, 9, 0, 0) as Pending;
    expect(waiting).toBeInstanceOf(Pending);
    expect(call(task, 'msgctl', id, 0, 0)).toBe(0);
    expect(waiting.request.attempt()).toBe(-43);
    expect(call(task, 'msgsnd', id, ...message(task, 3, 'x'), 0)).toBe(-22);
  });
});

describe('System V shared memory', () => {
  it('is one memory for those who attach it, until the last one lets go', () => {
    const task = newTask();
    const id = Number(call(task, 'shmget', 0, 5000, NEW));
    const at = Number(call(task, 'shmat', id, 0, 0));
    const child = task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
    child.user.writeU32(at, 42);
    expect(task.user.readU32(at)).toBe(42);
    expect(call(child, 'shmdt', at)).toBe(0);
    expect(call(task, 'shmctl', id, 0, 0)).toBe(0);
    expect(call(task, 'shmctl', id, 2, PAGE)).toBe(0);
    expect(task.user.readU64(PAGE + 88)).toBe(1n);
    expect(task.user.readU32(PAGE + 20)).toBe(0o1600);
    expect(task.user.readU64(PAGE + 48)).toBe(5000n);
    expect(call(task, 'shmdt', at + 4096)).toBe(-22);
    expect(call(task, 'shmdt', at)).toBe(0);
    expect(call(task, 'shmctl', id, 2, PAGE)).toBe(-22);
  });
});

describe('POSIX message queues', () => {
  it('deliver by priority, within their limits', () => {
    const task = newTask();
    expect(call(task, 'mq_open', 'x/y', 0o102, 0o600, 0)).toBe(-13);
    expect(call(task, 'mq_open', 'q', 0, 0, 0)).toBe(-2);
    task.user.write(PAGE, new Uint8Array(64));
    task.user.writeU64(PAGE + 8, 2n);
    task.user.writeU64(PAGE + 16, 16n);
    expect(call(task, 'mq_open', 'q', 0o102, 0o600, PAGE)).toBe(3);
    expect(call(task, 'mq_timedsend', 3, 'low', 3, 1, 0)).toBe(0);
    expect(call(task, 'mq_timedsend', 3, 'high', 4, 9, 0)).toBe(0);
    const late = call(task, 'mq_timedsend', 3, 'x', 1, 1, PAGE + 512) as Pending;
    expect(late.request.expire?.()).toBe(-110);
    expect(call(task, 'mq_timedreceive', 3, PAGE, 4, 0, 0)).toBe(-90);
    expect(call(task, 'mq_timedreceive', 3, PAGE, 16, 0, 0)).toBe(4);
    expect(textAt(task, PAGE, 4)).toBe('high');
    expect(call(task, 'mq_timedsend', 3, '0123456789abcdefg', 17, 0, 0)).toBe(-90);
    expect(call(task, 'mq_unlink', 'q')).toBe(0);
    expect(call(task, 'mq_unlink', 'q')).toBe(-2);
    expect(call(task, 'mq_timedreceive', 3, PAGE, 16, 0, 0)).toBe(3);
  });
});

describe('ipc(2) of i386', () => {
  const OPERATION = { semop: 1, semget: 2, semctl: 3, semtimedop: 4, msgsnd: 11, msgrcv: 12, msgget: 13, msgctl: 14 };
  const [SHMAT, SHMGET, SHMCTL] = [21, 23, 24];
  const IPC_64 = 0x100;
  const ipc = (task: Thread, ...words: number[]) => callI386(task, 'ipc', ...words);

  it('controls semaphores through a pointer to their argument', () => {
    const task = newTask();
    const id = Number(ipc(task, OPERATION.semget, 0, 3, NEW));
    const control = (index: number, command: number, argument: number) => {
      task.user.writeU32(PAGE + 512, argument);
      return ipc(task, OPERATION.semctl, id, index, command | IPC_64, PAGE + 512);
    };
    expect(control(2, 16, 5)).toBe(0);
    expect(control(2, 12, 0)).toBe(5);
    expect(control(0, 2, PAGE)).toBe(0);
    expect([task.user.readU32(PAGE + 20), task.user.readU32(PAGE + 52)]).toEqual([0o600, 3]);
    expect(task.user.readU32(PAGE + 44)).toBeGreaterThan(0);
    expect(ipc(task, OPERATION.semctl, id, 0, 12 | IPC_64, 0)).toBe(-22);
    expect(ipc(task, OPERATION.semctl, id, 0, 2, PAGE + 512)).toBe(-22);
    task.user.write(PAGE + 768, new Uint8Array(8));
    const [at, count] = operations(task, [0, -1, 0]);
    const late = ipc(task, OPERATION.semtimedop, id, count, 0, at, PAGE + 768);
    expect((late as Pending).request.expire?.()).toBe(-11);
  });

  it('sends messages whose types are words, in both conventions of receiving', () => {
    const task = newTask();
    const id = Number(ipc(task, OPERATION.msgget, 0, NEW));
    task.user.writeU32(PAGE, 7);
    task.user.write(PAGE + 4, Uint8Array.from([104, 105]));
    for (const length of [2, 1]) expect(ipc(task, OPERATION.msgsnd, id, length, 0, PAGE)).toBe(0);
    expect(ipc(task, OPERATION.msgctl, id, 2 | IPC_64, 0, PAGE + 256)).toBe(0);
    expect([60, 64, 68].map((at) => task.user.readU32(PAGE + 256 + at))).toEqual([3, 2, 16384]);
    expect(ipc(task, OPERATION.msgrcv | (1 << 16), id, 8, 0o4000, PAGE + 64, 7)).toBe(2);
    expect([task.user.readU32(PAGE + 64), textAt(task, PAGE + 68, 2)]).toEqual([7, 'hi']);
    task.user.writeU32(PAGE + 128, PAGE + 64);
    task.user.writeU32(PAGE + 132, 8);
    expect(ipc(task, OPERATION.msgrcv, id, 8, 0o4000, PAGE + 128)).toBe(-42);
    task.user.writeU32(PAGE + 132, 7);
    expect(ipc(task, OPERATION.msgrcv, id, 8, 0o4000, PAGE + 128)).toBe(1);
    expect(ipc(task, OPERATION.msgctl, id, IPC_64, 0, 0)).toBe(0);
  });

  it('tells about segments in words', () => {
    const task = newTask();
    const id = Number(ipc(task, SHMGET, 0, 5000, NEW));
    expect(ipc(task, SHMAT, id, 0, PAGE, 0)).toBe(0);
    expect(ipc(task, SHMCTL, id, 2 | IPC_64, 0, PAGE)).toBe(0);
    expect([36, 64, 72].map((at) => task.user.readU32(PAGE + at))).toEqual([5000, task.process.id, 1]);
    expect(ipc(task, SHMCTL, 0, 14 | IPC_64, 0, PAGE)).toBe(id);
    expect([0, 4, 8].map((at) => task.user.readU32(PAGE + at))).toEqual([1, 2, 2]);
    expect(ipc(task, SHMAT | (1 << 16), id, 0, PAGE, 0)).toBe(-22);
  });
});

describe('what is told about all System V objects', () => {
  it('limits, use, and objects by index', () => {
    const task = newTask();
    const set = Number(call(task, 'semget', 5, 3, NEW));
    const segment = Number(call(task, 'shmget', 5, 100, NEW));
    expect(call(task, 'semctl', 0, 0, 3, PAGE)).toBe(set);
    expect([1, 4, 8].map((at) => task.user.readI32(PAGE + at * 4))).toEqual([32000, 32000, 32767]);
    expect(call(task, 'semctl', 0, 0, 19, PAGE)).toBe(set);
    expect([7, 9].map((at) => task.user.readI32(PAGE + at * 4))).toEqual([1, 3]);
    expect([call(task, 'semctl', set, 0, 18, PAGE), call(task, 'semctl', set, 0, 20, PAGE)]).toEqual([set, set]);
    expect(task.user.readU64(PAGE + 80)).toBe(3n);
    expect([call(task, 'shmctl', 0, 3, PAGE), task.user.readU64(PAGE + 16)]).toEqual([segment, 4096n]);
    expect([call(task, 'shmctl', 0, 14, PAGE), task.user.readI32(PAGE)]).toEqual([segment, 1]);
    expect([call(task, 'shmctl', segment, 13, PAGE), task.user.readU64(PAGE + 48)]).toEqual([segment, 100n]);
    expect(call(task, 'shmctl', segment, 11, 0)).toBe(0);
    call(task, 'shmctl', segment, 2, PAGE);
    expect(task.user.readU32(PAGE + 20)).toBe(0o2600);
    expect(call(task, 'shmctl', 99, 13, PAGE)).toBe(-22);
    const queue = Number(call(task, 'msgget', 5, NEW));
    expect(call(task, 'msgsnd', queue, ...message(task, 1, 'four'), 0)).toBe(0);
    expect(call(task, 'msgctl', 0, 3, PAGE)).toBe(queue);
    expect([0, 8, 12, 16].map((at) => task.user.readI32(PAGE + at))).toEqual([512000, 8192, 16384, 32000]);
    expect(call(task, 'msgctl', 0, 12, PAGE)).toBe(queue);
    expect([0, 4, 24].map((at) => task.user.readI32(PAGE + at))).toEqual([1, 1, 4]);
    expect([call(task, 'msgctl', queue, 11, PAGE), task.user.readU64(PAGE + 80)]).toEqual([queue, 1n]);
    expect(call(task, 'msgctl', 99, 13, PAGE)).toBe(-22);
  });

  it('identifiers can be asked for, and the number of objects has a limit', () => {
    const task = newTask();
    const write = (path: string, text: string) => {
      const fd = call(task, 'open', path, 1, 0) as number;
      task.user.write(PAGE, new TextEncoder().encode(text));
      expect(call(task, 'write', fd, PAGE, text.length)).toBe(text.length);
    };
    write('/proc/sys/kernel/shm_next_id', '42');
    expect([call(task, 'shmget', 0, 1, NEW), call(task, 'shmget', 0, 1, NEW)]).toEqual([42, 0]);
    write('/proc/sys/kernel/shmmni', '2');
    expect(call(task, 'shmget', 0, 1, NEW)).toBe(-28);
    const fd = call(task, 'open', '/proc/sysvipc/shm', 0, 0) as number;
    const count = call(task, 'read', fd, PAGE, 4000) as number;
    expect(textAt(task, PAGE, count).split('\n')).toHaveLength(4);
  });
});
