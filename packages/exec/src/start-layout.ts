// Where one program start puts things: the profile's layout after rounding to the mapper's page and after randomisation.
import { type LayoutRandomization, randomizeLayout, STACK_GUARD_BYTES } from '@elf/mm';
import { GUEST_PAGE_BYTES, roundDown, roundUp } from '@elf/pagesize';
import { DEFAULT_STACK_LIMIT } from './binprm.ts';
import type { ExecRequest } from './exec-request.ts';
import type { LoaderLayout } from './loader-profile.ts';
import { PersonalityFlag } from './personality-flags.ts';

/** Largest stack offset of address randomisation by width of addresses: __STACK_RND_MASK pages (arch/x86/include/asm/elf.h). */
const LARGEST_STACK_OFFSET = { 64: 0x3f_ffff * GUEST_PAGE_BYTES, 32: 0x7ff * GUEST_PAGE_BYTES } as const;

/** A layout with all addresses decided that do not depend on the image. */
export interface StartLayout extends LoaderLayout {
  /** Mappings grow down from here; 0: they grow up from a third of the address space. */
  readonly mmapBase: number;
  /** What randomisation moved; absent when it is off. */
  readonly randomization?: LayoutRandomization;
}

/**
 * Applies page size, stack limit and seed of a request to a layout (arch/x86/mm/mmap.c, mmap_base; fs/binfmt_elf.c,
 * randomize_stack_top).
 * @param bits width of the program's addresses, which decides how far things move.
 * @param flags personality flags the program inherits.
 * @example
 * const layout = startLayout(linuxProfile.layout, request, 4096, 64);
 */
export function startLayout(
  layout: LoaderLayout,
  request: ExecRequest,
  pageBytes: number,
  bits: 32 | 64 = 64,
  flags = 0,
): StartLayout {
  const { randomizationSeed, limits } = request;
  const seeded = randomizationSeed === undefined ? undefined : randomizeLayout(randomizationSeed, { bits, pageBytes });
  const isFixed = (flags & PersonalityFlag.AddressNoRandomize) !== 0;
  const randomization = isFixed ? undefined : (request.randomization ?? seeded);
  const taskSize = roundDown(layout.taskSize, pageBytes);
  const guard = (STACK_GUARD_BYTES / GUEST_PAGE_BYTES) * pageBytes;
  const stack = limits?.stackLimitInBytes ?? DEFAULT_STACK_LIMIT;
  const room = stack + guard + (randomization ? LARGEST_STACK_OFFSET[bits] : 0);
  const gap = Math.min(Math.max(room, layout.minimumMmapGap), Math.floor(layout.taskSize / 6) * 5);
  const top = roundDown(layout.stackTop, pageBytes);
  const mmapBase = roundUp(top - gap - (randomization?.mmapOffset ?? 0), pageBytes);
  return {
    ...layout,
    taskSize,
    stackTop: top - (randomization?.stackOffset ?? 0),
    // Without room below it, the search for a free place starts where the old layout does: TASK_UNMAPPED_BASE.
    mmapBase: flags & PersonalityFlag.AddressCompatLayout ? 0 : mmapBase,
    randomization,
  };
}
