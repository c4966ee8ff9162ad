// Puts the entries of one layer over a file system, with the whiteouts that remove what lower layers brought (OCI image-spec, layer.md).
import { Errno, encodeText, FileTree, FileType, isType, type MemoryFileSystem } from '@elf/kernel';
import { ImageError } from './image-error.ts';
import type { TarEntry } from './tar-entries.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const HERE = { base: '/', root: '/' };

/** Applies a layer, entry by entry. */
export class LayerWriter {
  readonly #files: MemoryFileSystem;
  readonly #tree = new FileTree();
  /** Paths this layer made, which its own whiteouts do not remove. */
  readonly #own = new Set<string>();

  constructor(files: MemoryFileSystem) {
    this.#files = files;
    this.#tree.mounts.mount('/', files);
  }

  /**
   * Applies one entry. Device nodes are left out: the machine has a /dev of its own.
   * @throws ImageError for a name that leads out of the image, or that cannot be made.
   */
  apply(entry: TarEntry): void {
    const parts = partsOf(entry.name);
    const last = parts.pop();
    if (last === undefined) return;
    const parent = this.#directory(parts);
    if (last === OPAQUE) {
      this.#removeOthers(parent);
      return;
    }
    if (last.startsWith(WHITEOUT)) {
      this.#remove(join(parent, encodeText(last.slice(WHITEOUT.length))));
      return;
    }
    const path = join(parent, encodeText(last));
    this.#own.add(path);
    this.#make(path, entry);
  }

  #make(path: string, { type, name, mode, user, group, modified, target, bytes }: TarEntry): void {
    const files = this.#files;
    const existing = files.status(path);
    const isDirectory = typeof existing !== 'number' && isType(existing, FileType.Directory);
    if (type === 'directory') {
      if (!isDirectory) {
        this.#remove(path);
        this.#check(files.makeDirectory(path, 0o755), name);
      }
    } else {
      if (type.endsWith('-device')) return;
      this.#remove(path);
      if (type === 'symlink') this.#check(files.makeSymbolicLink(path, encodeText(target)), name);
      else if (type === 'link') this.#check(files.link(this.#existing(target, name), path), name);
      else if (type === 'fifo') this.#check(files.makeNode(path, FileType.Fifo | 0o644, 0), name);
      else files.writeFile(path, bytes);
    }
    // A hard link has the file's own rights; a symbolic link has none.
    if (type === 'link') return;
    files.setOwner(path, user, group);
    if (type !== 'symlink' && mode !== undefined) files.setMode(path, mode & 0o7777);
    if (modified !== undefined) files.setTimes(path, modified, modified);
  }

  /** The directory an entry goes to: missing ones are made, links of the image are followed within it. */
  #directory(parts: readonly string[]): string {
    let path = '/';
    for (const part of parts) {
      const place = this.#tree.resolve({ base: path, root: '/' }, encodeText(part), true);
      if (typeof place === 'number') throw new ImageError(`${parts.join('/')} in a layer leads nowhere`);
      path = place.path;
      if (place.status !== undefined && !isType(place.status, FileType.Directory))
        throw new ImageError(`${parts.join('/')} in a layer leads through a file`);
      if (place.status === undefined) this.#check(this.#files.makeDirectory(path.slice(1), 0o755), path);
    }
    return path.slice(1);
  }

  #existing(target: string, name: string): string {
    const place = this.#tree.resolve(HERE, encodeText(`/${partsOf(target).join('/')}`), false);
    if (typeof place === 'number' || place.status === undefined)
      throw new ImageError(`${name} is a link to ${target}, which the layers before it do not have`);
    return place.path.slice(1);
  }

  #removeOthers(directory: string): void {
    const entries = this.#files.entries(directory);
    if (typeof entries === 'number') return;
    for (const { name } of entries) {
      const path = join(directory, name);
      if (!this.#own.has(path)) this.#remove(path);
    }
  }

  #remove(path: string): void {
    const status = this.#files.status(path);
    if (typeof status === 'number') return;
    if (!isType(status, FileType.Directory)) {
      this.#files.removeFile(path);
      return;
    }
    const entries = this.#files.entries(path);
    if (typeof entries !== 'number') for (const { name } of entries) this.#remove(join(path, name));
    this.#files.removeDirectory(path);
  }

  #check(result: number, name: string): void {
    if (result === -Errno.ENAMETOOLONG) throw new ImageError(`${name} in a layer is too long`);
    if (result < 0) throw new ImageError(`${name} in a layer cannot be made (error ${-result})`);
  }
}

function partsOf(name: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new ImageError(`${name} in a layer leads out of the image`);
  return parts;
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
