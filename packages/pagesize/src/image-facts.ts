// What a plan may ask of an image beside its PT_LOADs, taken from the program headers.
import type { ImageFacts } from './page-policy.ts';

/** p_type of the addresses that become read-only after relocation (binutils include/elf/common.h). */
const PT_GNU_RELRO = 0x6474e552;

/**
 * The facts for {@link PagePolicy.plan}, from all program headers of an image.
 *
 * @example
 * ```ts
 * policy.plan(loads, 16384, imageFacts(elf.programHeaders));
 * ```
 */
export function imageFacts(
  programHeaders: readonly { readonly type: number; readonly vaddr: bigint; readonly memsz: bigint }[],
): ImageFacts {
  const relro = programHeaders
    .filter(({ type }) => type === PT_GNU_RELRO)
    .map(({ vaddr, memsz }) => ({ start: vaddr, end: vaddr + memsz }));
  return { relro };
}
