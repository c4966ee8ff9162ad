// Seals of memory files, change by change.
import { GuestMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { memoryClock } from '../host/memory/memory-clock.ts';
import { Seal } from './file-seals.ts';
import { MemoryBudget } from './memory-budget.ts';
import { createMemoryFile } from './memory-file.ts';
import type { OpenFile } from './open-file.ts';

const PAGE = 4096;
const EPERM = -1;

function sealed(current: number, sizeInBytes: number) {
  const file = createMemoryFile({
    name: '/memfd:sealed (deleted)',
    mode: 0o600,
    inode: 1,
    seals: { current: 0 },
    clock: memoryClock(),
    credentials: { effectiveUser: 0, effectiveGroup: 0 },
    frames: new GuestMemory().fileFrames,
    budget: new MemoryBudget(),
  }) as OpenFile;
  file.truncate?.(sizeInBytes);
  if (file.seals) file.seals.current = current;
  return file;
}

describe('seals', () => {
  it('against growing let writes reach the last page they fill', () => {
    const file = sealed(Seal.Grow, PAGE + 500);
    const bytes = new Uint8Array(3 * PAGE);
    expect([file.write(bytes, 0), file.write(bytes.subarray(0, 100), PAGE + 450)]).toEqual([PAGE, EPERM]);
    expect([file.write(bytes.subarray(0, 50), PAGE + 450), file.truncate?.(2 * PAGE)]).toEqual([50, EPERM]);
    expect([file.truncate?.(PAGE), file.status()]).toMatchObject([0, { sizeInBytes: PAGE }]);
  });

  it('against shrinking leave growing', () => {
    const file = sealed(Seal.Shrink, 10);
    expect([file.truncate?.(9), file.truncate?.(10), file.write(Uint8Array.of(1), 10)]).toEqual([EPERM, 0, 1]);
  });

  it.each([Seal.Write, Seal.FutureWrite])('against writing (%i) leave nothing but empty writes', (seal) => {
    const file = sealed(seal, 10);
    expect([file.write(Uint8Array.of(1), 0), file.write(new Uint8Array(0), 0)]).toEqual([EPERM, 0]);
    expect([file.punchHole?.(0, 5), file.truncate?.(5)]).toEqual([EPERM, 0]);
  });

  it('against execution hold the execute bits only', () => {
    const file = sealed(Seal.Exec, 10);
    expect([file.setMode?.(0o700), file.setMode?.(0o644)]).toEqual([EPERM, 0]);
    expect(file.status()).toMatchObject({ mode: 0o100644 });
  });
});
