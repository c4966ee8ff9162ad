// What an image runs: command line, program file and user, looked up in the image's own files.
import {
  decodeText,
  encodeText,
  FileTree,
  FileType,
  isType,
  fromBytes,
  type MemoryFileSystem,
  type TreeOpenRequest,
} from '@elf/kernel';
import { ImageError } from './image-error.ts';
import type { ImageSettings } from './load-image.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const HERE = { base: '/', root: '/' };

/** Entry point and command of the image; words of the command line take the command's place. */
export function imageCommand({ entrypoint, command }: ImageSettings, words: readonly string[]): string[] {
  return [...entrypoint, ...(words.length > 0 ? words : command)];
}

/** Its variables, with a PATH in any case. */
export function imageEnvironment({ environment }: ImageSettings): string[] {
  const hasPath = environment.some((variable) => variable.startsWith('PATH='));
  return hasPath ? [...environment] : [`PATH=${DEFAULT_PATH}`, ...environment];
}

/** The path to give to execve: a name without a slash is looked up along the PATH of the environment. */
export function findInImage(files: MemoryFileSystem, name: string, environment: readonly string[]): string {
  if (name.includes('/')) return name;
  const tree = treeOf(files);
  const path = environment.find((variable) => variable.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  for (const directory of path.split(':')) {
    const candidate = `${directory}/${name}`;
    const status = tree.status(HERE, encodeText(candidate), true);
    if (typeof status !== 'number' && isType(status, FileType.Regular) && (status.mode & 0o111) !== 0) return candidate;
  }
  return name;
}

/** Numbers of the user an image names: of /etc/passwd and /etc/group of the image, or as they are. */
export function imageUser(files: MemoryFileSystem, name: string): { user: number; group: number } {
  if (name === '') return { user: 0, group: 0 };
  const [userName, groupName] = name.split(':');
  const accounts = fieldsOf(files, '/etc/passwd');
  const account = accounts.find(([entry, , id]) => entry === userName || id === userName);
  const user = numberOf(account?.[2] ?? userName);
  if (groupName === undefined) return { user, group: numberOf(account?.[3] ?? '0') };
  const group = fieldsOf(files, '/etc/group').find(([entry, , id]) => entry === groupName || id === groupName);
  return { user, group: numberOf(group?.[2] ?? groupName) };
}

function numberOf(text: string): number {
  if (!/^\d{1,10}$/.test(text))
    throw new ImageError(`the image runs as ${text}, whom its /etc/passwd and /etc/group do not know`);
  return Number(text);
}

function fieldsOf(files: MemoryFileSystem, path: string): string[][] {
  const mode = { readable: true, writable: false, append: false, nonBlocking: false };
  const request: TreeOpenRequest = { read: true, write: false };
  const opened = treeOf(files).open(HERE, path, request, mode);
  if (typeof opened === 'number') return [];
  const status = opened.file.status();
  const bytes = new Uint8Array(typeof status === 'number' ? 0 : status.sizeInBytes);
  opened.file.read(bytes, 0);
  opened.release();
  return decodeText(fromBytes(bytes))
    .split('\n')
    .map((line) => line.split(':'));
}

function treeOf(files: MemoryFileSystem): FileTree {
  const tree = new FileTree();
  tree.mounts.mount('/', files);
  return tree;
}
