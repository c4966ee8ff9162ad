// table: run-time libraries that assume something about the page size, and the texts in a file that give them away.
import { MACHINE } from './image-facts.ts';

const KIB = 1024;

/** A library, its marks, and the pages it works with. */
export interface RuntimeRow {
  /** Stable: part of the rule id ELF-RT-... */
  readonly id: string;
  readonly name: string;
  /** Any one of these texts in read-only data says that the library is in the file. */
  readonly marks: readonly { readonly text: string; readonly confidence: 'certain' | 'likely' }[];
  /** A program that names this dynamic linker has the library. */
  readonly interpreter?: RegExp;
  /**
   * Largest page the library works with on a machine, in bytes; "build" when whoever compiled it chose and the file does not tell;
   * undefined when every page size of Linux (4 to 64 KiB) works.
   */
  readonly largestPageBytes: (machine: number) => number | 'build' | undefined;
  readonly explanation: string;
  readonly fix: string;
  readonly sources: readonly string[];
}

const isX86 = (machine: number) => machine === MACHINE.x86_64 || machine === MACHINE.i386;

/** In the order of the report. */
export const RUNTIME_ROWS: readonly RuntimeRow[] = [
  {
    id: 'JEMALLOC',
    name: 'jemalloc',
    marks: [{ text: '<jemalloc>: Unsupported system page size', confidence: 'certain' }],
    largestPageBytes: () => 'build',
    explanation:
      'jemalloc fixes its page size when it is compiled (--with-lg-page; by default that of the build machine, so nearly always 4 KiB) and refuses every allocation when the system reports a larger one: "<jemalloc>: Unsupported system page size".',
    fix: 'Build jemalloc with --with-lg-page=16 (for Rust: JEMALLOC_SYS_WITH_LG_PAGE=16), which covers 4, 16 and 64 KiB; for a finished binary use a loader that reports AT_PAGESZ 4096 to it.',
    sources: [
      'https://github.com/jemalloc/jemalloc/issues/467',
      'https://github.com/jemalloc/jemalloc/issues/2639',
      'https://github.com/tikv/jemallocator/issues/80',
    ],
  },
  {
    id: 'JSC',
    name: 'JavaScriptCore (WebKit, Bun)',
    marks: [
      { text: 'size_t WTF::pageSize()', confidence: 'certain' },
      { text: 'JSC_libpasScavengeContinuously', confidence: 'certain' },
    ],
    largestPageBytes: (machine) => {
      if (isX86(machine) || machine === MACHINE.arm || machine === MACHINE.riscv) return 4 * KIB;
      return machine === MACHINE.aarch64 || machine === MACHINE.loongarch ? 16 * KIB : 64 * KIB;
    },
    explanation:
      'JavaScriptCore needs an upper bound of the page size at compile time (CeilingOnPageSize: 4 KiB on x86, 32-bit ARM and RISC-V, 16 KiB on 64-bit ARM Linux and LoongArch, 64 KiB elsewhere) and aborts at start-up when the system reports more.',
    fix: 'Use a loader that reports AT_PAGESZ 4096 to the program, or rebuild WebKit for larger pages (USE_64KB_PAGE_BLOCK on 64-bit ARM).',
    sources: [
      'WebKit, Source/WTF/wtf/PageBlock.h',
      'https://github.com/oven-sh/bun/issues/6241',
      'https://github.com/oven-sh/bun/pull/25050',
    ],
  },
  {
    id: 'PARTITION-ALLOC',
    name: 'PartitionAlloc (Chromium, Electron)',
    marks: [{ text: 'partition_alloc/partitions/', confidence: 'certain' }],
    largestPageBytes: (machine) => (isX86(machine) ? 4 * KIB : machine === MACHINE.aarch64 ? 'build' : undefined),
    explanation:
      'Chromium compiles the page size in on x86. On 64-bit ARM Linux it asks the system since version 102; older ones assume 4 KiB, and versions 132 and 133 crash in the renderer on 16 KiB pages.',
    fix: 'On x86 use a loader that reports AT_PAGESZ 4096; on 64-bit ARM use Chromium 134 (Electron 35) or newer.',
    sources: [
      'https://github.com/electron/electron/pull/35184',
      'https://github.com/electron/electron/issues/45560',
      'https://issues.chromium.org/issues/378017037',
    ],
  },
  {
    id: 'HARDENED-MALLOC',
    name: 'hardened_malloc',
    marks: [{ text: 'fatal allocator error: ', confidence: 'likely' }],
    largestPageBytes: () => 4 * KIB,
    explanation: 'hardened_malloc is written for 4 KiB pages only; its size classes and guard pages assume them.',
    fix: 'Run it where pages are 4 KiB, or with another allocator.',
    sources: ['https://github.com/GrapheneOS/hardened_malloc/issues/213'],
  },
  {
    id: 'MUSL-X86',
    name: 'musl',
    interpreter: /^\/lib\/ld-musl-/,
    marks: [{ text: 'musl libc (', confidence: 'likely' }],
    largestPageBytes: (machine) => (isX86(machine) ? 4 * KIB : undefined),
    explanation:
      'musl has PAGESIZE 4096 as a compile-time constant on x86 and ignores AT_PAGESZ there; on machines with several page sizes it asks the system.',
    fix: 'On x86 the loader must provide 4 KiB granularity in mmap and mprotect, whatever the host page is.',
    sources: ['musl, arch/x86_64/bits/limits.h and arch/i386/bits/limits.h'],
  },
  {
    id: 'MIMALLOC',
    name: 'mimalloc',
    marks: [{ text: 'mimalloc: warning: ', confidence: 'certain' }],
    largestPageBytes: () => undefined,
    explanation: 'mimalloc asks the system for its page size (sysconf) and works with 4, 16 and 64 KiB.',
    fix: 'Nothing to do.',
    sources: ['https://github.com/microsoft/mimalloc/issues/1166'],
  },
  {
    id: 'GO',
    name: 'Go runtime',
    marks: [
      { text: '\u00ff Go buildinf:', confidence: 'certain' },
      { text: 'bad system page size', confidence: 'likely' },
    ],
    largestPageBytes: () => undefined,
    explanation: 'The Go runtime takes the page size from AT_PAGESZ and works with 4 KiB to 512 KiB.',
    fix: 'Nothing to do.',
    sources: ['Go, src/runtime/malloc.go, minPhysPageSize and maxPhysPageSize'],
  },
];
