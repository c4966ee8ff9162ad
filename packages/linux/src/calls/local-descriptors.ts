// modify_ldt(2): descriptors of a process's own (arch/x86/kernel/ldt.c).
import { address, defineSystemCall, Errno, oneOf, size, type Thread } from '@elf/kernel';
import type { AddressSpace } from '@elf/mm';
import { userDescriptor } from '../thread-areas.ts';

const FUNCTIONS = { READ: 0, WRITE_OLD: 1, READ_DEFAULT: 2, WRITE: 0x11 } as const;
const MOST_ENTRIES = 8192;
const ENTRY_BYTES = 8;
/** The default table of a 64-bit kernel: that many zeros. */
const DEFAULT_BYTES = 128;
/** Bits of user_desc's last word. */
const Bit = { wide: 1, conforming: 6, readExecuteOnly: 8, pages: 16, absent: 32, useable: 64 } as const;
const EMPTY_FLAGS = Bit.readExecuteOnly | Bit.absent;
/** ES, DS, FS and GS: what a change reloads. */
const RELOADED = [0, 3, 4, 5];
const LOCAL_TABLE = 4;

/** Words of the tables, two for each entry; the CPU has the same arrays. */
const tables = /* @__PURE__ */ new WeakMap<AddressSpace, Uint32Array>();

export const modifyLdt = defineSystemCall({
  name: 'modify_ldt',
  numbers: { 'x86-64': 154, i386: 123 },
  support: 'partial',
  note: 'Limits are not checked; a base counts in FS and GS, and code segments are not entered: the instruction that would is refused by name.',
  arguments: { function: oneOf(FUNCTIONS), pointer: address, bytes: size },
  run: (task, { function: asked, pointer, bytes }) => {
    const result = perform(task, asked, pointer, bytes);
    // The kernel returns an int: what a 64-bit program gets is not negative.
    return task.wordBytes === 8 ? result >>> 0 : result;
  },
});

/** fork: the child has a table of its own (ldt_dup_context). */
export function inheritLocalDescriptors(source: Thread, copy: Thread): void {
  const words = tables.get(source.process.space);
  if (words !== undefined && source.process.space !== copy.process.space) install(copy, words.slice());
}

function install({ cpu, process: { space } }: Thread, words: Uint32Array): void {
  tables.set(space, words);
  cpu.setLocalDescriptors(space, words);
}

function perform(task: Thread, asked: number, pointer: number, bytes: number): number {
  switch (asked) {
    case FUNCTIONS.READ:
      return readTable(task, pointer, bytes);
    case FUNCTIONS.READ_DEFAULT: {
      const count = Math.min(bytes, DEFAULT_BYTES);
      return task.user.write(pointer, new Uint8Array(count)) ? count : -Errno.EFAULT;
    }
    case FUNCTIONS.WRITE_OLD:
    case FUNCTIONS.WRITE:
      return writeEntry(task, pointer, bytes, asked === FUNCTIONS.WRITE_OLD);
    default:
      return -Errno.ENOSYS;
  }
}

/** What is behind the entries is zeros. */
function readTable(task: Thread, pointer: number, bytes: number): number {
  const words = tables.get(task.process.space);
  if (words === undefined) return 0;
  const count = Math.min(bytes, MOST_ENTRIES * ENTRY_BYTES);
  const answer = new Uint8Array(count);
  answer.set(new Uint8Array(words.slice().buffer).subarray(0, count));
  return task.user.write(pointer, answer) ? count : -Errno.EFAULT;
}

function writeEntry(task: Thread, pointer: number, bytes: number, isOld: boolean): number {
  if (bytes !== userDescriptor.sizeInBytes) return -Errno.EINVAL;
  const given = task.user.read(pointer, bytes);
  if (given === undefined) return -Errno.EFAULT;
  const { entry, base, limit, flags } = userDescriptor.decode(given);
  if (entry >= MOST_ENTRIES) return -Errno.EINVAL;
  const isConforming = (flags & Bit.conforming) === Bit.conforming;
  if (isConforming && (isOld || (flags & Bit.absent) === 0)) return -Errno.EINVAL;
  const isNothing = base === 0 && limit === 0;
  const isEmpty = isNothing && (isOld || (flags & 0x7f) === EMPTY_FLAGS || (flags & 0x7f) === 0);
  const [low, high] = isEmpty ? [0, 0] : descriptorWords(base, limit, isOld ? flags & ~Bit.useable : flags);
  const { space } = task.process;
  const before = tables.get(space) ?? new Uint32Array(0);
  // A table of its own each time: who reads one sees it as it was.
  const words = new Uint32Array(Math.max(before.length, 2 * entry + 2));
  words.set(before);
  words.set([low, high], 2 * entry);
  install(task, words);
  for (const register of RELOADED) {
    const selector = task.cpu.selector(register);
    if ((selector & LOCAL_TABLE) !== 0 && !task.cpu.loadSelector(register, selector))
      task.cpu.loadSelector(register, 0);
  }
  return 0;
}

/** The bit of a descriptor that says it is no system descriptor. */
const CODE_OR_DATA = 1 << 12; // not a page size: SDM 3A, 3.4.5

/** fill_ldt: always accessed, of privilege level 3. */
function descriptorWords(base: number, limit: number, flags: number): [number, number] {
  const bit = (mask: number, place: number) => ((flags & mask) !== 0 ? 1 << place : 0);
  const type = 1 | (flags & Bit.readExecuteOnly ? 0 : 2) | ((flags & Bit.conforming) << 1);
  const access = (type << 8) | CODE_OR_DATA | (3 << 13) | ((flags & Bit.absent) === 0 ? 1 << 15 : 0);
  const sizes = bit(Bit.useable, 20) | bit(Bit.wide, 22) | bit(Bit.pages, 23);
  const low = (base << 16) | (limit & 0xffff);
  const high = (base & 0xff00_0000) | ((base >>> 16) & 0xff) | (limit & 0xf_0000) | access | sizes;
  return [low >>> 0, high >>> 0];
}
