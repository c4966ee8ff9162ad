// Thread-local storage of i386 programs: descriptors of the GDT that calls fill (arch/x86/kernel/tls.c).
import { type Cpu, Errno, type Thread } from '@elf/kernel';
import { defineStruct } from './abi/struct-layout.ts';

/** The three descriptors of a thread: GDT_ENTRY_TLS_MIN and up. */
export const FIRST_ENTRY = 12;
const ENTRIES = 3;
const GS = 5;
const FS = 4;

/** struct user_desc. */
export const userDescriptor = defineStruct(16, {
  entry: [0, 'u32'],
  base: [4, 'u32'],
  limit: [8, 'u32'],
  flags: [12, 'u32'],
});
/** Bits of its last word. */
const Bit = { seg32: 1, contents: 6, contentsCode: 4, notPresent: 32 } as const;
/** What an empty one says: read_exec_only and seg_not_present. */
export const EMPTY_FLAGS = 0x28;

/** A descriptor to install. Base undefined empties the entry. */
export interface ThreadArea {
  readonly entry: number;
  readonly base: number | undefined;
}

/** A user_desc from guest memory; a negated error for a bad one. Limits are not modelled: every segment reaches to 4 GiB. */
export function readThreadArea(task: Thread, at: number): ThreadArea | number {
  const bytes = task.user.read(at, userDescriptor.sizeInBytes);
  if (bytes === undefined) return -Errno.EFAULT;
  const { entry, base, limit, flags } = userDescriptor.decode(bytes);
  const isEmpty = base === 0 && limit === 0 && ((flags & 0x7f) === EMPTY_FLAGS || (flags & 0x7f) === 0);
  if (isEmpty) return { entry, base: undefined };
  const isData = (flags & Bit.seg32) !== 0 && (flags & Bit.contentsCode) === 0 && (flags & Bit.notPresent) === 0;
  return isData ? { entry, base } : -Errno.EINVAL;
}

/** True for the entries that belong to threads. */
export function isThreadEntry(entry: number): boolean {
  return entry >= FIRST_ENTRY && entry < FIRST_ENTRY + ENTRIES;
}

/** Fills an entry and loads segment registers that name it again. False for an entry that is not a thread's. */
export function installThreadArea(cpu: Cpu, { entry, base }: ThreadArea): boolean {
  if (!isThreadEntry(entry)) return false;
  cpu.setThreadDescriptor(entry - FIRST_ENTRY, base);
  for (const register of [FS, GS]) {
    const selector = cpu.selector(register);
    if (selector >>> 3 === entry && !cpu.loadSelector(register, selector)) cpu.loadSelector(register, 0);
  }
  return true;
}
