// The acceptance table of all loaders, by execve and by judgeImage: what one refuses the other finds (loader policy 5.4).
import { Access, FaultCause, UserMemory } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { ExecErrno } from '../exec-errno.ts';
import { judgeImage } from '../judge-image.ts';
import {
  type BuiltElf,
  type BuiltSegment,
  buildElf,
  ET_DYN,
  INTERP,
  LOAD,
  NOTE,
  R,
  STACK,
  textSegment,
  W,
} from '../test-support/elf-builder.ts';
import { foundingTwin } from '../test-support/founding-twins.ts';
import { profileNamed, run, succeed, type TestFile, verdict } from '../test-support/run-execve.ts';

const { ENOEXEC, EIO, EACCES, ENOENT, ELIBBAD, ELOOP } = ExecErrno;
/** Profile, input, what execve does, and the first rule that judgeImage names; none for what only other files decide. */
type Row = [string, BuiltElf | string, 'ok' | 'SIGSEGV' | number, string?];

const freebsdNote = Uint8Array.of(
  8,
  0,
  0,
  0,
  4,
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  ...new TextEncoder().encode('FreeBSD\0'),
  0,
  0,
  0,
  0,
);
const headers = (count: number, phoff = 64, firsts: readonly BuiltSegment[] = [textSegment]): BuiltElf => ({
  segments: [...firsts, ...Array.from({ length: count - firsts.length }, () => ({ type: 0 }))],
  phoff,
  fileBytes: phoff + count * 56 + 0x2000,
});
const interpreted = (path: string, filesz: number, changes: BuiltElf = {}): BuiltElf => ({
  segments: [{ type: INTERP, offset: 0x800, filesz, memsz: filesz }, textSegment],
  contents: { 2048: path },
  fileBytes: 0x4000,
  ...changes,
});
const load = (changes: Partial<BuiltSegment>): BuiltElf => ({ segments: [{ ...textSegment, ...changes }] });
const later: BuiltSegment = { type: LOAD, flags: R | W, vaddr: 0x600000, filesz: 0x100, memsz: 0x100 };
const aligns = (...values: number[]): BuiltElf => ({
  segments: values.map((align, index) => ({ ...textSegment, vaddr: 0x400000 + index * 0x10000, align })),
});
/** One PT_NOTE that is filled by one note. */
const note = (filesz: number): BuiltElf => ({
  segments: [textSegment, { type: NOTE, offset: 0x1000, filesz }],
  contents: { 0x1004: Uint8Array.of(...[0, 8, 16, 24].map((shift) => (Math.max(0, filesz - 12) >>> shift) & 0xff)) },
  fileBytes: 0x1010 + filesz,
});
/** Two PT_NOTEs. */
const twoNotes = (first: number, second: number, contents: BuiltElf['contents'] = {}): BuiltElf => ({
  segments: [
    textSegment,
    { type: NOTE, offset: 0x1000, filesz: first },
    { type: NOTE, offset: 0x1400, filesz: second },
  ],
  contents,
});
const noteHeader = (nameBytes: number, type: number, name = '') =>
  Uint8Array.of(
    nameBytes,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    ...[0, 8, 16, 24].map((shift) => (type >>> shift) & 0xff),
    ...new TextEncoder().encode(name),
  );
/** A program FreeBSD knows for its own. */
const native = (elf: BuiltElf): BuiltElf => ({ ...elf, ident: [2, 1, 1, 9] });
const stack = (flags: number): BuiltElf => ({ segments: [textSegment, { type: STACK, flags }] });
const chain = (length: number): Record<string, TestFile> =>
  Object.fromEntries(
    Array.from({ length }, (_, index) => [
      index === 0 ? '/program' : `/s${index}`,
      `#!${index === length - 1 ? '/ld' : `/s${index + 1}`}\n`,
    ]),
  );

const others: Record<string, TestFile> = {
  '/ld': buildElf({ type: ET_DYN, entry: 0x800, segments: [{ ...textSegment, vaddr: 0 }] }),
  '/ld-interpreted': buildElf({
    type: ET_DYN,
    segments: [
      { ...textSegment, vaddr: 0 },
      { type: INTERP, offset: 0x800, filesz: 4 },
    ],
    contents: { 2048: '/ld\0' },
  }),
  '/directory': { isRegularFile: false },
  '/short': 'abcd',
  '/text': 'x'.repeat(64),
  '/none': buildElf({ phnum: 0 }),
  '/arm': buildElf({ machine: 183 }),
  '/object': buildElf({ type: 1 }),
  '/no-load': buildElf({ type: ET_DYN, segments: [{ type: STACK }] }),
  '/small': buildElf({ type: ET_DYN, segments: [{ ...textSegment, vaddr: 0, memsz: 1 }] }),
  '/bin/sh': buildElf({}),
};

// biome-ignore format: one row per case
const tables: Record<string, Row[]> = {
  linux: [
    ['1170 program headers',            headers(1170),                                   'ok'],
    ['1171 program headers',            headers(1171),                                   ENOEXEC,   'elf-phnum'],
    ['e_phentsize 55',                  { phentsize: 55 },                               ENOEXEC,   'elf-phentsize'],
    ['e_phentsize 57',                  { phentsize: 57 },                               ENOEXEC,   'elf-phentsize'],
    ['e_phnum 0',                       { phnum: 0 },                                    ENOEXEC,   'elf-phnum'],
    ['e_phnum 0xffff',                  { phnum: 0xffff },                               ENOEXEC,   'elf-phnum'],
    ['e_phoff at the last byte',        { phoff: 0x1fff },                               ENOEXEC,   'elf-phdr-table'],
    ['e_phoff 2^63',                    { phoff: 2n ** 63n },                            ENOEXEC,   'elf-phdr-table'],
    ['e_phoff odd',                     { phoff: 0x101 },                                'ok'],
    ['table outside all PT_LOADs',      { phoff: 0x1800 },                               'ok'],
    ['garbage in e_ident',              { ident: [1, 2, 9, 99] },                        'ok'],
    ['e_version 7',                     { version: 7 },                                  'ok'],
    ['ET_REL',                          { type: 1 },                                     ENOEXEC,   'elf-type'],
    ['ET_CORE',                         { type: 4 },                                     ENOEXEC,   'elf-type'],
    ['e_machine 183',                   { machine: 183 },                                ENOEXEC,   'elf-machine'],
    ['PT_INTERP of 1 byte',             interpreted('\0', 1),                            ENOEXEC,   'interp-size'],
    ['PT_INTERP of 4097 bytes',         interpreted('/ld\0', 4097),                      ENOEXEC,   'interp-size'],
    ['PT_INTERP not terminated',        interpreted('/ldx', 4),                          ENOEXEC,   'interp-termination'],
    ['PT_INTERP past the end',          { segments: [{ type: INTERP, offset: 0x1ffe, filesz: 4 }, textSegment] }, EIO, 'interp-read'],
    ['PT_INTERP empty',                 interpreted('\0\0', 2),                          EACCES],
    ['interpreter missing',             interpreted('/missing\0', 9),                    ENOENT],
    ['interpreter a directory',         interpreted('/directory\0', 11),                 EACCES],
    ['interpreter of 4 bytes',          interpreted('/short\0', 7),                      EIO],
    ['interpreter a text',              interpreted('/text\0', 6),                       ELIBBAD],
    ['interpreter with e_phnum 0',      interpreted('/none\0', 6),                       ELIBBAD],
    ['interpreter of another machine',  interpreted('/arm\0', 5),                        ELIBBAD],
    ['interpreter ET_REL',              interpreted('/object\0', 8),                     'SIGSEGV'],
    ['interpreter without PT_LOAD',     interpreted('/no-load\0', 9),                    'SIGSEGV'],
    ['interpreter filesz > memsz',      interpreted('/small\0', 7),                      'SIGSEGV'],
    ['PT_LOAD not congruent',           load({ offset: 0x10 }),                          'SIGSEGV', 'load-congruence'],
    ['filesz > memsz',                  load({ memsz: 0xfff }),                          'SIGSEGV', 'load-filesz'],
    ['at TASK_SIZE',                    load({ vaddr: 0x7ffffffff000 }),                 'SIGSEGV', 'load-address'],
    ['at 0, unprivileged',              load({ vaddr: 0 }),                              'SIGSEGV', 'load-minimum-address'],
    ['at the limit',                    load({ vaddr: 0x10000 }),                        'ok'],
    ['two PT_LOADs on one page, descending', { segments: [{ ...textSegment, vaddr: 0x400000, memsz: 0x1800 }, { ...textSegment, vaddr: 0x400000 }] }, 'ok'],
    ['PT_LOAD past the end of the file', load({ filesz: 0x4000, memsz: 0x4000 }),        'ok'],
    ['empty file',                      '',                                              ENOEXEC,   'elf-magic'],
    ['1 byte',                          '#',                                             ENOEXEC,   'elf-magic'],
    ['"#!" only',                       '#!',                                            EACCES],
    ['"#!\\n"',                         '#!\n',                                          ENOEXEC,   'script-line'],
    ['"# !/bin/sh"',                    '# !/bin/sh\n',                                  ENOEXEC,   'elf-magic'],
    ['a script that names itself',      '#!/program\n',                                  ELOOP],
    ['a PT_NOTE of 37 MB',              note(0x23cda2c),                                 'ok'],
  ],
  'linux-6.16': [
    ['73 program headers',              headers(73),                                     'ok'],
    ['74 program headers',              headers(74),                                     ENOEXEC,   'elf-phnum'],
  ],
  freebsd: [
    ['e_phoff 0x2baed64',               native(headers(15, 0x2baed64)),                  ENOEXEC,   'freebsd-phdr-first-page'],
    ['64 with 73 entries',              native(headers(73)),                             ENOEXEC,   'freebsd-phdr-first-page'],
    ['64 with 72 entries',              native(headers(72)),                             'ok'],
    ['e_phoff 68',                      native({ phoff: 68 }),                           ENOEXEC,   'freebsd-phdr-alignment'],
    ['EI_CLASS 1',                      { ident: [1, 1, 1, 9] },                         ENOEXEC,   'elf-class'],
    ['EI_DATA 2',                       { ident: [2, 2, 1, 9] },                         ENOEXEC,   'elf-data'],
    ['EI_VERSION 9',                    { ident: [2, 1, 9, 9] },                         ENOEXEC,   'elf-ident-version'],
    ['e_version 7',                     native({ version: 7 }),                          ENOEXEC,   'elf-version'],
    ['e_phentsize 57',                  native({ phentsize: 57 }),                       ENOEXEC,   'elf-phentsize'],
    ['e_machine 183',                   native({ machine: 183 }),                        ENOEXEC,   'elf-machine'],
    ['ET_REL',                          native({ type: 1 }),                             ENOEXEC,   'elf-type'],
    ['p_align 3',                       native(aligns(3)),                               ENOEXEC,   'freebsd-align'],
    ['p_align 2^31',                    native(aligns(2 ** 31)),                         ENOEXEC,   'freebsd-align'],
    ['p_align 0 and 2 MiB',             native(aligns(0, 0x200000)),                     'ok'],
    ['memsz wraps in sum',              native({ segments: [{ ...textSegment, memsz: 2n ** 63n }, { ...later, memsz: 2n ** 63n }] }), ENOEXEC, 'freebsd-size-overflow'],
    ['two PT_INTERPs',                  native({ segments: [textSegment, { type: INTERP, offset: 0x800, filesz: 4 }, { type: INTERP, offset: 0x800, filesz: 4 }], contents: { 2048: '/ld\0' } }), ENOEXEC, 'freebsd-interp-count'],
    ['PT_INTERP of 1025 bytes',         native(interpreted('/ld\0', 1025)),              ENOEXEC,   'freebsd-interp-size'],
    ['PT_INTERP without NUL',           native(interpreted('/ldx', 4)),                  ENOEXEC,   'freebsd-interp-nul'],
    ['PT_INTERP without NUL on a later page', native({ segments: [{ type: INTERP, offset: 0x1800, filesz: 3 }, textSegment], contents: { 0x1800: '/ldx' } }), 'ok'],
    ['an interpreter',                  native(interpreted('/ld\0', 4)),                 'ok'],
    ['interpreter missing: too late',   native(interpreted('/missing\0', 9)),            'SIGSEGV'],
    ['PT_GNU_STACK read only',          native(stack(R)),                                ENOEXEC,   'freebsd-stack-flags'],
    ['PT_GNU_STACK rw',                 native(stack(R | W)),                            'ok'],
    ['no brand',                        {},                                              ENOEXEC,   'freebsd-brand'],
    ['brand by note',                   { segments: [textSegment, { type: NOTE, offset: 0x1000, filesz: freebsdNote.length }], contents: { 4096: freebsdNote } }, 'ok'],
    ['brand by old text',               { ident: [2, 1, 1, 0, ...new TextEncoder().encode('FreeBSD\0')] }, 'ok'],
    ['beyond the address space',        native(load({ vaddr: 0x7ffffffff000 })),         ENOEXEC,   'freebsd-span'],
    ['filesz > memsz',                  native(load({ memsz: 0xfff })),                  'SIGSEGV', 'freebsd-truncated'],
    ['truncated file',                  native(load({ filesz: 0x4000, memsz: 0x4000 })), 'SIGSEGV', 'freebsd-truncated'],
    ['two PT_LOADs on one page',        native({ segments: [textSegment, { ...textSegment, vaddr: 0x400800, offset: 0x800, filesz: 1, memsz: 1 }] }), 'SIGSEGV', 'freebsd-overlap'],
    ['Linux, by OSABI',                 { ident: [2, 1, 1, 3] },                         ENOEXEC,   'freebsd-brand'],
  ],
  'freebsd-linuxulator': [
    ['Linux, by OSABI',                 { ident: [2, 1, 1, 3] },                         'ok'],
    ['Linux, by interpreter',           interpreted('/lib64/ld-linux-x86-64.so.2\0', 28), 'SIGSEGV'],
    ['nobody',                          {},                                              ENOEXEC,   'freebsd-brand'],
    ['e_phoff 0x2baed64',               { ...headers(15, 0x2baed64), ident: [2, 1, 1, 3] }, ENOEXEC, 'freebsd-phdr-first-page'],
  ],
  openbsd: [
    ['33 program headers',              headers(33),                                     ENOEXEC,   'openbsd-phnum'],
    ['p_align 3',                       aligns(3),                                       ExecErrno.EINVAL, 'openbsd-align'],
    ['p_memsz 0',                       load({ filesz: 0, memsz: 0 }),                   ExecErrno.EINVAL, 'openbsd-load-size'],
    ['PT_SHLIB',                        { segments: [textSegment, { type: 5 }] },        ENOEXEC,   'openbsd-shlib'],
    ['ET_DYN without PT_PHDR',          { type: ET_DYN, segments: [{ ...textSegment, vaddr: 0 }] }, ExecErrno.EINVAL, 'openbsd-pie'],
    ['ET_DYN linked to an address',     { type: ET_DYN, segments: [{ type: 6 }, textSegment] }, ExecErrno.EINVAL, 'openbsd-pie'],
    ['no note',                         {},                                              ENOEXEC,   'openbsd-note'],
    ['a note of OpenBSD',               { segments: [textSegment, { type: NOTE, offset: 0x1000, filesz: 24 }], contents: { 4096: Uint8Array.of(8, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, ...new TextEncoder().encode('OpenBSD\0'), 0, 0, 0, 0) } }, 'ok'],
  ],
  netbsd: [
    ['128 program headers',             headers(128),                                    ENOEXEC,   'netbsd-note'],
    ['129 program headers',             headers(129),                                    ENOEXEC,   'netbsd-phnum'],
    ['e_phnum 0',                       { phnum: 0 },                                    ENOEXEC,   'netbsd-phnum'],
    ['PT_INTERP with an inner NUL',     interpreted('/ld\0xxx\0', 8),                    ENOEXEC,   'netbsd-interp-length'],
    ['a tag of NetBSD',                 { segments: [textSegment, { type: NOTE, offset: 0x1000, filesz: 24 }], contents: { 4096: Uint8Array.of(7, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, ...new TextEncoder().encode('NetBSD\0\0'), 0, 0, 0, 0) } }, 'ok'],
  ],
  uek: [
    ['PT_NOTE of 0 bytes',              note(0),                                         ENOEXEC,   'uek-note-size'],
    ['PT_NOTE of 11 bytes',             note(11),                                        ENOEXEC,   'uek-note-size'],
    ['PT_NOTE of 12 bytes',             note(12),                                        'ok'],
    ['PT_NOTE of 4 MiB',                note(4194304),                                   'ok'],
    ['PT_NOTE of a byte more',          note(4194305),                                   ENOEXEC,   'uek-note-size'],
    ['74 program headers',              headers(74),                                     ENOEXEC,   'elf-phnum'],
    ['first PT_NOTE empty, last good',  twoNotes(0, 12),                                 'SIGSEGV', 'uek-reserved-note-size'],
    ['first PT_NOTE good, last empty',  twoNotes(12, 0),                                 ENOEXEC,   'uek-note-size'],
    ['4 bytes behind the last note',    twoNotes(12, 16),                                ENOEXEC,   'uek-preserved-memory'],
    ['4 bytes behind the first PT_NOTE', twoNotes(16, 12),                               'ok'],
    ['PT_NOTE past the end of the file', { segments: [textSegment, { type: NOTE, offset: 0x1ff8, filesz: 12 }] }, EIO, 'uek-note-read'],
    ['consent to preserved memory',     twoNotes(12, 32, { 0x1400: noteHeader(17, 0x07c1feed, 'preserved-mem-ok') }), 'ok'],
    ['consent under another name',      twoNotes(12, 32, { 0x1400: noteHeader(17, 0x07c1feed, 'preserved-mem-no') }), ENOEXEC, 'uek-preserved-memory'],
    ['reserved range with a long name', twoNotes(28, 12, { 0x1000: noteHeader(13, 0x07c10001, 'Reserved VAs') }), 'SIGSEGV', 'uek-reserved-note-name'],
  ],
  wsl1: [
    ['p_aligns 0x1000, 0x1000',         aligns(0x1000, 0x1000),                          'ok'],
    ['p_aligns 0x1000, 0x4000',         aligns(0x1000, 0x4000),                          ENOEXEC,   'wsl1-align-equal'],
    ['p_aligns 0x1000, 0',              aligns(0x1000, 0),                               ENOEXEC,   'wsl1-align'],
  ],
  gvisor: [
    ['73 program headers',              headers(73),                                     'ok'],
    ['74 program headers',              headers(74),                                     ENOEXEC,   'gvisor-phnum'],
    ['descending PT_LOADs',             { segments: [later, textSegment] },              ENOEXEC,   'gvisor-order'],
    ['overlapping PT_LOADs',            { segments: [textSegment, { ...textSegment, vaddr: 0x400800, offset: 0x800 }] }, ENOEXEC, 'gvisor-order'],
    ['PT_LOAD that wraps around',       load({ vaddr: 2n ** 64n - 4096n, memsz: 0x2000 }), ENOEXEC, 'gvisor-overflow'],
    ['EI_CLASS 1',                      { ident: [1, 1, 1, 0] },                         ENOEXEC,   'elf-class'],
    ['EI_OSABI 99',                     { ident: [2, 1, 1, 99] },                        'ok'],
    ['e_version 7',                     { version: 7 },                                  'ok'],
    ['file of 63 bytes',                { fileBytes: 64, segments: [] },                 ENOEXEC,   'gvisor-phnum'],
    ['filesz > memsz',                  load({ memsz: 0xfff }),                          'ok'],
    ['PT_LOAD not congruent',           load({ offset: 0x10 }),                          ExecErrno.EINVAL, 'gvisor-congruence'],
    ['at TASK_SIZE',                    load({ vaddr: 0x7ffffffff000 }),                 ExecErrno.ENOMEM, 'gvisor-address'],
    ['second PT_INTERP is bad',         { segments: [textSegment, { type: INTERP, offset: 0x800, filesz: 4 }, { type: INTERP, offset: 0x800, filesz: 1 }], contents: { 2048: '/ld\0' } }, ENOEXEC, 'gvisor-interp-size'],
    ['last PT_INTERP wins',             { segments: [textSegment, { type: INTERP, offset: 0x900, filesz: 9 }, { type: INTERP, offset: 0x800, filesz: 4 }], contents: { 2048: '/ld\0', 0x900: '/missing\0' } }, 'ok'],
    ['interpreter missing',             interpreted('/missing\0', 9),                    ENOENT],
    ['interpreter a text',              interpreted('/text\0', 6),                       ELIBBAD],
    ['interpreter with an interpreter', interpreted('/ld-interpreted\0', 16),            ENOEXEC],
    ['bss of one segment, then bss of the next', { segments: [{ ...textSegment, memsz: 0x1010 }, { ...later, vaddr: 0x401010, offset: 0x10, filesz: 0, memsz: 0x2000 }] }, 'ok'],
    ['bss where a neighbour has file bytes', { segments: [{ ...textSegment, filesz: 0x4000 }, { ...later, vaddr: 0x401000, filesz: 0x100, memsz: 0x2000 }], fileBytes: 0x4000 }, ExecErrno.EEXIST],
    ['p_memsz 0 with bytes in the file', { segments: [textSegment, { ...later, memsz: 0 }] }, 'ok'],
    ['"#!" only',                       '#!',                                            ENOEXEC,   'script-line'],
  ],
};

describe.each(Object.entries(tables))('%s', (name, rows) => {
  const profile = profileNamed(name);
  it.each(rows)('%s', (_case, input, expected, rule) => {
    const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : buildElf(input);
    const outcome = run({ ...others, '/program': bytes }, { profile });
    expect(verdict(outcome)).toBe(expected);
    const { accepted, findings } = judgeImage(profile, bytesSource(bytes));
    expect(findings[0]?.rule).toBe(rule);
    expect(accepted).toBe(rule === undefined);
    if (rule === undefined || outcome.ok) return;
    if (!/-magic$/.test(rule)) expect(outcome.refusal).toMatchObject({ rule, sentence: findings[0].sentence });
    expect(outcome.errno).toBe(findings[0].errno);
    expect(outcome.afterPointOfNoReturn).toBe(findings[0].when === 'after');
  });
});

describe('what no header shows', () => {
  it('UEK looks for the interpreter before it looks at notes', () => {
    const segments = [{ type: INTERP, offset: 0x800, filesz: 9 }, textSegment, { type: NOTE }];
    const program = buildElf(interpreted('/missing\0', 9, { segments }));
    const profile = profileNamed('uek');
    expect(verdict(run({ '/program': program }, { profile }))).toBe(ENOENT);
    expect(judgeImage(profile, bytesSource(program)).findings[0].rule).toBe('uek-note-size');
  });

  it('a chain of six scripts is a loop, of five it is not', () => {
    expect(verdict(run({ ...others, ...chain(5) }))).toBe('ok');
    expect(verdict(run({ ...others, ...chain(6) }))).toBe(ELOOP);
  });

  it('a privileged caller may map page 0', () => {
    const program = buildElf(load({ vaddr: 0 }));
    const credentials = { uid: 0, euid: 0, gid: 0, egid: 0, mayMapLowPages: true };
    expect(verdict(run({ '/program': program }, { credentials }))).toBe('ok');
    const { accepted } = judgeImage(profileNamed('linux'), bytesSource(program), { mayMapLowPages: true });
    expect(accepted).toBe(true);
  });

  it('pages past the end of the file give SIGBUS, and the later of two PT_LOADs wins', () => {
    const past = succeed(run({ '/program': buildElf(load({ filesz: 0x4000, memsz: 0x4000 })) }));
    expect(past.space.resolve(0x402000, Access.Read)).toBe(-FaultCause.BusError);
    const first = { ...textSegment, vaddr: 0x400000, memsz: 0x1000 };
    const second = { ...textSegment, vaddr: 0x400000, offset: 0x1000 };
    const image = buildElf({ segments: [first, second], contents: { 0x1100: 'second' } });
    const user = new UserMemory(succeed(run({ '/program': image })).space);
    expect(new TextDecoder().decode(user.read(0x400100, 6))).toBe('second');
  });
});

describe('the founding binaries', () => {
  const profiles = ['linux', 'linux-5.0', 'gvisor', 'freebsd-linuxulator', 'freebsd', 'uek', 'wsl1'];
  const linker = '/lib64/ld-linux-x86-64.so.2';
  const start = (name: string, profile: string) => {
    const source = foundingTwin(name);
    const readInto = (offset: number, target: Uint8Array) => {
      const bytes = source.read(offset, target.length);
      target.set(bytes);
      return bytes.length;
    };
    const backing = { identity: source, sizeInBytes: () => source.size, readInto };
    return run({ '/program': { source, backing }, [linker]: others['/ld'] }, { profile: profileNamed(profile) });
  };

  // biome-ignore format: one row per file
  const golden: [string, number, number, number, number][] = [
    ['claude-2.1.110',  0x200040,  10, 0x2d1c600, 0xe2fe000],
    ['claude-2.1.126',  0x200040,  10, 0x2d2f400, 0xef9f000],
    ['claude-2.1.329',  0x200040,  14, 0x3329470, 0x16a03000],
    ['copilot-1.0.49',  0x2faed64, 14, 0x7d00f0,  0x11910000],
    ['copilot-1.0.102', 0x3030f64, 15, 0x7ed080,  0x13c50000],
  ];
  it.each(golden)('%s starts as on a real kernel', (name, headersAt, count, entry, brk) => {
    const outcome = succeed(start(name, 'linux'));
    const value = (id: number) => outcome.auxiliaryVector.find((row) => row.id === id)?.value;
    expect([value(3), value(5), value(9), outcome.brk]).toEqual([headersAt, count, entry, brk]);
  });

  it.each(golden)('%s: every loader does what its judgement says', (name) => {
    for (const profile of profiles) {
      const outcome = start(name, profile);
      const { accepted, findings } = judgeImage(profileNamed(profile), foundingTwin(name));
      expect([profile, outcome.ok]).toEqual([profile, accepted]);
      if (!outcome.ok) expect(outcome.refusal.rule).toBe(findings[0].rule);
    }
  });
});
