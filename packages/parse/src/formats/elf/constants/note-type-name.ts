// table: names of note types as GNU readelf prints them, by the owner that gives them a meaning.

/** Notes of core files (owners CORE and LINUX; Linux' include/uapi/linux/elf.h, elf(5)). */
export const CORE_NOTE_NAME: Readonly<Record<number, string>> = {
  1: 'NT_PRSTATUS (prstatus structure)',
  2: 'NT_FPREGSET (floating point registers)',
  3: 'NT_PRPSINFO (prpsinfo structure)',
  4: 'NT_TASKSTRUCT (task structure)',
  6: 'NT_AUXV (auxiliary vector)',
  10: 'NT_PSTATUS (pstatus structure)',
  12: 'NT_FPREGS (floating point registers)',
  13: 'NT_PSINFO (psinfo structure)',
  16: 'NT_LWPSTATUS (lwpstatus_t structure)',
  17: 'NT_LWPSINFO (lwpsinfo_t structure)',
  18: 'NT_WIN32PSTATUS (win32_pstatus structure)',
  256: 'NT_PPC_VMX (ppc Altivec registers)',
  258: 'NT_PPC_VSX (ppc VSX registers)',
  259: 'NT_PPC_TAR (ppc TAR register)',
  260: 'NT_PPC_PPR (ppc PPR register)',
  261: 'NT_PPC_DSCR (ppc DSCR register)',
  262: 'NT_PPC_EBB (ppc EBB registers)',
  263: 'NT_PPC_PMU (ppc PMU registers)',
  264: 'NT_PPC_TM_CGPR (ppc checkpointed GPR registers)',
  265: 'NT_PPC_TM_CFPR (ppc checkpointed floating point registers)',
  266: 'NT_PPC_TM_CVMX (ppc checkpointed Altivec registers)',
  267: 'NT_PPC_TM_CVSX (ppc checkpointed VSX registers)',
  268: 'NT_PPC_TM_SPR (ppc TM special purpose registers)',
  269: 'NT_PPC_TM_CTAR (ppc checkpointed TAR register)',
  270: 'NT_PPC_TM_CPPR (ppc checkpointed PPR register)',
  271: 'NT_PPC_TM_CDSCR (ppc checkpointed DSCR register)',
  512: 'NT_386_TLS (x86 TLS information)',
  513: 'NT_386_IOPERM (x86 I/O permissions)',
  514: 'NT_X86_XSTATE (x86 XSAVE extended state)',
  515: 'NT_X86_CET (x86 CET state)',
  768: 'NT_S390_HIGH_GPRS (s390 upper register halves)',
  769: 'NT_S390_TIMER (s390 timer register)',
  770: 'NT_S390_TODCMP (s390 TOD comparator register)',
  771: 'NT_S390_TODPREG (s390 TOD programmable register)',
  772: 'NT_S390_CTRS (s390 control registers)',
  773: 'NT_S390_PREFIX (s390 prefix register)',
  774: 'NT_S390_LAST_BREAK (s390 last breaking event address)',
  775: 'NT_S390_SYSTEM_CALL (s390 system call restart data)',
  776: 'NT_S390_TDB (s390 transaction diagnostic block)',
  777: 'NT_S390_VXRS_LOW (s390 vector registers 0-15 upper half)',
  778: 'NT_S390_VXRS_HIGH (s390 vector registers 16-31)',
  779: 'NT_S390_GS_CB (s390 guarded-storage registers)',
  780: 'NT_S390_GS_BC (s390 guarded-storage broadcast control)',
  1024: 'NT_ARM_VFP (arm VFP registers)',
  1025: 'NT_ARM_TLS (AArch TLS registers)',
  1026: 'NT_ARM_HW_BREAK (AArch hardware breakpoint registers)',
  1027: 'NT_ARM_HW_WATCH (AArch hardware watchpoint registers)',
  1028: 'NT_ARM_SYSTEM_CALL (AArch system call number)',
  1029: 'NT_ARM_SVE (AArch SVE registers)',
  1030: 'NT_ARM_PAC_MASK (AArch pointer authentication code masks)',
  1031: 'NT_ARM_PACA_KEYS (ARM pointer authentication address keys)',
  1032: 'NT_ARM_PACG_KEYS (ARM pointer authentication generic keys)',
  1033: 'NT_ARM_TAGGED_ADDR_CTRL (AArch tagged address control)',
  1034: 'NT_ARM_PAC_ENABLED_KEYS (AArch64 pointer authentication enabled keys)',
  1536: 'NT_ARC_V2 (ARC HS accumulator/extra registers)',
  2304: 'NT_RISCV_CSR (RISC-V control and status registers)',
  1179208773: 'NT_FILE (mapped files)',
  1189489535: 'NT_PRXFPREG (user_xfpregs structure)',
  1397311305: 'NT_SIGINFO (siginfo_t data)',
  4278190080: 'NT_GDB_TDESC (GDB XML target description)',
};

/** Core notes of FreeBSD that differ from the common ones (sys/elf_common.h). */
export const FREEBSD_CORE_NOTE_NAME: Readonly<Record<number, string>> = {
  7: 'NT_THRMISC (thrmisc structure)',
  8: 'NT_PROCSTAT_PROC (proc data)',
  9: 'NT_PROCSTAT_FILES (files data)',
  10: 'NT_PROCSTAT_VMMAP (vmmap data)',
  11: 'NT_PROCSTAT_GROUPS (groups data)',
  12: 'NT_PROCSTAT_UMASK (umask data)',
  13: 'NT_PROCSTAT_RLIMIT (rlimit data)',
  14: 'NT_PROCSTAT_OSREL (osreldate data)',
  15: 'NT_PROCSTAT_PSSTRINGS (ps_strings data)',
  16: 'NT_PROCSTAT_AUXV (auxv data)',
  17: 'NT_PTLWPINFO (ptrace_lwpinfo structure)',
  512: 'NT_X86_SEGBASES (x86 segment base registers)',
};

/** Core notes of NetBSD that do not depend on the machine (sys/exec_elf.h). */
export const NETBSD_CORE_NOTE_NAME: Readonly<Record<number, string>> = {
  1: 'NetBSD procinfo structure',
  2: 'NetBSD ELF auxiliary vector data',
};

/** Notes of the owner GNU (glibc's elf.h; gABI Linux extensions). */
export const GNU_NOTE_NAME: Readonly<Record<number, string>> = {
  1: 'NT_GNU_ABI_TAG (ABI version tag)',
  2: 'NT_GNU_HWCAP (DSO-supplied software HWCAP info)',
  3: 'NT_GNU_BUILD_ID (unique build ID bitstring)',
  4: 'NT_GNU_GOLD_VERSION (gold version)',
  5: 'NT_GNU_PROPERTY_TYPE_0',
  256: 'NT_GNU_BUILD_ATTRIBUTE_OPEN',
  257: 'NT_GNU_BUILD_ATTRIBUTE_FUNC',
};

/** Notes of the owner OpenBSD (sys/exec_elf.h). */
export const OPENBSD_NOTE_NAME: Readonly<Record<number, string>> = {
  10: 'OpenBSD procinfo structure',
  11: 'OpenBSD ELF auxiliary vector data',
  20: 'OpenBSD regular registers',
  21: 'OpenBSD floating point registers',
  23: 'OpenBSD window cookie',
};

/** Notes of the owner FreeBSD (sys/elf_common.h). */
export const FREEBSD_NOTE_NAME: Readonly<Record<number, string>> = {
  7: 'NT_THRMISC (thrmisc structure)',
  8: 'NT_PROCSTAT_PROC (proc data)',
  9: 'NT_PROCSTAT_FILES (files data)',
  10: 'NT_PROCSTAT_VMMAP (vmmap data)',
  11: 'NT_PROCSTAT_GROUPS (groups data)',
  12: 'NT_PROCSTAT_UMASK (umask data)',
  13: 'NT_PROCSTAT_RLIMIT (rlimit data)',
  14: 'NT_PROCSTAT_OSREL (osreldate data)',
  15: 'NT_PROCSTAT_PSSTRINGS (ps_strings data)',
  16: 'NT_PROCSTAT_AUXV (auxv data)',
  17: 'NT_PTLWPINFO (ptrace_lwpinfo structure)',
  512: 'NT_X86_SEGBASES (x86 segment base registers)',
};

/** First words of the notes of the owner NetBSD, which carry their value in the same line (sys/exec_elf.h). */
export const NETBSD_NOTE_NAME: Readonly<Record<number, string>> = {
  1: 'IDENT',
  3: 'PaX',
  5: 'MARCH',
};

/** Note types that any other owner may use in an object, executable or shared object. */
export const COMMON_NOTE_NAME: Readonly<Record<number, string>> = {
  1: 'NT_VERSION (version)',
  2: 'NT_ARCH (architecture)',
  4: 'GO BUILDID',
  256: 'OPEN',
  257: 'func',
  3405650558: 'FDO_PACKAGING_METADATA',
};
