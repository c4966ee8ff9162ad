// The values of --mount: which directory of the host a program sees where.
import { statSync } from 'node:fs';
import { Errno, encodeText, FileType, isType, type Kernel, MemoryFileSystem, readOnlyFileSystem } from '@elf/kernel';
import { nodeDirectory } from '@elf/kernel/node';
import { hostErrorText } from '../host-error-text.ts';
import type { OptionMistake, ParsedOptions } from '../options.ts';

const FROM_ROOT = { base: '/', root: '/' } as const;

/** One directory of the host at a place of the guest's tree. */
interface MountRequest {
  readonly host: string;
  /** Absolute, without a slash at the end. */
  readonly guest: string;
  readonly isReadOnly: boolean;
}

/**
 * Reads one value.
 * @example
 * readMount('/srv/data:/data:ro')   // { host: '/srv/data', guest: '/data', isReadOnly: true }
 */
function readMount(value: string): MountRequest | OptionMistake {
  const [host, guest, mode, ...more] = value.split(':');
  if (!host || !guest || more.length > 0) return { mistake: `--mount takes host:guest or host:guest:ro, not ${value}` };
  if (mode !== undefined && mode !== 'ro' && mode !== 'rw')
    return { mistake: `--mount: a mount is ro or rw, not ${mode}` };
  const parts = guest.split('/').filter((part) => part !== '');
  if (!guest.startsWith('/') || parts.length === 0 || parts.some((part) => part === '.' || part === '..'))
    return { mistake: `--mount: ${guest} is no absolute path below / without "." and ".."` };
  const mistake = directoryMistake('--mount', host);
  if (mistake !== undefined) return mistake;
  return { host, guest: `/${parts.join('/')}`, isReadOnly: mode === 'ro' };
}

/** What is wrong with a directory of the host that an option names; undefined: nothing. */
export function directoryMistake(option: string, path: string): OptionMistake | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : { mistake: `${option}: ${path} is no directory` };
  } catch (error) {
    return { mistake: `${option}: ${path}: ${hostErrorText(error)}` };
  }
}

/**
 * Mounts what the command line asks for besides the root: with --sandbox a private /tmp, and every --mount.
 * @returns what is wrong with a value.
 */
export function mountAsked(kernel: Kernel, { values }: ParsedOptions): OptionMistake | undefined {
  const { host, tree } = kernel;
  const isSandboxed = values.has('sandbox');
  if (isSandboxed) {
    const temporary = new MemoryFileSystem(host.clock, {
      user: host.user,
      group: host.group,
      budget: kernel.memoryBudget,
    });
    temporary.setMode('', 0o1777);
    tree.mounts.mount('/tmp', temporary, 'tmpfs');
  }
  for (const value of values.get('mount') ?? []) {
    const request = readMount(value);
    if ('mistake' in request) return request;
    const wrong = addMount(kernel, request, isSandboxed);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/**
 * Mounts what was asked for, where the guest's own links lead. The place need not exist: directories above it that are missing become an
 * empty file system in memory, which a listing of the directory above them does not show.
 * @param isSandboxed the program gets the files there and nothing else of the host through them.
 */
function addMount(
  { host, tree, memoryBudget: budget }: Kernel,
  { host: directory, guest, isReadOnly }: MountRequest,
  isSandboxed: boolean,
): OptionMistake | undefined {
  const { mounts } = tree;
  let place = '';
  for (const name of encodeText(guest).split('/').slice(1)) {
    const found = tree.resolve(FROM_ROOT, `${place}/${name}`, true);
    // What a link leads to may be missing as well.
    place = typeof found === 'number' ? `${place}/${name}` : found.path;
    const status = mounts.status(place);
    const leadsOn = typeof status === 'number' ? status === -Errno.ENOENT : isType(status, FileType.Directory);
    if (!leadsOn) return { mistake: `--mount: ${guest} leads through a file` };
  }
  const missing = ancestors(place).find((path) => mounts.status(path) === -Errno.ENOENT);
  if (missing !== undefined && missing !== place) {
    const above = new MemoryFileSystem(host.clock, { user: host.user, group: host.group, budget });
    for (const path of ancestors(place.slice(missing.length))) above.makeDirectory(path.slice(1), 0o755);
    mounts.mount(missing, above, 'tmpfs');
  }
  const files = nodeDirectory(directory, { isGuarded: true, isSandboxed });
  mounts.mount(place, isReadOnly ? readOnlyFileSystem(files) : files, 'host');
  return undefined;
}

/** "/a", "/a/b" and "/a/b/c" of "/a/b/c". */
function ancestors(path: string): string[] {
  const parts = path.split('/').slice(1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}
