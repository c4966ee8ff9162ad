// table: letters of sh_flags bits in GNU readelf's section table.

/** Letter by bit, lowest bit first (gABI chapter 4; D is SHF_GNU_MBIND, R SHF_GNU_RETAIN, E SHF_EXCLUDE). */
export const SECTION_FLAG_LETTER: readonly (readonly [bit: bigint, letter: string])[] = [
  [0x1n, 'W'],
  [0x2n, 'A'],
  [0x4n, 'X'],
  [0x10n, 'M'],
  [0x20n, 'S'],
  [0x40n, 'I'],
  [0x80n, 'L'],
  [0x100n, 'O'],
  [0x200n, 'G'],
  [0x400n, 'T'],
  [0x800n, 'C'],
];
