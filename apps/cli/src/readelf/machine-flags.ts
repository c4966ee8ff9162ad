// e_flags in words, as GNU readelf lists them behind the number.

type Bits = readonly (readonly [bit: number, words: string])[];

const ARM_EABI: Readonly<Record<number, { readonly name: string; readonly bits: Bits }>> = {
  0: {
    name: 'GNU EABI',
    bits: [
      [0x4, 'interworking enabled'],
      [0x8, 'uses APCS/26'],
      [0x10, 'uses APCS/float'],
      [0x20, 'position independent'],
      [0x40, '8 bit structure alignment'],
      [0x80, 'uses new ABI'],
      [0x100, 'uses old ABI'],
      [0x200, 'software FP'],
      [0x400, 'VFP'],
      [0x800, 'Maverick FP'],
    ],
  },
  1: { name: 'Version1 EABI', bits: [[0x4, 'sorted symbol tables']] },
  2: {
    name: 'Version2 EABI',
    bits: [
      [0x4, 'sorted symbol tables'],
      [0x8, 'dynamic symbols use segment index'],
      [0x10, 'mapping symbols precede others'],
    ],
  },
  4: {
    name: 'Version4 EABI',
    bits: [
      [0x40_0000, 'LE8'],
      [0x80_0000, 'BE8'],
    ],
  },
  5: {
    name: 'Version5 EABI',
    bits: [
      [0x200, 'soft-float ABI'],
      [0x400, 'hard-float ABI'],
      [0x40_0000, 'LE8'],
      [0x80_0000, 'BE8'],
    ],
  },
};

function arm(flags: number): string[] {
  const words: string[] = [];
  if (flags & 0x1) words.push('relocatable executable');
  if (flags & 0x20) words.push('position independent');
  const version = flags >>> 24;
  let rest = flags & 0xff_ffff & ~0x21;
  if (version === 3) return [...words, 'Version3 EABI'];
  const abi = ARM_EABI[version];
  if (abi === undefined) return [...words, '<unrecognized EABI>'];
  words.push(abi.name);
  for (const [bit, name] of abi.bits) {
    if (rest & bit) words.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) words.push('<unknown>');
  return words;
}

function riscv(flags: number): string[] {
  const words: string[] = [];
  if (flags & 0x1) words.push('RVC');
  if (flags & 0x8) words.push('RVE');
  if (flags & 0x10) words.push('TSO');
  words.push(`${['soft', 'single', 'double', 'quad'][(flags >> 1) & 3]}-float ABI`);
  return words;
}

function loongarch(flags: number): string[] {
  const words: string[] = [];
  const float = ['', 'SOFT-FLOAT', 'SINGLE-FLOAT', 'DOUBLE-FLOAT'][flags & 7];
  if (float) words.push(float);
  const object = (flags >> 6) & 3;
  if (object < 2) words.push(`OBJ-v${object}`);
  return words;
}

const MIPS_CPU: Readonly<Record<number, string>> = {
  129: '3900',
  130: '4010',
  131: '4100',
  133: '4650',
  135: '4120',
  136: '4111',
  138: 'sb1',
  139: 'octeon',
  140: 'xlr',
  141: 'octeon2',
  142: 'octeon3',
  145: '5400',
  146: '5900',
  147: 'interaptiv-mr2',
  152: '5500',
  153: '9000',
  160: 'loongson-2e',
  161: 'loongson-2f',
  162: 'gs464',
  163: 'gs464e',
  164: 'gs264e',
};
const MIPS_ISA = 'mips1 mips2 mips3 mips4 mips5 mips32 mips64 mips32r2 mips64r2 mips32r6 mips64r6'.split(' ');
const MIPS_ABI = ['', 'o32', 'o64', 'eabi32', 'eabi64'];
const MIPS_BITS: Bits = [
  [0x1, 'noreorder'],
  [0x2, 'pic'],
  [0x4, 'cpic'],
  [0x10, 'ugen_reserved'],
  [0x20, 'abi2'],
  [0x80, 'odk first'],
  [0x100, '32bitmode'],
  [0x400, 'nan2008'],
  [0x200, 'fp64'],
];
const MIPS_ASE: Bits = [
  [0x0800_0000, 'mdmx'],
  [0x0400_0000, 'mips16'],
  [0x0200_0000, 'micromips'],
];

function named(flags: number, bits: Bits): string[] {
  return bits.filter(([bit]) => (flags & bit) !== 0).map(([, words]) => words);
}

function mips(flags: number): string[] {
  const words = named(flags, MIPS_BITS);
  const cpu = (flags >>> 16) & 0xff;
  // The ASE bits lie above the CPU's byte.
  if (cpu !== 0) words.push(MIPS_CPU[cpu] ?? 'unknown CPU');
  const abi = (flags >>> 12) & 0xf;
  if (abi !== 0) words.push(MIPS_ABI[abi] ?? 'unknown ABI');
  words.push(...named(flags, MIPS_ASE));
  words.push(MIPS_ISA[flags >>> 28] ?? 'unknown ISA');
  return words;
}

function sparc64(flags: number): string[] {
  const words = named(flags, [
    [0x100, 'v8+'],
    [0x200, 'ultrasparcI'],
    [0x800, 'ultrasparcIII'],
    [0x400, 'halr1'],
    [0x80_0000, 'ledata'],
  ]);
  const model = ['tso', 'pso', 'rmo'][flags & 3];
  if (model !== undefined) words.push(model);
  return words;
}

const DECODERS: Readonly<Record<number, (flags: number) => string[]>> = {
  2: sparc64,
  8: mips,
  18: sparc64,
  20: (flags) =>
    named(flags, [
      [0x8000_0000, 'emb'],
      [0x1_0000, 'relocatable'],
      [0x8000, 'relocatable-lib'],
    ]),
  21: (flags) => (flags & 3 ? [`abiv${flags & 3}`] : []),
  22: (flags) => (flags & 1 ? ['highgprs'] : []),
  40: arm,
  43: sparc64,
  243: riscv,
  258: loongarch,
};

/**
 * The machine's flags in words, empty for none and for machines whose flags we do not decode (readelf has more of them, all of them
 * microcontrollers or machines of the 1990s).
 */
export function machineFlagWords(machine: number, flags: number): readonly string[] {
  return flags === 0 ? [] : (DECODERS[machine]?.(flags) ?? []);
}
