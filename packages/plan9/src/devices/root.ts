// #/: the directories a name space begins with, all empty, so that there is something to bind to (root(3)).
import { Failure } from '../errors.ts';
import { FileMode } from '../stat-record.ts';
import { type Device, plainFacts } from './device.ts';

const NAMES = ['dev', 'env', 'fd', 'mnt', 'net', 'net.alt', 'proc', 'root', 'srv', 'shr'];

const directory = (name: string, id: number) =>
  plainFacts('/', { name, id: BigInt(id), mode: FileMode.Directory + 0o555, user: 'bootes' });

/** The device of letter '/'. */
export const rootDevice: Device = {
  letter: '/',
  name: 'root',
  identity: '/',
  stat: (path) => {
    if (path === '') return directory('/', 0);
    const at = NAMES.indexOf(path);
    return at < 0 ? -Failure.NotFound : directory(path, at + 1);
  },
  list: (path) => (path === '' ? NAMES.map((name, index) => directory(name, index + 1)) : []),
  open: () => -Failure.IsDirectory,
};
