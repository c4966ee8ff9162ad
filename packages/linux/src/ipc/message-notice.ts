// Who is told of the first message in an empty queue: by a signal, or by a netlink socket that a C library's thread reads (man 2 mq_notify).
import { Errno, type Process, type Thread } from '@elf/kernel';
import { sendToProcess } from '../signals/send-signal.ts';
import { LAST_SIGNAL, SignalCode } from '../signals/signal-table.ts';
import { NetlinkSocket } from '../sockets/netlink-socket.ts';
import { socketOf } from '../sockets/socket-of.ts';

const SIGEV = { SIGNAL: 0, NONE: 1, THREAD: 2 } as const;
/** NOTIFY_COOKIE_LEN; the last byte says what happened. */
const COOKIE_BYTES = 32;
const NOTIFY = { WOKENUP: 1, REMOVED: 2 } as const;

/** A registration. */
export interface MessageNotice {
  readonly process: Process;
  /** A message has come. */
  readonly tell: (sender: Thread) => void;
  /** The program took the registration back. */
  readonly withdraw: () => void;
}

/** struct sigevent: with SIGEV_THREAD the signal is a descriptor and the value an address. */
export interface NoticeRequest {
  readonly notify: number;
  readonly signal: number;
  readonly value: bigint;
}

/** Makes the registration; -EINVAL, -EBADF, -ENOTSOCK or -EFAULT. */
export function makeNotice(task: Thread, { notify, signal, value }: NoticeRequest): MessageNotice | number {
  const { process } = task;
  const silent = { process, tell: () => {}, withdraw: () => {} };
  if (notify === SIGEV.NONE) return silent;
  if (notify === SIGEV.THREAD) return socketNotice(task, signal, value);
  if (notify !== SIGEV.SIGNAL || signal < 0 || signal > LAST_SIGNAL) return -Errno.EINVAL;
  if (signal === 0) return silent;
  const tell = ({ process: sender }: Thread) =>
    sendToProcess(process, {
      ...{ signal, code: SignalCode.MessageQueue, value },
      ...{ process: sender.id, user: sender.credentials.user },
    });
  return { ...silent, tell };
}

function socketNotice(task: Thread, fd: number, value: bigint): MessageNotice | number {
  const cookie = task.user.read(Number(value), COOKIE_BYTES)?.slice();
  if (cookie === undefined) return -Errno.EFAULT;
  const open = socketOf(task, fd);
  if (typeof open === 'number') return open;
  const { socket } = open;
  if (!(socket instanceof NetlinkSocket)) return -Errno.EINVAL;
  const send = (what: number) => {
    cookie[COOKIE_BYTES - 1] = what;
    socket.deliver(cookie.slice());
  };
  return { process: task.process, tell: () => send(NOTIFY.WOKENUP), withdraw: () => send(NOTIFY.REMOVED) };
}
