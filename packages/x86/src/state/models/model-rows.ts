// table: CPU models: the levels of the x86-64 psABI, everything there is, and historical processors under QEMU's names.

/** A model as it is written here; `extends` names the row whose features it adds to. */
export interface ModelRow {
  readonly name: string;
  readonly title: string;
  readonly extends?: string;
  /** Features, separated by blanks; `-name` takes one away. `*` stands for every feature there is. */
  readonly features: string;
  /** CPUID.1:EAX: extended family, extended model, type, family, model, stepping. The row that is extended gives it when absent. */
  readonly signature?: number;
  /** CPUID.2: descriptors of caches and TLBs, where the processor has that leaf and no leaf 4. */
  readonly descriptors?: readonly [number, number, number, number];
  /** Largest basic and extended leaf of CPUID; the extended ones are absent when that is 0. */
  readonly leaves?: readonly [basic: number, extended: number];
}

/** Announced by every processor of its age; user programs do not see what they do. */
const SYSTEM = 'vme de pse msr pae mce apic mtrr pge mca pat pse36 nx';
const MODERN_LEAVES = [0xd, 0x8000_0008] as const;
const EXTENDED_LEAVES = [4, 0x8000_0008] as const;

// biome-ignore format: one row per line
export const MODELS: readonly ModelRow[] = [
  { name: 'x86-64-v1', title: 'the x86-64 baseline: SSE2', signature: 0x6fb, leaves: [7, 0x8000_0008], features: `fpu tsc cx8 sep cmov mmx fxsr sse sse2 clflush lm syscall ${SYSTEM}` },
  { name: 'x86-64-v2', title: 'level 2, as of 2008: SSE4.2, POPCNT, CMPXCHG16B', extends: 'x86-64-v1', signature: 0x106a5, features: 'cx16 lahf popcnt sse3 ssse3 sse4.1 sse4.2' },
  { name: 'x86-64-v3', title: 'level 3, as of 2013: AVX2, BMI, FMA, F16C, MOVBE', extends: 'x86-64-v2', signature: 0x306c3, leaves: MODERN_LEAVES, features: 'xsave avx avx2 bmi1 bmi2 f16c fma lzcnt movbe' },
  { name: 'max', title: 'every feature that this CPU has', signature: 0x306c3, leaves: MODERN_LEAVES, features: '*' },

  { name: '486', title: 'Intel 486DX4: the FPU and CPUID, nothing more', signature: 0x483, leaves: [1, 0], features: 'fpu vme pse' },
  { name: 'pentium', title: 'Intel Pentium: TSC and CMPXCHG8B', extends: '486', signature: 0x543, features: 'de tsc msr mce cx8' },
  { name: 'pentium2', title: 'Intel Pentium II: CMOV, MMX, FXSAVE', extends: 'pentium', signature: 0x652, leaves: [2, 0], descriptors: [0x0302_0101, 0, 0, 0x0c04_0843], features: 'pae sep mtrr pge mca cmov pat pse36 mmx fxsr' },
  { name: 'pentium3', title: 'Intel Pentium III: SSE', extends: 'pentium2', signature: 0x673, features: 'sse' },
  { name: 'core2duo', title: 'Intel Core 2 Duo: SSSE3', extends: 'x86-64-v1', signature: 0x6fb, leaves: EXTENDED_LEAVES, features: 'sse3 ssse3 cx16 lahf' },
  { name: 'Nehalem', title: 'Intel Core i7 of 2008', extends: 'x86-64-v2', features: 'rdtscp' },
  { name: 'Westmere', title: 'Intel Xeon of 2010: AES', extends: 'Nehalem', signature: 0x206c1, features: 'aes pclmulqdq' },
  { name: 'SandyBridge', title: 'Intel Core of 2011: AVX', extends: 'Westmere', signature: 0x206a1, leaves: MODERN_LEAVES, features: 'xsave xsaveopt avx' },
  { name: 'IvyBridge', title: 'Intel Core of 2012: F16C, RDRAND', extends: 'SandyBridge', signature: 0x306a9, features: 'f16c rdrand fsgsbase erms' },
  { name: 'Haswell', title: 'Intel Core of 2013 without TSX: AVX2, FMA, BMI', extends: 'IvyBridge', signature: 0x306c4, features: 'avx2 bmi1 bmi2 fma lzcnt movbe' },
  { name: 'Broadwell', title: 'Intel Core of 2014 without TSX: ADX, RDSEED', extends: 'Haswell', signature: 0x306d2, features: 'adx rdseed prefetchw' },
  { name: 'Skylake', title: 'Intel Core of 2015 without TSX: XSAVEC', extends: 'Broadwell', signature: 0x506e3, features: 'xsavec xgetbv1 clflushopt' },
  { name: 'qemu32', title: "QEMU's 32-bit processor", extends: 'pentium3', signature: 0x663, leaves: [4, 0x8000_0004], features: 'clflush sse2 sse3' },
  { name: 'qemu64', title: "QEMU's 64-bit processor of old", extends: 'x86-64-v1', signature: 0x6fb, features: 'sse3 cx16 lahf' },
];

/** Other names that are understood. */
export const MODEL_ALIASES: Readonly<Record<string, string>> = {
  base: 'x86-64-v1',
  'x86-64': 'x86-64-v1',
  host: 'max',
  'Haswell-noTSX': 'Haswell',
  'Broadwell-noTSX': 'Broadwell',
  'Skylake-Client': 'Skylake',
  'Skylake-Client-noTSX-IBRS': 'Skylake',
};
