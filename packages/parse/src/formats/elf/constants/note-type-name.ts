// table: names of note types as GNU readelf prints them, by the owner that gives them a meaning.

/** Notes of core files (owners CORE and LINUX; Linux' include/uapi/linux/elf.h, elf(5)). */
export const CORE_NOTE_NAME: Readonly<Record<number, string>> = {
  0x1: 'NT_PRSTATUS (prstatus structure)',
  0x2: 'NT_FPREGSET (floating point registers)',
  0x3: 'NT_PRPSINFO (prpsinfo structure)',
  0x4: 'NT_TASKSTRUCT (task structure)',
  0x6: 'NT_AUXV (auxiliary vector)',
  0xa: 'NT_PSTATUS (pstatus structure)',
  0xc: 'NT_FPREGS (floating point registers)',
  0xd: 'NT_PSINFO (psinfo structure)',
  0x10: 'NT_LWPSTATUS (lwpstatus_t structure)',
  0x11: 'NT_LWPSINFO (lwpsinfo_t structure)',
  0x12: 'NT_WIN32PSTATUS (win32_pstatus structure)',
  0x100: 'NT_PPC_VMX (ppc Altivec registers)',
  0x102: 'NT_PPC_VSX (ppc VSX registers)',
  0x103: 'NT_PPC_TAR (ppc TAR register)',
  0x104: 'NT_PPC_PPR (ppc PPR register)',
  0x105: 'NT_PPC_DSCR (ppc DSCR register)',
  0x106: 'NT_PPC_EBB (ppc EBB registers)',
  0x107: 'NT_PPC_PMU (ppc PMU registers)',
  0x108: 'NT_PPC_TM_CGPR (ppc checkpointed GPR registers)',
  0x109: 'NT_PPC_TM_CFPR (ppc checkpointed floating point registers)',
  0x10a: 'NT_PPC_TM_CVMX (ppc checkpointed Altivec registers)',
  0x10b: 'NT_PPC_TM_CVSX (ppc checkpointed VSX registers)',
  0x10c: 'NT_PPC_TM_SPR (ppc TM special purpose registers)',
  0x10d: 'NT_PPC_TM_CTAR (ppc checkpointed TAR register)',
  0x10e: 'NT_PPC_TM_CPPR (ppc checkpointed PPR register)',
  0x10f: 'NT_PPC_TM_CDSCR (ppc checkpointed DSCR register)',
  0x200: 'NT_386_TLS (x86 TLS information)',
  0x201: 'NT_386_IOPERM (x86 I/O permissions)',
  0x202: 'NT_X86_XSTATE (x86 XSAVE extended state)',
  0x203: 'NT_X86_CET (x86 CET state)',
  0x300: 'NT_S390_HIGH_GPRS (s390 upper register halves)',
  0x301: 'NT_S390_TIMER (s390 timer register)',
  0x302: 'NT_S390_TODCMP (s390 TOD comparator register)',
  0x303: 'NT_S390_TODPREG (s390 TOD programmable register)',
  0x304: 'NT_S390_CTRS (s390 control registers)',
  0x305: 'NT_S390_PREFIX (s390 prefix register)',
  0x306: 'NT_S390_LAST_BREAK (s390 last breaking event address)',
  0x307: 'NT_S390_SYSTEM_CALL (s390 system call restart data)',
  0x308: 'NT_S390_TDB (s390 transaction diagnostic block)',
  0x309: 'NT_S390_VXRS_LOW (s390 vector registers 0-15 upper half)',
  0x30a: 'NT_S390_VXRS_HIGH (s390 vector registers 16-31)',
  0x30b: 'NT_S390_GS_CB (s390 guarded-storage registers)',
  0x30c: 'NT_S390_GS_BC (s390 guarded-storage broadcast control)',
  0x400: 'NT_ARM_VFP (arm VFP registers)',
  0x401: 'NT_ARM_TLS (AArch TLS registers)',
  0x402: 'NT_ARM_HW_BREAK (AArch hardware breakpoint registers)',
  0x403: 'NT_ARM_HW_WATCH (AArch hardware watchpoint registers)',
  0x404: 'NT_ARM_SYSTEM_CALL (AArch system call number)',
  0x405: 'NT_ARM_SVE (AArch SVE registers)',
  0x406: 'NT_ARM_PAC_MASK (AArch pointer authentication code masks)',
  0x407: 'NT_ARM_PACA_KEYS (ARM pointer authentication address keys)',
  0x408: 'NT_ARM_PACG_KEYS (ARM pointer authentication generic keys)',
  0x409: 'NT_ARM_TAGGED_ADDR_CTRL (AArch tagged address control)',
  0x40a: 'NT_ARM_PAC_ENABLED_KEYS (AArch64 pointer authentication enabled keys)',
  0x600: 'NT_ARC_V2 (ARC HS accumulator/extra registers)',
  0x900: 'NT_RISCV_CSR (RISC-V control and status registers)',
  0x46494c45: 'NT_FILE (mapped files)',
  0x46e62b7f: 'NT_PRXFPREG (user_xfpregs structure)',
  0x53494749: 'NT_SIGINFO (siginfo_t data)',
  0xff000000: 'NT_GDB_TDESC (GDB XML target description)',
};

/** Core notes of FreeBSD that differ from the common ones (sys/elf_common.h). */
export const FREEBSD_CORE_NOTE_NAME: Readonly<Record<number, string>> = {
  0x7: 'NT_THRMISC (thrmisc structure)',
  0x8: 'NT_PROCSTAT_PROC (proc data)',
  0x9: 'NT_PROCSTAT_FILES (files data)',
  0xa: 'NT_PROCSTAT_VMMAP (vmmap data)',
  0xb: 'NT_PROCSTAT_GROUPS (groups data)',
  0xc: 'NT_PROCSTAT_UMASK (umask data)',
  0xd: 'NT_PROCSTAT_RLIMIT (rlimit data)',
  0xe: 'NT_PROCSTAT_OSREL (osreldate data)',
  0xf: 'NT_PROCSTAT_PSSTRINGS (ps_strings data)',
  0x10: 'NT_PROCSTAT_AUXV (auxv data)',
  0x11: 'NT_PTLWPINFO (ptrace_lwpinfo structure)',
  0x200: 'NT_X86_SEGBASES (x86 segment base registers)',
};

/** Core notes of NetBSD that do not depend on the machine (sys/exec_elf.h). */
export const NETBSD_CORE_NOTE_NAME: Readonly<Record<number, string>> = {
  0x1: 'NetBSD procinfo structure',
  0x2: 'NetBSD ELF auxiliary vector data',
};

/** Notes of the owner GNU (glibc's elf.h; gABI Linux extensions). */
export const GNU_NOTE_NAME: Readonly<Record<number, string>> = {
  0x1: 'NT_GNU_ABI_TAG (ABI version tag)',
  0x2: 'NT_GNU_HWCAP (DSO-supplied software HWCAP info)',
  0x3: 'NT_GNU_BUILD_ID (unique build ID bitstring)',
  0x4: 'NT_GNU_GOLD_VERSION (gold version)',
  0x5: 'NT_GNU_PROPERTY_TYPE_0',
  0x100: 'NT_GNU_BUILD_ATTRIBUTE_OPEN',
  0x101: 'NT_GNU_BUILD_ATTRIBUTE_FUNC',
};

/** Notes of the owner OpenBSD (sys/exec_elf.h). */
export const OPENBSD_NOTE_NAME: Readonly<Record<number, string>> = {
  0xa: 'OpenBSD procinfo structure',
  0xb: 'OpenBSD ELF auxiliary vector data',
  0x14: 'OpenBSD regular registers',
  0x15: 'OpenBSD floating point registers',
  0x17: 'OpenBSD window cookie',
};

/** Notes of the owner FreeBSD (sys/elf_common.h). */
export const FREEBSD_NOTE_NAME: Readonly<Record<number, string>> = {
  0x7: 'NT_THRMISC (thrmisc structure)',
  0x8: 'NT_PROCSTAT_PROC (proc data)',
  0x9: 'NT_PROCSTAT_FILES (files data)',
  0xa: 'NT_PROCSTAT_VMMAP (vmmap data)',
  0xb: 'NT_PROCSTAT_GROUPS (groups data)',
  0xc: 'NT_PROCSTAT_UMASK (umask data)',
  0xd: 'NT_PROCSTAT_RLIMIT (rlimit data)',
  0xe: 'NT_PROCSTAT_OSREL (osreldate data)',
  0xf: 'NT_PROCSTAT_PSSTRINGS (ps_strings data)',
  0x10: 'NT_PROCSTAT_AUXV (auxv data)',
  0x11: 'NT_PTLWPINFO (ptrace_lwpinfo structure)',
  0x200: 'NT_X86_SEGBASES (x86 segment base registers)',
};

/** Notes of the owner NetBSD (sys/exec_elf.h). */
export const NETBSD_NOTE_NAME: Readonly<Record<number, string>> = {
  0x5: 'MARCH <>',
};

/** Note types that any other owner may use in an object, executable or shared object. */
export const COMMON_NOTE_NAME: Readonly<Record<number, string>> = {
  0x1: 'NT_VERSION (version)',
  0x2: 'NT_ARCH (architecture)',
  0x4: 'GO BUILDID',
  0x100: 'OPEN',
  0x101: 'func',
  0xcafe1a7e: 'FDO_PACKAGING_METADATA',
};
