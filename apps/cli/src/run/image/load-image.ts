// Loads an image for `elf run --image`: a tar of a root directory, or what `docker save` and OCI tools write.
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type Clock, type MemoryBudget, MemoryFileSystem } from '@elf/kernel';
import { LayerWriter } from './apply-layer.ts';
import { ImageError } from './image-error.ts';
import { MOST_IMAGE_BYTES, type TarEntry, tarEntries } from './tar-entries.ts';

/** What an image says about how it is to be run (OCI image-spec, config.md). */
export interface ImageSettings {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** `NAME=value` strings. */
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  /** "user", "uid" or either with ":group"; empty for root. */
  readonly user: string;
}

/** An image in memory. */
export interface Image {
  readonly files: MemoryFileSystem;
  readonly settings: ImageSettings;
}

const NO_SETTINGS: ImageSettings = { entrypoint: [], command: [], environment: [], workingDirectory: '/', user: '' };

/**
 * Reads an image file.
 * @throws ImageError for a file that cannot be read, is no image, is damaged, or unpacks to more than 4 GiB.
 */
export async function loadImage(path: string, clock: Clock, memoryBudget?: MemoryBudget): Promise<Image> {
  const budget = { left: MOST_IMAGE_BYTES };
  const files = new MemoryFileSystem(clock, { budget: memoryBudget });
  const root = new LayerWriter(files);
  const blobs = new Map<string, Uint8Array>();
  for await (const entry of tarEntries(createReadStream(path), path, budget)) {
    if (!isArchived(blobs, entry)) root.apply(entry);
  }
  const parts = imageParts(blobs);
  if (parts === undefined) {
    // The first names looked like an archive's, but it is none after all.
    for (const [name, bytes] of blobs) root.apply({ ...PLAIN_FILE, name, bytes });
    return { files, settings: NO_SETTINGS };
  }
  const layered = new MemoryFileSystem(clock, { budget: memoryBudget });
  for (const name of parts.layers) {
    const writer = new LayerWriter(layered);
    const layer = Readable.from([blob(blobs, name)]);
    for await (const entry of tarEntries(layer, `layer ${name}`, budget)) writer.apply(entry);
  }
  return { files: layered, settings: settingsOf(json(blobs, parts.config)) };
}

const PLAIN_FILE: TarEntry = {
  name: '',
  type: 'file',
  mode: 0o644,
  user: 0,
  group: 0,
  modified: undefined,
  target: '',
  bytes: new Uint8Array(),
};

/** Files that make up a saved image: at the top, or blobs by their digest, or directories of layers. */
const ARCHIVE_NAME =
  /^(?:\.\/)?(manifest\.json|index\.json|oci-layout|repositories|blobs\/sha256\/[0-9a-f]{64}|[0-9a-f]{64}(\.json|\/(json|layer\.tar|VERSION)))$/;

/** Keeps a part of a saved image; false for a file that belongs to a root directory. */
function isArchived(blobs: Map<string, Uint8Array>, { name, type, bytes }: TarEntry): boolean {
  if (type !== 'file' || !ARCHIVE_NAME.test(name)) return false;
  blobs.set(name.replace(/^\.\//, ''), bytes);
  return true;
}

interface ImageParts {
  readonly config: string;
  readonly layers: readonly string[];
}

/** `docker save` has manifest.json; OCI layouts have index.json. Undefined: neither. */
function imageParts(blobs: ReadonlyMap<string, Uint8Array>): ImageParts | undefined {
  if (blobs.has('manifest.json')) {
    const [manifest] = listOf(json(blobs, 'manifest.json')).map(propertiesOf);
    if (typeof manifest?.Config !== 'string' || !Array.isArray(manifest.Layers))
      throw new ImageError('manifest.json names no image');
    return { config: manifest.Config, layers: manifest.Layers.map(String) };
  }
  if (!blobs.has('index.json')) return undefined;
  let document = propertiesOf(json(blobs, 'index.json'));
  for (let depth = 0; document.manifests !== undefined; depth += 1) {
    const manifests = listOf(document.manifests).map(propertiesOf);
    const chosen = manifests.find(isForUs) ?? manifests[0];
    if (chosen === undefined || depth > MOST_INDEXES) throw new ImageError('index.json names no image');
    document = propertiesOf(json(blobs, blobName(chosen)));
  }
  if (document.config === undefined) throw new ImageError('the manifest of the image names no configuration');
  return {
    config: blobName(propertiesOf(document.config)),
    layers: listOf(document.layers).map((layer) => blobName(propertiesOf(layer))),
  };
}

const MOST_INDEXES = 4;

/** What a document has under its names; nothing for what is no object. */
type Properties = Readonly<Record<string, unknown>>;

function propertiesOf(value: unknown): Properties {
  return typeof value === 'object' && value !== null ? (value as Properties) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isForUs({ platform }: Properties): boolean {
  const { os, architecture } = propertiesOf(platform);
  return os === 'linux' && architecture === 'amd64';
}

/** Where a reference's content is (OCI image-layout.md). */
function blobName({ digest }: Properties): string {
  return `blobs/${String(digest).replace(':', '/')}`;
}

function blob(blobs: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = blobs.get(name);
  if (bytes === undefined) throw new ImageError(`the image names ${name}, but does not contain it`);
  return bytes;
}

function json(blobs: ReadonlyMap<string, Uint8Array>, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(blob(blobs, name)));
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(`${name} of the image is no JSON`);
  }
}

function settingsOf(document: unknown): ImageSettings {
  const config = propertiesOf(propertiesOf(document).config);
  const list = (value: unknown) => listOf(value).map(String);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    entrypoint: list(config.Entrypoint),
    command: list(config.Cmd),
    environment: list(config.Env),
    workingDirectory: text(config.WorkingDir) || '/',
    user: text(config.User),
  };
}
