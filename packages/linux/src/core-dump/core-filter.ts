// Which bytes of each area a core dump holds: coredump_filter (man 5 core; fs/coredump.c, vma_dump_size).
import { AreaFlag, GUEST_PAGE_BYTES, Protection, type Vma } from '@elf/mm';

/** Bits of /proc/PID/coredump_filter. The bits of huge pages and of direct access are kept, and there are no such areas. */
export const CoreFilter = {
  AnonymousPrivate: 1,
  AnonymousShared: 2,
  FilePrivate: 4,
  FileShared: 8,
  ElfHeaders: 16,
} as const;
/** What Linux is configured with: anonymous memory, ELF headers, private huge pages. */
export const DEFAULT_CORE_FILTER = 0x33;
/** Bits the file takes (MMF_DUMP_FILTER_MASK). */
export const CORE_FILTER_MASK = 0x1ff;

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

/** Bytes of an area that are dumped, from its start: all of them, none, or the page with an ELF header. */
export function dumpedBytes(area: Readonly<Vma>, filter: number): number {
  const { flags, backing } = area;
  const whole = area.end - area.start;
  const isAsked = (bit: number) => (filter & bit) !== 0;
  if (flags & AreaFlag.Special) return whole;
  if (flags & AreaFlag.DontDump) return 0;
  if (flags & AreaFlag.Shared) {
    return isAsked(backing?.isAnonymous ? CoreFilter.AnonymousShared : CoreFilter.FileShared) ? whole : 0;
  }
  // An area that was written to has pages of its own.
  if (area.privatePages !== undefined && isAsked(CoreFilter.AnonymousPrivate)) return whole;
  if (backing === undefined) return 0;
  if (isAsked(CoreFilter.FilePrivate)) return whole;
  const isHeader = isAsked(CoreFilter.ElfHeaders) && area.offset === 0 && (area.protection & Protection.Read) !== 0;
  return isHeader && startsWithElfHeader(area) ? GUEST_PAGE_BYTES : 0;
}

/** Linux takes the first page of any executable file; every loaded image has the magic, which also tells libraries. */
function startsWithElfHeader({ backing }: Readonly<Vma>): boolean {
  const magic = new Uint8Array(ELF_MAGIC.length);
  return backing?.readInto(0, magic) === magic.length && ELF_MAGIC.every((byte, at) => magic[at] === byte);
}
