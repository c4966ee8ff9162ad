// /proc/sysvipc: the System V objects of the machine (ipc/sem.c, ipc/shm.c and ipc/msg.c: sysvipc_*_proc_show).
import type { Kernel } from '@elf/kernel';
import { semaphoreSets } from '../calls/semaphores.ts';
import { attachments, segments } from '../calls/shared-memory.ts';
import { messageQueues, waitingBytes } from '../calls/system-message-queues.ts';
import { type IpcObject, secondsOf } from '../ipc/ipc-namespace.ts';

const pad = (value: number | bigint, width: number) => String(value).padStart(width);
const owners = ({ user, group, creatorUser, creatorGroup }: IpcObject) =>
  [user, group, creatorUser, creatorGroup].map((each) => pad(each, 5)).join(' ');
const mode = (item: IpcObject) => (item.mode & 0o7777).toString(8).padStart(4);

/** /proc/sysvipc/sem. */
export function semaphoreTable(kernel: Kernel): string {
  const head = '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n';
  const rows = [...semaphoreSets(kernel)].map(
    (set) =>
      `${pad(set.key, 10)} ${pad(set.id, 10)}  ${mode(set)} ${pad(set.values.length, 10)} ${owners(set)} ` +
      `${pad(secondsOf(set.operationTime), 10)} ${pad(secondsOf(set.changeTime), 10)}\n`,
  );
  return head + rows.join('');
}

/** /proc/sysvipc/shm. */
export function segmentTable(kernel: Kernel): string {
  const head =
    '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n';
  const rows = [...segments(kernel)].map(
    (each) =>
      `${pad(each.key, 10)} ${pad(each.id, 10)}  ${mode(each)} ${pad(each.length, 21)} ${pad(each.creator, 5)} ${pad(each.lastProcess, 5)} ` +
      `${pad(attachments(kernel, each), 5)} ${owners(each)} ${[each.attachTime, each.detachTime, each.changeTime].map((time) => pad(secondsOf(time), 10)).join(' ')} ` +
      `${pad(each.length, 21)} ${pad(0, 21)}\n`,
  );
  return head + rows.join('');
}

/** /proc/sysvipc/msg. */
export function queueTable(kernel: Kernel): string {
  const head =
    '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n';
  const rows = [...messageQueues(kernel)].map(
    (each) =>
      `${pad(each.key, 10)} ${pad(each.id, 10)}  ${mode(each)}  ${pad(waitingBytes(each), 10)} ${pad(each.messages.length, 10)} ` +
      `${pad(each.lastSender, 5)} ${pad(each.lastReceiver, 5)} ${owners(each)} ${[each.sendTime, each.receiveTime, each.changeTime].map((time) => pad(secondsOf(time), 10)).join(' ')}\n`,
  );
  return head + rows.join('');
}
