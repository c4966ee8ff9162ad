// table: encodings that the processor of the recordings executes or refuses in its own way and no model of ours has: the feature each belongs to.

/** Where an instruction is encoded: escape bytes (`vex1`: map 1 under VEX), mandatory prefix, opcode, and what ModRM must be. */
interface Foreign {
  readonly feature: string;
  readonly map: 0 | 1 | 2 | 3 | 'vex1' | 'vex2' | 'vex3';
  readonly prefix: 'any' | 'np' | 0x66 | 0xf2 | 0xf3;
  readonly opcodes: readonly number[];
  readonly modrm?: (modrm: number) => boolean;
  readonly mode?: 64;
}

const isMemory = (modrm: number) => modrm < 0xc0;
const digit = (modrm: number) => (modrm >> 3) & 7;
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

// biome-ignore format: one row per line
const ROWS: readonly Foreign[] = [
  { feature: 'avx512', map: 0, prefix: 'any', opcodes: [0x62] },
  { feature: 'avx512 (masks)', map: 'vex1', prefix: 'any', opcodes: [0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x4a, 0x4b, 0x90, 0x91, 0x92, 0x93, 0x98, 0x99] },
  { feature: 'avx512 (masks)', map: 'vex3', prefix: 0x66, opcodes: range(0x30, 0x33) },
  { feature: 'avx_vnni', map: 'vex2', prefix: 0x66, opcodes: range(0x50, 0x53) },
  { feature: 'amx', map: 'vex2', prefix: 'any', opcodes: [0x49, 0x4b, 0x5c, 0x5e] },
  { feature: 'gfni', map: 'vex2', prefix: 0x66, opcodes: [0xcf] },
  { feature: 'gfni', map: 'vex3', prefix: 0x66, opcodes: [0xce, 0xcf] },
  { feature: 'gfni', map: 2, prefix: 0x66, opcodes: [0xcf] },
  { feature: 'gfni', map: 3, prefix: 0x66, opcodes: [0xce, 0xcf] },
  { feature: 'rtm', map: 0, prefix: 'any', opcodes: [0xc6, 0xc7], modrm: (modrm) => modrm === 0xf8 },
  { feature: 'rtm', map: 1, prefix: 'any', opcodes: [0x01], modrm: (modrm) => modrm === 0xd5 || modrm === 0xd6 },
  { feature: 'serialize', map: 1, prefix: 'np', opcodes: [0x01], modrm: (modrm) => modrm === 0xe8 },
  { feature: 'tsxldtrk', map: 1, prefix: 0xf2, opcodes: [0x01], modrm: (modrm) => modrm === 0xe8 || modrm === 0xe9 },
  { feature: 'a call of the hypervisor (VMCALL, VMMCALL)', map: 1, prefix: 'any', opcodes: [0x01], modrm: (modrm) => modrm === 0xc1 || modrm === 0xd9 },
  { feature: 'tdx (TDCALL, SEAMCALL)', map: 1, prefix: 0x66, opcodes: [0x01], modrm: (modrm) => modrm === 0xcc || modrm === 0xcf },
  { feature: 'sgx', map: 1, prefix: 'np', opcodes: [0x01], modrm: (modrm) => modrm === 0xd7 },
  { feature: 'xsaves', map: 1, prefix: 'np', opcodes: [0xc7], modrm: (modrm) => isMemory(modrm) && (digit(modrm) === 3 || digit(modrm) === 5) },
  { feature: 'ptwrite', map: 1, prefix: 0xf3, opcodes: [0xae], modrm: (modrm) => digit(modrm) === 4 },
  { feature: 'invpcid', map: 2, prefix: 0x66, opcodes: [0x82], modrm: isMemory },
  { feature: 'movdir64b', map: 2, prefix: 0x66, opcodes: [0xf8], modrm: isMemory },
  { feature: 'enqcmd', map: 2, prefix: 0xf2, opcodes: [0xf8], modrm: isMemory },
  { feature: 'enqcmd', map: 2, prefix: 0xf3, opcodes: [0xf8], modrm: isMemory },
  { feature: 'movdiri', map: 2, prefix: 'np', opcodes: [0xf9], modrm: isMemory },
  { feature: 'hreset', map: 3, prefix: 0xf3, opcodes: [0xf0], modrm: (modrm) => modrm === 0xc0 },
  { feature: 'SYSENTER in 64-bit mode, which Linux leaves into 32-bit code', map: 1, prefix: 'any', opcodes: [0x34], mode: 64 },
];

const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/**
 * The feature that an encoding belongs to, undefined where it is none of the table's.
 * @example
 * foreignFeature([0x66, 0x0f, 0x38, 0xcf, 0xc1], 64); // 'gfni'
 */
export function foreignFeature(bytes: readonly number[], mode: 32 | 64): string | undefined {
  let at = 0;
  let repeat = 0;
  let isNarrow = false;
  for (; PREFIXES.has(bytes[at]) || (mode === 64 && bytes[at] >= 0x40 && bytes[at] <= 0x4f); at += 1) {
    if (bytes[at] === 0x66) isNarrow = true;
    else if (bytes[at] === 0xf2 || bytes[at] === 0xf3) repeat = bytes[at];
  }
  let map: Foreign['map'] = 0;
  let prefix = repeat || (isNarrow ? 0x66 : 0);
  if (bytes[at] === 0xc4 || bytes[at] === 0xc5) {
    const isLong = bytes[at] === 0xc4;
    const number = isLong ? bytes[at + 1] & 31 : 1;
    if (number < 1 || number > 3) return undefined;
    map = `vex${number as 1 | 2 | 3}`;
    prefix = [0, 0x66, 0xf3, 0xf2][bytes[at + (isLong ? 2 : 1)] & 3];
    at += isLong ? 3 : 2;
  } else if (bytes[at] === 0x0f) {
    map = bytes[at + 1] === 0x38 ? 2 : bytes[at + 1] === 0x3a ? 3 : 1;
    at += map === 1 ? 1 : 2;
  }
  return ROWS.find(
    (row) =>
      row.map === map &&
      row.opcodes.includes(bytes[at]) &&
      (row.prefix === 'any' || row.prefix === (prefix || 'np')) &&
      (row.mode === undefined || row.mode === mode) &&
      (row.modrm === undefined || row.modrm(bytes[at + 1])),
  )?.feature;
}
