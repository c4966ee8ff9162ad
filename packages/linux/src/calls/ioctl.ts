// ioctl(2): terminal attributes and size, FIONREAD and the flags every descriptor has (man 2 ioctl_tty).
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  type OpenDescription,
  oneOf,
  type TerminalControl,
  type TerminalModes,
  type Thread,
} from '@elf/kernel';
import { termios, winsize } from '../abi/structs/system.ts';
import { describe } from '../files-at.ts';

// biome-ignore format: a table
const REQUESTS = {
  TCGETS: 0x5401, TCSETS: 0x5402, TCSETSW: 0x5403, TCSETSF: 0x5404, TCFLSH: 0x540b, TIOCSCTTY: 0x540e, TIOCGPGRP: 0x540f, TIOCSPGRP: 0x5410,
  TIOCGWINSZ: 0x5413, TIOCSWINSZ: 0x5414, FIONREAD: 0x541b, FIONBIO: 0x5421, TIOCGSID: 0x5429, FIONCLEX: 0x5450, FIOCLEX: 0x5451,
} as const;

/** Flag bits this terminal acts on (include/uapi/asm-generic/termbits.h). */
const BITS = { ICRNL: 0x100, OPOST: 1, ONLCR: 4, ISIG: 1, ICANON: 2, ECHO: 8 } as const;
/** What a fresh Linux terminal has: 38400 baud, 8 bits, sane editing keys. */
// biome-ignore format: a table
const INITIAL = {
  input: 0x500, output: 5, control: 0xbf, local: 0x8a3b, line: 0,
  characters: new Uint8Array([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0]),
};

export const ioctl = defineSystemCall({
  name: 'ioctl',
  numbers: { 'x86-64': 16, i386: 54 },
  support: 'partial',
  note: 'Terminals, FIONREAD, FIONBIO and close-on-exec; everything else is ENOTTY.',
  arguments: { fd: descriptor, request: oneOf(REQUESTS), argument: address },
  run: (task, { fd, request, argument }) => {
    const file = describe(task, fd);
    if (typeof file === 'number') return file;
    switch (request) {
      case REQUESTS.FIOCLEX:
      case REQUESTS.FIONCLEX:
        task.process.descriptors.setCloseOnExec(fd, request === REQUESTS.FIOCLEX);
        return 0;
      case REQUESTS.FIONBIO: {
        const value = task.user.readU32(argument);
        if (value === undefined) return -Errno.EFAULT;
        file.mode.nonBlocking = value !== 0;
        return 0;
      }
      case REQUESTS.FIONREAD:
        return countReadable(task, file, argument);
      default:
        return file.file.terminal === undefined
          ? -Errno.ENOTTY
          : terminalRequest(task, file.file.terminal, request, argument);
    }
  },
});

function countReadable(task: Thread, file: OpenDescription, argument: number): number {
  let count = file.file.available?.();
  if (count === undefined) {
    const status = file.file.status();
    if (typeof status === 'number') return status;
    if (!file.file.isSeekable) return -Errno.ENOTTY;
    count = status.sizeInBytes;
  }
  const left = file.file.isSeekable ? Math.max(0, count - file.position) : count;
  return task.user.writeU32(argument, left) ? 0 : -Errno.EFAULT;
}

function terminalRequest(task: Thread, terminal: TerminalControl, request: number, argument: number): number {
  switch (request) {
    case REQUESTS.TCGETS:
      return task.user.write(argument, attributesOf(terminal)) ? 0 : -Errno.EFAULT;
    case REQUESTS.TCSETS:
    case REQUESTS.TCSETSW:
    case REQUESTS.TCSETSF: {
      const bytes = task.user.read(argument, termios.sizeInBytes);
      if (bytes === undefined) return -Errno.EFAULT;
      terminal.attributes = bytes;
      terminal.setModes(modesOf(bytes));
      return 0;
    }
    case REQUESTS.TIOCGWINSZ:
      return task.user.write(argument, winsize.encode(terminal.size())) ? 0 : -Errno.EFAULT;
    case REQUESTS.TIOCGPGRP:
      return task.user.writeU32(argument, task.process.group) ? 0 : -Errno.EFAULT;
    case REQUESTS.TIOCGSID:
      return task.user.writeU32(argument, task.process.session) ? 0 : -Errno.EFAULT;
    case REQUESTS.TIOCSPGRP: {
      const group = task.user.readI32(argument);
      if (group === undefined) return -Errno.EFAULT;
      terminal.foregroundGroup = group;
      return 0;
    }
    case REQUESTS.TIOCSCTTY:
    case REQUESTS.TCFLSH:
    case REQUESTS.TIOCSWINSZ:
      return 0;
    default:
      return -Errno.ENOTTY;
  }
}

function attributesOf(terminal: TerminalControl): Uint8Array {
  return terminal.attributes ?? termios.encode(INITIAL);
}

function modesOf(bytes: Uint8Array): TerminalModes {
  const { input, output, local } = termios.decode(bytes);
  return {
    canonical: (local & BITS.ICANON) !== 0,
    echo: (local & BITS.ECHO) !== 0,
    signals: (local & BITS.ISIG) !== 0,
    returnToNewline: (input & BITS.ICRNL) !== 0,
    newlineToReturn: (output & BITS.OPOST) !== 0 && (output & BITS.ONLCR) !== 0,
  };
}
