// The acceptance table of the Linux loader: each row was observed on a real kernel (issue text, loader policy 5.4).
import { Access, FaultCause, Protection, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { ExecErrno } from '../exec-errno.ts';
import {
  type BuiltElf,
  type BuiltSegment,
  buildElf,
  ET_DYN,
  ET_EXEC,
  INTERP,
  LOAD,
  R,
  STACK,
  textSegment,
  W,
  X,
} from '../test-support/elf-builder.ts';
import { run, succeed, verdict } from '../test-support/run-execve.ts';

const { ENOEXEC, EIO, EACCES, ENOENT, ELIBBAD } = ExecErrno;

function interpreted(path: string, filesz: number, fileBytes = 0x2000): BuiltElf {
  const segments = [{ type: INTERP, offset: 0x800, filesz, memsz: filesz }, textSegment];
  return { segments, contents: { 2048: path }, fileBytes };
}

const manyHeaders = (count: number): BuiltElf => ({
  segments: [textSegment, ...Array.from({ length: count - 1 }, () => ({ type: 0 }))],
  fileBytes: 64 + count * 56 + 0x1000,
});

describe('the ELF header rules of Linux', () => {
  // biome-ignore format: one row per line
  const rows: [string, BuiltElf, 'ok' | number][] = [
    ['1170 program headers',                    manyHeaders(1170),                         'ok'],
    ['1171 program headers',                    manyHeaders(1171),                         ENOEXEC],
    ['e_phentsize 55',                          { phentsize: 55 },                         ENOEXEC],
    ['e_phentsize 57',                          { phentsize: 57 },                         ENOEXEC],
    ['e_phnum 0',                               { phnum: 0 },                              ENOEXEC],
    ['e_phnum 0xffff',                          { phnum: 0xffff },                         ENOEXEC],
    ['e_phoff at the last byte',                { phoff: 0x1fff },                         ENOEXEC],
    ['e_phoff 2^63',                            { phoff: 2n ** 63n },                      ENOEXEC],
    ['an odd e_phoff',                          { phoff: 0x101 },                          'ok'],
    ['EI_CLASS 1, EI_DATA 2, EI_VERSION 9, EI_OSABI 99', { ident: [1, 2, 9, 99] },         'ok'],
    ['e_version 7',                             { version: 7 },                            'ok'],
    ['ET_REL',                                  { type: 1 },                               ENOEXEC],
    ['ET_CORE',                                 { type: 4 },                               ENOEXEC],
    ['e_machine 183',                           { machine: 183 },                          ENOEXEC],
    ['p_align 0, 3 and 2^63',                   { segments: [0, 3, 2n ** 63n].map((align, i) =>
      ({ ...textSegment, vaddr: 0x400000 + i * 0x1000, align })) },                        'ok'],
  ];
  it.each(rows)('%s', (_name, elf, expected) => {
    expect(verdict(run({ '/program': buildElf(elf) }))).toBe(expected);
  });

  it('refuses a file system that cannot map files', () => {
    const outcome = run({ '/program': { ...filesWithoutBacking() } });
    expect(verdict(outcome)).toBe(ENOEXEC);
    expect(outcome.ok || outcome.refusal.rule).toBe('elf-mappable');
  });

  function filesWithoutBacking() {
    const bytes = buildElf({});
    return {
      source: { size: bytes.length, read: (at: number, n: number) => bytes.subarray(at, at + n) },
      backing: undefined,
    };
  }

  it('names the rule and gives a sentence', () => {
    const outcome = run({ '/program': buildElf({ machine: 183 }) });
    expect(outcome.ok).toBe(false);
    if (outcome.ok) return;
    expect(outcome.refusal.rule).toBe('elf-machine');
    expect(outcome.refusal.sentence).toContain('183');
    expect(outcome.record.at(-1)?.errno).toBe(ENOEXEC);
  });

  it('takes AT_PHDR from the last PT_LOAD that holds the table, and the bias when none does', () => {
    const outside = succeed(run({ '/program': buildElf({ phoff: 0x1800 }) }));
    expect(phdr(outside)).toBe(0);
    const data: BuiltSegment = { type: LOAD, flags: R, offset: 0, vaddr: 0x600000, filesz: 0x800, memsz: 0x800 };
    expect(phdr(succeed(run({ '/program': buildElf({ segments: [textSegment, data] }) })))).toBe(0x600040);
  });

  const phdr = (outcome: { auxiliaryVector: readonly { id: number; value: number }[] }) =>
    outcome.auxiliaryVector.find(({ id }) => id === 3)?.value;
});

describe('PT_INTERP', () => {
  const loader = buildElf({ type: ET_DYN, entry: 0x800, segments: [{ ...textSegment, vaddr: 0 }] });
  // biome-ignore format: one row per line
  const rows: [string, BuiltElf, 'ok' | number][] = [
    ['of 1 byte',              interpreted('\0', 1),                    ENOEXEC],
    ['of 4097 bytes',          interpreted('/ld\0', 4097, 0x4000),      ENOEXEC],
    ['not terminated',         interpreted('/ldx', 4),                  ENOEXEC],
    ['past the end of file',   { ...interpreted('', 4), segments: [{ type: INTERP, offset: 0x1ffe, filesz: 4 }, textSegment] }, EIO],
    ['empty',                  interpreted('\0\0', 2),                  EACCES],
    ['missing',                interpreted('/missing\0', 9),            ENOENT],
    ['a directory',            interpreted('/directory\0', 11),         EACCES],
    ['of 4 bytes',             interpreted('/short\0', 7),              EIO],
    ['a text',                 interpreted('/text\0', 6),               ELIBBAD],
    ['without headers',        interpreted('/none\0', 6),               ELIBBAD],
    ['of another machine',     interpreted('/arm\0', 5),                ELIBBAD],
    ['good',                   interpreted('/ld\0', 4),                 'ok'],
    ['with an inner NUL',      interpreted('/ld\0xxx\0', 8),            'ok'],
  ];
  const others = {
    '/ld': loader,
    '/directory': { isRegularFile: false },
    '/short': 'abcd',
    '/text': 'x'.repeat(64),
    '/none': buildElf({ phnum: 0 }),
    '/arm': buildElf({ machine: 183 }),
  };
  it.each(rows)('%s', (_name, elf, expected) => {
    expect(verdict(run({ '/program': buildElf(elf), ...others }))).toBe(expected);
  });

  // biome-ignore format: one row per line
  const fatal: [string, BuiltElf][] = [
    ['ET_REL',               { type: 1 }],
    ['without PT_LOAD',      { type: ET_DYN, segments: [{ type: STACK }] }],
    ['with filesz > memsz',  { type: ET_DYN, segments: [{ ...textSegment, vaddr: 0, memsz: 1 }] }],
  ];
  it.each(fatal)('kills the process for an interpreter %s', (_name, elf) => {
    expect(verdict(run({ '/program': buildElf(interpreted('/ld\0', 4)), '/ld': buildElf(elf) }))).toBe('SIGSEGV');
  });

  it('ignores the second one', () => {
    const segments = [...(interpreted('/ld\0', 4).segments ?? []), { type: INTERP, offset: 0x1ffe, filesz: 99 }];
    const outcome = succeed(run({ '/program': buildElf({ ...interpreted('/ld\0', 4), segments }), '/ld': loader }));
    expect(outcome.interpreterBase).toBe(0x7ffff7ffe000);
    expect(outcome.entry).toBe(0x7ffff7ffe800);
    expect(outcome.programEntry).toBe(0x400800);
  });

  it('of type ET_EXEC replaces the program at its addresses', () => {
    const fixed = buildElf({ entry: 0x400900, contents: { 2304: 'loader' } });
    const outcome = succeed(run({ '/program': buildElf(interpreted('/ld\0', 4)), '/ld': fixed }));
    expect(outcome.interpreterBase).toBe(0);
    expect(outcome.entry).toBe(0x400900);
    expect(String.fromCharCode(...(new UserMemory(outcome.space).read(0x400900, 6) ?? []))).toBe('loader');
  });
});

describe('mapping', () => {
  const only = (segment: Partial<BuiltSegment>) => buildElf({ segments: [{ ...textSegment, ...segment }] });
  // biome-ignore format: one row per line
  const rows: [string, Uint8Array, 'ok' | 'SIGSEGV'][] = [
    ['offset and address differ within the page', only({ offset: 0x10 }),                              'SIGSEGV'],
    ['filesz > memsz',                            only({ memsz: 0xfff }),                              'SIGSEGV'],
    ['address at TASK_SIZE',                      only({ vaddr: 0x7ffffffff000 }),                     'SIGSEGV'],
    ['address near 2^64',                         only({ vaddr: 2n ** 64n - 4096n }),                  'SIGSEGV'],
    ['memsz 2^63',                                only({ memsz: 2n ** 63n }),                          'SIGSEGV'],
    ['on the stack',                              only({ vaddr: 0x7fffffffe000 }),                     'SIGSEGV'],
    ['below the limit',                           only({ vaddr: 0xf000 }),                             'SIGSEGV'],
    ['at the limit',                              only({ vaddr: 0x10000 }),                            'ok'],
    ['no PT_LOAD at all',                         buildElf({ segments: [{ type: STACK, flags: R | W }] }), 'ok'],
    ['ET_DYN with span 0',                        buildElf({ type: ET_DYN, segments: [{ ...textSegment, vaddr: 0, filesz: 0, memsz: 0 }] }), 'SIGSEGV'],
  ];
  it.each(rows)('%s', (_name, bytes, expected) => {
    expect(verdict(run({ '/program': bytes }))).toBe(expected);
  });

  it('lets a privileged program have page 0', () => {
    const credentials = { uid: 0, euid: 0, gid: 0, egid: 0, mayMapLowPages: true };
    expect(verdict(run({ '/program': only({ vaddr: 0 }) }, { credentials }))).toBe('ok');
  });

  it('lets the later of two segments on one page win, in any order', () => {
    const segments = [
      { ...textSegment, vaddr: 0x401000, offset: 0x1000 },
      { ...textSegment, flags: R, offset: 0 },
      { ...textSegment, flags: R | W, offset: 0x1000 },
    ];
    const { space } = succeed(
      run({ '/program': buildElf({ segments, contents: { 4096: 'late' }, fileBytes: 0x3000 }) }),
    );
    expect(space.find(0x400000)?.protection).toBe(Protection.Read | Protection.Write);
    expect(new UserMemory(space).readU8(0x400000)).toBe('l'.charCodeAt(0));
  });

  it('answers a touch past the end of the file with a bus error', () => {
    const { space } = succeed(run({ '/program': only({ filesz: 0x5000, memsz: 0x5000 }) }));
    expect(space.resolve(0x401000, Access.Read)).toBeGreaterThan(0);
    expect(space.resolve(0x402000, Access.Read)).toBe(-FaultCause.BusError);
  });

  it('zeroes the tail of a writable segment and leaves that of another visible', () => {
    const contents = { 256: 'AAAAAAAA' };
    const tail = (flags: number) => {
      const bytes = buildElf({ segments: [{ ...textSegment, flags, filesz: 0x104, memsz: 0x3000 }], contents });
      const { space } = succeed(run({ '/program': bytes }));
      return { byte: new UserMemory(space).readU8(0x400104), bss: space.find(0x401000)?.protection };
    };
    expect(tail(R | W)).toEqual({ byte: 0, bss: Protection.Read | Protection.Write });
    expect(tail(R | X)).toEqual({ byte: 'A'.charCodeAt(0), bss: 7 });
    expect(tail(R)).toEqual({ byte: 'A'.charCodeAt(0), bss: Protection.Read | Protection.Write });
  });

  it('shows file bytes up to the page end, and before the segment from the page start', () => {
    const contents = { 64: 'before', 2304: 'after' };
    const headers = 0x1200;
    const segment = { type: LOAD, flags: R | W, offset: 0x100, vaddr: 0x400100, filesz: 0x100, memsz: 0x100 };
    const { space } = succeed(run({ '/program': buildElf({ phoff: headers, segments: [segment], contents }) }));
    const text = (at: number, length: number) => String.fromCharCode(...(new UserMemory(space).read(at, length) ?? []));
    expect(text(0x400040, 6)).toBe('before');
    expect(text(0x400900, 5)).toBe('after');
  });

  it('makes the stack executable only when PT_GNU_STACK says so, the last one winning', () => {
    const stackRights = (...flags: number[]) => {
      const segments = [textSegment, ...flags.map((each) => ({ type: STACK, flags: each }))];
      const { space, stackPointer } = succeed(run({ '/program': buildElf({ segments }) }));
      return space.find(stackPointer)?.protection;
    };
    expect(stackRights()).toBe(3);
    expect(stackRights(R | W | X)).toBe(7);
    expect(stackRights(R | W | X, R | W)).toBe(3);
  });
});

describe('placement of ET_DYN', () => {
  const pie = (segments: BuiltSegment[]) => buildElf({ type: ET_DYN, entry: 0x800, segments });
  const loader = pie([{ ...textSegment, vaddr: 0 }]);
  const interp = { type: INTERP, offset: 0x1800, filesz: 4, memsz: 4 };
  const program = (segments: BuiltSegment[]) => {
    const bytes = pie([interp, ...segments]);
    bytes.set([0x2f, 0x6c, 0x64, 0], 0x1800);
    return succeed(run({ '/program': bytes, '/ld': loader }));
  };

  it('puts a program with interpreter at two thirds of the address space, wherever it is linked', () => {
    expect(program([{ ...textSegment, vaddr: 0 }]).loadBias).toBe(0x555555554000);
    const linked = program([{ ...textSegment, vaddr: 0x10000 }]);
    expect(linked.space.find(0x555555554000)).toBeDefined();
    expect(linked.loadBias).toBe(0x555555544000);
  });

  it('honours an alignment of 2 MiB', () => {
    expect(program([{ ...textSegment, vaddr: 0, align: 0x200000 }]).loadBias).toBe(0x555555400000);
  });

  it('puts the first listed segment at the base and lower ones below it', () => {
    const { space } = program([
      { ...textSegment, vaddr: 0x4000 },
      { ...textSegment, vaddr: 0 },
    ]);
    expect(space.find(0x555555554000)).toBeDefined();
    expect(space.find(0x555555550000)).toBeDefined();
  });

  it('puts a static PIE right below the mmap base, with the heap at two thirds', () => {
    const segments = [
      { ...textSegment, vaddr: 0, memsz: 0x1000 },
      { type: LOAD, flags: R | W, vaddr: 0x1000, memsz: 0x1000 },
    ];
    const small = succeed(run({ '/program': pie(segments) }));
    expect(small.loadBias).toBe(0x7ffff7ffd000);
    expect(small.brk).toBe(0x555555555000);
    const aligned = succeed(run({ '/program': pie([{ ...textSegment, vaddr: 0, align: 0x200000 }]) }));
    expect(aligned.loadBias).toBe(0x7ffff7e00000);
  });

  it('leaves an ET_EXEC at its addresses and the heap behind its last segment', () => {
    const segments = [
      textSegment,
      { type: LOAD, flags: R | W, offset: 0x1000, vaddr: 0x403000, filesz: 0x100, memsz: 0x1234 },
    ];
    const outcome = succeed(run({ '/program': buildElf({ type: ET_EXEC, segments }) }));
    expect(outcome.loadBias).toBe(0);
    expect(outcome.brk).toBe(0x405000);
    expect(outcome.space.brk(0)).toBe(0x405000);
    expect(outcome.space.programBreak.dataBytes).toBe(0x100);
    expect(outcome.marks).toMatchObject({
      startCode: 0x400000,
      endCode: 0x401000,
      startData: 0x403000,
      endData: 0x403100,
    });
  });
});
