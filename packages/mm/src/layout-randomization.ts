// Address randomisation from a seed: Linux's ranges, with numbers that come back whenever the seed does.
import { GUEST_PAGE_BYTES, roundDown, roundUp } from '@elf/pagesize';

/** Distances in bytes by which a program start differs from the one without randomisation. */
export interface LayoutRandomization {
  /**
   * Subtracted from the stack top, a page multiple: random pages (fs/binfmt_elf.c, randomize_stack_top), and two pages at most
   * that the first fine offset adds to them (fs/exec.c, setup_arg_pages).
   */
  readonly stackOffset: number;
  /** Subtracted from the mmap base, a page multiple (arch/x86/mm/mmap.c, mmap_base). */
  readonly mmapOffset: number;
  /** Added to the load address of a position-independent executable, a page multiple (fs/binfmt_elf.c, load_elf_binary). */
  readonly executableOffset: number;
  /** Added to the start of the heap, a page multiple (arch/x86/kernel/process.c, arch_randomize_brk). */
  readonly brkOffset: number;
  /** Subtracted from the stack pointer before it is aligned: 0 to 8191 (arch/x86/kernel/process.c, arch_align_stack). */
  readonly stackFineOffset: number;
}

/** For whom the ranges are. */
export interface LayoutRandomizationOptions {
  /** Width of the program's addresses: 64 by default, 32 for an i386 program. */
  readonly bits?: 64 | 32;
  /** The kernel's page in bytes, of which offsets are multiples; 4096 by default. */
  readonly pageBytes?: number;
}

/** Random bits of a page number. mmap: CONFIG_ARCH_MMAP_RND_BITS and its _COMPAT_ twin; stack: STACK_RND_MASK. */
// biome-ignore format: one row per width
const RANGES = {
  64: { mmapPages: 2 ** 28, stackPages: 2 ** 22, brkBytes: 2 ** 30 },
  32: { mmapPages: 2 ** 8,  stackPages: 2 ** 11, brkBytes: 2 ** 25 },
} as const;
const STACK_FINE_BYTES = 8192;
const STACK_ALIGNMENT = 16;

/**
 * The offsets of one program start. The same seed gives the same numbers, everywhere and for good; neighbouring seeds give
 * unrelated ones. Not for security: whoever knows the seed knows the layout.
 * @param seed any integer; its low 64 bits count as far as a number holds them.
 * @example
 * const { mmapOffset } = randomizeLayout(42); // below 2^40, a multiple of 4096
 */
export function randomizeLayout(seed: number, options: LayoutRandomizationOptions = {}): LayoutRandomization {
  const { mmapPages, stackPages, brkBytes } = RANGES[options.bits ?? 64];
  const pageBytes = options.pageBytes ?? GUEST_PAGE_BYTES;
  const next = generator(seed);
  // The ranges are 4 KiB pages; a larger kernel page rounds within them, which keeps addresses of one seed close together.
  const pages = (limit: number) => roundDown((next() % limit) * GUEST_PAGE_BYTES, pageBytes);
  const offsets = {
    stackOffset: pages(stackPages),
    mmapOffset: pages(mmapPages),
    executableOffset: pages(mmapPages),
    brkOffset: pages(brkBytes / GUEST_PAGE_BYTES),
    stackFineOffset: next() % STACK_FINE_BYTES,
  };
  const firstFineOffset = roundUp(next() % STACK_FINE_BYTES, STACK_ALIGNMENT);
  return { ...offsets, stackOffset: offsets.stackOffset + roundDown(firstFineOffset, pageBytes) };
}

/** A counter through a bit mixer: every 32-bit number equally often, and nothing of the counter visible in it. */
function generator(seed: number): () => number {
  const high = Math.floor(seed / 2 ** 32);
  let state = (mix(seed | 0) ^ Math.imul(high, 0x85eb_ca6b)) | 0;
  return () => {
    // The step is odd, so that the counter passes every state; this one is 2^32 divided by the golden ratio.
    state = (state + 0x9e37_79b9) | 0;
    return mix(state);
  };
}

function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
