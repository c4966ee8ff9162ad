// Sizes of the ELF structures in both classes; everything that differs between ELF32 and ELF64 starts here.

/** Sizes in bytes of one ELF class (gABI chapters 4 and 5). */
export interface ElfLayout {
  readonly wordSize: 4 | 8;
  readonly fileHeaderSize: number;
  readonly programHeaderSize: number;
  readonly sectionHeaderSize: number;
  readonly symbolSize: number;
  readonly relSize: number;
  readonly relaSize: number;
  readonly dynamicSize: number;
  readonly compressionHeaderSize: number;
}

export const LAYOUT_32: ElfLayout = {
  wordSize: 4,
  fileHeaderSize: 52,
  programHeaderSize: 32,
  sectionHeaderSize: 40,
  symbolSize: 16,
  relSize: 8,
  relaSize: 12,
  dynamicSize: 8,
  compressionHeaderSize: 12,
};

export const LAYOUT_64: ElfLayout = {
  wordSize: 8,
  fileHeaderSize: 64,
  programHeaderSize: 56,
  sectionHeaderSize: 64,
  symbolSize: 24,
  relSize: 16,
  relaSize: 24,
  dynamicSize: 16,
  compressionHeaderSize: 24,
};
