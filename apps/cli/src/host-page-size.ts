// The page size of a modelled host as people write it.
import { isPowerOfTwo } from '@elf/pagesize';

const SMALLEST_PAGE = 4096;
/** 2 MiB; no Linux has larger base pages. */
const LARGEST_PAGE = 2 << 20;

/** "16k", "16K", "16KiB" or "16384" in bytes; undefined for anything that is no page size. */
export function pageBytes(word: string): number | undefined {
  const [, digits, unit] = /^(\d+)(k|kb|kib|m|mib)?$/i.exec(word) ?? [];
  if (digits === undefined) return undefined;
  const scale = unit === undefined ? 1 : /^k/i.test(unit) ? 1024 : 1 << 20;
  const bytes = Number(digits) * scale;
  return isPowerOfTwo(bytes) && bytes >= SMALLEST_PAGE && bytes <= LARGEST_PAGE ? bytes : undefined;
}
