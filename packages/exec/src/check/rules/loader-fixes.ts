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

/** In the order of what users meet most. */
export const LOADER_FIXES: readonly LoaderFix[] = [
  {
    rules: ['load-congruence'],
    title: 'A segment cannot be mapped with the loader’s page size',
    explanation:
      'mmap maps whole pages of the file to whole pages of memory; address and offset that differ within a page have no mapping. The kernel finds out after the old program is gone.',
    fix: (facts) => `Relink with -Wl,${linkerFlag(facts)} and -Wl,-z,separate-code.`,
    example: 'PT_LOAD 2 has offset 0x65d64a0 and address 0x67d84a0.',
  },
  {
    rules: ['elf-type'],
    title: 'The file is no program',
    explanation: 'Object files (ET_REL) are input of the linker, core dumps (ET_CORE) are read by debuggers.',
    fix: (facts) => `Link it: cc -o program ${file(facts)}.`,
    example: 'e_type is 1.',
  },
  {
    rules: ['elf-machine'],
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
    rules: ['interp-size', 'interp-read', 'interp-termination'],
    title: 'The path of the program interpreter is damaged',
    explanation:
      'PT_INTERP names the dynamic linker. Tools that change it (patchelf --set-interpreter) have to move it and its header together.',
    fix: (facts) => `Set it again: patchelf --set-interpreter /lib64/ld-linux-x86-64.so.2 ${file(facts)}.`,
    example: 'The last byte of PT_INTERP is not NUL.',
  },
  {
    rules: [],
    explanation: 'The loader checks this before it maps anything, so that a damaged or hostile file does no harm.',
    fix: () => 'Get the file again or link it again; a tool that edited it may have broken it.',
    example: 'The finding has the numbers.',
  },
];
