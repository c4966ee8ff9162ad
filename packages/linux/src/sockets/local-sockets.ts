// The AF_UNIX sockets of a machine: those that somebody has open.
import { type Kernel, LocalSocket } from '@elf/kernel';

/** Each of them once, by process and descriptor. */
export function localSockets({ processes }: Kernel): Set<LocalSocket> {
  const found = new Set<LocalSocket>();
  for (const { descriptors } of processes.values()) {
    for (const number of descriptors.numbers()) {
      const control = descriptors.get(number)?.file.control;
      if (control instanceof LocalSocket) found.add(control);
    }
  }
  return found;
}
