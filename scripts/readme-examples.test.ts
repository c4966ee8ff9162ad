// Runs every TypeScript example of the READMEs: each ```ts fence is a module that asserts what it claims.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const workFolder = join(root, '.cache/readme-examples');

/** The ```ts fences of a Markdown text with the line each starts at. */
function typescriptExamples(markdown: string): { line: number; code: string }[] {
  const examples: { line: number; code: string }[] = [];
  for (const match of markdown.matchAll(/^```ts[ \t]*\n([\s\S]*?)^```[ \t]*$/gm)) {
    examples.push({ line: markdown.slice(0, match.index).split('\n').length, code: match[1] });
  }
  return examples;
}

const packages = readdirSync(join(root, 'packages'));
const readmes = [
  { name: 'root', path: 'README.md', wanted: false },
  ...packages.map((name) => ({ name, path: `packages/${name}/README.md`, wanted: true })),
];

mkdirSync(workFolder, { recursive: true });
for (const { name, path, wanted } of readmes) {
  describe(path, () => {
    const examples = typescriptExamples(existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');
    if (wanted) it('has an example', () => expect(examples.length).toBeGreaterThan(0));
    examples.forEach(({ line, code }, index) => {
      it(`example at line ${line} runs`, async () => {
        // An example that asserts nothing would pass whatever the library does.
        expect(code, 'an example must use node:assert').toMatch(/assert/);
        const file = join(workFolder, `${name}-${index}.ts`);
        writeFileSync(file, code);
        await import(/* @vite-ignore */ file);
      });
    });
  });
}

describe('fence extraction', () => {
  it('takes ts fences only', () => {
    const markdown = 'a\n```ts\nlet x = 1;\n```\n```sh\nls\n```\n```ts\nlet y;\n```\n';
    expect(typescriptExamples(markdown)).toEqual([
      { line: 2, code: 'let x = 1;\n' },
      { line: 8, code: 'let y;\n' },
    ]);
  });
});
