// table: what to do about the refusals of loader profiles, by rule. The rules themselves are rows of the profiles.
import { type FixFacts, linkerFlag } from '../check-rule.ts';

/** Advice for one rule or several that have the same cause. */
export interface LoaderFix {
  /** Names of profile rules; the last row of the table stands for all that are not named. */
  readonly rules: readonly string[];
  readonly title?: string;
  readonly explanation: string;
  readonly fix: (facts: FixFacts) => string;
  readonly example: string;
}

const file = ({ path }: FixFacts) => path ?? 'FILE';
const relink = () =>
  'Link it again; a tool that edited the file (patchelf, strip, objcopy, LIEF, a packer) is the usual cause.';

/** In the order of what users meet most. */
export const LOADER_FIXES: readonly LoaderFix[] = [
  {
    rules: ['freebsd-phdr-first-page', 'freebsd-phdr-alignment'],
    title: 'FreeBSD does not find the program headers',
    explanation:
      'FreeBSD looks at the first page of the file only, and reads the program headers in place, as aligned structures. Tools that add a header (postject, LIEF, patchelf) move the table to the end of the file. Native programs and those of the Linuxulator are concerned alike.',
    fix: (facts) =>
      `elf fix --phdrs-first ${file(facts)} OUT moves the table back where that is possible; otherwise run the program in a Linux virtual machine (bhyve).`,
    example: 'e_phoff is 46337892, outside the first page, and 4 modulo 8.',
  },
  {
    rules: ['uek-note-size', 'uek-reserved-note-size'],
    title: 'Oracle’s kernel reads every note, and this one is too large or too small',
    explanation:
      'Unbreakable Enterprise Kernels look into every PT_NOTE of every program for a feature of their own, and refuse programs whose notes are smaller than 12 bytes or larger than 4 MiB. Single-file applications of Node.js keep their program in such a note.',
    fix: (facts) =>
      `Start it through the dynamic linker, which reads no notes: /lib64/ld-linux-x86-64.so.2 ${file(facts)}; or boot the Red Hat compatible kernel.`,
    example: 'PT_NOTE 14 has 88760244 bytes.',
  },
  {
    rules: ['wsl1-align', 'wsl1-align-equal'],
    title: 'WSL1 wants the same alignment for all segments',
    explanation:
      'The loader of WSL1 refuses programs whose PT_LOADs have different p_align values, or values that are no multiple of 4096. Linkers give different ones when a section asks for more alignment than the others.',
    fix: () =>
      'Run it under WSL2 (wsl --set-version DISTRIBUTION 2), or relink with one alignment for all: -Wl,-z,max-page-size=4096,-z,common-page-size=4096.',
    example: 'p_align 0x1000 and 0x4000 are mixed.',
  },
  {
    rules: ['load-congruence', 'gvisor-congruence'],
    title: 'A segment cannot be mapped with the loader’s page size',
    explanation:
      'mmap maps whole pages of the file to whole pages of memory; address and offset that differ within a page have no mapping. The kernel finds out after the old program is gone.',
    fix: (facts) => `Relink with -Wl,${linkerFlag(facts)} and -Wl,-z,separate-code.`,
    example: 'PT_LOAD 2 has offset 0x65d64a0 and address 0x67d84a0.',
  },
  {
    rules: ['freebsd-brand'],
    title: 'FreeBSD does not know whose program this is',
    explanation:
      'FreeBSD chooses the system a program is for by its notes, EI_OSABI, or the path of its interpreter. A static Linux program often has none of them.',
    fix: (facts) =>
      `kldload linux64, and brand the file: brandelf -t Linux ${file(facts)}; or set kern.elf64.fallback_brand=3.`,
    example: 'No note, EI_OSABI 0, and no interpreter.',
  },
  {
    rules: ['freebsd-stack-flags'],
    title: 'FreeBSD wants a readable and writable stack',
    explanation: 'PT_GNU_STACK without PF_R and PF_W is refused.',
    fix: () => 'Link with -Wl,-z,noexecstack, which writes RW.',
    example: 'PT_GNU_STACK has no flags.',
  },
  {
    rules: ['freebsd-truncated', 'load-filesz', 'gvisor-file-size', 'openbsd-load-size'],
    title: 'A segment is larger in the file than it may be',
    explanation:
      'The file ends inside the segment, or the segment has more bytes in the file than in memory. The first is a file cut short, the second a damaged header.',
    fix: () => 'Get the file again and compare its size; if it is complete, link it again.',
    example: 'PT_LOAD 2 needs 0x5000 bytes at 0x3000, the file has 0x4000.',
  },
  {
    rules: ['freebsd-align', 'openbsd-align'],
    title: 'p_align is no power of two, or too large',
    explanation: 'Linux does not look at p_align here; the BSDs believe it and refuse what they cannot keep.',
    fix: relink,
    example: 'PT_LOAD 1 has p_align 3.',
  },
  {
    rules: ['gvisor-order', 'freebsd-overlap'],
    title: 'Segments are out of order or overlap',
    explanation:
      'The format asks for PT_LOADs in ascending order. Linux maps any order, later ones over earlier ones; other loaders refuse.',
    fix: relink,
    example: 'PT_LOAD 3 at 0x400000 comes after 0x600000.',
  },
  {
    rules: ['elf-phnum', 'gvisor-phnum', 'openbsd-phnum', 'netbsd-phnum', 'netbsd-shnum'],
    title: 'Too many headers',
    explanation: 'Every loader has an upper limit for the table it reads; they are far apart: 32 entries to 1170.',
    fix: () =>
      'Link with fewer segments (no -Wl,-z,separate-code, no linker script with PHDRS), and strip unused sections.',
    example: 'e_phnum is 74; at most 73 are read.',
  },
  {
    rules: ['openbsd-note', 'netbsd-note'],
    title: 'Not a program of this system',
    explanation: 'The kernel recognises its own programs by a note that its own compilers add.',
    fix: () => 'Build the program on that system.',
    example: 'There is no note of owner OpenBSD.',
  },
  {
    rules: ['openbsd-pie', 'freebsd-shared-object'],
    title: 'The position-independent program is not accepted',
    explanation:
      'Not every loader starts every ET_DYN: OpenBSD wants PT_PHDR and a first address of 0, FreeBSD a brand that allows it.',
    fix: () => 'Link with the system’s own compiler driver and -pie, or without: -no-pie.',
    example: 'ET_DYN without PT_PHDR.',
  },
  {
    rules: ['elf-type'],
    title: 'The file is no program',
    explanation: 'Object files (ET_REL) are input of the linker, core dumps (ET_CORE) are read by debuggers.',
    fix: (facts) => `Link it: cc -o program ${file(facts)}.`,
    example: 'e_type is 1.',
  },
  {
    rules: ['elf-machine', 'elf-class', 'elf-data', 'gvisor-header'],
    title: 'The program is for another processor',
    explanation:
      'A kernel runs programs of its own processors only; others need an emulator that is registered with binfmt_misc.',
    fix: () =>
      'Run it with an emulator (qemu-user), registered by elf binfmt register or the package qemu-user-static, or get the build for this machine.',
    example: 'e_machine is 183; this loader is for machine 62.',
  },
  {
    rules: ['load-minimum-address'],
    title: 'The program wants memory below vm.mmap_min_addr',
    explanation:
      'Linux keeps the lowest pages free, so that null pointers of the kernel do not meet memory of a program.',
    fix: () =>
      'Link at a higher address (-Wl,-Ttext-segment=0x400000), or as a position-independent executable (-pie).',
    example: 'PT_LOAD 0 at 0x1000 lies below 0x10000.',
  },
  {
    rules: [
      'interp-size',
      'interp-read',
      'interp-termination',
      'freebsd-interp-count',
      'freebsd-interp-nul',
      'freebsd-interp-size',
      'gvisor-interp-size',
      'gvisor-interp-termination',
      'netbsd-interp-size',
      'netbsd-interp-length',
      'openbsd-interp-size',
      'openbsd-interp-termination',
    ],
    title: 'The path of the program interpreter is damaged',
    explanation:
      'PT_INTERP names the dynamic linker. Tools that change it (patchelf --set-interpreter) have to move it and its header together.',
    fix: (facts) => `Set it again: patchelf --set-interpreter /lib64/ld-linux-x86-64.so.2 ${file(facts)}.`,
    example: 'The last byte of PT_INTERP is not NUL.',
  },
  {
    rules: [],
    explanation:
      'The loader checks this before it uses what the file says, so that a damaged or hostile file does no harm.',
    fix: () => 'Get the file again or link it again; a tool that edited it may have broken it.',
    example: 'The finding has the numbers.',
  },
];
