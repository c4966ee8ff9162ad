// table: names of the bits in the flag entries of a dynamic section, lowest bit first.

/** Bits of DT_FLAGS (gABI chapter 5). */
export const DYNAMIC_FLAG: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'ORIGIN'],
  [0x2, 'SYMBOLIC'],
  [0x4, 'TEXTREL'],
  [0x8, 'BIND_NOW'],
  [0x10, 'STATIC_TLS'],
];

/** Bits of DT_FLAGS_1 (Solaris Linker and Libraries Guide; DF_1_PIE and later: binutils' include/elf/common.h). */
export const DYNAMIC_FLAG_1: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'NOW'],
  [0x2, 'GLOBAL'],
  [0x4, 'GROUP'],
  [0x8, 'NODELETE'],
  [0x10, 'LOADFLTR'],
  [0x20, 'INITFIRST'],
  [0x40, 'NOOPEN'],
  [0x80, 'ORIGIN'],
  [0x100, 'DIRECT'],
  [0x200, 'TRANS'],
  [0x400, 'INTERPOSE'],
  [0x800, 'NODEFLIB'],
  [0x1000, 'NODUMP'],
  [0x2000, 'CONFALT'],
  [0x4000, 'ENDFILTEE'],
  [0x8000, 'DISPRELDNE'],
  [0x10000, 'DISPRELPND'],
  [0x20000, 'NODIRECT'],
  [0x40000, 'IGNMULDEF'],
  [0x80000, 'NOKSYMS'],
  [0x100000, 'NOHDR'],
  [0x200000, 'EDITED'],
  [0x400000, 'NORELOC'],
  [0x800000, 'SYMINTPOSE'],
  [0x1000000, 'GLOBAUDIT'],
  [0x2000000, 'SINGLETON'],
  [0x4000000, 'STUB'],
  [0x8000000, 'PIE'],
  [0x10000000, 'KMOD'],
  [0x20000000, 'WEAKFILTER'],
  [0x40000000, 'NOCOMMON'],
];

/** Bits of DT_POSFLAG_1. */
export const DYNAMIC_POSITION_FLAG_1: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'LAZYLOAD'],
  [0x2, 'GROUPPERM'],
];

/** Bits of DT_FEATURE. */
export const DYNAMIC_FEATURE: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'PARINIT'],
  [0x2, 'CONFEXP'],
];
