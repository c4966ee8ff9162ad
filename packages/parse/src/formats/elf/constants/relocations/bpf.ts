// table: relocation type names, source: Linux BPF instruction set, LLVM numbers.

/** Name by relocation type. */
export const BPF_RELOCATION: Readonly<Record<number, string>> = {
  0: 'R_BPF_NONE',
  1: 'R_BPF_INSN_64',
  2: 'R_BPF_INSN_32',
  3: 'R_BPF_INSN_16',
  4: 'R_BPF_INSN_DISP16',
  5: 'R_BPF_DATA_8_PCREL',
  6: 'R_BPF_DATA_16_PCREL',
  7: 'R_BPF_DATA_32_PCREL',
  8: 'R_BPF_DATA_8',
  9: 'R_BPF_DATA_16',
  10: 'R_BPF_INSN_DISP32',
  11: 'R_BPF_DATA_32',
  12: 'R_BPF_DATA_64',
  13: 'R_BPF_DATA_64_PCREL',
};
