// The values of --mount: what is taken, what is refused with a sentence, and where links of the guest's tree put a directory.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMachine } from '@elf/machine';
import { createNodeHost } from '@elf/kernel/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mountAsked } from './mounts.ts';

const work = mkdtempSync(join(tmpdir(), 'elf-mounts-'));
const root = join(work, 'root');
const given = join(work, 'given');
const FROM_ROOT = { base: '/', root: '/' };

beforeAll(() => {
  for (const directory of ['root', 'root/usr', 'root/usr/lib', 'given']) mkdirSync(join(work, directory));
  writeFileSync(join(root, 'file'), '');
  writeFileSync(join(given, 'it'), 'here');
  symlinkSync('usr/lib', join(root, 'lib'));
  symlinkSync('/usr/none', join(root, 'dangling'));
  symlinkSync('/../../../given', join(root, 'outside'));
  symlinkSync('file', join(root, 'to-file'));
  symlinkSync('loop', join(work, 'loop'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function mounted(...values: string[]) {
  const { kernel } = createMachine({ host: createNodeHost({ root }) });
  const wrong = mountAsked(kernel, { values: new Map([['mount', values]]), rest: [] });
  return { wrong: wrong?.mistake, tree: kernel.tree };
}

describe('--mount', () => {
  it.each([
    ['/new', '/new/it'],
    ['/new/deep/er/', '/new/deep/er/it'],
    ['/usr/lib', '/usr/lib/it'],
    ['//usr///lib', '/usr/lib/it'],
    // Where links lead, as seen in the tree: never out of it.
    ['/lib/x', '/usr/lib/x/it'],
    ['/lib/x/y', '/lib/x/y/it'],
    ['/dangling/x', '/usr/none/x/it'],
    ['/outside', '/given/it'],
  ])('shows a directory at %s', (guest, expected) => {
    const { wrong, tree } = mounted(`${given}:${guest}`);
    expect(wrong).toBeUndefined();
    expect(tree.status(FROM_ROOT, expected, true)).toMatchObject({ sizeInBytes: 4 });
  });

  it.each([
    ['', 'takes host:guest'],
    [':', 'takes host:guest'],
    ['x', 'takes host:guest'],
    ['GIVEN:', 'takes host:guest'],
    [':/x', 'takes host:guest'],
    ['GIVEN:/x:ro:rw', 'takes host:guest'],
    ['GIVEN:/x:', 'ro or rw, not '],
    ['GIVEN:/x:RO', 'ro or rw, not RO'],
    ['GIVEN:x', 'is no absolute path'],
    ['GIVEN:/', 'is no absolute path'],
    ['GIVEN:///', 'is no absolute path'],
    ['GIVEN:/.', 'is no absolute path'],
    ['GIVEN:/a/../..', 'is no absolute path'],
    ['GIVEN:/file', '/file leads through a file'],
    ['GIVEN:/file/x', '/file/x leads through a file'],
    ['GIVEN:/to-file/x', '/to-file/x leads through a file'],
    ['GIVEN/it:/x', 'is no directory'],
    ['GIVEN/it/y:/x', 'a part of the path is not a directory'],
    ['GIVEN/none:/x', 'no such file or directory'],
    ['GIVEN/../loop:/x', 'too many symbolic links'],
    [`/${'a'.repeat(300)}:/x`, 'the name is too long'],
  ])('refuses %s', (value, sentence) => {
    expect(mounted(value.replace('GIVEN', given)).wrong).toContain(sentence);
  });

  it('puts one directory into another that was mounted before it', () => {
    const { wrong, tree } = mounted(`${given}:/first`, `${given}:/first/second:ro`);
    expect(wrong).toBeUndefined();
    for (const path of ['/first/it', '/first/second/it'])
      expect(tree.status(FROM_ROOT, path, true)).toMatchObject({ sizeInBytes: 4 });
  });
});
