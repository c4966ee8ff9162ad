// What `elf run` starts and where: a program among this computer's files, or what an image says.
import { addDeviceNodes, type Host, type Kernel, MemoryBudget, MemoryFileSystem, memoryEntropy } from '@elf/kernel';
import { createNodeHost, type NodeHostOptions, nodeVirtualClock } from '@elf/kernel/node';
import type { OptionMistake, ParsedOptions } from '../options.ts';
import { findProgram } from './find-program.ts';
import { ImageError } from './image/image-error.ts';
import { findInImage, imageCommand, imageEnvironment, imageUser } from './image/image-program.ts';
import { loadImage } from './image/load-image.ts';
import { readFileMemory } from './run-values.ts';
import { directoryMistake } from './mounts.ts';

/** A program and its surroundings. */
export interface GuestProgram {
  readonly host: Host;
  /** For execve. */
  readonly path: string;
  /** argv; the first word is how the program was called. */
  readonly words: readonly string[];
  readonly environment: readonly string[];
}

/** Reads what the command line asks for; with --image the image is read. */
export async function guestProgram(parsed: ParsedOptions): Promise<GuestProgram | OptionMistake> {
  const option = (name: string) => parsed.values.get(name)?.at(-1);
  const { rest: words } = parsed;
  const readOnly = option('sandbox') !== undefined;
  const image = option('image');
  const size = option('file-memory');
  const limit = size === undefined ? undefined : readFileMemory(size);
  if (typeof limit === 'object') return limit;
  const memoryBudget = new MemoryBudget(limit);
  if (image !== undefined) {
    if (option('root') !== undefined || option('L') !== undefined)
      return { mistake: 'an image is a root of its own: --image goes without --root and -L' };
    return imageProgram(image, parsed, readOnly, memoryBudget);
  }
  if (words.length === 0) return { mistake: 'no program was given' };
  const root = option('root');
  const wrong = root === undefined ? undefined : directoryMistake('--root', root);
  if (wrong !== undefined) return wrong;
  const host = hostFor(parsed, { root, sysroot: option('L'), readOnly, memoryBudget, forwardsSignals: true });
  const path = root === undefined ? findProgram(words[0], process.env.PATH) : words[0];
  const inherited = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
  return { host, path, words, environment: changedEnvironment(inherited, parsed) };
}

/** This computer; with --deterministic but for its time and its randomness. */
function hostFor({ values }: ParsedOptions, options: NodeHostOptions): Host {
  const host = createNodeHost(options);
  return values.has('deterministic') ? { ...host, clock: nodeVirtualClock(), entropy: memoryEntropy() } : host;
}

async function imageProgram(
  file: string,
  parsed: ParsedOptions,
  readOnly: boolean,
  memoryBudget: MemoryBudget,
): Promise<GuestProgram | OptionMistake> {
  try {
    const { clock } = hostFor(parsed, {});
    const { files, settings } = await loadImage(file, clock, memoryBudget);
    // Places that container tools mount over; a listing of the root shows them.
    for (const name of ['dev', 'proc', 'sys']) files.makeDirectory(name, 0o755);
    const words = imageCommand(settings, parsed.rest);
    if (words.length === 0) return { mistake: `no program was given, and ${file} names none` };
    const environment = changedEnvironment(imageEnvironment(settings), parsed);
    const { workingDirectory, user } = settings;
    const host = hostFor(parsed, { files, memoryBudget, workingDirectory, readOnly, forwardsSignals: true });
    const path = findInImage(files, words[0], environment);
    return { host: { ...host, ...imageUser(files, user), supplementaryGroups: [] }, path, words, environment };
  } catch (error) {
    if (error instanceof ImageError) return { mistake: error.message };
    throw error;
  }
}

/** -U removes variables, -E and --env set them. */
function changedEnvironment(variables: readonly string[], { values }: ParsedOptions): string[] {
  const removed = new Set(values.get('U') ?? []);
  const set = new Map<string, string>();
  const add = (pair: string) => {
    const equals = pair.indexOf('=');
    set.set(equals < 0 ? pair : pair.slice(0, equals), equals < 0 ? '' : pair.slice(equals + 1));
  };
  for (const variable of variables) if (!removed.has(variable.split('=', 1)[0])) add(variable);
  for (const pair of [...(values.get('E') ?? []), ...(values.get('env') ?? [])]) add(pair);
  return [...set].map(([name, value]) => `${name}=${value}`);
}

/** A tree without device nodes, such as an image's, gets those of the machine. */
export function provideDevices({ host, tree, memoryBudget }: Kernel): void {
  if (typeof tree.mounts.status('/dev/null') !== 'number') return;
  const devices = new MemoryFileSystem(host.clock, { budget: memoryBudget });
  addDeviceNodes(devices, '');
  tree.mounts.mount('/dev', devices, 'devtmpfs');
}
