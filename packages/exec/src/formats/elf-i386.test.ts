// 32-bit programs: layout, stack and permissions as Linux 6.18 showed them for the same images (ptrace, /proc/PID/maps and auxv).
import { UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { ExecErrno } from '../exec-errno.ts';
import type { ExecRequest, ExecSuccess } from '../exec-request.ts';
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
} from '../test-support/elf-builder.ts';
import { buildElf32 } from '../test-support/kernel/elf32-builder.ts';
import { run, succeed, verdict } from '../test-support/run-execve.ts';

const { ENOEXEC, ELIBBAD } = ExecErrno;
const text: BuiltSegment = { type: LOAD, flags: R | X, vaddr: 0x8048000, filesz: 0x1000, memsz: 0x1000, align: 0x1000 };
const stack: BuiltSegment = { type: STACK, flags: R | W };
const load = (flags: number, vaddr: number, filesz: number, memsz: number): BuiltSegment => ({
  type: LOAD,
  flags,
  vaddr,
  filesz,
  memsz,
  align: 0x1000,
});
const pie = (segment: Partial<BuiltSegment>, ...more: BuiltSegment[]): BuiltElf => ({
  type: ET_DYN,
  entry: Number(segment.vaddr ?? 0) + 0x900,
  segments: [{ ...text, vaddr: 0, ...segment }, ...more, stack],
});

function interpreted(path: string, elf: BuiltElf): BuiltElf {
  const interp = { type: INTERP, offset: 0x1800, filesz: path.length + 1, memsz: path.length + 1 };
  return { ...elf, segments: [interp, ...(elf.segments ?? [])], contents: { 6144: `${path}\0` } };
}

const others = { '/ld': buildElf32(pie({})), '/ld-high': buildElf32(pie({ vaddr: 0x30000 })) };
/** The real kernel was asked as root. */
const credentials = { uid: 0, euid: 0, gid: 0, egid: 0, mayMapLowPages: true };
const start = (elf: BuiltElf, changes: Partial<ExecRequest> = {}) =>
  run({ '/program': buildElf32({ entry: 0x8048900, ...elf }), ...others }, { credentials, ...changes });

/** Ranges and permissions as in /proc/PID/maps. */
const maps = ({ space }: ExecSuccess) =>
  space
    .mapsText()
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(0, 2).join(' '));

describe('the layout of a 32-bit program', () => {
  // biome-ignore format: one row per line
  const rows: [string, BuiltElf, string[], number][] = [
    ['ET_EXEC',                 { segments: [text, stack] },                                    ['08048000-08049000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x8049000],
    ['EM_486',                  { machine: 6, segments: [text, stack] },                        ['08048000-08049000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x8049000],
    ['an executable stack',     { segments: [text, { ...stack, flags: 7 }, load(R | W, 0x8050000, 0x800, 0x3000)] },
      ['08048000-08049000 r-xp', '08050000-08051000 rw-p', '08051000-08053000 rw-p', 'fffdd000-ffffe000 rwxp'], 0x8053000],
    ['two gibibytes of zeros',  { segments: [text, stack, load(R | W, 0x9000000, 0x800, 0x80000000)] },
      ['08048000-08049000 r-xp', '09000000-09001000 rw-p', '09001000-89000000 rw-p', 'fffdd000-ffffe000 rw-p'], 0x89000000],
    ['a PIE',                   interpreted('/ld', pie({})),                                    ['56555000-56556000 r-xp', 'f7ffd000-f7ffe000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x56556000],
    ['a PIE of 2 MiB',          interpreted('/ld', pie({ align: 0x200000 })),                   ['56400000-56401000 r-xp', 'f7ffd000-f7ffe000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x56401000],
    ['a PIE linked high',       interpreted('/ld', pie({ vaddr: 0x30000 })),                    ['56555000-56556000 r-xp', 'f7ffd000-f7ffe000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x56556000],
    ['ld.so linked high',       interpreted('/ld-high', pie({})),                               ['56555000-56556000 r-xp', 'f7ffd000-f7ffe000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x56556000],
    ['ET_EXEC, ld.so high',     interpreted('/ld-high', { segments: [text, stack] }),           ['00030000-00031000 r-xp', '08048000-08049000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x8049000],
    ['a static PIE',            pie({}),                                                        ['f7ffd000-f7ffe000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x56555000],
    ['a static PIE of 2 MiB',   pie({ align: 0x200000 }),                                       ['f7e00000-f7e01000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x56555000],
    ['a static PIE of 3.8 GiB', pie({}, load(R, 0xf0000000, 0x1000, 0x1000)),                   ['07ffd000-07ffe000 r-xp', 'f7ffd000-f7ffe000 r--p', 'fffdd000-ffffe000 rw-p'], 0x56555000],
    ['no PT_LOAD',              { segments: [stack] },                                          ['fffdd000-ffffe000 rw-p'], 0],
    ['a segment on the stack',  { segments: [text, stack, load(R | W, 0xffffd000, 0x800, 0x800)] },
      ['08048000-08049000 r-xp', 'fffdd000-ffffd000 rw-p', 'ffffd000-ffffe000 rw-p'], 0xffffe000],
    ['address 0',               { entry: 0x900, segments: [{ ...text, vaddr: 0 }, stack] },     ['00000000-00001000 r-xp', 'fffdd000-ffffe000 rw-p'], 0x1000],
  ];
  it.each(rows)('%s', (_name, elf, expected, brk) => {
    const outcome = succeed(start(elf));
    expect(maps(outcome)).toEqual(expected);
    expect(outcome.brk).toBe(brk);
    expect(outcome).toMatchObject({ abi: 'i386', personality: 'linux', format: 'elf-i386', registers: {} });
    expect(outcome.readImpliesExecute).toBe(false);
  });

  it('without PT_GNU_STACK makes executable what can be read', () => {
    const segments = [
      text,
      load(R | W, 0x8050000, 0x800, 0x3000),
      load(R, 0x8060000, 0x800, 0x800),
      load(W, 0x8070000, 0, 0x800),
      load(R, 0x8080000, 0x800, 0x3800),
      load(X, 0x8090000, 0x800, 0x800),
      load(W, 0x80a0000, 0x800, 0x800),
    ];
    const outcome = succeed(start({ segments }));
    expect(maps(outcome)).toEqual([
      '08048000-08049000 r-xp',
      '08050000-08051000 rwxp',
      '08051000-08053000 rwxp',
      '08060000-08061000 r-xp',
      '08070000-08071000 rwxp',
      '08080000-08081000 r-xp',
      '08081000-08084000 rwxp',
      '08090000-08091000 --xp',
      '080a0000-080a1000 -w-p',
      'fffdd000-ffffe000 rwxp',
    ]);
    expect(outcome.readImpliesExecute).toBe(true);
    expect(outcome.isStackExecutable).toBe(true);
  });
});

describe('what the 32-bit loader refuses', () => {
  // biome-ignore format: one row per line
  const rows: [string, BuiltElf, 'ok' | 'SIGSEGV' | number][] = [
    ['2048 program headers',     { segments: [{ ...text, offset: 0x11000 }, ...Array.from({ length: 2047 }, () => ({ type: 0 }))], fileBytes: 0x13000 }, 'ok'],
    ['2049 program headers',     { segments: [{ ...text, offset: 0x11000 }, ...Array.from({ length: 2048 }, () => ({ type: 0 }))], fileBytes: 0x13000 }, ENOEXEC],
    ['e_phentsize 56',           { segments: [text], phentsize: 56 },                                        ENOEXEC],
    ['e_phoff near 2^32',        { segments: [text], phoff: 0xfffffff0 },                                    ENOEXEC],
    ['EI_CLASS 2',               { segments: [text], ident: [2, 1, 1] },                                     'ok'],
    ['a 64-bit interpreter',     interpreted('/ld64', { segments: [text, stack] }),                          ELIBBAD],
    ['at TASK_SIZE',             { segments: [text, load(R | W, 0xffffe000, 0x800, 0x800)] },                'SIGSEGV'],
    ['first segment on stack',   { entry: 0xffffd900, segments: [{ ...text, vaddr: 0xffffd000 }] },          'SIGSEGV'],
    ['p_memsz 2^32 - 1',         { segments: [text, load(R | W, 0x9000000, 0x800, 0xffffffff)] },            'SIGSEGV'],
    ['not congruent',            { segments: [{ ...text, offset: 0x10 }] },                                  'SIGSEGV'],
    ['p_filesz above p_memsz',   { segments: [{ ...text, memsz: 0xfff }] },                                  'SIGSEGV'],
    ['entry above TASK_SIZE',    { segments: [text], entry: 0xfffff000 },                                    'SIGSEGV'],
    ['a PIE of nearly 4 GiB',    pie({}, load(R, 0xfffff000, 0x1000, 0x1000)),                               'SIGSEGV'],
  ];
  it.each(rows)('%s', (_name, elf, expected) => {
    const outcome = run(
      { '/program': buildElf32({ entry: 0x8048900, ...elf }), '/ld64': buildElf({}) },
      { credentials },
    );
    expect(verdict(outcome)).toBe(expected);
  });

  it('names the rule of the loader that knew the machine', () => {
    const outcome = start({ segments: [text], phentsize: 56 });
    expect(outcome.ok || outcome.refusal).toMatchObject({
      rule: 'elf-phentsize',
      sentence: 'e_phentsize is 56 instead of 32.',
    });
  });

  it('is asked after the 64-bit loader, which leaves other machines alone', () => {
    const tried = start({ segments: [text] }).record.filter(({ step }) => step.startsWith('try '));
    expect(tried.map(({ step }) => step)).toContain('try elf');
    expect(verdict(run({ '/program': buildElf({ machine: 3 }) }))).toBe(ENOEXEC);
  });
});

/** The stack of a static program `./st32 one two` with A=1, as the kernel left it: from esp to 0xffffe000; random bytes cleared. */
const RECORDED_STACK = [
  '03000000dedfffffe5dfffffe9dfffff00000000eddfffff0000000020000000e0c5fff72100000000c0fff733000000b02e000010000000',
  'fffb8b1f06000000001000001100000064000000030000003480040804000000200000000500000004000000070000000000000008000000',
  '0000000009000000009004080b000000000000000c000000000000000d000000000000000e00000000000000170000000000000019000000',
  'bbdfffff1a000000020000001f000000f1dfffff0f000000cbdfffff1b0000001c0000001c00000020000000000000000000000000000000',
  '000000000000000000000000000000000000000000000000000000693638360000000000000000000000000000002e2f73743332006f6e65',
  '0074776f00413d31002e2f73743332000000000000000000',
].join('');

describe('the stack of a 32-bit program', () => {
  const program: BuiltElf = {
    entry: 0x8049000,
    segments: [
      load(R, 0x8048000, 0xd8, 0xd8),
      { ...load(R | X, 0x8049000, 9, 9), offset: 0x1000 },
      { type: 4, flags: R, offset: 0xb4, vaddr: 0x80480b4, filesz: 0x24, memsz: 0x24 },
      stack,
    ],
  };
  const outcome = succeed(
    run(
      { './st32': buildElf32(program) },
      {
        path: './st32',
        argv: ['./st32', 'one', 'two'],
        envp: ['A=1'],
        credentials,
        entropy: { fill: (bytes) => bytes.fill(0) },
        hardwareCapabilities: { hwcap: 0x1f8bfbff, hwcap2: 2, minimumSignalStackBytes: 0x2eb0 },
        vdso: { address: 0xf7ffc000, systemCallEntry: 0xf7ffc5e0 },
      },
    ),
  );

  it('is the kernel’s, byte for byte', () => {
    expect(outcome.stackPointer).toBe(0xffffded0);
    const bytes = new UserMemory(outcome.space).read(outcome.stackPointer, 0xffffe000 - outcome.stackPointer);
    expect(Buffer.from(bytes ?? []).toString('hex')).toBe(RECORDED_STACK);
  });

  it('has the borders of /proc/PID/stat', () => {
    expect(outcome.marks).toEqual({
      startCode: 0x8049000,
      endCode: 0x8049009,
      startData: 0x8049000,
      endData: 0x8049009,
      argumentStart: 0xffffdfde,
      argumentEnd: 0xffffdfed,
      environmentStart: 0xffffdfed,
      environmentEnd: 0xffffdff1,
    });
  });
});
