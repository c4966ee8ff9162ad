// What loaders do otherwise than Linux 6.18 with an image they accept: places, AT_PHDR, zeroes, stack, names in the record.
import { UserMemory } from '@elf/mm';
import { decodeText } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import type { ExecSuccess } from '../exec-request.ts';
import { LOADER_PROFILES } from '../profiles/index.ts';
import {
  type BuiltElf,
  type BuiltSegment,
  buildElf,
  ET_DYN,
  INTERP,
  LOAD,
  R,
  STACK,
  textSegment,
  W,
  X,
} from '../test-support/elf-builder.ts';
import { profileNamed, run, succeed } from '../test-support/run-execve.ts';
import { readGvisorScriptLine } from './gvisor.ts';

const ld = buildElf({ type: ET_DYN, entry: 0x800, segments: [{ ...textSegment, vaddr: 0 }] });
const start = (profile: string, elf: BuiltElf, argv: readonly string[] = ['program'], envp: readonly string[] = []) =>
  succeed(run({ '/program': buildElf(elf), '/ld': ld }, { profile: profileNamed(profile), argv, envp }));
const entry = ({ auxiliaryVector }: ExecSuccess, id: number) => auxiliaryVector.find((row) => row.id === id)?.value;
const ids = ({ auxiliaryVector }: ExecSuccess) => auxiliaryVector.map(({ id }) => id);
const AT_PHDR = 3;

const interpreter: BuiltSegment = { type: INTERP, offset: 0x900, filesz: 4 };
const pie = (changes: Partial<BuiltSegment> = {}): BuiltElf => ({
  type: ET_DYN,
  entry: 0x800,
  segments: [interpreter, { ...textSegment, vaddr: 0, ...changes }],
  contents: { 0x900: '/ld\0' },
});
const staticPie = (changes: Partial<BuiltSegment> = {}): BuiltElf => ({
  type: ET_DYN,
  entry: 0x800,
  segments: [{ ...textSegment, vaddr: 0, ...changes }],
});
/** The table lies in a segment whose addresses differ from its offsets by another amount than the first segment's. */
const movedTable: BuiltElf = {
  phoff: 0x1800,
  segments: [textSegment, { type: LOAD, flags: R, offset: 0x1000, vaddr: 0x700000, filesz: 0x1000, memsz: 0x1000 }],
};

describe('AT_PHDR', () => {
  it('is where the table is on Linux since 5.18, and naive before and on gVisor', () => {
    expect(entry(start('linux', movedTable), AT_PHDR)).toBe(0x700800);
    expect(entry(start('linux-5.18', movedTable), AT_PHDR)).toBe(0x700800);
    expect(entry(start('linux-5.17', movedTable), AT_PHDR)).toBe(0x401800);
    expect(entry(start('gvisor', movedTable), AT_PHDR)).toBe(0x401800);
  });

  it('is PT_PHDR on FreeBSD, or counted from the segment of offset 0', () => {
    const ident = [2, 1, 1, 9];
    expect(entry(start('freebsd', { ident }), AT_PHDR)).toBe(0x400040);
    const header = { type: 6, offset: 64, vaddr: 0x400777 };
    expect(entry(start('freebsd', { ident, segments: [header, textSegment] }), AT_PHDR)).toBe(0x400777);
  });
});

describe('places', () => {
  it('align a PIE since Linux 5.10 and a static PIE since 6.11', () => {
    const twoMebibytes = { align: 0x200000 };
    expect(start('linux-5.10', pie(twoMebibytes)).loadBias).toBe(0x555555400000);
    expect(start('linux-5.9', pie(twoMebibytes)).loadBias).toBe(0x555555554000);
    expect(start('linux-6.11', staticPie(twoMebibytes)).loadBias).toBe(0x7ffff7e00000);
    expect(start('linux-6.10', staticPie(twoMebibytes)).loadBias).toBe(0x7ffff7ffe000);
    expect(start('linux-5.10', staticPie(twoMebibytes)).loadBias).toBe(0x7ffff7ffe000);
  });

  it('leave the heap of a static PIE behind it before Linux 6.15', () => {
    expect(start('linux-6.15', staticPie()).brk).toBe(0x555555555000);
    expect(start('linux-6.14', staticPie()).brk).toBe(start('linux-6.14', staticPie()).loadBias + 0x1000);
  });

  it('on gVisor have the first address added to them, also without an interpreter', () => {
    const linked = { vaddr: 0x10000 };
    expect(start('linux', pie(linked)).loadBias).toBe(0x555555554000 - 0x10000);
    const image = start('gvisor', pie(linked));
    expect(image.loadBias).toBe(0x555555554000);
    expect(image.space.mapsText()).toContain('555555564000-555555565000 r-xp');
    expect(start('gvisor', staticPie()).loadBias).toBe(0x555555554000);
    expect(start('gvisor', staticPie()).brk).toBe(0x555555555000);
  });

  it('on FreeBSD are the linked addresses, or the load address of shared objects', () => {
    const ident = [2, 1, 1, 9];
    expect(start('freebsd', { ...staticPie(), ident }).loadBias).toBe(0x1021000);
    expect(start('freebsd', { ...staticPie({ vaddr: 0x500000 }), ident }).loadBias).toBe(0);
  });
});

describe('the interpreter', () => {
  it('of FreeBSD lies above room for 32 GiB of data, and replaces nothing', () => {
    const image = start('freebsd', { ...pie({ vaddr: 0x500000 }), ident: [2, 1, 1, 9] });
    expect(image.interpreterBase).toBe(0x500000 + 32 * 2 ** 30);
    expect(image.entry).toBe(image.interpreterBase + 0x800);
  });
});

describe('zeroes', () => {
  /** A read-only segment that ends inside a page and goes on in memory; the file has text there. */
  const bss = (flags: number, memsz: number): BuiltElf => ({
    ident: [2, 1, 1, 9],
    segments: [textSegment, { type: LOAD, flags, offset: 0x1000, vaddr: 0x601000, filesz: 0x10, memsz }],
    contents: { 0x1000: 'x'.repeat(64) },
  });
  const tail = (profile: string, flags: number, memsz: number) => {
    const { space } = start(profile, bss(flags, memsz));
    return decodeText(new UserMemory(space).read(0x60100f, 3) ?? new Uint8Array()).replaceAll('\0', '0');
  };

  it('spare read-only segments on Linux only, and whole segments everywhere', () => {
    expect(tail('linux', R | W, 0x20)).toBe('x00');
    expect(tail('linux', R, 0x20)).toBe('xxx');
    expect(tail('gvisor', R, 0x20)).toBe('x00');
    expect(tail('freebsd', R, 0x20)).toBe('x00');
    expect(tail('linux', R | W, 0x10)).toBe('xxx');
    expect(tail('gvisor', R | W, 0x10)).toBe('xxx');
    expect(tail('freebsd', R | W, 0x10)).toBe('xxx');
  });

  it('leave the permissions as they were', () => {
    expect(start('gvisor', bss(R, 0x20)).space.mapsText()).toMatch(/^00601000-00602000 r--p/m);
  });
});

describe('a segment whose offset and address differ within the page', () => {
  const note = (owner: string, nameBytes: number) =>
    Uint8Array.of(nameBytes, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, ...new TextEncoder().encode(owner), 0, 0, 0, 0);
  const askew = (align: number, owner: Uint8Array): BuiltElf => ({
    ident: [2, 1, 1, 9],
    segments: [
      textSegment,
      { type: LOAD, flags: R, offset: 0x1010, vaddr: 0x600020, filesz: 4, memsz: 4, align },
      { type: 4, offset: 0x900, filesz: owner.length },
    ],
    contents: { 0x900: owner, 0x1000: `${'a'.repeat(16)}file${'z'.repeat(44)}` },
  });
  const bytes = (profile: string, elf: BuiltElf, address: number) => {
    const outcome = run({ '/program': buildElf(elf) }, { profile: profileNamed(profile) });
    if (!outcome.ok) return `${outcome.refusal.rule} ${outcome.errno}`;
    return decodeText(new UserMemory(outcome.space).read(address, 4) ?? new Uint8Array()).replaceAll('\0', '0');
  };

  it('has shifted content on FreeBSD, is refused on OpenBSD, and read on NetBSD when its p_align is small', () => {
    const freebsd = askew(0x1000, note('FreeBSD\0', 8));
    expect([bytes('freebsd', freebsd, 0x600020), bytes('freebsd', freebsd, 0x600010)]).toEqual(['zzzz', 'file']);
    expect(bytes('openbsd', askew(0x1000, note('OpenBSD\0', 8)), 0)).toBe('load-congruence 22');
    const netbsd = (align: number) => askew(align, note('NetBSD\0\0', 7));
    expect(bytes('netbsd', netbsd(0x1000), 0)).toBe('load-congruence 22');
    expect(bytes('netbsd', netbsd(0), 0x600020)).toBe('file');
    expect(bytes('netbsd', netbsd(0), 0x60001c)).toBe('0000');
    expect(bytes('netbsd', netbsd(16), 0x600020)).toBe('file');
  });
});

describe('stack', () => {
  it('of old kernels makes data executable when its header does, or is missing', () => {
    const flags = (profile: string, stack: readonly BuiltSegment[]) => {
      const image = start(profile, {
        segments: [textSegment, { ...textSegment, flags: R, vaddr: 0x600000 }, ...stack],
      });
      return /^00600000-\w+ (\S+)/m.exec(image.space.mapsText())?.[1];
    };
    expect(flags('linux-5.7', [])).toBe('r-xp');
    expect(flags('linux-5.7', [{ type: STACK, flags: R | W | X }])).toBe('r-xp');
    expect(flags('linux-5.7', [{ type: STACK, flags: R | W }])).toBe('r--p');
    expect(flags('linux-5.8', [])).toBe('r--p');
  });

  it('has argc 0 for an empty argv before Linux 5.18 and on gVisor', () => {
    const argc = (profile: string) => {
      const { space, stackPointer } = start(profile, {}, []);
      return new UserMemory(space).readAddress(stackPointer);
    };
    expect(['linux', 'linux-5.18', 'linux-5.17', 'gvisor'].map(argc)).toEqual([1, 1, 0, 0]);
  });

  it('starts a script with argc 0 as well', () => {
    const profile = profileNamed('linux-5.17');
    const image = succeed(run({ '/program': '#!/sh -x\n', '/sh': buildElf({}) }, { profile, argv: [] }));
    expect(image.argv.map((argument) => decodeText(argument))).toEqual(['/sh', '-x', '/program']);
  });

  it('has entries by version', () => {
    const has = (profile: string) => [51, 27, 28].map((id) => ids(start(profile, {})).includes(id));
    expect(has('linux')).toEqual([true, true, true]);
    expect(has('linux-6.2')).toEqual([true, false, false]);
    expect(has('linux-5.13')).toEqual([false, false, false]);
    expect(ids(start('linux-6.3', {}))).toEqual(ids(start('linux', {})));
    expect(ids(start('uek', {}))).toEqual([...ids(start('linux', {})).slice(0, -1), 71, 0]);
    expect(entry(start('uek', {}), 71)).toBe(1);
  });

  it('of gVisor has another order, no platform, strings below the random bytes, and ends on 32', () => {
    const image = start('gvisor', {}, ['program', 'one'], ['HOME=/', 'A=b']);
    expect(ids(image)).toEqual([3, 4, 5, 9, 7, 11, 12, 13, 14, 23, 17, 31, 25, 6, 16, 26, 0]);
    expect(image.stackPointer % 32).toBe(0);
    const user = new UserMemory(image.space);
    const text = (address: number | undefined) => decodeText(user.readCString(address ?? 0, 100) ?? new Uint8Array());
    const pointers = Array.from({ length: 7 }, (_, index) => user.readAddress(image.stackPointer + index * 8) ?? 0);
    expect([pointers[0], pointers[3], pointers[6]]).toEqual([2, 0, 0]);
    expect([1, 2, 4, 5].map((index) => text(pointers[index]))).toEqual(['program', 'one', 'HOME=/', 'A=b']);
    const filename = 0x7ffffffff000 - '/program\0'.length;
    expect([entry(image, 31), entry(image, 25)]).toEqual([filename, filename - 17]);
    expect(text(filename)).toBe('/program');
    expect(pointers[5] + 'A=b\0'.length).toBe(0x7fffffffefe0);
    // The vector follows the pointers at once.
    expect(user.readAddress(image.stackPointer + 7 * 8)).toBe(3);
    expect(image.space.mapsText()).toMatch(/7fffff7ff000-7ffffffff000 rw-p/);
  });
});

describe('scripts', () => {
  const read = (text: string) => {
    const bytes = new Uint8Array(127);
    const file = new TextEncoder().encode(text);
    bytes.set(file.subarray(0, 127));
    const line = readGvisorScriptLine(bytes, file.length);
    return typeof line === 'string' ? line : [line.interpreter, line.argument].map((part) => part && decodeText(part));
  };

  it('on gVisor have 127 bytes, keep blanks at the end and know no NUL', () => {
    expect(read('#! /bin/sh -e  x \nrest')).toEqual(['/bin/sh', '-e  x ']);
    expect(read('#!/bin/sh')).toEqual(['/bin/sh', undefined]);
    expect(read('#!/bin/sh \t \n')).toEqual(['/bin/sh', undefined]);
    expect(read('#!/bin\0sh\n')).toEqual(['/bin\0sh', undefined]);
    expect(read(`#!/${'n'.repeat(200)}\n`)).toEqual([`/${'n'.repeat(124)}`, undefined]);
    for (const text of ['#!', '#!\n', '#! \t\n']) expect(read(text)).toContain('names no interpreter');
  });

  it('cut at 128 bytes before Linux 5.1, at 127 on gVisor, and refused after', () => {
    const name = `/${'n'.repeat(124)}`;
    const files = { '/program': `#!${name}nnnn\n`, [name]: buildElf({}) };
    const ok = (profile: string) => run(files, { profile: profileNamed(profile) }).ok;
    expect(['linux-5.0', 'gvisor', 'linux'].map(ok)).toEqual([true, true, false]);
  });
});

describe('failures after the old program is gone', () => {
  const broken = buildElf({ ident: [2, 1, 1, 9], segments: [{ ...textSegment, memsz: 1, offset: 0x10 }] });

  it.each([
    ['linux', 'the process is killed by SIGSEGV'],
    ['freebsd', 'the process is killed by SIGABRT'],
    ['gvisor', undefined],
  ])('on %s: %s', (profile, fate) => {
    const outcome = run({ '/program': broken }, { profile: profileNamed(profile) });
    expect(outcome.record.find(({ step }) => step === 'kill')?.decision).toBe(fate);
    expect(outcome.ok || outcome.afterPointOfNoReturn).toBe(fate !== undefined);
  });

  it('of FreeBSD include an interpreter that is not there, after both places were tried', () => {
    const program = buildElf({ ...pie(), ident: [2, 1, 1, 3] });
    const compat = '/compat/linux/ld';
    const profile = profileNamed('freebsd-linuxulator');
    for (const path of [compat, '/ld']) expect(run({ '/program': program, [path]: ld }, { profile }).ok).toBe(true);
    const opened = run({ '/program': program }, { profile });
    expect(opened).toMatchObject({ ok: false, afterPointOfNoReturn: true, refusal: { rule: 'open-path' } });
    const paths = opened.record.filter(({ step }) => step === 'open').map(({ inputs }) => inputs.path);
    expect(paths).toEqual(['/program', compat, '/ld']);
  });
});

describe('the record', () => {
  const linuxOnly =
    /^(load_|do_(execveat|open)|bprm_|exec_binprm|prepare_|search_|begin_|setup_arg|create_elf_tables|start_thread|elf_load$)/;

  it.each(LOADER_PROFILES.filter(({ traits }) => traits?.kernelFunctions).map(({ name }) => name))(
    "of %s speaks of that kernel's functions",
    (name) => {
      const profile = profileNamed(name);
      const inputs = [buildElf({ ident: [2, 1, 1, 9] }), buildElf(pie()), buildElf(staticPie({ memsz: 1 }))];
      for (const program of inputs) {
        const { record } = run({ '/program': program, '/ld': ld }, { profile });
        expect(record.map(({ kernelFunction }) => kernelFunction).filter((text) => linuxOnly.test(text))).toEqual([]);
      }
      expect(run({ '/program': 'text' }, { profile }).record.map(({ step }) => step)).not.toContain('request module');
      const script = run({ '/program': '#!/sh\n', '/sh': inputs[0] }, { profile });
      expect(script.record.map(({ kernelFunction }) => kernelFunction).filter((text) => linuxOnly.test(text))).toEqual(
        [],
      );
    },
  );
});
