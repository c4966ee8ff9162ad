// O_ASYNC: a signal whenever a descriptor becomes ready (man 7 signal, SIGIO; fs/fcntl.c, kill_fasync).
import { type OpenDescription, Readiness, type Thread } from '@elf/kernel';
import { signalOwner } from './file-owner.ts';

/** si_code values of SIGIO. */
const PollCode = { In: 1, Out: 2, HangUp: 6 } as const;

const watched = /* @__PURE__ */ new WeakMap<OpenDescription, () => void>();

/** Turns O_ASYNC of an open file on or off; `fd` is what the signal names. */
export function setAsync(task: Thread, file: OpenDescription, fd: number, isOn: boolean): void {
  watched.get(file)?.();
  watched.delete(file);
  const { changes } = file.file;
  if (!isOn || changes === undefined) return;
  let before = file.file.readiness();
  const leave = changes.join((events) => {
    const now = file.file.readiness();
    // Data that arrives beside other data is told too; room is told when there was none.
    const told = (now & events & Readiness.Readable) | (now & ~before);
    before = now;
    if ((told & Readiness.Readable) !== 0) signalOwner(task, file, fd, PollCode.In, Readiness.Readable);
    else if ((told & Readiness.HangUp) !== 0) signalOwner(task, file, fd, PollCode.HangUp, Readiness.HangUp);
    else if ((told & Readiness.Writable) !== 0) signalOwner(task, file, fd, PollCode.Out, Readiness.Writable);
  });
  watched.set(file, leave);
  file.onClose(leave);
}
