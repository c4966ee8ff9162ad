// The ioctl requests of terminals (man 2 ioctl_tty).
import {
  Errno,
  OpenDescription,
  Pending,
  PseudoTerminal,
  type SystemCallResult,
  type TerminalControl,
  type Thread,
} from '@elf/kernel';
import { O } from '../abi/flags/file-flags.ts';
import { termios, winsize } from '../abi/structs/system.ts';
import { Signal } from '../signals/signal-table.ts';
import { attributesOf, setAttributes } from './terminal-modes.ts';
import { TERMIO_BYTES, termioOf, withTermio } from './termio.ts';
import { terminalsOf } from './terminals.ts';

// biome-ignore format: a table
export const TERMINAL_REQUESTS = {
  TCGETS: 0x5401, TCSETS: 0x5402, TCSETSW: 0x5403, TCSETSF: 0x5404, TCGETA: 0x5405, TCSETA: 0x5406, TCSETAW: 0x5407, TCSETAF: 0x5408,
  TCSBRK: 0x5409, TCXONC: 0x540a, TCFLSH: 0x540b, TIOCEXCL: 0x540c,
  TIOCNXCL: 0x540d, TIOCSCTTY: 0x540e, TIOCGPGRP: 0x540f, TIOCSPGRP: 0x5410, TIOCOUTQ: 0x5411, TIOCGWINSZ: 0x5413, TIOCSWINSZ: 0x5414,
  TIOCPKT: 0x5420, TIOCNOTTY: 0x5422, TIOCGETD: 0x5424, TCSBRKP: 0x5425, TIOCGSID: 0x5429, TIOCGPTN: 0x8004_5430, TIOCSPTLCK: 0x4004_5431,
  TIOCGPKT: 0x8004_5438, TIOCGPTLCK: 0x8004_5439, TIOCGEXCL: 0x8004_5440, TIOCGPTPEER: 0x5441, TIOCSTI: 0x5412, TIOCSETD: 0x5423,
} as const;
const R = TERMINAL_REQUESTS;
/** Requests that a background process may not make unasked (n_tty_ioctl_helper). */
const CHANGES: readonly number[] = [
  R.TCSETS,
  R.TCSETSW,
  R.TCSETSF,
  R.TCSETA,
  R.TCSETAW,
  R.TCSETAF,
  R.TCSBRK,
  R.TCXONC,
  R.TCFLSH,
  R.TIOCSPGRP,
  R.TCSBRKP,
];

/** Answers a request to a terminal; -ENOTTY for one that is none of these. */
export function terminalRequest(
  task: Thread,
  file: OpenDescription,
  terminal: TerminalControl,
  request: number,
  argument: number,
): SystemCallResult {
  const terminals = terminalsOf(task.kernel);
  if (!CHANGES.includes(request)) return perform(task, file, terminal, request, argument);
  const attempt = () => {
    const allowed = terminals.checkChange(task.process, terminal, Signal.TTOU);
    if (allowed === -Errno.EAGAIN) return undefined;
    return allowed < 0 ? allowed : perform(task, file, terminal, request, argument);
  };
  return attempt() ?? new Pending({ queues: [], attempt, restartable: true });
}

function perform(
  task: Thread,
  file: OpenDescription,
  terminal: TerminalControl,
  request: number,
  argument: number,
): number {
  const { user, process } = task;
  const terminals = terminalsOf(task.kernel);
  const isOwn = terminals.controllingOf(process) === terminal;
  const pair = file.file.control instanceof PseudoTerminal ? file.file.control : undefined;
  const store = (value: number) => (user.writeU32(argument, value) ? 0 : -Errno.EFAULT);
  switch (request) {
    case R.TCGETS:
      return user.write(argument, attributesOf(terminal)) ? 0 : -Errno.EFAULT;
    case R.TCSETS:
    case R.TCSETSW:
    case R.TCSETSF: {
      const bytes = user.read(argument, termios.sizeInBytes);
      if (bytes === undefined) return -Errno.EFAULT;
      if (request === R.TCSETSF) terminal.discardInput?.();
      setAttributes(terminal, bytes);
      return 0;
    }
    case R.TCGETA:
      return user.write(argument, termioOf(attributesOf(terminal))) ? 0 : -Errno.EFAULT;
    case R.TCSETA:
    case R.TCSETAW:
    case R.TCSETAF: {
      const bytes = user.read(argument, TERMIO_BYTES);
      if (bytes === undefined) return -Errno.EFAULT;
      if (request === R.TCSETAF) terminal.discardInput?.();
      setAttributes(terminal, withTermio(attributesOf(terminal), bytes));
      return 0;
    }
    case R.TIOCGWINSZ:
      return user.write(argument, winsize.encode(terminal.size())) ? 0 : -Errno.EFAULT;
    case R.TIOCSWINSZ: {
      const bytes = user.read(argument, winsize.sizeInBytes);
      if (bytes === undefined) return -Errno.EFAULT;
      terminal.setSize?.(winsize.decode(bytes));
      return 0;
    }
    case R.TIOCGPGRP:
      return isOwn || pair !== undefined ? store(terminal.foregroundGroup) : -Errno.ENOTTY;
    case R.TIOCGSID:
      if (!isOwn && pair === undefined) return -Errno.ENOTTY;
      return terminal.session === 0 ? -Errno.ENOTTY : store(terminal.session);
    case R.TIOCSPGRP:
      return setForeground(task, terminal, isOwn, argument);
    case R.TIOCSCTTY:
      return terminals.control(process, file.file);
    case R.TIOCNOTTY:
      if (!isOwn) return -Errno.ENOTTY;
      terminals.leave(process);
      return 0;
    case R.TCFLSH:
      return discard(terminal, pair !== undefined, argument);
    // Characters are not pushed into a terminal since dev.tty.legacy_tiocsti is off (Linux 6.2).
    case R.TIOCSTI:
      return -Errno.EIO;
    case R.TIOCOUTQ:
    case R.TIOCGETD:
    case R.TIOCGEXCL:
      return store(0);
    case R.TIOCSETD: {
      const discipline = user.readI32(argument);
      return discipline === undefined ? -Errno.EFAULT : discipline === 0 ? 0 : -Errno.EINVAL;
    }
    case R.TCSBRK:
    case R.TCSBRKP:
    case R.TIOCEXCL:
    case R.TIOCNXCL:
      return 0;
    case R.TCXONC:
      // The two others send a character to a device that could be told to be silent; a program is none.
      if (argument <= 1) terminal.stopOutput?.(argument === 0);
      return argument > 3 ? -Errno.EINVAL : 0;
    default:
      return pair === undefined ? -Errno.ENOTTY : masterRequest(task, pair, request, argument);
  }
}

function masterRequest(task: Thread, pair: PseudoTerminal, request: number, argument: number): number {
  const { user } = task;
  switch (request) {
    case R.TIOCGPTN:
      return user.writeU32(argument, pair.number) ? 0 : -Errno.EFAULT;
    case R.TIOCGPTLCK:
      return user.writeU32(argument, pair.isLocked ? 1 : 0) ? 0 : -Errno.EFAULT;
    case R.TIOCSPTLCK: {
      const value = user.readI32(argument);
      if (value === undefined) return -Errno.EFAULT;
      pair.isLocked = value !== 0;
      return 0;
    }
    case R.TIOCPKT: {
      const value = user.readI32(argument);
      if (value === undefined) return -Errno.EFAULT;
      pair.isPacketMode = value !== 0;
      return 0;
    }
    case R.TIOCGPKT:
      return user.writeU32(argument, pair.isPacketMode ? 1 : 0) ? 0 : -Errno.EFAULT;
    case R.TIOCGPTPEER: {
      const slave = pair.openSlave();
      if (typeof slave === 'number') return slave;
      const access = argument & 3;
      const mode = {
        readable: access !== O.WRONLY,
        writable: access !== 0,
        append: false,
        nonBlocking: (argument & O.NONBLOCK) !== 0,
      };
      const description = new OpenDescription(slave, mode, `/dev/pts/${pair.number}`);
      return task.process.descriptors.insert(description, (argument & O.CLOEXEC) !== 0);
    }
    default:
      return -Errno.ENOTTY;
  }
}

/** tcflush(3). What is output for the slave is input for the master. */
function discard(terminal: TerminalControl, isMaster: boolean, queues: number): number {
  if (queues > 2) return -Errno.EINVAL;
  const [input, output] = [queues !== 1, queues !== 0];
  if (isMaster ? output : input) terminal.discardInput?.();
  if (isMaster ? input : output) terminal.discardOutput?.();
  return 0;
}

/** tcsetpgrp(3): a group of the caller's session. */
function setForeground(task: Thread, terminal: TerminalControl, isOwn: boolean, argument: number): number {
  if (!isOwn) return -Errno.ENOTTY;
  const group = task.user.readI32(argument);
  if (group === undefined) return -Errno.EFAULT;
  if (group < 0) return -Errno.EINVAL;
  const members = [...task.kernel.processes.values()].filter((each) => each.group === group);
  if (members.length === 0) return -Errno.ESRCH;
  if (!members.some((each) => each.session === task.process.session)) return -Errno.EPERM;
  terminal.foregroundGroup = group;
  return 0;
}
