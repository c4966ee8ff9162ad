// Where a vDSO goes: maps and vector as Linux 6.18 showed them for a program with an interpreter of one page.
import { bytesBacking } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import type { ExecRequest } from './exec-request.ts';
import { type BuiltSegment, buildElf, ET_DYN, INTERP, LOAD, R, STACK, W, X } from './test-support/elf-builder.ts';
import { run, succeed } from './test-support/run-execve.ts';

const text: BuiltSegment = { type: LOAD, flags: R | X, vaddr: 0, filesz: 0x1000, memsz: 0x1000, align: 0x1000 };
const stack: BuiltSegment = { type: STACK, flags: R | W };
const interp: BuiltSegment = { type: INTERP, offset: 0x1800, filesz: 4, memsz: 4 };
const pie = (segments: readonly BuiltSegment[], path = '') =>
  buildElf({ type: ET_DYN, entry: 0x900, segments, contents: { 6144: path } });
const files = { '/p': pie([interp, text, stack], '/ld\0'), '/ld': pie([text, stack]) };
const backing = bytesBacking(new Uint8Array(0x2000));
const dataAreas = [
  { name: '[vvar]', sizeInBytes: 0x4000, backing },
  { name: '[vvar_vclock]', sizeInBytes: 0x2000, backing },
];
const vdso = { 'x86-64': { backing, sizeInBytes: 0x2000, dataAreas } };
const start = (changes: Partial<ExecRequest> = {}) =>
  succeed(run(files, { path: '/p', argv: ['/p'], vdso, ...changes }));
const areas = ({ space }: ReturnType<typeof start>) =>
  space
    .mapsText()
    .split('\n')
    .filter((line) => line.includes('[v'))
    .map((line) =>
      line
        .split(/ +/)
        .filter((_, index) => [0, 1, 5].includes(index))
        .join(' '),
    );

describe('a vDSO', () => {
  it('lies right below the interpreter, its data below it', () => {
    const outcome = start();
    expect(areas(outcome)).toEqual([
      '7ffff7ff6000-7ffff7ffa000 r--p [vvar]',
      '7ffff7ffa000-7ffff7ffc000 r--p [vvar_vclock]',
      '7ffff7ffc000-7ffff7ffe000 r-xp [vdso]',
    ]);
    expect(outcome.auxiliaryVector[0]).toEqual({ id: 33, name: 'AT_SYSINFO_EHDR', value: 0x7ffff7ffc000 });
    const [MADV_DONTNEED, EINVAL] = [4, -22];
    const drop = (address: number) => outcome.space.advise(address, 0x1000, MADV_DONTNEED);
    expect([0x7ffff7ff6000, 0x7ffff7ffa000, 0x7ffff7ffc000].map(drop)).toEqual([EINVAL, EINVAL, 0]);
    expect(outcome.space.checkInvariants()).toEqual([]);
  });

  it('is not refused by RLIMIT_AS, and counts', () => {
    const bytes = start().space.mappedBytes;
    const outcome = start({ limits: { addressSpaceLimitInBytes: bytes - 0x1000 } });
    expect(areas(outcome)).toHaveLength(3);
    expect(outcome.space.map({ length: 0x1000, protection: 1 })).toBe(-12);
  });

  it('is not there for other programs, nor on kernels that announce none', () => {
    expect(areas(start({ vdso: { i386: vdso['x86-64'] } }))).toEqual([]);
    expect(areas(start({ hostPageBytes: 0x4000 }))).toEqual([]);
    const announced = start({ vdso: { address: 0x1234000 } });
    expect(areas(announced)).toEqual([]);
    expect(announced.auxiliaryVector[0].value).toBe(0x1234000);
  });
});
