// What C libraries and run-times set up per thread: arch_prctl(2), set_tid_address(2), rseq(2), getcpu(2), membarrier(2).
import { address, defineSystemCall, Errno, hexadecimal, int, oneOf, unsigned } from '@elf/kernel';
import { threadState } from '../signals/signal-state.ts';
import { processorOf } from '../processor-number.ts';
import { registerSequences } from '../restartable-sequences.ts';
import { processAttributes } from '../thread-attributes.ts';

const ARCH = { ARCH_SET_GS: 0x1001, ARCH_SET_FS: 0x1002, ARCH_GET_FS: 0x1003, ARCH_GET_GS: 0x1004 } as const;
/** Addresses from here on are not the program's (TASK_SIZE_MAX). */
const TASK_SIZE = 0x7fff_ffff_f000;
// biome-ignore format: a table
const MEMBARRIER = {
  MEMBARRIER_CMD_QUERY: 0, MEMBARRIER_CMD_GLOBAL: 1, MEMBARRIER_CMD_GLOBAL_EXPEDITED: 2, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED: 4,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED: 8, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED: 16, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE: 32,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: 64, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ: 128,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ: 256, MEMBARRIER_CMD_GET_REGISTRATIONS: 512,
} as const;
const MEMBARRIER_SUPPORTED = 0x3ff;
const MEMBARRIER_CMD_FLAG_CPU = 1;
const PLAIN_REGISTRATION = MEMBARRIER.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
const SPECIAL_REGISTRATIONS = 64 | 256;

export const archPrctl = defineSystemCall({
  name: 'arch_prctl',
  numbers: { 'x86-64': 158 },
  support: 'partial',
  note: 'FS and GS bases; CPUID faulting and shadow stacks are EINVAL.',
  arguments: { code: oneOf(ARCH), address },
  run: (task, { code, address: value }) => {
    switch (code) {
      case ARCH.ARCH_SET_FS:
      case ARCH.ARCH_SET_GS:
        if (value >= TASK_SIZE) return -Errno.EPERM;
        if (code === ARCH.ARCH_SET_FS) task.cpu.fsBase = BigInt(value);
        else task.cpu.gsBase = BigInt(value);
        return 0;
      case ARCH.ARCH_GET_FS:
        return task.user.writeU64(value, task.cpu.fsBase) ? 0 : -Errno.EFAULT;
      case ARCH.ARCH_GET_GS:
        return task.user.writeU64(value, task.cpu.gsBase) ? 0 : -Errno.EFAULT;
      default:
        return -Errno.EINVAL;
    }
  },
});

export const setTidAddress = defineSystemCall({
  name: 'set_tid_address',
  numbers: { 'x86-64': 218, i386: 258 },
  support: 'full',
  arguments: { address },
  run: (task, values) => {
    threadState(task).clearChildTid = values.address;
    return task.id;
  },
});

export const rseq = defineSystemCall({
  name: 'rseq',
  numbers: { 'x86-64': 334, i386: 386 },
  support: 'full',
  arguments: { address, length: hexadecimal, flags: int, signature: hexadecimal },
  run: (task, request) => registerSequences(task, request),
});

export const getcpu = defineSystemCall({
  name: 'getcpu',
  numbers: { 'x86-64': 309, i386: 318 },
  support: 'full',
  arguments: { cpu: address, node: address, cache: address },
  run: (task, { cpu, node }) => {
    if (cpu !== 0 && !task.user.writeU32(cpu, processorOf(task))) return -Errno.EFAULT;
    return node !== 0 && !task.user.writeU32(node, 0) ? -Errno.EFAULT : 0;
  },
});

/**
 * Threads run one after the other and see each other's stores in order: a barrier has nothing to do but to be registered where it
 * must be. The commands for restartable sequences have nothing to restart either: who does not run has been sent to its abort
 * handler when its turn ended.
 */
export const membarrier = defineSystemCall({
  name: 'membarrier',
  numbers: { 'x86-64': 324, i386: 375 },
  support: 'full',
  arguments: { command: oneOf(MEMBARRIER), flags: unsigned, cpu: int },
  run: (task, { command, flags }) => {
    const state = processAttributes(task.process);
    // The one flag names a processor for the one command that can take one.
    const isForOne = command === MEMBARRIER.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ && flags === MEMBARRIER_CMD_FLAG_CPU;
    if (flags !== 0 && !isForOne) return -Errno.EINVAL;
    switch (command) {
      case MEMBARRIER.MEMBARRIER_CMD_QUERY:
        return MEMBARRIER_SUPPORTED;
      case MEMBARRIER.MEMBARRIER_CMD_GLOBAL:
      case MEMBARRIER.MEMBARRIER_CMD_GLOBAL_EXPEDITED:
        return 0;
      case MEMBARRIER.MEMBARRIER_CMD_PRIVATE_EXPEDITED:
      case MEMBARRIER.MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
      case MEMBARRIER.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
        // Its registration is the next bit.
        return (state.barriers & (command << 1)) !== 0 ? 0 : -Errno.EPERM;
      case MEMBARRIER.MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
      case MEMBARRIER.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
      case MEMBARRIER.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
      case MEMBARRIER.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
        state.barriers |= command;
        return 0;
      case MEMBARRIER.MEMBARRIER_CMD_GET_REGISTRATIONS:
        // Both special forms register the plain one with them, which still has to be made ready by its own command.
        return state.barriers | (state.barriers & SPECIAL_REGISTRATIONS ? PLAIN_REGISTRATION : 0);
      default:
        return -Errno.EINVAL;
    }
  },
});
