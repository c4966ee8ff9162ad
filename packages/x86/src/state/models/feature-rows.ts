// table: CPU features: where CPUID announces each one, what Linux calls it, and which others it cannot be without (SDM vol. 2, CPUID).

/** Output registers of CPUID in the order in which `cpuidLeaf` gives them. */
export const OUTPUT = { eax: 0, ebx: 1, ecx: 2, edx: 3 } as const;

/** One feature. Rows of instructions name features by `name`. */
export interface FeatureRow {
  readonly name: string;
  /** CPUID leaf, subleaf, output register and bit. */
  readonly leaf: number;
  readonly subleaf: number;
  readonly register: keyof typeof OUTPUT;
  readonly bit: number;
  /** Features without which this one is not announced either. */
  readonly needs: readonly string[];
  /** Other names that are understood: those of Linux's /proc/cpuinfo and of QEMU. */
  readonly aliases: readonly string[];
}

type Place = readonly [leaf: number, subleaf: number, register: keyof typeof OUTPUT];
const rows = (place: Place, ...entries: readonly (readonly [number, string, string?, string?])[]): FeatureRow[] =>
  entries.map(([bit, name, needs = '', aliases = '']) => ({
    name,
    leaf: place[0],
    subleaf: place[1],
    register: place[2],
    bit,
    needs: words(needs),
    aliases: words(aliases),
  }));
const words = (text: string) => text.split(' ').filter((word) => word !== '');

/** The features; only those that this CPU has, and those of the system that a user program merely sees announced. */
export const FEATURES: readonly FeatureRow[] = /* @__PURE__ */ [
  ...rows(
    [1, 0, 'edx'],
    [0, 'fpu'],
    [1, 'vme'],
    [2, 'de'],
    [3, 'pse'],
    [4, 'tsc'],
    [5, 'msr'],
    [6, 'pae'],
    [7, 'mce'],
    [8, 'cx8'],
    [9, 'apic'],
    [11, 'sep'],
    [12, 'mtrr'],
    [13, 'pge'],
    [14, 'mca'],
    [15, 'cmov'],
    [16, 'pat'],
    [17, 'pse36'],
    [19, 'clflush', '', 'clflush clfsh'],
    [23, 'mmx', 'fpu'],
    [24, 'fxsr', 'fpu'],
    [25, 'sse', 'mmx fxsr'],
    [26, 'sse2', 'sse clflush'],
  ),
  ...rows(
    [1, 0, 'ecx'],
    [0, 'sse3', 'sse2', 'pni'],
    [1, 'pclmulqdq', 'sse2'],
    [9, 'ssse3', 'sse3'],
    [12, 'fma', 'avx'],
    [13, 'cx16', 'cx8'],
    [19, 'sse4.1', 'ssse3', 'sse4_1'],
    [20, 'sse4.2', 'sse4.1', 'sse4_2'],
    [22, 'movbe'],
    [23, 'popcnt'],
    [25, 'aes', 'sse2'],
    [26, 'xsave', 'fxsr'],
    [28, 'avx', 'xsave sse4.2'],
    [29, 'f16c', 'avx'],
    [30, 'rdrand'],
  ),
  ...rows(
    [7, 0, 'ebx'],
    [0, 'fsgsbase', 'lm'],
    [3, 'bmi1'],
    [5, 'avx2', 'avx'],
    [8, 'bmi2'],
    [9, 'erms'],
    [18, 'rdseed'],
    [19, 'adx'],
    [23, 'clflushopt', 'clflush'],
    [24, 'clwb', 'clflush'],
    [29, 'sha', 'ssse3', 'sha_ni sha-ni'],
  ),
  ...rows([7, 0, 'ecx'], [9, 'vaes', 'avx2 aes'], [10, 'vpclmulqdq', 'avx pclmulqdq'], [22, 'rdpid', 'rdtscp']),
  ...rows([7, 0, 'edx'], [4, 'fsrm', 'erms']),
  ...rows([0xd, 1, 'eax'], [0, 'xsaveopt', 'xsave'], [1, 'xsavec', 'xsave'], [2, 'xgetbv1', 'xsave']),
  ...rows(
    [0x8000_0001, 0, 'ecx'],
    [0, 'lahf', 'lm', 'lahf_lm lahf-lm'],
    [5, 'lzcnt', '', 'abm'],
    [8, 'prefetchw', '', '3dnowprefetch'],
  ),
  ...rows(
    [0x8000_0001, 0, 'edx'],
    [11, 'syscall', 'lm'],
    [20, 'nx'],
    [27, 'rdtscp', 'tsc'],
    [29, 'lm', 'sse2 cmov cx8'],
  ),
];
