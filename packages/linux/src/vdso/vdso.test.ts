// The vDSO's images: what dynamic linkers, unwinders and debuggers look up in them.
import {
  bytesSource,
  type ElfFile,
  gnuLookup,
  parseElf,
  readExceptionFrameHeader,
  readGnuHash,
  readSymbolVersions,
  readSysvHash,
  sharedObjectName,
  sysvLookup,
} from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { createVdsoImages, type VdsoImage } from './vdso.ts';

const images = createVdsoImages();

function read({ backing, sizeInBytes }: VdsoImage): { elf: ElfFile; bytes: Uint8Array } {
  const bytes = new Uint8Array(sizeInBytes);
  backing.readInto(0, bytes);
  return { elf: parseElf(bytesSource(bytes)), bytes };
}

// biome-ignore format: one row per line
const OBJECTS = [
  { abi: 'x86-64', soname: 'linux-vdso.so.1', codeEnd: [0x0f, 0x05, 0xc3],
    names: ['__vdso_clock_gettime', 'clock_gettime', '__vdso_gettimeofday', 'gettimeofday', '__vdso_time', 'time', '__vdso_getcpu', 'getcpu', '__vdso_clock_getres', 'clock_getres'] },
  { abi: 'i386', soname: 'linux-gate.so.1', codeEnd: [0xcd, 0x80, 0x5b, 0xc3],
    names: ['__vdso_clock_gettime', '__vdso_clock_gettime64', '__vdso_gettimeofday', '__vdso_time', '__vdso_getcpu', '__vdso_clock_getres'] },
] as const;

describe.each(OBJECTS)('the $abi image', ({ abi, soname, names, codeEnd }) => {
  const { elf, bytes } = read(images[abi]);
  const symbols = elf.symbols('dynsym');
  if (symbols === undefined) throw new Error('no .dynsym');

  it('is a shared object the parser has nothing to say against', () => {
    expect(elf.problems).toEqual([]);
    expect(sharedObjectName(elf)).toBe(soname);
    expect(elf.sectionHeaders.map((section) => elf.sectionName(section))).toContain('.eh_frame');
    expect(elf.notes().map(({ owner, type }) => [owner, type])).toEqual([['Linux', 0]]);
    expect(images[abi].sizeInBytes).toBe(0x2000);
  });

  it.each(names)('has %s in both hash tables, with its version and its code', (name) => {
    const gnu = readGnuHash(elf);
    const sysv = readSysvHash(elf);
    const found = gnu && gnuLookup(elf, gnu, symbols, name);
    expect(found).toBeDefined();
    expect(sysv && sysvLookup(elf, sysv, symbols, name)).toEqual(found);
    if (found === undefined) return;
    const version = readSymbolVersions(elf).versionOf(found.index);
    expect(version?.name).toBe('LINUX_2.6');
    const end = Number(found.value + found.size);
    expect([...bytes.subarray(end - codeEnd.length, end)]).toEqual(codeEnd);
  });

  it('finds nothing else', () => {
    const gnu = readGnuHash(elf);
    expect(gnu && gnuLookup(elf, gnu, symbols, '__vdso_nothing')).toBeUndefined();
  });

  it('has frames for every function, sorted', () => {
    const header = readExceptionFrameHeader(elf);
    const starts = Array.from({ length: header?.count ?? 0 }, (_, index) => Number(header?.at(index).start));
    expect(starts).toEqual([...starts].sort((left, right) => left - right));
    const functions = new Set([...symbols].filter(({ size }) => size > 0n).map(({ value }) => Number(value)));
    // The ways back from handlers begin a byte early.
    for (const address of functions) expect(starts.includes(address) || starts.includes(address - 1)).toBe(true);
  });
});

describe('the i386 image', () => {
  const { elf, bytes } = read(images.i386);
  const gnu = readGnuHash(elf);
  const symbols = elf.symbols('dynsym');
  const codeOf = (name: string) => {
    const found = gnu && symbols && gnuLookup(elf, gnu, symbols, name);
    return found && Buffer.from(bytes.subarray(Number(found.value), Number(found.value + found.size))).toString('hex');
  };

  it('has the ways back that debuggers and libgcc know by their bytes', () => {
    expect(codeOf('__kernel_sigreturn')).toBe('58b877000000cd8090');
    expect(codeOf('__kernel_rt_sigreturn')).toBe('b8ad000000cd8090');
  });

  it('announces __kernel_vsyscall', () => {
    expect(elf.fileHeader.entry).toBe(BigInt(images.i386.systemCallEntryOffset ?? 0));
    expect(codeOf('__kernel_vsyscall')).toBe('515255cd805d5a59c3');
  });

  it('finds an interrupted frame above the stack pointer, as Linux says it', () => {
    // DW_CFA_def_cfa_expression (DW_OP_breg4 188; DW_OP_deref): what readelf prints of Linux 6.18's for rt frames.
    const text = Buffer.from(bytes).toString('hex');
    expect(text).toContain('0f0474bc0106');
    // (DW_OP_breg4 32; deref), and EIP at 60.
    expect(text).toContain('0f03742006');
    expect(text).toContain('100802743c');
  });
});
