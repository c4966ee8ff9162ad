// Restartable sequences: code that runs to its last instruction undisturbed or starts again at its abort handler (man 2 rseq; kernel/rseq.c).
import { Errno, type Thread } from '@elf/kernel';
import { defineStruct } from './abi/struct-layout.ts';
import { processorOf } from './processor-number.ts';
import { forceSignal } from './signals/send-signal.ts';
import { Signal, SignalCode } from './signals/signal-table.ts';

/** Bytes of the first form of struct rseq, its alignment, and bytes up to the last field Linux 6.18 knows. */
const FIRST_FORM_BYTES = 32;
const KNOWN_BYTES = 28;
const UNREGISTER = 1;
/** cpu_id of a thread that is not registered. */
const UNINITIALIZED = 0xffff_ffff;
const TASK_SIZE = 0x7fff_ffff_f000;

// biome-ignore format: tables
const area = defineStruct(28, { cpuStart: [0, 'u32'], cpu: [4, 'u32'], section: [8, 'u64'], flags: [16, 'u32'], node: [20, 'u32'], concurrency: [24, 'u32'] });
// biome-ignore format: tables
const section = defineStruct(32, { version: [0, 'u32'], flags: [4, 'u32'], start: [8, 'u64'], length: [16, 'u64'], abort: [24, 'u64'] });
const SECTION_FIELD = 8;

interface Registration {
  readonly address: number;
  readonly length: number;
  readonly signature: number;
}

const registrations = /* @__PURE__ */ new WeakMap<Thread, Registration>();

/** What rseq(2) is given. */
export interface SequenceRequest extends Registration {
  readonly flags: number;
}

/** Registers or unregisters the area of a thread; 0 or a negated error. */
export function registerSequences(thread: Thread, { flags, ...wanted }: SequenceRequest): number {
  const known = registrations.get(thread);
  if (flags & UNREGISTER) {
    if (flags !== UNREGISTER || known === undefined || known.address !== wanted.address) return -Errno.EINVAL;
    if (known.length !== wanted.length) return -Errno.EINVAL;
    if (known.signature !== wanted.signature) return -Errno.EPERM;
    // flags are the program's; everything else is as before it registered.
    const written = thread.user.write(known.address, area.encode({ cpu: UNINITIALIZED }).subarray(0, SECTION_FIELD));
    const rest = new Uint8Array(KNOWN_BYTES - 20);
    if (!written || !thread.user.write(known.address + 20, rest)) return -Errno.EFAULT;
    registrations.delete(thread);
    return 0;
  }
  if (flags !== 0) return -Errno.EINVAL;
  if (known !== undefined) {
    if (known.address !== wanted.address || known.length !== wanted.length) return -Errno.EINVAL;
    return known.signature === wanted.signature ? -Errno.EBUSY : -Errno.EPERM;
  }
  const isKnownForm = wanted.length === FIRST_FORM_BYTES || wanted.length >= KNOWN_BYTES;
  if (wanted.length < FIRST_FORM_BYTES || !isKnownForm || wanted.address % FIRST_FORM_BYTES !== 0) return -Errno.EINVAL;
  if (wanted.address + wanted.length > TASK_SIZE) return -Errno.EFAULT;
  // A section that was left there is not the kernel's.
  const { user } = thread;
  const isWritable =
    user.write(wanted.address, new Uint8Array(16)) && user.write(wanted.address + 20, new Uint8Array(8));
  if (!isWritable || !tellProcessor(thread, wanted.address)) return -Errno.EFAULT;
  registrations.set(thread, wanted);
  return 0;
}

/** The thread was sent to another processor (sched_setaffinity); there is one node. */
export function moveSequences(thread: Thread): void {
  const known = registrations.get(thread);
  if (known !== undefined && thread.state !== 'ended') tellProcessor(thread, known.address);
}

/** cpu_id_start and cpu_id; the concurrency id stays 0, since one thread runs at a time. */
function tellProcessor(thread: Thread, at: number): boolean {
  const { user } = thread;
  const processor = processorOf(thread);
  return user.writeU32(at, processor) && user.writeU32(at + 4, processor);
}

/** fork copies the registration with the memory it is about; threads and vfork register anew (rseq_fork). */
export function inheritSequences(source: Thread, copy: Thread): void {
  const known = registrations.get(source);
  if (known !== undefined && source.process.space !== copy.process.space) registrations.set(copy, known);
}

/** execve: the area is gone. */
export function forgetSequences(thread: Thread): void {
  registrations.delete(thread);
}

/**
 * Sends a thread that is about to be disturbed, by another thread's turn or by a handler, to the abort handler of the section
 * it is in. A section it left by itself is forgotten. A bad one is SIGSEGV.
 * @returns false after that SIGSEGV.
 */
export function interruptSequence(thread: Thread): boolean {
  const known = registrations.get(thread);
  if (known === undefined) return true;
  const { user, cpu } = thread;
  const pointer = user.readU64(known.address + SECTION_FIELD);
  if (pointer === 0n) return true;
  const bytes =
    pointer === undefined || pointer >= TASK_SIZE ? undefined : user.read(Number(pointer), section.sizeInBytes);
  const found = bytes && section.decode(bytes);
  if (found === undefined || !isSound(thread, found, known.signature)) return kill(thread);
  const isInside = cpu.rip - found.start >= 0 && cpu.rip - found.start < found.length;
  // The flags that once let a section go on are errors now, where they would matter (rseq_need_restart).
  if (isInside && (found.flags !== 0 || user.readU32(known.address + 16) !== 0)) return kill(thread);
  if (!user.write(known.address + SECTION_FIELD, new Uint8Array(8))) return kill(thread);
  if (isInside) cpu.rip = found.abort;
  return true;
}

/** rseq_get_rseq_cs. */
function isSound(thread: Thread, found: ReturnType<typeof section.decode>, signature: number): boolean {
  const { version, start, length, abort } = found;
  const isInSpace = start < TASK_SIZE && start + length < TASK_SIZE && abort < TASK_SIZE && version === 0;
  const isOutside = abort < start || abort - start >= length;
  return isInSpace && isOutside && thread.user.readU32(abort - 4) === signature;
}

function kill(thread: Thread): false {
  forceSignal(thread, { signal: Signal.SEGV, code: SignalCode.Kernel });
  return false;
}
