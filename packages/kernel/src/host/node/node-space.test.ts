// What a Node host tells statfs(2) about the file system it stands on.
import { statfsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../node.ts';

describe('the space of a host', () => {
  it('is that of its root, in bytes and in files', () => {
    const { blocks, bsize, files } = statfsSync('/');
    const space = createNodeHost().files.space?.();
    expect(space).toMatchObject({ total: blocks * bsize, files });
    expect(space?.freeFiles).toBeLessThanOrEqual(files);
  });
});
