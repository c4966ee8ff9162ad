// System V IPC of i386: ipc(2), which C libraries still use, and shmctl(2) without its structures (ipc/syscall.c).
import {
  address,
  defineSystemCall,
  Errno,
  int,
  oneOf,
  type SystemCallResult,
  type SystemCallRow,
  size,
  type Thread,
} from '@elf/kernel';
import { runWithWords } from './multiplexed.ts';

// biome-ignore format: a table
const OPERATIONS = { SEMOP: 1, SEMGET: 2, SEMCTL: 3, SEMTIMEDOP: 4, MSGSND: 11, MSGRCV: 12, MSGGET: 13, MSGCTL: 14, SHMAT: 21, SHMDT: 22, SHMGET: 23, SHMCTL: 24 } as const;
/** The version of the call's conventions is in the upper half of the operation. */
const OPERATION_MASK = 0xffff;
/** Asks ipc(2) for structures in their newer form, as every caller does; the direct call has no such bit. */
const IPC_64 = 0x100;
/** shmctl's commands with a structure: IPC_SET, IPC_STAT, IPC_INFO, SHM_STAT, SHM_INFO, SHM_STAT_ANY. */
const STRUCTURED = [1, 2, 3, 13, 14, 15];
const STRUCTURES_MISSING = 'Commands with a structure are ENOSYS.';

/** Rows of this file; `shared` has those that do the work. */
export function systemVRows(shared: readonly SystemCallRow[]): SystemCallRow[] {
  const rows = new Map(shared.map((row) => [row.name, row]));
  const perform = (task: Thread, name: string, words: readonly number[]): SystemCallResult => {
    const row = rows.get(name);
    return row === undefined ? -Errno.ENOSYS : runWithWords(task, row, words);
  };
  const controlMemory = (task: Thread, id: number, command: number): SystemCallResult => {
    if (STRUCTURED.includes(command)) return -Errno.ENOSYS;
    return perform(task, 'shmctl', [id, command, 0]);
  };
  const shmctl = defineSystemCall({
    name: 'shmctl',
    numbers: { i386: 396 },
    support: 'partial',
    note: STRUCTURES_MISSING,
    arguments: { id: int, command: int, buffer: address },
    run: (task, { id, command }) => controlMemory(task, id, command),
  });
  const ipc = defineSystemCall({
    name: 'ipc',
    numbers: { i386: 117 },
    support: 'partial',
    note: `${STRUCTURES_MISSING} So are messages and semaphore operations with a time limit.`,
    arguments: {
      operation: oneOf(OPERATIONS),
      first: int,
      second: size,
      third: address,
      pointer: address,
      fifth: size,
    },
    run: (task, { operation, first, second, third, pointer }) => {
      switch (operation & OPERATION_MASK) {
        case OPERATIONS.SEMOP:
          return perform(task, 'semop', [first, pointer, second]);
        case OPERATIONS.SEMGET:
          return perform(task, 'semget', [first, second, third]);
        case OPERATIONS.MSGGET:
          return perform(task, 'msgget', [first, second]);
        case OPERATIONS.SHMAT: {
          const result = perform(task, 'shmat', [first, pointer, second]);
          if (typeof result !== 'number' || result < 0) return result;
          return task.user.writeU32(third, result) ? 0 : -Errno.EFAULT;
        }
        case OPERATIONS.SHMDT:
          return perform(task, 'shmdt', [pointer]);
        case OPERATIONS.SHMGET:
          return perform(task, 'shmget', [first, second, third]);
        case OPERATIONS.SHMCTL:
          return controlMemory(task, first, second & ~IPC_64);
        default:
          return -Errno.ENOSYS;
      }
    },
  });
  return [ipc, shmctl];
}
