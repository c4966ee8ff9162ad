// What the 64-bit and the 32-bit ELF loader differ in, as records: sizes, machines and defaults (fs/compat_binfmt_elf.c).
import type { ImageAbi } from '../binary-format.ts';
import type { LoaderLayout, LoaderProfile } from '../loader-profile.ts';

/** One flavour of ELF a kernel loads. The loader is written once; everything that depends on the flavour is here. */
export interface ElfAbi {
  readonly name: ImageAbi;
  /** e_machine values it accepts (elf_check_arch). The class byte of e_ident is not looked at: the machine alone decides. */
  readonly machines: readonly number[];
  /** Layout of the structures in the file, whatever e_ident claims. */
  readonly elfClass: 32 | 64;
  /** sizeof(struct elfhdr). */
  readonly fileHeaderBytes: number;
  /** sizeof(struct elf_phdr). */
  readonly programHeaderBytes: number;
  /** Bytes of a pointer on the stack and of half an auxiliary entry. */
  readonly wordBytes: 4 | 8;
  /** AT_PLATFORM. */
  readonly platform: string;
  /** Without PT_GNU_STACK: "none" keeps data not executable, "all" makes everything readable executable as well. */
  readonly executableWithoutStackHeader: 'none' | 'all';
  /** Which address-space layout of the profile its programs get. */
  readonly layout: (profile: LoaderProfile) => LoaderLayout;
}

/** 64-bit programs. */
export const X86_64_ABI: ElfAbi = {
  name: 'x86-64',
  machines: [62],
  elfClass: 64,
  fileHeaderBytes: 64,
  programHeaderBytes: 56,
  wordBytes: 8,
  platform: 'x86_64',
  executableWithoutStackHeader: 'none',
  layout: (profile) => profile.layout,
};

/** 32-bit programs: EM_386, and EM_486 that was only ever reserved (arch/x86/include/asm/elf.h, elf_check_arch_ia32). */
export const I386_ABI: ElfAbi = {
  name: 'i386',
  machines: [3, 6],
  elfClass: 32,
  fileHeaderBytes: 52,
  programHeaderBytes: 32,
  wordBytes: 4,
  platform: 'i686',
  executableWithoutStackHeader: 'all',
  layout: (profile) => profile.compatLayout,
};
