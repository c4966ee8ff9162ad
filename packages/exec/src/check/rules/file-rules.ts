// table: rules about the file itself, whatever the page size: segments, stack, header table, damage.
import type { CheckRule } from '../check-rule.ts';

/** Rules that no loader profile states. */
export const FILE_RULES: readonly CheckRule[] = [
  {
    id: 'ELF-SG-WRITE-EXECUTE',
    severity: 'warning',
    title: 'A segment is writable and executable',
    checks: 'No PT_LOAD has both PF_W and PF_X.',
    refusedBy: 'SELinux (execmem, execmod), PaX, OpenBSD (drops X) and other systems that keep W^X.',
    explanation:
      'Who can write there can run what was written. Linkers make such segments only when they are told to (-N, -z rwx) or when a section asks for both.',
    fix: () =>
      'Link without -N (--omagic), with -Wl,-z,separate-code, and find the section with flags WAX (readelf -SW). Packers such as UPX need it: ship the program unpacked.',
    example: 'PT_LOAD 1 at 0x400000 is RWX.',
    sources: ['GNU ld, --warn-rwx-segments'],
  },
  {
    id: 'ELF-SG-EXECUTABLE-STACK',
    severity: 'warning',
    title: 'The file asks for an executable stack',
    checks: 'PT_GNU_STACK does not have PF_X.',
    refusedBy:
      'SELinux (execstack); glibc 2.41 and newer refuse to dlopen such a library in a process whose stack is not executable.',
    explanation:
      'One object file without a .note.GNU-stack section is enough: usually hand-written assembly, or nested functions in C.',
    fix: ({ path }) =>
      `Add .section .note.GNU-stack,"",@progbits to the assembly source, or link with -Wl,-z,noexecstack; for a finished file: patchelf --clear-execstack ${path ?? 'FILE'}.`,
    example: 'PT_GNU_STACK is RWE.',
    sources: ['man 1 ld, -z noexecstack', 'glibc 2.41 release notes'],
  },
  {
    id: 'ELF-SG-NO-STACK-HEADER',
    severity: 'note',
    title: 'The file does not say what stack it needs',
    checks: 'There is a PT_GNU_STACK.',
    refusedBy:
      'Nobody. Linux makes the stack (and, for i386, all readable memory) executable for 32-bit programs without it.',
    explanation: 'Without the header each system takes its own default, and for 32-bit x86 that is the unsafe one.',
    fix: () => 'Link with -Wl,-z,noexecstack.',
    example: 'No PT_GNU_STACK among 4 program headers.',
    sources: ['Linux, arch/x86/include/asm/elf.h, elf_read_implies_exec'],
  },
  {
    id: 'ELF-SG-STACK-SECTION',
    severity: 'note',
    title: 'The object file makes the stack of its program executable',
    checks: 'A relocatable file has a .note.GNU-stack section, and it is not executable.',
    refusedBy: 'Nobody; GNU ld warns since 2.39.',
    explanation:
      'The linker gives the program an executable stack as soon as one object does not say that it does without.',
    fix: () => 'Assemble with -Wa,--noexecstack, or add .section .note.GNU-stack,"",@progbits to the source.',
    example: 'missing .note.GNU-stack section',
    sources: ['man 1 ld, --warn-execstack'],
  },
  {
    id: 'ELF-SG-HEADER-TABLE',
    severity: 'note',
    title: 'The program headers are not behind the file header',
    checks: 'The program header table lies in the first 4096 bytes of the file, on an 8-byte boundary.',
    refusedBy:
      'FreeBSD (native and Linuxulator); gVisor and Linux before 5.18 compute a wrong AT_PHDR when the table moved to a segment with another distance.',
    explanation:
      'Tools that need room for one more header (LIEF, patchelf, postject) move the table to the end of the file. Most loaders do not mind.',
    fix: ({ path }) => `elf fix --phdrs-first ${path ?? 'FILE'} OUT moves the table back where that is possible.`,
    example: 'e_phoff is 46337892, and 4 mod 8.',
    sources: ['FreeBSD, sys/kern/imgact_elf.c', 'https://bugs.freebsd.org/bugzilla/show_bug.cgi?id=295629'],
  },
  {
    id: 'ELF-LD-REFUSED',
    severity: 'error',
    title: 'The loader refuses the file',
    checks: 'Checks of a loader that are not rows of its profile; the finding has the reason.',
    refusedBy: 'The loader named in the finding.',
    explanation: 'The loader could not read the file, or gave it to a format that has no use for it.',
    fix: () => 'See the reason in the finding.',
    example: 'The file cannot be read.',
    sources: ['Linux, fs/exec.c'],
  },
  {
    id: 'ELF-IM-MALFORMED',
    severity: 'error',
    title: 'The file breaks the rules of its format',
    checks: 'File header, program headers and what the other rules read.',
    refusedBy: 'Depends on the loader: see its verdict.',
    explanation:
      'The file is cut short, was edited wrongly, or is hostile. Verdicts that would need the missing part are not given.',
    fix: () => 'Get the file again, or build it again; compare its size with the original.',
    example: 'The file ends after 4096 bytes, inside the program header table.',
    sources: ['gABI, chapters 4 and 5'],
  },
  {
    id: 'ELF-IM-TRUNCATED',
    severity: 'error',
    title: 'A segment ends behind the end of the file',
    checks: 'p_offset + p_filesz of every PT_LOAD is at most the size of the file.',
    refusedBy:
      'FreeBSD ("truncated ELF file"). Linux loads it, and the process dies of SIGBUS when it touches a page behind the end.',
    explanation: 'A download that stopped, a disk that was full, or debug data split off by the wrong tool.',
    fix: () => 'Get the file again.',
    example: 'PT_LOAD 2 needs 0x5000 bytes at 0x3000, the file has 0x4000.',
    sources: ['man 2 mmap, SIGBUS'],
  },
];
