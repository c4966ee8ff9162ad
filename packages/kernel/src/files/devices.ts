// Character devices that behave the same on every host: null, zero, full, random, urandom.
import { Errno } from '../errno.ts';
import type { Entropy } from '../host/entropy.ts';
import { anonymousStatus, deviceNumber, FileType } from './file-status.ts';
import type { DeviceOpener } from './file-tree.ts';
import { type OpenFile, Readiness } from './open-file.ts';

/**
 * Opens devices by number (Documentation/admin-guide/devices.txt). `controllingTerminal` answers /dev/tty.
 */
export function deviceOpener(entropy: Entropy, controllingTerminal: () => OpenFile | undefined): DeviceOpener {
  const random = (target: Uint8Array) => {
    entropy.fill(target);
    return target.length;
  };
  const zero = (target: Uint8Array) => {
    target.fill(0);
    return target.length;
  };
  const accept = (bytes: Uint8Array) => bytes.length;
  const rows = new Map<number, () => OpenFile | undefined>([
    [deviceNumber(1, 3), () => device(1, 3, () => 0, accept)],
    [deviceNumber(1, 5), () => device(1, 5, zero, accept)],
    [deviceNumber(1, 7), () => device(1, 7, zero, () => -Errno.ENOSPC)],
    [deviceNumber(1, 8), () => device(1, 8, random, accept)],
    [deviceNumber(1, 9), () => device(1, 9, random, accept)],
    [deviceNumber(5, 0), controllingTerminal],
  ]);
  return (number) => rows.get(number)?.();
}

function device(
  major: number,
  minor: number,
  read: (target: Uint8Array) => number,
  write: (bytes: Uint8Array) => number,
): OpenFile {
  const identity = {};
  return {
    isSeekable: true,
    status: () => anonymousStatus({ mode: FileType.Character | 0o666, specialDevice: deviceNumber(major, minor) }),
    read,
    write,
    readiness: () => Readiness.Readable | Readiness.Writable,
    close: () => {},
    // Only /dev/zero can be mapped; null and the random devices refuse with ENODEV.
    backing: () =>
      minor === 5
        ? {
            identity,
            isAnonymous: true,
            sizeInBytes: () => Number.MAX_SAFE_INTEGER,
            readInto: (_, target) => read(target),
          }
        : undefined,
  };
}
