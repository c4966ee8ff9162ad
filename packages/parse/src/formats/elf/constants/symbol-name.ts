// table: names of symbol types, bindings and visibilities as GNU readelf prints them.

/** Symbol type by the low four bits of st_info (gABI chapter 4; RELC and SRELC: binutils' complex relocations). */
export const SYMBOL_TYPE_NAME: Readonly<Record<number, string>> = {
  0: 'NOTYPE',
  1: 'OBJECT',
  2: 'FUNC',
  3: 'SECTION',
  4: 'FILE',
  5: 'COMMON',
  6: 'TLS',
  8: 'RELC',
  9: 'SRELC',
};

/** Symbol types that belong to one machine, by e_machine. */
export const MACHINE_SYMBOL_TYPE_NAME: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  11: { 13: 'REGISTER' },
  15: { 11: 'HP_OPAQUE', 12: 'HP_STUB', 13: 'PARISC_MILLI' },
  40: { 13: 'THUMB_FUNC' },
  43: { 13: 'REGISTER' },
};

/** STT_GNU_IFUNC is read under these EI_OSABI values only (3 GNU, 9 FreeBSD). */
export const GNU_IFUNC_OSABI: readonly number[] = [3, 9];

/** Symbol binding by the high four bits of st_info. */
export const SYMBOL_BINDING_NAME: Readonly<Record<number, string>> = {
  0: 'LOCAL',
  1: 'GLOBAL',
  2: 'WEAK',
};

/** Symbol visibility by the low two bits of st_other. */
export const SYMBOL_VISIBILITY_NAME: readonly string[] = ['DEFAULT', 'INTERNAL', 'HIDDEN', 'PROTECTED'];
