// Checks that every relative link of the committed Markdown files leads to a file, and to a heading where it names one.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Markdown without code, so that brackets in examples are not taken for links. */
const withoutCode = (markdown: string) => markdown.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** Targets of inline links and images that point into the repository. */
function relativeLinks(markdown: string): string[] {
  const targets = [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map((match) => match[1]);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** Heading anchors as GitHub makes them. */
function anchors(markdown: string): Set<string> {
  const found = new Set<string>();
  for (const match of markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6}\s+(.+)$/gm)) {
    const slug = match[1]
      .toLowerCase()
      .replace(/[^\p{L}\d\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    let name = slug;
    for (let copy = 1; found.has(name); copy += 1) name = `${slug}-${copy}`;
    found.add(name);
  }
  return found;
}

/** What is wrong with a link of a file, undefined when nothing is. */
function broken(file: string, target: string): string | undefined {
  const [path, anchor] = target.split('#');
  const destination = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
  const full = join(root, destination);
  if (destination.startsWith('..') || !existsSync(full)) return `${target}: no such file`;
  if (!anchor) return undefined;
  if (/^L\d+/.test(anchor)) return `${target}: line numbers go stale, link to the file`;
  if (statSync(full).isDirectory() || !anchors(readFileSync(full, 'utf8')).has(anchor))
    return `${target}: no such heading`;
  return undefined;
}

const markdownFiles = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path && existsSync(join(root, path)));

describe('links in documents', () => {
  for (const file of markdownFiles) {
    it(file, () => {
      const links = relativeLinks(readFileSync(join(root, file), 'utf8'));
      expect(links.map((target) => broken(file, target)).filter(Boolean)).toEqual([]);
    });
  }
  it('sees a broken link and a missing heading', () => {
    expect(relativeLinks('[a](./no-such-file.md) `[b](c)` [w](https://example.test)')).toEqual(['./no-such-file.md']);
    expect(broken('README.md', './no-such-file.md')).toMatch(/no such file/);
    expect(broken('README.md', '#no-such-heading')).toMatch(/no such heading/);
    expect(anchors('# The `elf` command: run!\n')).toEqual(new Set(['the-elf-command-run']));
  });
  it('finds that ARCHITECTURE.md links to source files', () => {
    const links = relativeLinks(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'));
    expect(links.filter((target) => target.endsWith('.ts')).length).toBeGreaterThan(10);
  });
});
