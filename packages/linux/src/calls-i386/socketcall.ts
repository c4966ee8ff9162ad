// socketcall(2): every socket call of older i386 programs through one number, with the arguments in memory (net/socket.c, net/compat.c).
import { address, defineSystemCall, Errno, oneOf, type SystemCallRow } from '@elf/kernel';
import { runWithWords } from './multiplexed.ts';

/** Name of the operation, row that does it, words it reads. Missing arguments are zero: send is sendto without an address. */
// biome-ignore format: a table
const OPERATIONS: readonly (readonly [name: string, row: string, words: number])[] = [
  ['SYS_SOCKET', 'socket', 3], ['SYS_BIND', 'bind', 3], ['SYS_CONNECT', 'connect', 3], ['SYS_LISTEN', 'listen', 2], ['SYS_ACCEPT', 'accept', 3],
  ['SYS_GETSOCKNAME', 'getsockname', 3], ['SYS_GETPEERNAME', 'getpeername', 3], ['SYS_SOCKETPAIR', 'socketpair', 4], ['SYS_SEND', 'sendto', 4],
  ['SYS_RECV', 'recvfrom', 4], ['SYS_SENDTO', 'sendto', 6], ['SYS_RECVFROM', 'recvfrom', 6], ['SYS_SHUTDOWN', 'shutdown', 2],
  ['SYS_SETSOCKOPT', 'setsockopt', 5], ['SYS_GETSOCKOPT', 'getsockopt', 5], ['SYS_SENDMSG', 'sendmsg', 3], ['SYS_RECVMSG', 'recvmsg', 3],
  ['SYS_ACCEPT4', 'accept4', 4], ['SYS_RECVMMSG', 'recvmmsg', 5], ['SYS_SENDMMSG', 'sendmmsg', 4],
];
const NUMBERS = /* @__PURE__ */ (() => Object.fromEntries(OPERATIONS.map(([name], index) => [name, index + 1])))();

/** The row; `shared` has those that do the work. */
export function socketcall(shared: readonly SystemCallRow[]): SystemCallRow {
  const rows = new Map(shared.map((row) => [row.name, row]));
  return defineSystemCall({
    name: 'socketcall',
    numbers: { i386: 102 },
    support: 'full',
    arguments: { operation: oneOf(NUMBERS), arguments: address },
    run: (task, { operation, arguments: at }) => {
      const [, name, words] = OPERATIONS[operation - 1] ?? [];
      const row = name === undefined ? undefined : rows.get(name);
      if (name === undefined || words === undefined) return -Errno.EINVAL;
      if (row === undefined) return -Errno.ENOSYS;
      const bytes = task.user.read(at, words * 4);
      if (bytes === undefined) return -Errno.EFAULT;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const found = Array.from({ length: words }, (_, index) => view.getInt32(index * 4, true));
      return runWithWords(task, row, found);
    },
  });
}
