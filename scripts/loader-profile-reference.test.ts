// The committed reference of loader profiles is what the rows say.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LOADER_PROFILES } from '../packages/exec/src/index.ts';
import { loaderProfileReference } from './loader-profile-reference.ts';

describe('docs/reference/loader-profiles.md', () => {
  const committed = readFileSync(new URL('../docs/reference/loader-profiles.md', import.meta.url), 'utf8');

  it('is up to date (npx tsx scripts/generate-loader-profile-reference.ts)', () => {
    expect(committed).toBe(loaderProfileReference());
  });

  it('has a section for every profile and names every rule', () => {
    for (const { name, elfRules, segmentRules } of LOADER_PROFILES) {
      expect(committed).toContain(`\n## ${name}\n`);
      for (const { rule } of [...elfRules, ...segmentRules]) expect(committed).toContain(`| \`${rule}\` |`);
    }
  });
});
