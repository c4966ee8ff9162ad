// /dev/pts: the slaves of pseudo-terminals, beside the host's own where the tree has them.
import {
  anonymousStatus,
  Errno,
  type FileSystem,
  FileType,
  type OpenFile,
  type PseudoTerminal,
  refuseChanges,
} from '@elf/kernel';

/** What the file system needs of the terminals. */
interface Pairs {
  readonly pairs: ReadonlyMap<number, PseudoTerminal>;
}

const DEVICE = 24;
const BELOW = 'dev/pts';

/** The file system; `below` is the tree under it, whose /dev/pts shows through. */
export function createTerminalFileSystem({ pairs }: Pairs, below: FileSystem): FileSystem {
  const find = (path: string) => (/^\d+$/.test(path) ? pairs.get(Number(path)) : undefined);
  const lower = (path: string) => (path === '' ? BELOW : `${BELOW}/${path}`);
  const root = anonymousStatus({ mode: FileType.Directory | 0o755, inode: 1, device: DEVICE, links: 2 });
  const entries = () => {
    const others = below.entries(BELOW);
    const own = [...pairs.values()].map(({ number }) => ({
      name: String(number),
      inode: number + 3,
      type: FileType.Character,
    }));
    return [...(typeof others === 'number' ? [] : others), ...own];
  };
  const directory = (): OpenFile => ({
    isSeekable: true,
    status: () => root,
    read: () => -Errno.EISDIR,
    write: () => -Errno.EBADF,
    readiness: () => 0,
    close: () => {},
    entries,
  });
  return {
    ...refuseChanges(Errno.EPERM),
    isReadOnly: false,
    // grantpt(3): whoever knows the number of a pair may open it.
    enforces: () => true,
    status: (path) => {
      if (path === '') return root;
      return find(path)?.slaveStatus() ?? below.status(lower(path));
    },
    open: (path, request) => {
      if (path === '') return directory();
      const pair = find(path);
      if (pair !== undefined) return pair.openSlave();
      if (request.createMode !== undefined && typeof below.status(lower(path)) === 'number') return -Errno.EACCES;
      return below.open(lower(path), request);
    },
    entries: (path) => (path === '' ? entries() : -Errno.ENOTDIR),
    readLink: (path) => below.readLink(lower(path)),
    // grantpt(3): who owns a slave is settled when it is made.
    setMode: (path, mode) => (find(path) === undefined ? below.setMode(lower(path), mode) : 0),
    setOwner: (path, user, group) => (find(path) === undefined ? below.setOwner(lower(path), user, group) : 0),
    setTimes: () => 0,
  };
}
