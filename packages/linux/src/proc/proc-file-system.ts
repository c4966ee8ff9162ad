// /proc as far as programs look: the guest's own processes, never the host's (man 5 proc).
import {
  anonymousStatus,
  Errno,
  type FileStatus,
  type FileSystem,
  FileType,
  fromBytes,
  isType,
  type Kernel,
  type OpenDescription,
  type OpenFile,
  pathWithin,
  type Process,
  Readiness,
  refuseChanges,
  toBytes,
  type Thread,
} from '@elf/kernel';
import { type NamespaceKind, namespacesOf, openNamespace } from '../namespaces/namespaces.ts';
import { descriptorText, statText, statusText } from './process-status.ts';
import { SPECIAL_FILES } from './special-files.ts';
import { PROCESS_FILES, PROCESS_SETTINGS, SYSTEM_FILES, SYSTEM_SETTINGS } from './proc-files.ts';

const PROC_DEVICE = 0x17;

/**
 * The file system for "/proc". Content is made when a file is opened. `current` names the process whose call is being served.
 * @example
 * kernel.tree.mounts.mount('/proc', createProcFileSystem(kernel, () => process), 'proc');
 */
export function createProcFileSystem(kernel: Kernel, current: () => Process): FileSystem {
  const find = (path: string) => lookUp(kernel, current, path);
  return {
    // Linux mounts it read-write; what cannot change is refused file by file.
    isReadOnly: false,
    status: (path) => {
      const entry = find(path);
      return entry === undefined ? -Errno.ENOENT : entry.status;
    },
    open: (path, request) => {
      const entry = find(path);
      if (entry === undefined) return request.createMode === undefined ? -Errno.ENOENT : -Errno.EACCES;
      if (entry.names !== undefined) {
        const shown = directoryFile(entry.status, () => namesOf(kernel, current, path));
        return { ...shown, control: entry.process };
      }
      const { refusal } = entry;
      if (refusal !== undefined) return { ...textFile(entry.status, ''), read: () => refusal, write: () => refusal };
      if (request.write && entry.store === undefined) return -Errno.EACCES;
      const special = entry.open?.();
      if (special !== undefined) return special;
      if (entry.store !== undefined) return settingFile(textFile(entry.status, entry.text?.() ?? ''), entry.store);
      return entry.text === undefined ? -Errno.EACCES : textFile(entry.status, entry.text());
    },
    entries: (path) => namesOf(kernel, current, path),
    readLink: (path) => find(path)?.target?.() ?? -Errno.EINVAL,
    openLink: (path) => find(path)?.object?.(),
    // Of a process: fd/N, exe, cwd and root; "self" and "mounts" are ordinary links.
    isObjectLink: (path) => path.includes('/') && isType(find(path)?.status ?? { mode: 0 }, FileType.SymbolicLink),
    ...refuseChanges(Errno.EACCES),
  };
}

interface Entry {
  readonly status: FileStatus;
  readonly names?: () => string[];
  readonly text?: () => string;
  /** Of a file that is more than a text. */
  readonly open?: () => OpenFile | undefined;
  /** What a read answers instead of content. */
  readonly refusal?: number;
  /** Takes a value that is written. */
  readonly store?: (text: string) => number;
  readonly target?: () => string;
  readonly object?: () => OpenDescription | undefined;
  /** Of the directory of a process: who it is, even when another process has its number. */
  readonly process?: Process;
}

function lookUp(kernel: Kernel, current: () => Process, path: string): Entry | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) {
    return directory(1, () => [
      'self',
      'thread-self',
      'mounts',
      ...Object.keys(SYSTEM_FILES).map((name) => name.split('/')[0]),
      ...[...kernel.processes.keys()].map(String),
    ]);
  }
  if (path === 'self') return link(2, () => String(current().id));
  if (path === 'thread-self') return link(3, () => `${current().id}/task/${current().id}`);
  if (path === 'mounts') return link(4, () => 'self/mounts');
  const system = rowOf(SYSTEM_FILES, path);
  const setting = rowOf(SYSTEM_SETTINGS, path);
  if (system !== undefined && setting !== undefined)
    return settable(
      100,
      () => system(kernel),
      (text) => setting(kernel, text),
    );
  if (system !== undefined) return file(100, () => system(kernel));
  const inside = Object.keys(SYSTEM_FILES).filter((name) => name.startsWith(`${path}/`));
  if (inside.length > 0) return directory(5, () => inside.map((name) => name.slice(path.length + 1).split('/')[0]));
  // Every process is in the one network there is.
  const network = /^\d+\/(?:task\/\d+\/)?(net(?:\/.*)?)$/.exec(path)?.[1];
  if (network !== undefined) return lookUp(kernel, current, network);
  const process = /^\d+$/.test(parts[0]) ? kernel.processes.get(Number(parts[0])) : undefined;
  const entry = process && processEntry(process, inodesOf(kernel, process), parts.slice(1));
  if (process === undefined || entry === undefined) return undefined;
  const { effectiveUser: user, effectiveGroup: group } = process.credentials;
  return { ...entry, status: { ...entry.status, user, group } };
}

/** The first of a process's inode numbers: another one for each process, whatever its number. */
function inodesOf(kernel: Kernel, process: Process): number {
  const known = inodes.get(process) ?? kernel.nextInode() * INODES_OF_PROCESS;
  inodes.set(process, known);
  return known;
}

const inodes = /* @__PURE__ */ new WeakMap<Process, number>();
const INODES_OF_PROCESS = 1000;

function processEntry(process: Process, inode: number, parts: readonly string[], isThread = false): Entry | undefined {
  const [name, child] = parts;
  if (name === undefined) {
    // A thread's directory has no "task" of its own: who descends into all of them comes to an end.
    const others = ['exe', 'cwd', 'root', 'fd', 'fdinfo', 'ns', 'attr', ...(isThread ? [] : ['task'])];
    return { ...directory(inode, () => [...Object.keys(PROCESS_FILES), ...others]), process };
  }
  if (name === 'task') {
    if (isThread) return undefined;
    if (child === undefined) return directory(inode + 1, () => [...process.threads].map((thread) => String(thread.id)));
    const thread = [...process.threads].find(({ id }) => String(id) === child);
    if (thread === undefined) return undefined;
    const text = parts.length === 3 ? rowOf(THREAD_FILES, parts[2]) : undefined;
    return text === undefined
      ? processEntry(process, inode, parts.slice(2), true)
      : file(inode + 6, () => text(process, thread));
  }
  if (name === 'fd') {
    if (child === undefined) return directory(inode + 2, () => process.descriptors.numbers().map(String));
    const description = /^\d+$/.test(child) ? process.descriptors.get(Number(child)) : undefined;
    if (description === undefined || parts.length > 2) return undefined;
    const target = () => pathOf(process, description) ?? description.file.anonymousName ?? 'anon_inode:[unknown]';
    return {
      ...link(inode + 10 + Number(child), target),
      object: () =>
        description.path === undefined || description.file.nameAs !== undefined ? description.retain() : undefined,
    };
  }
  if (name === 'fdinfo') {
    if (child === undefined) return directory(inode + 7, () => process.descriptors.numbers().map(String));
    const description = /^\d+$/.test(child) ? process.descriptors.get(Number(child)) : undefined;
    if (description === undefined || parts.length > 2) return undefined;
    const closes = process.descriptors.closesOnExec(Number(child));
    return file(inode + 8, () => descriptorText(description, closes));
  }
  if (name === 'ns') {
    if (child === undefined) return directory(inode + 1, () => Object.keys(NAMESPACE_LINKS));
    const [thread] = process.threads;
    const which = rowOf(NAMESPACE_LINKS, child);
    if (which === undefined || thread === undefined || parts.length > 2) return undefined;
    const space = namespacesOf(thread)[which];
    const target = () => `${space.kind}:[${space.inode}]`;
    return { ...link(inode + 2, target), object: () => openNamespace(space) };
  }
  if (name === 'attr') {
    if (child === undefined) return directory(inode + 9, () => SECURITY_ATTRIBUTES);
    // Without a security module every attribute is EINVAL to read (fs/proc/base.c, proc_pid_attr_read).
    return parts.length === 2 && SECURITY_ATTRIBUTES.includes(child) ? unreadable(inode + 9) : undefined;
  }
  if (parts.length > 1) return undefined;
  if (name === 'exe') return link(inode + 3, () => process.program.executable);
  if (name === 'cwd') return link(inode + 4, () => pathWithin(process.place.root, process.place.workingDirectory));
  if (name === 'root') return link(inode + 5, () => process.place.root);
  const special = rowOf(SPECIAL_FILES, name);
  const text = rowOf(PROCESS_FILES, name);
  if (special !== undefined && text !== undefined) {
    const entry = file(inode + 6, () => text(process));
    return { ...entry, open: () => special(process, entry.status) };
  }
  const setting = rowOf(PROCESS_SETTINGS, name);
  if (text !== undefined && setting !== undefined)
    return settable(
      inode + 6,
      () => text(process),
      (value) => setting(process, value),
    );
  return text === undefined ? undefined : file(inode + 6, () => text(process));
}

/** A row by a name that a program chose: "__proto__" and "constructor" are none. */
function rowOf<T>(rows: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(rows, name) ? rows[name] : undefined;
}

/** Files of task/TID that differ from thread to thread. */
const THREAD_FILES: Readonly<Record<string, (process: Process, thread: Thread) => string>> = {
  stat: statText,
  status: statusText,
  // Who forked is not kept: children are the first thread's.
  children: (process, thread) =>
    thread.id === process.id ? [...process.children].map(({ id }) => `${id} `).join('') : '',
};

/** Links of ns, and whose namespace each leads to. */
// biome-ignore format: a table
const NAMESPACE_LINKS: Readonly<Record<string, NamespaceKind | 'timeForChildren'>> = {
  cgroup: 'cgroup', ipc: 'ipc', mnt: 'mnt', net: 'net', pid: 'pid', pid_for_children: 'pid', time: 'time', time_for_children: 'timeForChildren',
  user: 'user', uts: 'uts',
};

const SECURITY_ATTRIBUTES = ['current', 'exec', 'fscreate', 'keycreate', 'prev', 'sockcreate'];

function namesOf(kernel: Kernel, current: () => Process, path: string) {
  const entry = lookUp(kernel, current, path);
  if (entry === undefined) return -Errno.ENOENT;
  if (entry.names === undefined) return -Errno.ENOTDIR;
  return [...new Set(entry.names())].map((name) => {
    const status = lookUp(kernel, current, path === '' ? name : `${path}/${name}`)?.status;
    return { name, inode: status?.inode ?? 1, type: (status?.mode ?? 0) & FileType.Mask };
  });
}

/** A file without a name any more says so. */
function pathOf(process: Process, { path, file: opened }: OpenDescription): string | undefined {
  if (path === undefined) return undefined;
  const status = opened.status();
  const isGone = typeof status === 'object' && status.links === 0;
  return isGone ? `${path} (deleted)` : pathWithin(process.place.root, path);
}

function unreadable(inode: number): Entry {
  const status = anonymousStatus({ mode: FileType.Regular | 0o666, inode, device: PROC_DEVICE });
  return { status, refusal: -Errno.EINVAL };
}

function directory(inode: number, names: () => string[]): Entry {
  return { status: anonymousStatus({ mode: FileType.Directory | 0o555, inode, device: PROC_DEVICE, links: 2 }), names };
}

function link(inode: number, target: () => string): Entry {
  return { status: anonymousStatus({ mode: FileType.SymbolicLink | 0o777, inode, device: PROC_DEVICE }), target };
}

function file(inode: number, text: () => string): Entry {
  return { status: anonymousStatus({ mode: FileType.Regular | 0o444, inode, device: PROC_DEVICE }), text };
}

function settable(inode: number, text: () => string, store: (text: string) => number): Entry {
  return { status: anonymousStatus({ mode: FileType.Regular | 0o644, inode, device: PROC_DEVICE }), text, store };
}

/** A write is one value, wherever the position is. */
function settingFile(file: OpenFile, store: (text: string) => number): OpenFile {
  return {
    ...file,
    write: (bytes) => {
      const result = store(fromBytes(bytes));
      return result < 0 ? result : bytes.length;
    },
    truncate: () => 0,
  };
}

function textFile(status: FileStatus, text: string): OpenFile {
  const bytes = toBytes(text);
  return {
    isSeekable: true,
    status: () => status,
    read: (target, position) => {
      const part = bytes.subarray(Math.min(position, bytes.length), Math.min(position + target.length, bytes.length));
      target.set(part);
      return part.length;
    },
    write: () => -Errno.EBADF,
    readiness: () => Readiness.Readable,
    close: () => {},
  };
}

function directoryFile(status: FileStatus, entries: () => ReturnType<NonNullable<OpenFile['entries']>>): OpenFile {
  const shared = { isSeekable: true, status: () => status, readiness: () => 0, close: () => {}, entries };
  return { ...shared, read: () => (isType(status, FileType.Directory) ? -Errno.EISDIR : 0), write: () => -Errno.EBADF };
}
