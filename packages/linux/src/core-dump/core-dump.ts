// Dumping core: whether a process that dies leaves a core file, under which name, and writing it (man 5 core; fs/coredump.c).
import { FileType, isType, type Kernel, type Thread } from '@elf/kernel';
import { GUEST_PAGE_BYTES } from '@elf/mm';
import { limitOf, RESOURCES } from '../calls/resource-limits.ts';
import { processState, type SignalInfo } from '../signals/signal-state.ts';
import { writeCore } from './core-file.ts';
import { startCoreHelper } from './core-helper.ts';
import { firstThreadNotes, threadNotes } from './core-notes.ts';
import { type CorePatternFacts, coreHelperWords, corePath, DEFAULT_CORE_PATTERN } from './core-pattern.ts';

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
/** A smaller limit leaves no core at all (min_coredump of the ELF format). */
const SMALLEST_CORE = GUEST_PAGE_BYTES;
const CORE_MODE = 0o600;

const patterns = new WeakMap<Kernel, string>();

/** /proc/sys/kernel/core_pattern of a machine, without the line's end. */
export function corePattern(kernel: Kernel): string {
  return patterns.get(kernel) ?? DEFAULT_CORE_PATTERN;
}

/** Sets it; the kernel keeps 127 bytes (CORENAME_MAX_SIZE). */
export function setCorePattern(kernel: Kernel, pattern: string): void {
  patterns.set(kernel, pattern.replace(/\n$/, '').slice(0, 127));
}

/**
 * Leaves a core file of the calling thread's process if its limits and rights permit one. The thread must be on the CPU; its process
 * is about to end.
 * @returns whether there is one: bit 7 of the wait status.
 */
export function dumpCore(thread: Thread, info: SignalInfo): boolean {
  const { kernel, process } = thread;
  const [limit] = limitOf(process, RESOURCES.RLIMIT_CORE);
  const { dumpable, coreFilter } = processState(process);
  const pattern = corePattern(kernel);
  const isPiped = pattern.startsWith('|');
  // A program gets the core whatever the limit; 1 is what such programs have themselves, so that none dumps into the next.
  if (dumpable !== 1 || (isPiped ? limit === 1n : limit < BigInt(SMALLEST_CORE))) return false;
  const facts: CorePatternFacts = {
    processId: process.id,
    threadId: thread.id,
    user: process.credentials.user,
    group: process.credentials.group,
    dumpMode: dumpable,
    signal: info.signal,
    time: kernel.host.clock.realtime() / 1_000_000_000n,
    hostName: kernel.host.hostName,
    command: process.commandName,
    executable: process.program.executable,
    limit,
  };
  const notes = firstThreadNotes(thread, info);
  for (const other of process.threads) {
    if (other === thread) continue;
    kernel.switchTo(other);
    notes.push(...threadNotes(other, info));
  }
  kernel.switchTo(thread);
  const core = { notes, filter: coreFilter, mode: thread.cpu.mode };
  if (isPiped) return startCoreHelper(thread, coreHelperWords(pattern, facts), core);
  const path = corePath(pattern, facts);
  const description = path === '' ? undefined : openCore(thread, path);
  if (description === undefined) return false;
  const limitInBytes = limit === RLIM_INFINITY ? Number.MAX_SAFE_INTEGER : Number(limit);
  const isWritten = writeCore(description.file, process, core, limitInBytes);
  description.release();
  return isWritten;
}

/** The file, empty: a regular one with a single name that belongs to the process, and no symbolic link. */
function openCore({ kernel, process }: Thread, path: string) {
  const mode = { readable: true, writable: true, append: false, nonBlocking: false };
  const request = { read: true, write: true, createMode: CORE_MODE & ~process.place.umask, noFollow: true };
  const opened = kernel.tree.open(process.viewpoint, path, request, mode);
  if (typeof opened === 'number') return undefined;
  const status = opened.file.status();
  const isOurs =
    typeof status !== 'number' &&
    isType(status, FileType.Regular) &&
    status.links === 1 &&
    status.user === process.credentials.effectiveUser;
  if (isOurs && (opened.file.truncate?.(0) ?? -1) === 0) return opened;
  opened.release();
  return undefined;
}
