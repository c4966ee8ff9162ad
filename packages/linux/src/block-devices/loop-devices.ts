// Loop devices: block devices whose content is a file of the machine's own tree (man 4 loop).
import {
  anonymousStatus,
  deviceNumber,
  Errno,
  FileType,
  type Kernel,
  type OpenDescription,
  type OpenFile,
  Readiness,
} from '@elf/kernel';

const LOOP_MAJOR = 7;
const LOOP_CONTROL = /* @__PURE__ */ deviceNumber(10, 237);
/** As many as a kernel makes at its start (CONFIG_BLK_DEV_LOOP_MIN_COUNT). */
const LOOP_DEVICES = 8;
export const SECTOR_BYTES = 512;

/** LO_FLAGS_*. */
export const LoopFlag = { ReadOnly: 1, AutoClear: 4, PartitionScan: 8, DirectIo: 16 } as const;

/** What /dev/loop-control's descriptors lead to. */
export class LoopControl {
  readonly devices: readonly LoopDevice[] = Array.from({ length: LOOP_DEVICES }, (_, number) => new LoopDevice(number));

  open(): OpenFile {
    return {
      isSeekable: false,
      ignoresSeek: true,
      status: () => anonymousStatus({ mode: FileType.Character | 0o660, specialDevice: LOOP_CONTROL }),
      read: () => -Errno.EINVAL,
      write: () => -Errno.EINVAL,
      readiness: () => 0,
      close: () => {},
      control: this,
    };
  }
}

/** One block device; without a file it has size 0. */
export class LoopDevice {
  readonly number: number;
  offset = 0;
  /** 0: up to the end of the file. */
  sizeLimit = 0;
  flags = 0;
  /** As LOOP_SET_STATUS gave it. */
  name = new Uint8Array(0);
  #backing: OpenDescription | undefined;
  #openers = 0;

  constructor(number: number) {
    this.number = number;
  }

  /** The file behind it. */
  get backing(): OpenDescription | undefined {
    return this.#backing;
  }

  get sizeInBytes(): number {
    const status = this.#backing?.file.status();
    if (status === undefined || typeof status === 'number') return 0;
    const rest = Math.max(0, status.sizeInBytes - this.offset);
    const bytes = this.sizeLimit > 0 ? Math.min(rest, this.sizeLimit) : rest;
    return bytes - (bytes % SECTOR_BYTES);
  }

  /** Takes a file; the device keeps it open. */
  attach(backing: OpenDescription): void {
    this.#backing = backing.retain();
    this.offset = 0;
    this.sizeLimit = 0;
    this.flags = backing.mode.writable ? 0 : LoopFlag.ReadOnly;
    this.name = new Uint8Array(0);
  }

  /** Gives the file back: at once for the only one who has it open, else with the last (drivers/block/loop.c, loop_clr_fd). */
  detach(): void {
    if (this.#openers > 1) this.flags |= LoopFlag.AutoClear;
    else this.#clear();
  }

  #clear(): void {
    this.#backing?.release();
    this.#backing = undefined;
    this.flags = 0;
  }

  open(): OpenFile {
    this.#openers++;
    return {
      isSeekable: true,
      status: () =>
        anonymousStatus({ mode: FileType.Block | 0o660, specialDevice: deviceNumber(LOOP_MAJOR, this.number) }),
      end: () => this.sizeInBytes,
      read: (target, position) => {
        const length = Math.min(target.length, Math.max(0, this.sizeInBytes - position));
        return length === 0 ? 0 : (this.#backing?.file.read(target.subarray(0, length), position + this.offset) ?? 0);
      },
      write: (bytes, position) => {
        if ((this.flags & LoopFlag.ReadOnly) !== 0) return -Errno.EPERM;
        const length = Math.min(bytes.length, Math.max(0, this.sizeInBytes - position));
        if (length === 0) return bytes.length === 0 ? 0 : -Errno.ENOSPC;
        return this.#backing?.file.write(bytes.subarray(0, length), position + this.offset) ?? -Errno.EIO;
      },
      synchronize: () => this.#backing?.file.synchronize?.() ?? 0,
      readiness: () => Readiness.Readable | Readiness.Writable,
      close: () => {
        this.#openers--;
        if (this.#openers === 0 && (this.flags & LoopFlag.AutoClear) !== 0) this.#clear();
      },
      control: this,
    };
  }
}

/**
 * Gives the nodes /dev/loop-control and /dev/loop0 to 7, where a tree has them, devices of the machine: never those of the host.
 * @example
 * installLoopDevices(kernel);
 */
export function installLoopDevices({ tree }: Kernel): void {
  const control = new LoopControl();
  tree.devices.set(LOOP_CONTROL, () => control.open());
  for (const device of control.devices)
    tree.blockDevices.set(deviceNumber(LOOP_MAJOR, device.number), () => device.open());
}
