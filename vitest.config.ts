// One vitest configuration for the workspace: packages resolve to their sources, so tests need no build.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(`${root}packages`);
const alias = [
  // A subpath export `@elf/parse/interp` is the module of that name in src/.
  { find: new RegExp(`^@elf/(${names.join('|')})/(.+)$`), replacement: `${root}packages/$1/src/$2.ts` },
  { find: new RegExp(`^@elf/(${names.join('|')})$`), replacement: `${root}packages/$1/src/index.ts` },
];

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
