// Who may do what: expectations as Linux answers (man 7 path_resolution, man 2 unlink, man 2 open).
import { describe, expect, it } from 'vitest';
import { FileTree, MemoryFileSystem, memoryClock } from '../index.ts';

const [EPERM, EACCES] = [-1, -13];
const mode = { readable: true, writable: true, append: false, nonBlocking: false };

function treeFor(user: number, group = user, supplementary: number[] = []) {
  const tree = new FileTree();
  const files = new MemoryFileSystem(memoryClock());
  for (const [path, owner, bits] of [
    ['closed', 0, 0o700],
    ['open', 0, 0o777],
    ['sticky', 0, 0o1777],
    ['shared', 5, 0o2775],
  ] as const) {
    files.makeDirectory(path, bits);
    files.setOwner(path, owner, owner);
    files.writeFile(`${path}/file`, new Uint8Array(1), 0o640);
    files.setOwner(`${path}/file`, 7, 8);
  }
  tree.mounts.mount('/', files);
  return { tree, view: { base: '/', root: '/', who: { user, group, supplementary } }, files };
}

const outcome = (value: unknown) => (typeof value === 'number' ? value : 'open');

describe('rights of somebody who is not user 0', () => {
  it.each([
    ['reading as owner', 7, 7, [], 'open/file', true, false, 'open'],
    ['writing as owner', 7, 7, [], 'open/file', true, true, 'open'],
    ['reading as group', 9, 8, [], 'open/file', true, false, 'open'],
    ['reading as supplementary group', 9, 9, [8], 'open/file', true, false, 'open'],
    ['writing as group', 9, 8, [], 'open/file', false, true, EACCES],
    ['reading as another', 9, 9, [], 'open/file', true, false, EACCES],
    ['going through a closed directory', 7, 7, [], 'closed/file', true, false, EACCES],
    ['user 0', 0, 0, [], 'closed/file', true, true, 'open'],
  ] as const)('%s', (_title, user, group, supplementary, path, read, write, expected) => {
    const { tree, view } = treeFor(user, group, [...supplementary]);
    expect(outcome(tree.open(view, path, { read, write }, mode))).toBe(expected);
  });

  it.each([
    ['the owner of the file', 7, 'sticky/file', 0],
    ['another, sticky', 9, 'sticky/file', EPERM],
    ['another, not sticky', 9, 'open/file', 0],
    ['another, closed', 9, 'shared/file', EACCES],
  ] as const)('removing: %s', (_title, user, path, expected) => {
    const { tree, view } = treeFor(user);
    expect(tree.change(view, path, false, (files, at) => files.removeFile(at), 'removed')).toBe(expected);
  });

  it('renaming takes rights on both directories', () => {
    const { tree, view } = treeFor(7);
    const rename = (from: string, to: string) =>
      tree.pair([view, from], [view, to], false, (files, left, right) => files.rename(left, right), true);
    expect(rename('open/file', 'shared/new')).toBe(EACCES);
    expect(rename('shared/file', 'open/new')).toBe(EACCES);
    expect(rename('open/file', 'sticky/new')).toBe(0);
  });

  it('a new file belongs to its maker, in a set-group-ID directory to the group of that', () => {
    const { tree, view, files } = treeFor(9, 9, [5]);
    for (const path of ['open/new', 'shared/new'])
      expect(outcome(tree.open(view, path, { read: true, write: true, createMode: 0o644 }, mode))).toBe('open');
    expect(files.status('open/new')).toMatchObject({ user: 9, group: 9 });
    expect(files.status('shared/new')).toMatchObject({ user: 9, group: 5 });
    expect(tree.create(view, 'shared/directory', true, (each, at) => each.makeDirectory(at, 0o755))).toBe(0);
    expect(files.status('shared/directory')).toMatchObject({ user: 9, group: 5, mode: 0o042755 });
    expect(outcome(tree.open(view, 'closed/new', { read: true, write: true, createMode: 0o644 }, mode))).toBe(EACCES);
  });

  it('an outsider makes no set-group-ID program, whatever the umask took', () => {
    const { tree, view, files } = treeFor(9, 9, []);
    const create = (path: string, createMode: number, askedMode: number) =>
      outcome(tree.open(view, path, { read: true, write: true, createMode, askedMode }, mode));
    files.setOwner('shared', 9, 5);
    files.setMode('shared', 0o2777);
    expect(create('shared/a', 0o2777, 0o2777)).toBe('open');
    expect(create('shared/b', 0o2767, 0o2777)).toBe('open');
    expect(create('shared/c', 0o2767, 0o2767)).toBe('open');
    expect(['a', 'b', 'c'].map((name) => (files.status(`shared/${name}`) as { mode: number }).mode)).toEqual([
      0o100777, 0o100767, 0o102767,
    ]);
  });
});
