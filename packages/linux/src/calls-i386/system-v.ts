// System V IPC of i386: ipc(2), which C libraries still use: every call through one number (ipc/syscall.c, compat_ksys_ipc).
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
const VERSION_SHIFT = 16;
/** Asks for structures in their newer form, as every caller does; the direct calls have no such bit. */
const IPC_64 = 0x100;
/** Commands with a structure that has an older form: IPC_SET, IPC_STAT, then the STAT and STAT_ANY of segments, sets and queues. */
const STRUCTURED = { shmctl: [1, 2, 13, 15], semctl: [1, 2, 18, 20], msgctl: [1, 2, 11, 13] } as const;

/** The row; `shared` has those that do the work. */
export function systemVRows(shared: readonly SystemCallRow[]): SystemCallRow[] {
  const rows = new Map(shared.map((row) => [row.name, row]));
  const perform = (task: Thread, name: string, words: readonly number[]): SystemCallResult => {
    const row = rows.get(name);
    return row === undefined ? -Errno.ENOSYS : runWithWords(task, row, words);
  };
  /** Structures from before Linux 2.4, with identities of 16 bits, are not written any more. */
  const control = (task: Thread, name: keyof typeof STRUCTURED, words: readonly number[], command: number) => {
    const isOld = (command & IPC_64) === 0;
    if (isOld && STRUCTURED[name].some((each) => each === command)) return -Errno.EINVAL;
    return perform(task, name, words);
  };
  const ipc = defineSystemCall({
    name: 'ipc',
    numbers: { i386: 117 },
    support: 'partial',
    note: 'Structures without IPC_64, whose identities have 16 bits, are EINVAL.',
    arguments: {
      operation: oneOf(OPERATIONS),
      first: int,
      second: int,
      third: address,
      pointer: address,
      fifth: size,
    },
    run: (task, { operation, first, second, third, pointer, fifth }) => {
      const version = operation >>> VERSION_SHIFT;
      switch (operation & OPERATION_MASK) {
        case OPERATIONS.SEMOP:
          return perform(task, 'semop', [first, pointer, second]);
        case OPERATIONS.SEMTIMEDOP:
          return perform(task, 'semtimedop', [first, pointer, second, fifth]);
        case OPERATIONS.SEMGET:
          return perform(task, 'semget', [first, second, third]);
        case OPERATIONS.SEMCTL: {
          // A pointer to union semun, where the call itself takes what is in it.
          if (pointer === 0) return -Errno.EINVAL;
          const argument = task.user.readI32(pointer);
          if (argument === undefined) return -Errno.EFAULT;
          return control(task, 'semctl', [first, second, third & ~IPC_64, argument], third);
        }
        case OPERATIONS.MSGSND:
          return perform(task, 'msgsnd', [first, pointer, second, third]);
        case OPERATIONS.MSGRCV: {
          if (version !== 0) return perform(task, 'msgrcv', [first, pointer, second, fifth, third]);
          if (pointer === 0) return -Errno.EINVAL;
          const message = task.user.readI32(pointer);
          const type = task.user.readI32(pointer + 4);
          if (message === undefined || type === undefined) return -Errno.EFAULT;
          return perform(task, 'msgrcv', [first, message, second, type, third]);
        }
        case OPERATIONS.MSGGET:
          return perform(task, 'msgget', [first, second]);
        case OPERATIONS.MSGCTL:
          return control(task, 'msgctl', [first, second & ~IPC_64, pointer], second);
        case OPERATIONS.SHMAT: {
          if (version === 1) return -Errno.EINVAL;
          const result = perform(task, 'shmat', [first, pointer, second]);
          if (typeof result !== 'number' || result < 0) return result;
          return task.user.writeU32(third, result) ? 0 : -Errno.EFAULT;
        }
        case OPERATIONS.SHMDT:
          return perform(task, 'shmdt', [pointer]);
        case OPERATIONS.SHMGET:
          return perform(task, 'shmget', [first, second, third]);
        case OPERATIONS.SHMCTL:
          return control(task, 'shmctl', [first, second & ~IPC_64, pointer], second);
        default:
          return -Errno.ENOSYS;
      }
    },
  });
  return [ipc];
}
