// table: rules about page sizes, as `elf check` reports and `elf explain RULE` documents them.
import { type CheckRule, type FixFacts, linkerFlag } from '../check-rule.ts';

const relink = (facts: FixFacts) =>
  `Relink with -Wl,${linkerFlag(facts)} (GNU ld, gold, lld, mold), and with -Wl,-z,separate-code (lld: -Wl,-z,separate-loadable-segments) so that no two segments share a page.`;

/** Rules about the host's page. */
export const PAGE_SIZE_RULES: readonly CheckRule[] = [
  {
    id: 'ELF-PG-DAMAGE',
    severity: 'error',
    title: 'The loader puts wrong bytes into memory',
    checks:
      'The loader is simulated action by action, and the bytes of every PT_LOAD are compared with those that Linux with 4 KiB pages would have put there.',
    refusedBy: 'Nobody: the program is loaded and fails later, in a place that has nothing to do with the cause.',
    explanation:
      'Emulators on hosts with large pages map segments with the host page. When two segments share such a page and their addresses are not equally far from their file offsets, the later one replaces bytes of the earlier one. What was code is then other code, or zeros.',
    fix: (facts) =>
      `Run it with a loader that copies what shares a page (qemu-user 8.1 or newer, LATX with pull request 304, box64 with 4182), or ${lower(relink(facts))}`,
    example: 'qemu-3.1-8.0 on 16 KiB pages: 5128 bytes of .plt and .iplt differ.',
    sources: [
      'https://github.com/lat-opensource/lat/pull/304',
      'https://github.com/ptitSeb/box64/pull/4182',
      'QEMU, linux-user/elfload.c',
    ],
  },
  {
    id: 'ELF-PG-CONGRUENCE',
    severity: 'error',
    title: 'A segment cannot be mapped with this page size',
    checks: 'For every PT_LOAD: p_vaddr and p_offset have the same remainder modulo the host page.',
    refusedBy: 'Linux with that page size, and every loader that maps with the host page without copying.',
    explanation:
      'mmap maps whole pages of the file to whole pages of memory. When address and file offset differ within a page there is no mapping that puts the bytes where they belong; the kernel finds out after the old program is gone, so the process dies of SIGSEGV while a tracer sees EINVAL.',
    fix: relink,
    example: 'p_vaddr 0x2d1c550 and p_offset 0x2b1b550 differ by 0x201000, which is no multiple of 16 KiB.',
    sources: ['Linux, fs/binfmt_elf.c, elf_map', 'man 2 mmap, EINVAL'],
  },
  {
    id: 'ELF-PG-SAME-BYTES',
    severity: 'note',
    title: 'Bytes come from the wrong place but happen to be right',
    checks: 'As ELF-PG-DAMAGE, where the file holds the same bytes in both places.',
    refusedBy: 'Nobody, until the file is linked again.',
    explanation:
      'Zeros are replaced by other zeros, or a page by its copy. The next build of the program may not be so lucky.',
    fix: relink,
    example: '4096 bytes of segment 2 come from offset 0x3000 instead of 0x2000, and are equal.',
    sources: ['mmap(2)'],
  },
  {
    id: 'ELF-PG-LOST-PERMISSION',
    severity: 'error',
    title: 'Code cannot run, or data cannot be written, on a shared page',
    checks: 'The permissions a kernel gives every page after loading: none that a segment asks for may be missing.',
    refusedBy: 'Nobody: the program is loaded and dies of SIGSEGV when it first jumps or writes there.',
    explanation:
      'A page has one set of permissions. Where two segments share a page of the kernel, it keeps those of the segment that is mapped last.',
    fix: relink,
    example: 'On 64 KiB pages 0x410000-0x411000 is RW- instead of R-X.',
    sources: ['Linux, fs/binfmt_elf.c, elf_load', 'man 2 mmap, MAP_FIXED'],
  },
  {
    id: 'ELF-PG-PERMISSIONS',
    severity: 'note',
    title: 'Segments that share a page share their permissions',
    checks: 'The permissions of every page after loading, compared with the exact ones at 4 KiB.',
    refusedBy: 'Nobody.',
    explanation:
      'Where two segments share a host page it gets the permissions of the later one, or the union of both: constants become writable and data executable, so that mistakes and attacks do harm that a 4 KiB system would stop.',
    fix: relink,
    example: '0x3000-0x4000 is RWX instead of R-X.',
    sources: ['Linux, fs/binfmt_elf.c', 'QEMU, linux-user/mmap.c'],
  },
  {
    id: 'ELF-PG-HOST-PAGE',
    severity: 'error',
    title: 'The loader does not run on hosts with this page size',
    checks: 'The page sizes a loader supports at all.',
    refusedBy: 'FEX-Emu and other loaders that support 4 KiB hosts only.',
    explanation: 'Some emulators map at 4 KiB and leave it to the host to refuse that.',
    fix: () => 'Use a 4 KiB kernel, for instance in a small virtual machine as muvm does, or another emulator.',
    example: 'fex on 16 KiB pages.',
    sources: ['https://github.com/FEX-Emu/FEX/issues/1221', 'https://github.com/AsahiLinux/muvm'],
  },
  {
    id: 'ELF-PG-LDSO-ALIGNMENT',
    severity: 'error',
    title: 'ld.so refuses the alignment of the library',
    checks: 'p_align of every PT_LOAD of a shared object is a multiple of the page size.',
    refusedBy:
      'glibc ld.so, with "ELF load command alignment not page-aligned"; so dlopen and the start of every program that needs the library.',
    explanation:
      'p_align is the promise that the segment can be mapped with pages up to that size. The dynamic linker takes the system’s page size from AT_PAGESZ and believes the promise.',
    fix: relink,
    example: 'p_align is 0x1000, a 16 KiB system needs a multiple of 0x4000.',
    sources: ['glibc, elf/dl-load.c, _dl_map_object_from_fd'],
  },
  {
    id: 'ELF-PG-LDSO-OFFSET',
    severity: 'error',
    title: 'ld.so refuses address and offset of a segment',
    checks: 'p_vaddr and p_offset have the same remainder modulo p_align, for every PT_LOAD of a shared object.',
    refusedBy: 'glibc ld.so on every system, with "ELF load command address/offset not properly aligned".',
    explanation:
      'The file contradicts itself: with these addresses it cannot be mapped with the alignment it promises.',
    fix: () =>
      'Link the library again; a tool that edited it (patchelf, strip, objcopy, LIEF) broke the promise of p_align.',
    example: 'p_vaddr 0x2010, p_offset 0x1000, p_align 0x1000.',
    sources: ['glibc, elf/dl-load.c, _dl_map_object_from_fd'],
  },
  {
    id: 'ELF-PG-REFUSED',
    severity: 'error',
    title: 'The loader refuses the segments',
    checks: 'Rules of one loader that have no page of their own here; the finding names the rule.',
    refusedBy: 'The loader named in the finding.',
    explanation: 'The loader looked at the PT_LOADs and gave up before the first instruction.',
    fix: relink,
    example: 'qemu-8.1 refuses bss in a segment that is not writable.',
    sources: ['the sources of the loader, see elf check --list-loaders'],
  },
  {
    id: 'ELF-PG-ALIGNMENT',
    severity: 'warning',
    title: 'p_align is not what the addresses say',
    checks:
      'For every PT_LOAD: p_align is 0, 1 or a power of two, and p_vaddr and p_offset are congruent modulo p_align.',
    refusedBy: 'FreeBSD, OpenBSD and glibc ld.so (for libraries). Linux does not look at it.',
    explanation:
      'p_align says how a segment may be mapped. Tools that edit executables often leave it wrong, and loaders that believe it fail.',
    fix: () =>
      'Link the file again, or have the tool that edited it keep p_vaddr and p_offset congruent modulo p_align.',
    example: 'p_align is 0x200000, but p_vaddr 0x3000 and p_offset 0x2000 differ by 0x1000.',
    sources: ['gABI, chapter 5, p_align'],
  },
  {
    id: 'ELF-PG-RELRO',
    severity: 'warning',
    title: 'The end of RELRO is not on a page boundary',
    checks:
      'The end of PT_GNU_RELRO, when writable data of the same segment follows it, is a multiple of the page size the file is linked for and of the host page.',
    refusedBy:
      'Nobody refuses. ld.so rounds the end down, so the last part stays writable; Android’s linker lowers the alignment it believes in.',
    explanation:
      'After relocation the dynamic linker makes these pages read-only. Only whole pages can be: older GNU linkers align the end for 4 KiB even when told of larger pages (ld bug 28824).',
    fix: (facts) =>
      `Relink with -Wl,${linkerFlag(facts)} and binutils 2.38 or newer, lld or mold; the end of RELRO then lies on that boundary.`,
    example: 'RELRO ends at 0x21000; with 16 KiB pages 0x20000-0x21000 stays writable.',
    sources: ['https://sourceware.org/bugzilla/show_bug.cgi?id=28824', 'glibc, elf/dl-reloc.c, _dl_protect_relro'],
  },
];

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
