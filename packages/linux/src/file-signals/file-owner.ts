// Who gets the signals of an open file, which signal, and sending it (man 2 fcntl "Managing signals").
import { Errno, type OpenDescription, type Process, type Thread } from '@elf/kernel';
import { sendToProcess, sendToThread } from '../signals/send-signal.ts';
import { LAST_SIGNAL, Signal, SignalCode } from '../signals/signal-table.ts';

/** F_OWNER_*. */
export const OwnerType = { Thread: 0, Process: 1, Group: 2 } as const;

/** What F_SETOWN_EX and F_SETSIG set. */
interface FileOwner {
  type: number;
  /** 0: nobody. */
  id: number;
  /** 0: SIGIO, without the file in its information. */
  signal: number;
}

const owners = /* @__PURE__ */ new WeakMap<OpenDescription, FileOwner>();

/** The owner's record of an open file. */
export function ownerOf(file: OpenDescription): FileOwner {
  const known = owners.get(file);
  if (known !== undefined) return known;
  const made = { type: OwnerType.Process, id: 0, signal: 0 };
  owners.set(file, made);
  return made;
}

/** F_SETOWN: a process, or the group of a negative number. */
export function setOwner(task: Thread, file: OpenDescription, id: number): number {
  return setOwnerOfType(task, file, id < 0 ? OwnerType.Group : OwnerType.Process, Math.abs(id));
}

/** F_SETOWN_EX: -EINVAL for an unknown type, -ESRCH where there is nobody. */
export function setOwnerOfType({ kernel }: Thread, file: OpenDescription, type: number, id: number): number {
  if (type < OwnerType.Thread || type > OwnerType.Group) return -Errno.EINVAL;
  const isThere =
    id === 0 ||
    (type === OwnerType.Thread && kernel.threads.has(id)) ||
    (type === OwnerType.Process && kernel.processes.has(id)) ||
    (type === OwnerType.Group && [...kernel.processes.values()].some(({ group }) => group === id));
  if (!isThere) return -Errno.ESRCH;
  Object.assign(ownerOf(file), { type, id });
  return 0;
}

/** F_SETSIG. */
export function setOwnerSignal(file: OpenDescription, signal: number): number {
  if (signal < 0 || signal > LAST_SIGNAL) return -Errno.EINVAL;
  ownerOf(file).signal = signal;
  return 0;
}

/** Sends the owner its signal. `code` is POLL_IN and the like, `band` the bits of poll(2). */
export function signalOwner({ kernel }: Thread, file: OpenDescription, fd: number, code: number, band: number): void {
  const { type, id, signal } = ownerOf(file);
  if (id === 0) return;
  const info =
    signal === 0 ? { signal: Signal.IO, code: SignalCode.Kernel } : { signal, code, file: { descriptor: fd, band } };
  if (type === OwnerType.Thread) {
    const thread = kernel.threads.get(id);
    if (thread !== undefined) sendToThread(thread, info);
    return;
  }
  const processes: readonly Process[] = [...kernel.processes.values()];
  for (const process of processes.filter((each) => (type === OwnerType.Group ? each.group : each.id) === id))
    sendToProcess(process, info);
}
