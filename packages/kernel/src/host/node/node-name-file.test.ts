// Names for files that were opened without one, on a host that can make them (O_TMPFILE; Linux).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Errno } from '../../errno.ts';
import { nodeDirectory } from './node-directory.ts';

const root = mkdtempSync(join(tmpdir(), 'elf-unnamed-'));
const request = { read: true, write: true, createMode: 0o600, isUnnamed: true };
const isPossible = (() => {
  const opened = nodeDirectory(root).open('', request);
  if (typeof opened === 'object') opened.close();
  return typeof opened === 'object';
})();

describe.skipIf(!isPossible)('a file of the host without a name', () => {
  it.each([{}, { isGuarded: true }, { isSandboxed: true }])('gets one, if it may: %j', (options) => {
    const files = nodeDirectory(root, options);
    const opened = files.open('', request);
    if (typeof opened === 'number') throw new Error(`${opened}`);
    opened.write(new TextEncoder().encode('kept'), 0);
    const name = `named-${Object.keys(options)}`;
    expect([opened.nameAs?.(name), opened.nameAs?.(name)]).toEqual([0, -Errno.EEXIST]);
    opened.close();
    expect(readFileSync(join(root, name), 'utf8')).toBe('kept');
    rmSync(join(root, name));
  });

  it('keeps none with O_EXCL', () => {
    const opened = nodeDirectory(root).open('', { ...request, staysUnnamed: true });
    expect(typeof opened === 'object' && opened.nameAs).toBe(undefined);
    if (typeof opened === 'object') opened.close();
    rmSync(root, { recursive: true });
  });
});
