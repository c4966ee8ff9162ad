// table: names of p_type values as GNU readelf prints them (it cuts them to 14 characters).

/** Segment type by p_type (gABI chapter 5, GNU and OpenBSD extensions). */
export const SEGMENT_TYPE_NAME: Readonly<Record<number, string>> = {
  0x0: 'NULL',
  0x1: 'LOAD',
  0x2: 'DYNAMIC',
  0x3: 'INTERP',
  0x4: 'NOTE',
  0x5: 'SHLIB',
  0x6: 'PHDR',
  0x7: 'TLS',
  0x6474e550: 'GNU_EH_FRAME',
  0x6474e551: 'GNU_STACK',
  0x6474e552: 'GNU_RELRO',
  0x6474e553: 'GNU_PROPERTY',
  0x6474e554: 'GNU_SFRAME',
  0x65a3dbe6: 'OPENBSD_RANDOMIZE',
  0x65a3dbe7: 'OPENBSD_WXNEEDED',
  0x65a41be6: 'OPENBSD_BOOTDATA',
};

/** Types from PT_LOPROC on, by e_machine (psABI documents). */
export const MACHINE_SEGMENT_TYPE_NAME: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  183: {
    0x70000000: 'AARCH64_ARCHEXT',
    0x70000002: 'AARCH64_MEMTAG',
  },
  243: {
    0x70000003: 'RISCV_ATTRIBUTES',
  },
  40: {
    0x70000001: 'EXIDX',
  },
  22: {
    0x70000000: 'S390_PGSTE',
  },
  8: {
    0x70000000: 'REGINFO',
    0x70000001: 'RTPROC',
    0x70000002: 'OPTIONS',
    0x70000003: 'ABIFLAGS',
  },
  50: {
    0x70000000: 'IA_64_ARCHEXT',
    0x70000001: 'IA_64_UNWIND',
  },
  15: {
    0x70000000: 'PARISC_ARCHEXT',
    0x70000001: 'PARISC_UNWIND',
    0x70000002: 'PARISC_WEAKORD',
  },
};
