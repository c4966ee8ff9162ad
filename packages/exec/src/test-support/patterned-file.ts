// Files of any size without content in memory: every page has its own pattern without zeros, so that a byte tells where it is from.
import type { Backing } from '@elf/mm';
import { GUEST_PAGE_BYTES, guestPageNumber, guestPageOffset } from '@elf/pagesize';
import type { ExecFile } from '../exec-request.ts';

/** A file of `sizeInBytes` that starts with `head` and goes on with the pattern. */
export function patternedFile(head: Uint8Array, sizeInBytes: number): ExecFile {
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeInBytes - offset)));
    fillPattern(bytes, offset);
    if (offset < head.length) bytes.set(head.subarray(offset, offset + bytes.length));
    return bytes;
  };
  const backing: Backing = {
    identity: head,
    sizeInBytes: () => sizeInBytes,
    readInto(offset, target) {
      const bytes = read(offset, target.length);
      target.set(bytes);
      return bytes.length;
    },
  };
  return { source: { size: sizeInBytes, read }, backing, mode: 0o755, isRegularFile: true };
}

function fillPattern(bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.length; ) {
    const within = guestPageOffset(offset + at);
    const part = Math.min(GUEST_PAGE_BYTES - within, bytes.length - at);
    const key = Math.imul(guestPageNumber(offset + at) + 1, 0x9e37_79b1) >>> 0;
    for (let index = 0; index < part; index++) {
      // Odd, hence never zero; the multiplier differs from page to page, so shifted copies do not match.
      bytes[at + index] = (Math.imul(within + index + 7, key) >>> 11) | 1;
    }
    at += part;
  }
}
