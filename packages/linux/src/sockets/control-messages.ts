// Control messages of sendmsg(2) and recvmsg(2): descriptors and credentials beside the bytes (man 3 cmsg).
import { Errno, type OpenDescription, type Received, type SenderIdentity, type Thread } from '@elf/kernel';
import { SCM, SOL_NAMES } from '../abi/flags/socket-flags.ts';

const CREDENTIALS_BYTES = 12;
/** SCM_MAX_FD. */
const MOST_DESCRIPTORS = 253;
const SHORTEST_CONTROL = 1;
/** net.core.optmem_max: what control messages may take of the kernel's memory. */
const MOST_CONTROL_BYTES = 1 << 17;
const SOCKET_LEVEL = { level: SOL_NAMES.SOL_SOCKET } as const;

/** struct cmsghdr: a length as wide as a word, level and type. */
const headerBytes = (task: Thread) => task.wordBytes + 8;

/** One more control message of the receiver. */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly body: Uint8Array;
}

/** What a sender attached. */
export interface Attachments {
  /** Not referenced yet. */
  readonly descriptions: readonly OpenDescription[];
  readonly sender: SenderIdentity;
}

/** Who a task is, as other processes learn it. */
export function identityOf({ process }: Thread): SenderIdentity {
  return { process: process.id, user: process.credentials.user, group: process.credentials.group };
}

/** Reads the control messages of a sender, or a negated error. */
export function readControl(task: Thread, at: number, length: number): Attachments | number {
  let sender = identityOf(task);
  const descriptions: OpenDescription[] = [];
  if (length < SHORTEST_CONTROL) return { descriptions, sender };
  if (length > MOST_CONTROL_BYTES) return -Errno.ENOBUFS;
  const bytes = task.user.read(at, length);
  if (bytes === undefined) return -Errno.EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const head = headerBytes(task);
  for (let start = 0; start + head <= length; ) {
    const size = task.wordBytes === 4 ? view.getUint32(start, true) : Number(view.getBigUint64(start, true));
    if (size < head || start + size > length) return -Errno.EINVAL;
    const level = view.getInt32(start + head - 8, true);
    const type = view.getInt32(start + head - 4, true);
    const body = start + head;
    const bodyBytes = size - head;
    start += align(task, size);
    if (level !== SOL_NAMES.SOL_SOCKET) continue;
    if (type === SCM.RIGHTS) {
      const count = Math.floor(bodyBytes / 4);
      if (descriptions.length + count > MOST_DESCRIPTORS) return -Errno.EINVAL;
      for (let index = 0; index < count; index++) {
        const description = task.process.descriptors.get(view.getInt32(body + index * 4, true));
        if (description === undefined || description.mode.pathOnly) return -Errno.EBADF;
        descriptions.push(description);
      }
    } else if (type === SCM.CREDENTIALS) {
      if (bodyBytes !== CREDENTIALS_BYTES) return -Errno.EINVAL;
      const claimed = {
        process: view.getInt32(body, true),
        user: view.getUint32(body + 4, true),
        group: view.getUint32(body + 8, true),
      };
      if (!mayClaim(task, claimed)) return -Errno.EPERM;
      sender = claimed;
    } else return -Errno.EINVAL;
  }
  return { descriptions, sender };
}

/** Stores what was received. `length` is the room; the result says what was used and whether something was lost. */
export function writeControl(
  task: Thread,
  at: number,
  length: number,
  received: Received,
  options: {
    readonly credentials: boolean;
    readonly closeOnExec: boolean;
    readonly others: readonly ControlMessage[];
  },
): { readonly used: number; readonly isCut: boolean } {
  let used = 0;
  let isCut = false;
  const room = () => length - used - headerBytes(task);
  if (options.credentials && received.isMessage) {
    const { process, user, group } = received.sender;
    const body = new Uint8Array(new Int32Array([process, user, group]).buffer);
    if (room() < 0) isCut = true;
    else {
      const stored = body.subarray(0, room());
      isCut = stored.length < body.length;
      used += store(task, at + used, { ...SOCKET_LEVEL, type: SCM.CREDENTIALS, body: stored }, length - used);
    }
  }
  const { descriptions } = received;
  if (descriptions.length > 0) {
    const count = Math.max(0, Math.min(descriptions.length, Math.floor(room() / 4)));
    const numbers: number[] = [];
    for (const [index, description] of descriptions.entries()) {
      // What cannot be delivered is closed (net/core/scm.c, scm_detach_fds).
      if (index >= count) description.release();
      else {
        const number = task.process.descriptors.insert(description, options.closeOnExec);
        if (number >= 0) numbers.push(number);
      }
    }
    if (numbers.length < descriptions.length) isCut = true;
    if (numbers.length > 0)
      used += store(
        task,
        at + used,
        { ...SOCKET_LEVEL, type: SCM.RIGHTS, body: new Uint8Array(new Int32Array(numbers).buffer) },
        length - used,
      );
  }
  for (const message of options.others) {
    if (room() < 0) isCut = true;
    else {
      const body = message.body.subarray(0, room());
      isCut ||= body.length < message.body.length;
      used += store(task, at + used, { ...message, body }, length - used);
    }
  }
  return { used: Math.min(used, length), isCut };
}

function store(task: Thread, at: number, { level, type, body }: ControlMessage, room: number): number {
  const head = headerBytes(task);
  const size = head + body.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, size, true);
  view.setInt32(head - 8, level, true);
  view.setInt32(head - 4, type, true);
  bytes.set(body, head);
  task.user.write(at, bytes);
  return Math.min(align(task, size), room);
}

/** A process may give its own identities; the superuser any (scm_check_creds). */
function mayClaim({ process }: Thread, claimed: SenderIdentity): boolean {
  const own = process.credentials;
  if (own.effectiveUser === 0) return true;
  return (
    claimed.process === process.id &&
    [own.user, own.effectiveUser, own.savedUser].includes(claimed.user) &&
    [own.group, own.effectiveGroup, own.savedGroup].includes(claimed.group)
  );
}

function align({ wordBytes }: Thread, length: number): number {
  return Math.ceil(length / wordBytes) * wordBytes;
}
