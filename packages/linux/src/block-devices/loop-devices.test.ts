// Loop devices as the tools use them: found, filled with a file, read, written and cleared (man 4 loop).
import { deviceNumber, Errno, FileType } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, newTask, PAGE } from '../test-support/call-bench.ts';
import { installLoopDevices } from './loop-devices.ts';
import { BLOCK_REQUESTS as R } from './loop-requests.ts';

const O_RDWR = 2;
const O_CREAT_RDWR = 0o102;
const SEEK_END = 2;
const BYTES = 3 * 512 + 100;

function prepared() {
  const task = newTask();
  installLoopDevices(task.kernel);
  call(task, 'mkdir', '/dev', 0o755);
  call(task, 'mknod', '/dev/loop-control', FileType.Character | 0o600, deviceNumber(10, 237));
  for (const number of [0, 1])
    call(task, 'mknod', `/dev/loop${number}`, FileType.Block | 0o600, deviceNumber(7, number));
  const file = call(task, 'open', '/image', O_CREAT_RDWR, 0o644) as number;
  call(task, 'ftruncate', file, BYTES);
  const device = call(task, 'open', '/dev/loop0', O_RDWR, 0) as number;
  return { task, file, device };
}

describe('loop devices', () => {
  it('are found, and busy ones are not', () => {
    const { task, file, device } = prepared();
    const control = call(task, 'open', '/dev/loop-control', O_RDWR, 0) as number;
    expect(call(task, 'ioctl', control, R.LOOP_CTL_GET_FREE, 0)).toBe(0);
    expect(call(task, 'ioctl', device, R.LOOP_SET_FD, file)).toBe(0);
    expect(call(task, 'ioctl', device, R.LOOP_SET_FD, file)).toBe(-Errno.EBUSY);
    expect(call(task, 'ioctl', control, R.LOOP_CTL_GET_FREE, 0)).toBe(1);
    expect(call(task, 'ioctl', control, R.LOOP_CTL_ADD, 0)).toBe(-Errno.EEXIST);
  });

  it('have whole sectors of the file, which gets what is written', () => {
    const { task, file, device } = prepared();
    call(task, 'ioctl', device, R.LOOP_SET_FD, file);
    expect(call(task, 'lseek', device, 0, SEEK_END)).toBe(3 * 512);
    expect(call(task, 'write', device, PAGE, 1)).toBe(-Errno.ENOSPC);
    expect(call(task, 'ioctl', device, R.BLKGETSIZE64, PAGE)).toBe(0);
    expect(task.user.readU32(PAGE)).toBe(3 * 512);
    task.user.write(PAGE, Uint8Array.of(1, 2, 3));
    expect(call(task, 'pwrite64', device, PAGE, 3, 512)).toBe(3);
    expect(call(task, 'pread64', file, PAGE + 8, 3, 512)).toBe(3);
    expect([...(task.user.read(PAGE + 8, 3) ?? [])]).toEqual([1, 2, 3]);
  });

  it('show the part that LOOP_SET_STATUS64 chose, and its name', () => {
    const { task, file, device } = prepared();
    call(task, 'ioctl', device, R.LOOP_SET_FD, file);
    const info = new Uint8Array(232);
    info[24 + 1] = 2; // an offset of 512
    info[56] = 0x78;
    task.user.write(PAGE, info);
    expect(call(task, 'ioctl', device, R.LOOP_SET_STATUS64, PAGE)).toBe(0);
    expect(call(task, 'lseek', device, 0, SEEK_END)).toBe(2 * 512);
    task.user.write(PAGE, new Uint8Array(232));
    expect(call(task, 'ioctl', device, R.LOOP_GET_STATUS64, PAGE)).toBe(0);
    expect(task.user.read(PAGE + 56, 1)?.[0]).toBe(0x78);
    expect(task.user.readU32(PAGE + 24)).toBe(512);
  });

  it('begin nowhere before their file', () => {
    const { task, file, device } = prepared();
    call(task, 'ioctl', device, R.LOOP_SET_FD, file);
    for (const [request, at, bytes] of [
      [R.LOOP_SET_STATUS, 32, 4],
      [R.LOOP_SET_STATUS64, 24, 8],
      [R.LOOP_SET_STATUS64, 32, 8],
    ] as const) {
      // -512
      const info = new Uint8Array(232).fill(255, at, at + bytes);
      info[at] = 0;
      info[at + 1] = 254;
      task.user.write(PAGE, info);
      expect(call(task, 'ioctl', device, request, PAGE)).toBe(-Errno.EOVERFLOW);
      expect(call(task, 'pwrite64', device, PAGE, 512, 0)).toBe(512);
    }
    const other = call(task, 'open', '/dev/loop1', O_RDWR, 0) as number;
    const configuration = new Uint8Array(304).fill(255, 8 + 24, 8 + 32);
    configuration[0] = file;
    task.user.write(PAGE, configuration);
    expect(call(task, 'ioctl', other, R.LOOP_CONFIGURE, PAGE)).toBe(-Errno.EOVERFLOW);
    expect(call(task, 'ioctl', other, R.LOOP_GET_STATUS64, PAGE)).toBe(-Errno.ENXIO);
  });

  it.each([
    ['LOOP_CLR_FD', Errno.ENXIO],
    ['LOOP_GET_STATUS', Errno.ENXIO],
    ['BLKRRPART', Errno.EINVAL],
  ] as const)('%s of an empty one is refused', (name, errno) => {
    const { task, device } = prepared();
    expect(call(task, 'ioctl', device, R[name], PAGE)).toBe(-errno);
  });

  it('give the file back with the last one who has them open', () => {
    const { task, file, device } = prepared();
    call(task, 'ioctl', device, R.LOOP_SET_FD, file);
    const other = call(task, 'open', '/dev/loop0', O_RDWR, 0) as number;
    expect(call(task, 'ioctl', device, R.LOOP_CLR_FD, 0)).toBe(0);
    expect(call(task, 'ioctl', device, R.LOOP_GET_STATUS64, PAGE)).toBe(0);
    call(task, 'close', other);
    call(task, 'close', device);
    const again = call(task, 'open', '/dev/loop0', O_RDWR, 0) as number;
    expect(call(task, 'ioctl', again, R.LOOP_GET_STATUS64, PAGE)).toBe(-Errno.ENXIO);
  });
});
