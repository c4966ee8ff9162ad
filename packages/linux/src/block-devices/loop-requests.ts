// ioctl requests of loop devices and of block devices in general (man 4 loop, include/uapi/linux/fs.h).
import { Errno, FileType, isType, type Thread } from '@elf/kernel';
import { layoutFor } from '../abi/struct-layout.ts';
import { LOOP_NAME_BYTES, LOOP_NAME_OFFSETS, loopInfo, loopInfo64 } from '../abi/structs/loop-info.ts';
import { describe } from '../files-at.ts';
import { type LoopControl, LoopDevice, LoopFlag, SECTOR_BYTES } from './loop-devices.ts';

// biome-ignore format: a table
export const BLOCK_REQUESTS = {
  LOOP_SET_FD: 0x4c00, LOOP_CLR_FD: 0x4c01, LOOP_SET_STATUS: 0x4c02, LOOP_GET_STATUS: 0x4c03, LOOP_SET_STATUS64: 0x4c04,
  LOOP_GET_STATUS64: 0x4c05, LOOP_CHANGE_FD: 0x4c06, LOOP_SET_CAPACITY: 0x4c07, LOOP_SET_DIRECT_IO: 0x4c08, LOOP_SET_BLOCK_SIZE: 0x4c09,
  LOOP_CONFIGURE: 0x4c0a, LOOP_CTL_ADD: 0x4c80, LOOP_CTL_REMOVE: 0x4c81, LOOP_CTL_GET_FREE: 0x4c82,
  BLKROGET: 0x125e, BLKRRPART: 0x125f, BLKGETSIZE: 0x1260, BLKFLSBUF: 0x1261, BLKSSZGET: 0x1268, BLKIOMIN: 0x1278, BLKIOOPT: 0x1279,
  BLKALIGNOFF: 0x127a, BLKPBSZGET: 0x127b, BLKBSZGET: 0x8008_1270, BLKGETSIZE64: 0x8008_1272,
} as const;
const R = BLOCK_REQUESTS;
/** Bytes of struct loop_config; its loop_info64 starts after the descriptor and the block size. */
const CONFIGURATION = { bytes: 304, info: 8 } as const;
/** Of an address space's pages: what BLKBSZGET says (drivers/block/loop.c leaves the default). */
const BLOCK_BYTES = 4096; // not a page size: the block size of the device
const CHANGEABLE = LoopFlag.AutoClear | LoopFlag.PartitionScan;

/** Answers a request to /dev/loop-control. */
export function loopControlRequest(control: LoopControl, request: number, argument: number): number {
  const at = control.devices[argument];
  switch (request) {
    case R.LOOP_CTL_GET_FREE: {
      const free = control.devices.findIndex((each) => each.backing === undefined);
      return free < 0 ? -Errno.ENOSPC : free;
    }
    case R.LOOP_CTL_ADD:
      return at === undefined ? -Errno.ENOSPC : -Errno.EEXIST;
    case R.LOOP_CTL_REMOVE:
      // They are the machine's, and stay.
      return at === undefined ? -Errno.ENODEV : -Errno.EBUSY;
    default:
      return -Errno.ENOTTY;
  }
}

/** Answers a request to a loop device. */
export function loopRequest(task: Thread, device: LoopDevice, request: number, argument: number): number {
  const { user } = task;
  const word = (value: number) => (user.writeU32(argument, value) ? 0 : -Errno.EFAULT);
  switch (request) {
    case R.LOOP_SET_FD:
      return attach(task, device, argument);
    case R.LOOP_CONFIGURE: {
      const bytes = user.read(argument, CONFIGURATION.bytes);
      if (bytes === undefined) return -Errno.EFAULT;
      const fd = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
      const result = attach(task, device, fd);
      if (result < 0) return result;
      const info = bytes.subarray(CONFIGURATION.info, CONFIGURATION.info + loopInfo64.sizeInBytes);
      const applied = applyStatus(device, loopInfo64.decode(info), nameIn(info, LOOP_NAME_OFFSETS.info64));
      if (applied < 0) device.detach();
      return applied;
    }
    case R.BLKROGET:
      return word((device.flags & LoopFlag.ReadOnly) !== 0 ? 1 : 0);
    case R.BLKSSZGET:
    case R.BLKPBSZGET:
    case R.BLKIOMIN:
      return word(SECTOR_BYTES);
    case R.BLKIOOPT:
    case R.BLKALIGNOFF:
      return word(0);
    case R.BLKBSZGET:
      return word(BLOCK_BYTES);
    case R.BLKGETSIZE:
      return writeWord(task, argument, device.sizeInBytes / SECTOR_BYTES);
    case R.BLKGETSIZE64:
      return user.writeU64(argument, BigInt(device.sizeInBytes)) ? 0 : -Errno.EFAULT;
    case R.BLKFLSBUF:
      return 0;
    case R.BLKRRPART:
      return -Errno.EINVAL;
    default:
      return device.backing === undefined ? absent(request) : boundRequest(task, device, request, argument);
  }
}

/** Requests that need a file behind the device. */
function boundRequest(task: Thread, device: LoopDevice, request: number, argument: number): number {
  switch (request) {
    case R.LOOP_CLR_FD:
      device.detach();
      return 0;
    case R.LOOP_GET_STATUS:
    case R.LOOP_GET_STATUS64: {
      const layout = request === R.LOOP_GET_STATUS ? layoutFor(task, loopInfo) : loopInfo64;
      return task.user.write(argument, layout.encode(statusOf(device))) ? 0 : -Errno.EFAULT;
    }
    case R.LOOP_SET_STATUS:
    case R.LOOP_SET_STATUS64: {
      const isOld = request === R.LOOP_SET_STATUS;
      const layout = isOld ? layoutFor(task, loopInfo) : loopInfo64;
      const bytes = task.user.read(argument, layout.sizeInBytes);
      if (bytes === undefined) return -Errno.EFAULT;
      const oldName = task.wordBytes === 8 ? LOOP_NAME_OFFSETS.info : LOOP_NAME_OFFSETS.narrowInfo;
      const values = layout.decode(bytes) as Record<string, number>;
      return applyStatus(device, values, nameIn(bytes, isOld ? oldName : LOOP_NAME_OFFSETS.info64));
    }
    case R.LOOP_SET_CAPACITY:
    case R.LOOP_SET_DIRECT_IO:
      return 0;
    case R.LOOP_SET_BLOCK_SIZE:
      return argument === SECTOR_BYTES ? 0 : -Errno.EINVAL;
    default:
      return -Errno.ENOTTY;
  }
}

function absent(request: number): number {
  return request >= R.LOOP_SET_FD && request <= R.LOOP_CONFIGURE ? -Errno.ENXIO : -Errno.ENOTTY;
}

function attach(task: Thread, device: LoopDevice, fd: number): number {
  const backing = describe(task, fd);
  if (typeof backing === 'number') return backing;
  if (device.backing !== undefined) return -Errno.EBUSY;
  const status = backing.file.status();
  if (typeof status === 'number') return status;
  if (backing.file.control instanceof LoopDevice || !isType(status, FileType.Regular)) return -Errno.EINVAL;
  device.attach(backing);
  return 0;
}

/** loop_set_status_from_info: what is below zero, or was before it lost its sign, is no offset. */
function applyStatus(device: LoopDevice, values: Record<string, number>, name: Uint8Array<ArrayBuffer>): number {
  const isOffset = (value = 0) => value >= 0 && value < 2 ** 63;
  if (!isOffset(values.offset) || !isOffset(values.sizeLimit)) return -Errno.EOVERFLOW;
  device.offset = values.offset;
  device.sizeLimit = values.sizeLimit ?? 0;
  device.flags = (device.flags & ~CHANGEABLE) | (values.flags & CHANGEABLE);
  device.name = name;
  return 0;
}

function nameIn(bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  return bytes.slice(offset, offset + LOOP_NAME_BYTES);
}

function statusOf({ backing, number, offset, sizeLimit, flags, name }: LoopDevice) {
  const status = backing?.file.status();
  const { device = 0, inode = 0 } = typeof status === 'object' ? status : {};
  return { device, inode, number, offset, sizeLimit, flags, name };
}

function writeWord(task: Thread, argument: number, value: number): number {
  const isWritten =
    task.wordBytes === 8 ? task.user.writeU64(argument, BigInt(value)) : task.user.writeU32(argument, value);
  return isWritten ? 0 : -Errno.EFAULT;
}
