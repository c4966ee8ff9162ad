// Proves that each architecture rule fires on a bad example and stays silent on a good one.
import { describe, expect, it } from 'vitest';
import { RULES } from './architecture/rules.ts';
import { sourceFile } from './architecture/source-file.ts';

const head = '// What this example file is.\n';
// Written in pieces so that the rule does not find its own example.
const machinePath = ['', 'work', 'x'].join('/');

type Files = Record<string, string>;
const examples: Record<string, { bad: Files[]; good: Files[] }> = {
  'forbidden-arrow': {
    bad: [
      { 'packages/parse/src/a.ts': `${head}import { x } from '@elf/mm';` },
      { 'packages/mm/src/a.ts': `${head}export type { Cpu } from '@elf/x86';` },
      { 'packages/kernel/src/a.test.ts': `${head}import { createCpu } from '@elf/x86';` },
      { 'packages/pagesize/src/a.ts': `${head}import { open } from '@elf/parse';` },
      { 'packages/exec/src/a.ts': `${head}const m = await import('@elf/kernel');` },
      { 'packages/unknown/src/a.ts': head },
    ],
    good: [
      { 'packages/mm/src/a.ts': `${head}import { roundUp } from '@elf/pagesize';` },
      { 'packages/pagesize/src/a.ts': `${head}import type { Elf } from '@elf/parse';` },
      { 'packages/parse/src/a.ts': `${head}// import { x } from '@elf/mm';` },
    ],
  },
  'forbidden-dependency': {
    bad: [
      { 'packages/parse/package.json': '{ "dependencies": { "left-pad": "1" } }' },
      { 'packages/mm/package.json': '{ "peerDependencies": { "@elf/exec": "workspace:^" } }' },
    ],
    good: [{ 'packages/mm/package.json': '{ "dependencies": { "@elf/pagesize": "workspace:^" } }' }],
  },
  'relative-reach': {
    bad: [{ 'packages/mm/src/a.ts': `${head}import { x } from '../../parse/src/x.ts';` }],
    good: [{ 'packages/mm/src/tlb/a.ts': `${head}import { x } from '../x.ts';` }],
  },
  'host-import': {
    bad: [
      { 'packages/parse/src/a.ts': `${head}import { readSync } from 'node:fs';` },
      { 'packages/parse/src/a.ts': `${head}import commander from 'commander';` },
      { 'packages/kernel/src/a.ts': `${head}/// <reference lib="dom" />` },
      { 'packages/kernel/src/a.ts': `${head}const p = (globalThis as { process?: unknown }).process;` },
    ],
    good: [
      { 'packages/parse/src/node.ts': `${head}import { readSync } from 'node:fs';` },
      { 'packages/kernel/src/host/node/a.ts': `${head}import { readSync } from 'node:fs';` },
      { 'packages/parse/src/a.test.ts': `${head}import { readSync } from 'node:fs';` },
      { 'apps/cli/src/main.ts': `${head}import { readSync } from 'node:fs';` },
    ],
  },
  'import-cycle': {
    bad: [
      {
        'packages/mm/src/a.ts': `${head}import { b } from './b.ts';`,
        'packages/mm/src/b.ts': `${head}export { a } from './a.ts';`,
      },
    ],
    good: [
      {
        'packages/mm/src/a.ts': `${head}import { b } from './b.ts';`,
        'packages/mm/src/b.ts': `${head}import type { A } from './a.ts';`,
      },
    ],
  },
  'file-size': {
    bad: [{ 'packages/mm/src/a.ts': head + 'x;\n'.repeat(400) }],
    good: [
      { 'packages/mm/src/a.ts': head + 'x;\n'.repeat(399) },
      { 'packages/mm/src/a.ts': `// table: many rows of data\n${'x;\n'.repeat(900)}` },
    ],
  },
  'first-line': {
    bad: [{ 'packages/mm/src/a.ts': "import { x } from './x.ts';" }, { 'packages/mm/src/a.ts': '// todo\n' }],
    good: [
      { 'packages/mm/src/a.ts': head },
      { 'scripts/a.ts': `#!/usr/bin/env node\n${head}` },
      { 'packages/mm/src/a.ts': '/** What this file is. */' },
    ],
  },
  'banned-name': {
    bad: [
      { 'packages/mm/src/utils.ts': head },
      { 'packages/mm/src/types.ts': head },
      { 'packages/mm/src/common/a.ts': head },
      { 'packages/mm/src/helper.test.ts': head },
    ],
    good: [{ 'packages/mm/src/argument-types-of-call.ts': head }, { 'packages/x86/src/uop/helpers/divide.ts': head }],
  },
  'star-export': {
    bad: [
      { 'packages/mm/src/index.ts': `${head}export * from './a.ts';` },
      { 'packages/mm/src/index.ts': `${head}export * as a from './a.ts';` },
    ],
    good: [{ 'packages/mm/src/index.ts': `${head}export { a } from './a.ts';` }],
  },
  'page-mask': {
    bad: [
      { 'packages/mm/src/a.ts': `${head}const page = address & ~0xfff;` },
      { 'packages/exec/src/a.ts': `${head}const size = 4_096;` },
      { 'packages/x86/src/a.ts': `${head}const index = address >>> 12;` },
      { 'packages/linux/src/a.ts': `${head}const big = value & 0xfffn;` },
      { 'packages/linux/src/a.ts': `${head}const next = address + 0x1000;` },
    ],
    good: [
      { 'packages/pagesize/src/rounding.ts': `${head}const mask = 0xfff;` },
      { 'packages/mm/src/tlb/layout.ts': `${head}const index = address >>> 12;` },
      { 'packages/linux/src/a.ts': `${head}const PATH_MAX = 4096; // not a page size: limits.h` },
      {
        'packages/linux/src/a.ts': `${head}const mode = 0o7777 & all, flags = { EMPTY: 0x1000 }, empty = set & 0x1000;`,
      },
      { 'packages/mm/src/a.test.ts': `${head}const size = 4096;` },
      { 'packages/mm/src/a.ts': `${head}// 4096 in a comment\nconst text = '0xfff'; const twelve = 12;` },
    ],
  },
  'machine-path': {
    bad: [{ 'docs/a.md': `see ${machinePath}` }, { 'pnpm-lock.yaml': '    tarball: https://host/x.tgz' }],
    good: [{ 'docs/a.md': 'see /usr/bin and ./framework/x' }],
  },
};

const asFiles = (files: Files) => Object.entries(files).map(([path, text]) => sourceFile(path, text));

describe('architecture rules', () => {
  it('has an example for every rule', () => {
    expect(Object.keys(examples).sort()).toEqual(RULES.map((rule) => rule.name).sort());
  });
  for (const rule of RULES) {
    const { bad, good } = examples[rule.name] ?? { bad: [], good: [] };
    it(`${rule.name} fires on bad examples`, () => {
      for (const files of bad) expect(rule.check(asFiles(files)), JSON.stringify(files)).not.toEqual([]);
    });
    it(`${rule.name} is silent on good examples`, () => {
      for (const files of good) expect(rule.check(asFiles(files)), JSON.stringify(files)).toEqual([]);
    });
  }
  it('machine-path finds the registry in use', () => {
    const rule = RULES.find(({ name }) => name === 'machine-path')!;
    const previous = process.env.npm_config_registry;
    process.env.npm_config_registry = 'https://packages.example.test/npm/';
    try {
      expect(rule.check(asFiles({ 'docs/a.md': 'from packages.example.test' }))).toHaveLength(1);
    } finally {
      if (previous === undefined) delete process.env.npm_config_registry;
      else process.env.npm_config_registry = previous;
    }
  });
});
