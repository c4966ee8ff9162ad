// Resource limits of processes (man 2 getrlimit), and the address space that some of them bind.
import type { Process } from '@elf/kernel';
import { processState, type ResourceLimit } from '../signals/signal-state.ts';

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
// biome-ignore format: a table
export const RESOURCES = {
  RLIMIT_CPU: 0, RLIMIT_FSIZE: 1, RLIMIT_DATA: 2, RLIMIT_STACK: 3, RLIMIT_CORE: 4, RLIMIT_RSS: 5, RLIMIT_NPROC: 6, RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8, RLIMIT_AS: 9, RLIMIT_LOCKS: 10, RLIMIT_SIGPENDING: 11, RLIMIT_MSGQUEUE: 12, RLIMIT_NICE: 13, RLIMIT_RTPRIO: 14, RLIMIT_RTTIME: 15,
} as const;

/** What is not unlimited at the start (include/asm-generic/resource.h and common distributions). */
const INITIAL_LIMITS: Readonly<Record<number, ResourceLimit>> = {
  [RESOURCES.RLIMIT_STACK]: [8_388_608n, RLIM_INFINITY],
  [RESOURCES.RLIMIT_CORE]: [0n, RLIM_INFINITY],
  [RESOURCES.RLIMIT_NPROC]: [31_000n, 31_000n],
  [RESOURCES.RLIMIT_NOFILE]: [1024n, 1_048_576n],
  [RESOURCES.RLIMIT_MEMLOCK]: [8_388_608n, 8_388_608n],
  [RESOURCES.RLIMIT_SIGPENDING]: [31_000n, 31_000n],
  [RESOURCES.RLIMIT_MSGQUEUE]: [819_200n, 819_200n],
  [RESOURCES.RLIMIT_NICE]: [0n, 0n],
  [RESOURCES.RLIMIT_RTPRIO]: [0n, 0n],
};

/** A limit of a process, the default where it never changed it. */
export function limitOf(process: Process, number: number): ResourceLimit {
  return processState(process).limits.get(number) ?? INITIAL_LIMITS[number] ?? [RLIM_INFINITY, RLIM_INFINITY];
}

/** Sets the soft RLIMIT_CORE, in bytes; Infinity for unlimited. */
export function setCoreLimit(process: Process, bytes: number): void {
  const current = bytes === Number.POSITIVE_INFINITY ? RLIM_INFINITY : BigInt(bytes);
  processState(process).limits.set(RESOURCES.RLIMIT_CORE, [current, RLIM_INFINITY]);
}

/** Gives a process the stack limit of its machine's first program; it may raise it again. */
export function setStackLimit(process: Process, bytes: number): void {
  processState(process).limits.set(RESOURCES.RLIMIT_STACK, [BigInt(bytes), RLIM_INFINITY]);
}

/**
 * Tells the address space of a process its limits: after setrlimit and execve, and before calls that ask, because who may lock
 * without limit (CAP_IPC_LOCK: user 0) changes with the credentials.
 */
export function applyMemoryLimits(process: Process): void {
  const { layout } = process.space;
  const isPrivileged = process.credentials.effectiveUser === 0;
  layout.addressSpaceLimitInBytes = bytesOf(limitOf(process, RESOURCES.RLIMIT_AS));
  layout.dataLimitInBytes = bytesOf(limitOf(process, RESOURCES.RLIMIT_DATA));
  layout.lockLimitInBytes = isPrivileged
    ? Number.POSITIVE_INFINITY
    : bytesOf(limitOf(process, RESOURCES.RLIMIT_MEMLOCK));
  // The machine may have set another stack limit than the usual one; what a program sets itself goes before that.
  if (processState(process).limits.has(RESOURCES.RLIMIT_STACK)) {
    layout.stackLimitInBytes = bytesOf(limitOf(process, RESOURCES.RLIMIT_STACK));
  }
}

function bytesOf([current]: ResourceLimit): number {
  return current === RLIM_INFINITY ? Number.POSITIVE_INFINITY : Number(current);
}
