// struct sockaddr_un: names of sockets as paths, as abstract names, and no name (man 7 unix).
import {
  AccessRight,
  Errno,
  FileType,
  isType,
  type LocalSocket,
  type SocketName,
  type Thread,
  toBytes,
} from '@elf/kernel';
import { AF_NAMES } from '../abi/flags/socket-flags.ts';
import { masked } from '../files-at.ts';

const FAMILY_BYTES = 2;
const LONGEST_ADDRESS = 110;
/** Abstract names the kernel makes up have five hexadecimal digits. */
const AUTOMATIC_DIGITS = 5;

/** The bytes of an address behind the family: '' for none. */
export function readUnixAddress(task: Thread, at: number, length: number): string | number {
  if (length < FAMILY_BYTES || length > LONGEST_ADDRESS) return -Errno.EINVAL;
  const bytes = task.user.read(at, length);
  if (bytes === undefined) return -Errno.EFAULT;
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true) !== AF_NAMES.AF_UNIX) return -Errno.EINVAL;
  const text = String.fromCharCode(...bytes.subarray(FAMILY_BYTES));
  if (text === '' || text.startsWith('\0')) return text;
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** The whole structure for a name; a path ends with NUL. */
export function unixAddressBytes(text: string): Uint8Array {
  const isPath = text !== '' && !text.startsWith('\0');
  const bytes = new Uint8Array(FAMILY_BYTES + text.length + (isPath ? 1 : 0));
  bytes[0] = AF_NAMES.AF_UNIX;
  bytes.set(toBytes(text), FAMILY_BYTES);
  return bytes;
}

/** bind(2): a path makes an inode, no name takes a free abstract one. */
export function bindUnix(task: Thread, socket: LocalSocket, text: string): number {
  const { kernel, process } = task;
  if (socket.isBound) return text === '' ? 0 : -Errno.EINVAL;
  if (text === '') return bindAutomatically(task, socket);
  if (text.startsWith('\0')) return socket.bind(abstractName(socket, text));
  const mode = FileType.Socket | masked(task, 0o777);
  const made = kernel.tree.create(process.viewpoint, text, false, (files, at) => files.makeNode(at, mode, 0));
  if (made < 0) return made === -Errno.EEXIST ? -Errno.EADDRINUSE : made;
  const name = nameOfPath(task, text);
  return typeof name === 'number' ? name : socket.bind(name);
}

/** The socket an address leads to, or why there is none. */
export function findUnix(task: Thread, socket: LocalSocket, text: string): LocalSocket | number {
  if (text === '') return -Errno.EINVAL;
  const name = text.startsWith('\0') ? abstractName(socket, text) : nameOfPath(task, text, AccessRight.Write);
  if (typeof name === 'number') return name;
  return task.kernel.socketNames.find(name.key) ?? -Errno.ECONNREFUSED;
}

function bindAutomatically(task: Thread, socket: LocalSocket): number {
  for (;;) {
    const text = `\0${task.kernel.socketNames.automatic().toString(16).padStart(AUTOMATIC_DIGITS, '0')}`;
    const bound = socket.bind(abstractName(socket, text));
    if (bound !== -Errno.EADDRINUSE) return bound;
  }
}

/** Who connects to a path or sends to it must be allowed to write there (unix_find_bsd). */
function nameOfPath(task: Thread, text: string, right = 0): SocketName | number {
  const { viewpoint, fileIdentity } = task.process;
  const place = task.kernel.tree.resolve(viewpoint, text, true);
  if (typeof place === 'number') return place;
  const { status } = place;
  if (status === undefined) return -Errno.ENOENT;
  if (!task.kernel.tree.mounts.allows(place.path, status, fileIdentity, right)) return -Errno.EACCES;
  if (!isType(status, FileType.Socket)) return -Errno.ECONNREFUSED;
  return { text, key: `inode ${status.device}:${status.inode}` };
}

/** Sockets of different kinds do not meet under an abstract name (unix_find_socket_byname). */
function abstractName({ kind }: LocalSocket, text: string): SocketName {
  return { text, key: `abstract ${kind} ${text.slice(1)}` };
}
