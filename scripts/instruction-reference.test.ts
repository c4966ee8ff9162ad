// The committed reference of instructions is what the rows say.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { instructionFamilies } from '../packages/x86/src/isa/index.ts';
import { instructionReference } from './instruction-reference.ts';

describe('docs/reference/instructions.md', () => {
  const committed = readFileSync(new URL('../docs/reference/instructions.md', import.meta.url), 'utf8');

  it('is up to date (npx tsx scripts/generate-instruction-reference.ts)', () => {
    expect(committed).toBe(instructionReference());
  });

  it('shows every encoding', () => {
    for (const { rows } of instructionFamilies)
      for (const { encoding } of rows)
        expect(committed).toContain(`\`${encoding.text.replace(/^m(32|64)only /, '')}\``);
  });
});
