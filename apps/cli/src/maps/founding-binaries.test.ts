// What started the project, in the file itself where it has been fetched: which code a page policy damages, and how much of it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findPagePolicy } from '@elf/pagesize';
import { describe, expect, it } from 'vitest';
import { HostExecutables } from '../host-executables.ts';
import { openElf, reportImage } from './image-report.ts';
import { damagedProgram } from './test-support/damaged-program.ts';

const path = fileURLToPath(new URL('../../../../.elf-cache/claude-2.1.110', import.meta.url));
const isFetched = existsSync(path);

/** The report of the fetched file, or of the small program that is laid out like it. */
function report(policy: string) {
  const files = new HostExecutables();
  try {
    const file = isFetched ? files.open(path) : undefined;
    if (typeof file === 'number') throw new Error(`error ${file} for ${path}`);
    const bytes = damagedProgram();
    const read = (offset: number, length: number) => bytes.subarray(offset, offset + length);
    const source = file?.source ?? { size: bytes.length, read };
    const elf = openElf({ source, backing: undefined, mode: 0o755, isRegularFile: true });
    return reportImage({ role: 'program', path, bias: 0n, elf: elf! }, findPagePolicy(policy)!, 0x4000);
  } finally {
    files.close();
  }
}

describe(isFetched ? 'claude-2.1.110 at 16 KiB' : 'the small twin of claude-2.1.110 at 16 KiB', () => {
  it.each(['qemu-3.1-8.0', 'latx-pre304'])('loses its .plt and .iplt under %s', (policy) => {
    const { damage, damagedBytes, differingBytes } = report(policy);
    const sections = damage.map(({ names }) => names.sections.map(({ name }) => name));
    const expected = isFetched
      ? { sections: [['.text', '.init', '.fini', '.plt', '.iplt']], damagedBytes: 9040n, differingBytes: 5128 }
      : { sections: [['.text', '.plt', '.iplt']], damagedBytes: 4512n, differingBytes: 4495 };
    expect({ sections, damagedBytes, differingBytes }).toEqual(expected);
  });

  it('loses nothing since LATX pull request 304', () => {
    expect(report('latx-304')).toMatchObject({ damage: [], damagedBytes: 0n, differingBytes: 0 });
  });
});
