// Inherited personality flags: maps as Linux 6.18 showed them for the same images under setarch's flags (its vDSO left out).
import { bytesBacking } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import type { ExecRequest, ExecSuccess } from './exec-request.ts';
import { PersonalityFlag } from './personality-flags.ts';
import {
  type BuiltElf,
  type BuiltSegment,
  buildElf,
  ET_DYN,
  INTERP,
  LOAD,
  R,
  STACK,
  W,
  X,
} from './test-support/elf-builder.ts';
import { buildElf32 } from './test-support/kernel/elf32-builder.ts';
import { run, succeed } from './test-support/run-execve.ts';

const { AddressNoRandomize, MmapPageZero, AddressCompatLayout, ReadImpliesExecute, AddressLimit3Gb } = PersonalityFlag;
const root = { uid: 0, euid: 0, gid: 0, egid: 0, mayMapLowPages: true };
const stack: BuiltSegment = { type: STACK, flags: R | W };
const text: BuiltSegment = { type: LOAD, flags: R | X, vaddr: 0, filesz: 0x1000, memsz: 0x1000, align: 0x1000 };
const interp: BuiltSegment = { type: INTERP, offset: 0x1800, filesz: 4, memsz: 4 };
const interp32: BuiltSegment = { type: INTERP, offset: 0x1800, filesz: 6, memsz: 6 };
const low = { ...text, vaddr: 0x8048000 };
const data: BuiltSegment[] = [
  { type: LOAD, flags: R | W, vaddr: 0x8050000, filesz: 0x800, memsz: 0x3000 },
  { type: LOAD, flags: R, vaddr: 0x8060000, filesz: 0x800, memsz: 0x800 },
];
const pie = (segments: readonly BuiltSegment[], path = ''): BuiltElf => ({
  type: ET_DYN,
  entry: 0x900,
  segments,
  contents: { 6144: path },
});
const files = {
  '/pie': buildElf(pie([interp, text, stack], '/ld\0')),
  '/static': buildElf(pie([{ ...text, align: 2 ** 45 }, stack])),
  '/ld': buildElf(pie([text, stack])),
  '/pie32': buildElf32(pie([interp32, text, stack], '/ld32\0')),
  '/ld32': buildElf32(pie([text, stack])),
  '/rw32': buildElf32({ entry: 0x8048900, segments: [low, stack, ...data] }),
  '/rwx32': buildElf32({ entry: 0x8048900, segments: [low, { ...stack, flags: R | W | X }, data[0]] }),
  '/rw': buildElf({ entry: 0x8048900, segments: [low, stack, ...data] }),
};
const start = (path: string, personalityFlags: number, changes: Partial<ExecRequest> = {}) =>
  succeed(run(files, { path, argv: [path, 'one'], credentials: root, personalityFlags, ...changes }));
const maps = ({ space }: ExecSuccess) =>
  space
    .mapsText()
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(0, 2).join(' '));

describe('personality flags', () => {
  // biome-ignore format: one row per line
  const rows: [string, string, number, string[]][] = [
    ['MMAP_PAGE_ZERO',                '/pie32',  MmapPageZero,        ['00000000-00001000 r-xp', '56555000-56556000 r-xp', 'f7ffd000-f7ffe000 r-xp', 'fffdd000-ffffe000 rw-p']],
    ['MMAP_PAGE_ZERO',                '/static', MmapPageZero,        ['00000000-00001000 r-xp', '600000000000-600000001000 r-xp', '7ffffffde000-7ffffffff000 rw-p']],
    ['ADDR_COMPAT_LAYOUT',            '/pie32',  AddressCompatLayout, ['55555000-55556000 r-xp', '56555000-56556000 r-xp', 'fffdd000-ffffe000 rw-p']],
    ['ADDR_COMPAT_LAYOUT',            '/pie',    AddressCompatLayout, ['2aaaaaaab000-2aaaaaaac000 r-xp', '555555554000-555555555000 r-xp', '7ffffffde000-7ffffffff000 rw-p']],
    ['ADDR_COMPAT_LAYOUT',            '/static', AddressCompatLayout, ['200000000000-200000001000 r-xp', '7ffffffde000-7ffffffff000 rw-p']],
    ['ADDR_LIMIT_3GB',                '/pie32',  AddressLimit3Gb,     ['41000000-41001000 r-xp', 'b7fff000-b8000000 r-xp', 'bffdf000-c0000000 rw-p']],
    ['ADDR_LIMIT_3GB',                '/pie',    AddressLimit3Gb,     ['555555554000-555555555000 r-xp', '7ffff7ffe000-7ffff7fff000 r-xp', '7ffffffde000-7ffffffff000 rw-p']],
    ['READ_IMPLIES_EXEC',             '/rw32',   ReadImpliesExecute,  ['08048000-08049000 r-xp', '08050000-08051000 rwxp', '08051000-08053000 rwxp', '08060000-08061000 r-xp', 'fffdd000-ffffe000 rw-p']],
    ['READ_IMPLIES_EXEC, stack rwx',  '/rwx32',  ReadImpliesExecute,  ['08048000-08049000 r-xp', '08050000-08051000 rwxp', '08051000-08053000 rwxp', 'fffdd000-ffffe000 rwxp']],
    ['READ_IMPLIES_EXEC, forgotten',  '/rw',     ReadImpliesExecute,  ['08048000-08049000 r-xp', '08050000-08051000 rw-p', '08051000-08053000 rw-p', '08060000-08061000 r--p', '7ffffffde000-7ffffffff000 rw-p']],
  ];
  it.each(rows)('%s for %s', (_name, path, flags, expected) => {
    const outcome = start(path, flags | AddressNoRandomize);
    expect(maps(outcome)).toEqual(expected);
    expect(outcome.space.checkInvariants()).toEqual([]);
    const step = outcome.record.find((each) => each.step === 'inherit personality');
    expect(step?.inputs.caller).toBe(`0x${(flags | AddressNoRandomize).toString(16)}`);
  });

  it('switch randomisation off', () => {
    const fixed = start('/pie', 0);
    expect(maps(start('/pie', AddressNoRandomize, { randomizationSeed: 1 }))).toEqual(maps(fixed));
    expect(maps(start('/pie', 0, { randomizationSeed: 1 }))).not.toEqual(maps(fixed));
    expect(fixed.record.some(({ step }) => step === 'inherit personality')).toBe(false);
  });

  it('are not inherited by programs with the rights of their file', () => {
    const bytes = files['/pie'];
    const setId = (mode: number) => {
      const program = { source: bytesSource(bytes), backing: bytesBacking(bytes), mode, owner: { uid: 0, gid: 0 } };
      const personalityFlags = AddressNoRandomize | MmapPageZero;
      const request = { path: '/set', credentials: root, personalityFlags, randomizationSeed: 1 };
      return succeed(run({ ...files, '/set': program }, request));
    };
    expect(setId(0o755).loadBias).toBe(0x555555554000);
    expect(setId(0o4755).loadBias).not.toBe(0x555555554000);
    expect(setId(0o2755).loadBias).not.toBe(0x555555554000);
    // Set-group-id without group execute permission marks mandatory locks.
    expect(setId(0o2745).loadBias).toBe(0x555555554000);
    expect(setId(0o4755).space.find(0)).toBeUndefined();
  });

  it('ignore a page zero that the caller may not map', () => {
    const outcome = start('/pie', MmapPageZero, { credentials: { uid: 1, euid: 1, gid: 1, egid: 1 } });
    expect(outcome.space.find(0)).toBeUndefined();
    expect(outcome.record.find(({ step }) => step === 'map page zero')?.decision).toContain('EPERM');
  });
});
