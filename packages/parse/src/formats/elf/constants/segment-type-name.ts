// table: names of p_type values as GNU readelf prints them (it cuts them to 14 characters).

/** Segment type by p_type (gABI chapter 5, GNU and OpenBSD extensions). */
export const SEGMENT_TYPE_NAME: Readonly<Record<number, string>> = {
  0: 'NULL',
  1: 'LOAD',
  2: 'DYNAMIC',
  3: 'INTERP',
  4: 'NOTE',
  5: 'SHLIB',
  6: 'PHDR',
  7: 'TLS',
  1685382480: 'GNU_EH_FRAME',
  1685382481: 'GNU_STACK',
  1685382482: 'GNU_RELRO',
  1685382483: 'GNU_PROPERTY',
  1685382484: 'GNU_SFRAME',
  1705237478: 'OPENBSD_RANDOMIZE',
  1705237479: 'OPENBSD_WXNEEDED',
  1705253862: 'OPENBSD_BOOTDATA',
};

/** Types from PT_LOPROC on, by e_machine (psABI documents). */
export const MACHINE_SEGMENT_TYPE_NAME: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  183: {
    1879048192: 'AARCH64_ARCHEXT',
    1879048194: 'AARCH64_MEMTAG',
  },
  243: {
    1879048195: 'RISCV_ATTRIBUTES',
  },
  40: {
    1879048193: 'EXIDX',
  },
  22: {
    1879048192: 'S390_PGSTE',
  },
  8: {
    1879048192: 'REGINFO',
    1879048193: 'RTPROC',
    1879048194: 'OPTIONS',
    1879048195: 'ABIFLAGS',
  },
  50: {
    1879048192: 'IA_64_ARCHEXT',
    1879048193: 'IA_64_UNWIND',
  },
  15: {
    1879048192: 'PARISC_ARCHEXT',
    1879048193: 'PARISC_UNWIND',
    1879048194: 'PARISC_WEAKORD',
  },
};
