// Images: plain root directories, docker's and OCI's archives, whiteouts, users, and files that are no images.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FileTree, memoryClock, type MemoryFileSystem } from '@elf/kernel';
import { packTar } from 'modern-tar';
import { afterAll, describe, expect, it } from 'vitest';
import { findInImage, imageCommand, imageEnvironment, imageUser } from './image-program.ts';
import { loadImage } from './load-image.ts';

const work = mkdtempSync(join(tmpdir(), 'elf-image-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

type Header = Parameters<typeof packTar>[0][number]['header'];
const file = (name: string, body: string | Uint8Array = name, more: Partial<Header> = {}) => ({
  header: { name, size: body.length, type: 'file' as const, mode: 0o644, ...more },
  body,
});
const other = (name: string, type: Header['type'], more: Partial<Header> = {}) => ({
  header: { name, size: 0, type, ...more },
});
const tar = (...entries: Parameters<typeof packTar>[0]) => packTar(entries);

let number = 0;
async function load(bytes: Uint8Array) {
  const path = join(work, `image-${number++}.tar`);
  writeFileSync(path, bytes);
  return loadImage(path, memoryClock());
}

/** Every path with its type and permissions, links with their target. */
function listing(files: MemoryFileSystem, directory = ''): string[] {
  const entries = files.entries(directory);
  if (typeof entries === 'number') throw new Error(`entries: ${entries}`);
  return entries.flatMap(({ name }) => {
    const path = directory === '' ? name : `${directory}/${name}`;
    const status = files.status(path);
    if (typeof status === 'number') throw new Error(`status: ${status}`);
    const target = files.readLink(path);
    const line = `${path} ${status.mode.toString(8)}${typeof target === 'number' ? '' : ` -> ${target}`}`;
    return [line, ...((status.mode & 0o170000) === 0o040000 ? listing(files, path) : [])];
  });
}

function text(files: MemoryFileSystem, path: string): string {
  const tree = new FileTree();
  tree.mounts.mount('/', files);
  const mode = { readable: true, writable: false, append: false, nonBlocking: false };
  const opened = tree.open({ base: '/', root: '/' }, path, { read: true, write: false }, mode);
  if (typeof opened === 'number') throw new Error(`open: ${opened}`);
  const bytes = new Uint8Array(100);
  return Buffer.from(bytes.subarray(0, opened.file.read(bytes, 0))).toString();
}

describe('a tar of a root directory', () => {
  const entries = [
    other('./', 'directory'),
    other('./usr/bin/', 'directory', { mode: 0o755 }),
    file('./usr/bin/tool', 'abc', { mode: 0o4755, uid: 3, gid: 4, mtime: new Date(1e12) }),
    other('./bin', 'symlink', { linkname: 'usr/bin' }),
    other('./bin/same', 'link', { linkname: 'usr/bin/tool' }),
    other('./queue', 'fifo'),
    other('./dev/null', 'character-device'),
  ];

  it.each(['plain', 'compressed'])('has its files, links and owners (%s)', async (kind) => {
    const bytes = await tar(...entries);
    const { files, settings } = await load(kind === 'plain' ? bytes : gzipSync(bytes));
    expect(listing(files).sort()).toEqual([
      'bin 120777 -> usr/bin',
      'dev 40755',
      'queue 10644',
      'usr 40755',
      'usr/bin 40755',
      'usr/bin/same 104755',
      'usr/bin/tool 104755',
    ]);
    expect(files.status('usr/bin/tool')).toMatchObject({ user: 3, group: 4, links: 2, modifyTime: 10n ** 18n });
    expect(settings).toMatchObject({ entrypoint: [], command: [], workingDirectory: '/' });
  });
});

describe('an image of layers', () => {
  const settings = {
    config: { Entrypoint: ['/entry'], Cmd: ['-x'], Env: ['A=1'], WorkingDir: '/work', User: 'me:staff' },
  };
  const layers = () =>
    Promise.all([
      tar(
        file('etc/passwd', 'root:x:0:0::/:\nme:x:5:6::/:\n'),
        file('etc/group', 'staff:x:7:\n'),
        file('old/a'),
        file('old/b'),
        file('gone/x'),
      ),
      tar(file('old/.wh.a', ''), file('.wh.gone', ''), file('full/.wh..wh..opq', ''), file('kept/one', 'lower')),
      tar(
        file('kept/two', 'upper'),
        file('kept/.wh..wh..opq', ''),
        file('old/b', 'new'),
        file('entry', '', { mode: 0o755 }),
      ),
    ]);

  async function check(bytes: Uint8Array) {
    const { files, settings: read } = await load(bytes);
    expect(listing(files).sort()).toEqual([
      'entry 100755',
      'etc 40755',
      'etc/group 100644',
      'etc/passwd 100644',
      'full 40755',
      'kept 40755',
      'kept/two 100644',
      'old 40755',
      'old/b 100644',
    ]);
    expect(text(files, '/old/b')).toBe('new');
    expect(imageCommand(read, [])).toEqual(['/entry', '-x']);
    expect(imageCommand(read, ['y'])).toEqual(['/entry', 'y']);
    expect(imageUser(files, read.user)).toEqual({ user: 5, group: 7 });
    expect(imageUser(files, '5')).toEqual({ user: 5, group: 6 });
    expect(imageUser(files, '12:13')).toEqual({ user: 12, group: 13 });
    expect(() => imageUser(files, 'nobody')).toThrow('the image runs as nobody, whom its /etc/passwd');
    expect(imageEnvironment(read)).toEqual([expect.stringMatching(/^PATH=.*:\/bin$/), 'A=1']);
    expect(findInImage(files, 'entry', ['PATH=/etc:/'])).toBe('//entry');
    expect(findInImage(files, 'passwd', ['PATH=/etc'])).toBe('passwd');
    expect(read.workingDirectory).toBe('/work');
  }

  it('is read as docker save writes it', async () => {
    const [one, two, three] = await layers();
    const names = ['1', '2', '3'].map((digit) => `${digit.repeat(64)}/layer.tar`);
    const config = `${'c'.repeat(64)}.json`;
    await check(
      await tar(
        file(names[0], one),
        file(names[1], gzipSync(two)),
        file(names[2], three),
        file(config, JSON.stringify(settings)),
        file('manifest.json', JSON.stringify([{ Config: config, RepoTags: ['x:1'], Layers: names }])),
      ),
    );
  });

  it('is read as OCI tools lay it out, for this kind of machine among others', async () => {
    const blobs = (await layers()).map((bytes, index) => ({ digest: `sha256:${String(index).repeat(64)}`, bytes }));
    const name = (digest: string) => `blobs/${digest.replace(':', '/')}`;
    const id = (letter: string) => `sha256:${letter.repeat(64)}`;
    const platform = (architecture: string) => ({ os: 'linux', architecture });
    await check(
      await tar(
        file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
        file('index.json', JSON.stringify({ manifests: [{ digest: id('a') }] })),
        file(
          name(id('a')),
          JSON.stringify({
            manifests: [
              { digest: id('f'), platform: platform('arm64') },
              { digest: id('b'), platform: platform('amd64') },
            ],
          }),
        ),
        file(name(id('b')), JSON.stringify({ config: { digest: id('c') }, layers: blobs })),
        file(name(id('c')), JSON.stringify(settings)),
        ...blobs.map(({ digest, bytes }) => file(name(digest), bytes)),
      ),
    );
  });
});

describe('what is no image', () => {
  it.each<[string, () => Promise<Uint8Array>, string]>([
    ['text', async () => Buffer.from('not a tar at all'.repeat(100)), 'is no tar file, or a damaged one'],
    [
      'a broken compression',
      async () => gzipSync(Buffer.alloc(5000, 1)).subarray(0, 20),
      'is no tar file, or a damaged one',
    ],
    ['another compression', async () => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]), 'is compressed with zstd'],
    ['a name that leads out', () => tar(file('a/../../b')), 'leads out of the image'],
    ['a link to nothing', () => tar(other('a', 'link', { linkname: 'b' })), 'a is a link to b'],
    ['a file below a file', () => tar(file('a'), file('a/b')), 'a in a layer leads through a file'],
    ['a missing layer', () => tar(file('manifest.json', '[{"Config":"c","Layers":["l"]}]')), 'names l, but does not'],
    ['no JSON', () => tar(file('manifest.json', '{')), 'manifest.json of the image is no JSON'],
    ['another shape', () => tar(file('manifest.json', '{"a":1}')), 'manifest.json names no image'],
    ['nothing', () => tar(file('manifest.json', 'null')), 'manifest.json names no image'],
    ['a list of nothing', () => tar(file('manifest.json', '[null]')), 'manifest.json names no image'],
    [
      'layers that are no names',
      () => tar(file('manifest.json', '[{"Config":"c","Layers":[{}]}]')),
      'names [object Object], but',
    ],
    ['an index of nothing', () => tar(file('index.json', 'null')), 'names no configuration'],
    ['an index that is no list', () => tar(file('index.json', '{"manifests":7}')), 'index.json names no image'],
    ['a list of nothings', () => tar(file('index.json', '{"manifests":[null]}')), 'names blobs/undefined, but'],
    ['a digest that is none', () => tar(file('index.json', '{"config":5}')), 'names blobs/undefined, but'],
    [
      'endless indexes',
      () =>
        tar(
          file('index.json', `{"manifests":[{"digest":"sha256:${'a'.repeat(64)}"}]}`),
          file(`blobs/sha256/${'a'.repeat(64)}`, `{"manifests":[{"digest":"sha256:${'a'.repeat(64)}"}]}`),
        ),
      'index.json names no image',
    ],
  ])('is refused: %s', async (_, make, message) => {
    await expect(make().then(load)).rejects.toThrow(message);
  });
});
