// i386 calls that pack their arguments differently: mmap2(2), the first mmap and select with their arguments in memory, waitpid(2).
import {
  address,
  type ArgumentKind,
  defineSystemCall,
  Errno,
  type SystemCallRow,
  type Thread,
  unsignedArgument,
} from '@elf/kernel';
import { StructTarget } from '../abi/struct-arguments.ts';
import { rusage } from '../abi/structs/system.ts';
import { readWord } from '../abi/words.ts';
import { mmap } from '../calls/memory.ts';
import { select } from '../calls/poll.ts';
import { derivedRow } from './derived-row.ts';

/** mmap2 counts its offset in these, whatever the page size is (man 2 mmap2). */
const OFFSET_UNIT_BYTES = 4096; // not a page size: a constant of the call

/** An offset in units of 4096 bytes. */
const unitOffset: ArgumentKind<number> = {
  decode: (raw, index) => unsignedArgument(raw, index) * OFFSET_UNIT_BYTES,
  print: (value) => (value === 0 ? '0' : `0x${value.toString(16)}`),
};

function readWords(task: Thread, at: number, count: number): number[] | undefined {
  const words = Array.from({ length: count }, (_, index) => readWord(task, at + 4 * index));
  return words.includes(undefined) ? undefined : (words as number[]);
}

/** struct mmap_arg_struct: six words, the offset in bytes. */
const oldMmap = defineSystemCall({
  name: 'old_mmap',
  numbers: { i386: 90 },
  support: mmap.support,
  note: mmap.note,
  result: 'hex',
  arguments: { request: address },
  run: (task, { request }) => {
    const words = readWords(task, request, 6);
    if (words === undefined) return -Errno.EFAULT;
    const [start, length, protection, flags, fd, offset] = words;
    return mmap.run(task, { address: start, length, protection, flags, fd: fd | 0, offset });
  },
});

/** struct sel_arg_struct: five words. */
const oldSelect = defineSystemCall({
  name: 'select',
  numbers: { i386: 82 },
  support: select.support,
  note: select.note,
  arguments: { request: address },
  run: (task, { request }) => {
    const words = readWords(task, request, 5);
    if (words === undefined) return -Errno.EFAULT;
    const [count, readable, writable, exceptional, timeout] = words;
    return select.run(task, { count: count | 0, readable, writable, exceptional, timeout });
  },
});

/** waitpid(2): wait4 without the usage. */
function waitpid(wait4: SystemCallRow): SystemCallRow {
  const { support, note, arguments: kinds } = wait4;
  const { process, status, options } = kinds;
  return {
    name: 'waitpid',
    numbers: { i386: 7 },
    support,
    note,
    arguments: { process, status, options },
    run: (task, values) => wait4.run(task, { ...values, usage: new StructTarget(task, 0, rusage) }),
  };
}

/** Rows of this file; `shared` has wait4. */
export function packedRows(shared: readonly SystemCallRow[]): SystemCallRow[] {
  return [...PACKED_CALLS, ...shared.filter((row) => row.name === 'wait4').map(waitpid)];
}

const PACKED_CALLS: readonly SystemCallRow[] = [
  oldMmap,
  oldSelect,
  derivedRow(mmap, 'mmap2', 192, { arguments: { offset: unitOffset } }),
  derivedRow(select, '_newselect', 142),
];
