// Numbers in reports of check, explain, maps and fix: addresses, sizes of pages, counts.

/** An address or offset: `0x` and hexadecimal digits, negative ones with a minus sign. */
export function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** "16K", "2M": a page size as people call it, for tables. */
export function pageText(bytes: number): string {
  return bytes < 1 << 20 ? `${bytes / 1024}K` : `${bytes / (1 << 20)}M`;
}

/** "16 KiB", "2 MiB": a page size in a sentence. */
export function pageSizeText(bytes: number): string {
  return bytes < 1 << 20 ? `${bytes / 1024} KiB` : `${bytes / (1 << 20)} MiB`;
}

/** "1 file", "2 files". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
