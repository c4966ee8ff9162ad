// table: i386 images: the compat loader's header sizes, address space, implied execute permission and placement.
import { LOAD, R, STACK, W, X } from '../elf-builder.ts';
import {
  BASE,
  CODE,
  type CraftedCase,
  data,
  interpreted,
  pie,
  pie32,
  plainStack,
  program,
  program32,
  text,
} from './crafted-case.ts';
import type { CraftedDirectory } from './crafted-directory.ts';

/** IA32_PAGE_OFFSET: the end of an i386 program's addresses on a 64-bit kernel. */
const TASK_SIZE = 0xffff_e000;
const EM_486 = 6;
const low = { ...text, vaddr: 0 };
const reads = (...addresses: number[]) => addresses.map((address) => ({ reads: address }));
const writes = (...addresses: number[]) => addresses.map((address) => ({ writes: address }));

/** Interpreters the images name. */
export const interpreters32: CraftedDirectory = {
  ld32: { content: pie32() },
  'ld32-high': { content: pie32({ entry: 0x30000 + CODE, segments: [{ ...text, vaddr: 0x30000 }, plainStack] }) },
  'ld32-bss': {
    content: pie32({ segments: [low, data({ vaddr: 0x5000, filesz: 0x800, memsz: 0x3000 }), plainStack] }),
  },
  'ld32-exec': { content: program32({ deeds: reads(BASE + 0x10) }) },
  'ld32-no-load': { content: pie32({ segments: [plainStack] }) },
};

const image = (name: string, content: Uint8Array, changes: Partial<CraftedCase> = {}): CraftedCase => ({
  name: `i386: ${name}`,
  file: { content },
  ...changes,
});

/** Images, one row each. */
// biome-ignore format: one row per case
export const images32: readonly CraftedCase[] = [
  image('plain', program32()),
  image('machine 486', program32({ machine: EM_486 })),
  image('machine 62 in a 32-bit header', program32({ machine: 62 })),
  image('ident says 64 bits', program32({ ident: [2, 2, 9, 99] })),
  image('phentsize 56', program32({ phentsize: 56 })),
  image('phnum 0', program32({ phnum: 0 })),
  image('2048 headers', program32({ fileBytes: 0x20000, phoff: 0x3000, phnum: 2048, segments: [text, plainStack, ...Array.from({ length: 2046 }, () => ({ type: 0 }))] })),
  image('2049 headers', program32({ fileBytes: 0x20000, phoff: 0x3000, phnum: 2049, segments: [text, plainStack, ...Array.from({ length: 2047 }, () => ({ type: 0 }))] })),
  image('table at the very end', program32({ phoff: 0x3000 - 64 })),
  image('table one byte too far', program32({ phoff: 0x3000 - 63 })),
  image('ET_REL', program32({ type: 1 })),
  image('64-bit headers with machine 3', program({ machine: 3 })),
  // Addresses.
  image('last page', program32({ segments: [text, data({ vaddr: 0xffbf0000 }), plainStack] })),
  image('at TASK_SIZE', program32({ segments: [text, data({ vaddr: TASK_SIZE }), plainStack] })),
  image('just below TASK_SIZE', program32({ segments: [text, data({ vaddr: TASK_SIZE - 0x1000 }), plainStack] })),
  image('wraps round', program32({ segments: [text, data({ vaddr: 0xfffff000, memsz: 0x2000 }), plainStack] })),
  image('memsz 3 GiB', program32({ segments: [text, data({ vaddr: 0x10000000, memsz: 0xc0000000 }), plainStack] })),
  image('memsz 4 GiB - 1', program32({ segments: [text, data({ vaddr: 0x10000000, memsz: 0xffffffff }), plainStack] })),
  image('filesz above memsz', program32({ segments: [{ ...text, memsz: 1 }, plainStack] })),
  image('offset not congruent', program32({ segments: [{ ...text, offset: 0x10 }, plainStack] })),
  image('at 0, unprivileged', program32({ entry: CODE, segments: [low, plainStack] }), { unprivileged: true }),
  image('at 0x10000, unprivileged', program32({ entry: 0x10000 + CODE, segments: [{ ...text, vaddr: 0x10000 }, plainStack] }), { unprivileged: true }),
  image('entry at TASK_SIZE', program32({ entry: TASK_SIZE })),
  image('entry 2^32 - 1', program32({ entry: 0xffffffff })),
  // Placement.
  image('static PIE', pie32()),
  image('static PIE, 64 KiB', pie32({ segments: [{ ...low, align: 0x10000 }, plainStack] })),
  image('static PIE, 2 MiB', pie32({ segments: [{ ...low, align: 0x200000 }, plainStack] })),
  image('static PIE of 4 MiB', pie32({ segments: [low, data({ vaddr: 0x3ff000 }), plainStack] })),
  image('static PIE, bss', pie32({ segments: [low, data({ vaddr: 0x2000, filesz: 0x234, memsz: 0x5000 }), plainStack] })),
  image('static PIE, absurd span', pie32({ segments: [low, data({ vaddr: 0xf0000000 }), plainStack] })),
  image('PIE', interpreted(pie32, './ld32', { segments: [low, plainStack] })),
  image('PIE, 2 MiB', interpreted(pie32, './ld32', { segments: [{ ...low, align: 0x200000 }, plainStack] })),
  image('PIE, descending', interpreted(pie32, './ld32', { entry: 0x4000 + CODE, segments: [{ ...text, vaddr: 0x4000 }, data({ vaddr: 0 }), plainStack] })),
  image('descending', program32({ segments: [data({ vaddr: BASE + 0x4000 }), text, plainStack] })),
  image('two segments on a page', program32({ segments: [{ ...text, filesz: 0xa00, memsz: 0xa00 }, data({ vaddr: BASE + 0xa00, offset: 0xa00, filesz: 0x200, memsz: 0x200, flags: R | W | X }), plainStack] })),
  // Zeroed and unzeroed bytes.
  image('bss', program32({ segments: [text, data({ filesz: 0x100, memsz: 0x2100 }), plainStack], deeds: reads(0x6000ff, 0x600100, 0x602fff) })),
  image('no bss: the file shows', program32({ segments: [text, data({ filesz: 0x100, memsz: 0x100 }), plainStack], deeds: reads(0x600100) })),
  image('read-only bss', program32({ segments: [text, data({ flags: R, filesz: 0x100, memsz: 0x1800 }), plainStack], deeds: [...reads(0x600100), ...writes(0x601000)] })),
  image('bss without file bytes', program32({ segments: [text, data({ vaddr: 0x600123, offset: 0x123, filesz: 0, memsz: 0x10 }), plainStack], deeds: reads(0x600fff) })),
  image('page past the end', program32({ segments: [text, data({ offset: 0x2000, filesz: 0x2000, memsz: 0x2000 }), plainStack], deeds: reads(0x601000) })),
  // Implied execute permission.
  image('no stack header', program32({ segments: [text, data({})], deeds: [{ runs: 'stack' }] })),
  image('no stack header, PIE', interpreted(pie32, './ld32', { segments: [low, data({ vaddr: 0x5000, memsz: 0x3000 })] })),
  image('no stack header, read-only data runs', program32({ entry: 0x600200, segments: [text, { type: LOAD, flags: R, vaddr: 0x600000, offset: 0, filesz: 0xa00, memsz: 0xa00 }], contents: { 0x200: Uint8Array.of(0x31, 0xdb, 0xb8, 1, 0, 0, 0, 0xcd, 0x80) } })),
  image('stack header', program32({ deeds: [{ runs: 'stack' }] })),
  image('stack header, executable', program32({ segments: [text, { type: STACK, flags: R | W | X }], deeds: [{ runs: 'stack' }] })),
  image('stack header, only writable', program32({ segments: [text, { type: STACK, flags: W }] })),
  // Interpreters.
  image('interp of 64 bits', interpreted(program32, './ld', { segments: [text, plainStack] })),
  image('interp linked high', interpreted(program32, './ld32-high', { segments: [text, plainStack] })),
  image('interp with bss', interpreted(program32, './ld32-bss', { segments: [text, plainStack] })),
  image('interp replaces the program', interpreted(program32, './ld32-exec', { segments: [{ ...text, filesz: 0x3000, memsz: 0x3000 }, plainStack] })),
  image('interp without load', interpreted(program32, './ld32-no-load', { segments: [text, plainStack] })),
  { name: 'x86-64 program, i386 interp', file: { content: interpreted(pie, './ld32', { segments: [low] }) } },
  // Limits.
  image('stack limit of 256 MiB', pie32(), { limits: { stackLimitInBytes: 0x10000000 } }),
  image('stack limit of 3 GiB', pie32(), { limits: { stackLimitInBytes: 0xc0000000 } }),
  image('no stack limit', pie32(), { limits: { stackLimitInBytes: Number.POSITIVE_INFINITY } }),
  image('many arguments', program32(), { argv: ['./i386: many arguments', ...Array.from({ length: 500 }, (_, index) => `argument ${index}`)], envp: ['A=1', 'B='] }),
];
