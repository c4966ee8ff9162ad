// Guest memory as ptrace reads and writes it: whatever the guest's own permissions are.

import type { Process } from '@elf/kernel';
import type { AddressSpace } from '@elf/mm';
import { GUEST_PAGE_BYTES } from '@elf/mm';

const READ_WRITE = 3;

/** Up to `length` bytes from an address; fewer when memory ends before, undefined when there is none. */
export function readMemory({ space }: Process, address: number, length: number): Uint8Array | undefined {
  if (!isPlace(address) || !isPlace(length)) return undefined;
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const at = address + done;
    const offset = at % GUEST_PAGE_BYTES;
    const page = at - offset;
    if (space.find(page) === undefined) break;
    const part = Math.min(GUEST_PAGE_BYTES - offset, length - done);
    space.peek(page, page + GUEST_PAGE_BYTES, (_, content) => {
      bytes.set(content.subarray(offset, offset + part), done);
    });
    done += part;
  }
  return done === 0 && length > 0 ? undefined : bytes.subarray(0, done);
}

/** Writes all of it, also where the guest may not; false when there is no memory, or a file mapped shared that nobody may write. */
export function writeMemory(process: Process, address: number, bytes: Uint8Array): boolean {
  if (!isPlace(address)) return false;
  const { space, user } = process;
  for (let done = 0; done < bytes.length; ) {
    const at = address + done;
    const offset = at % GUEST_PAGE_BYTES;
    const part = bytes.subarray(done, done + GUEST_PAGE_BYTES - offset);
    const isWritten = () => user.write(at, part);
    if (!isWritten() && !permitted(space, at - offset, isWritten)) return false;
    done += part.length;
  }
  return true;
}

/** What a debugger says may be no number at all. */
function isPlace(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Does something while a page may be written. */
function permitted(space: AddressSpace, page: number, act: () => boolean): boolean {
  const before = space.find(page)?.protection;
  if (before === undefined || space.protect(page, GUEST_PAGE_BYTES, before | READ_WRITE) < 0) return false;
  const result = act();
  space.protect(page, GUEST_PAGE_BYTES, before);
  return result;
}
