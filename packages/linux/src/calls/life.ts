// fork(2), vfork(2), clone(2), execve(2), exit(2): the life of processes and threads.
import {
  address,
  defineSystemCall,
  descriptor,
  Errno,
  flagSet,
  fromBytes,
  int,
  type LoadPlace,
  Pending,
  type Process,
  path,
  Register,
  type SystemCallResult,
  type Thread,
} from '@elf/kernel';
import { AT } from '../abi/flags/file-flags.ts';
import { withExitSignal } from '../abi/trace-arguments.ts';
import { readWord } from '../abi/words.ts';
import { isBeingWritten } from '../busy-programs.ts';
import { installThreadArea, isThreadEntry, readThreadArea } from '../thread-areas.ts';
import { judgeNewNamespaces, makeNamespaces, NAMESPACE_FLAGS } from '../namespaces/enter.ts';
import { keepPeak } from '../memory-peak.ts';
import { processState, threadState } from '../signals/signal-state.ts';
import { LAST_SIGNAL } from '../signals/signal-table.ts';
import { openProcess } from './process-descriptors.ts';
import { applyMemoryLimits } from './resource-limits.ts';

// biome-ignore format: a table
const CLONE = {
  VM: 0x100, FS: 0x200, FILES: 0x400, SIGHAND: 0x800, PIDFD: 0x1000, VFORK: 0x4000, PARENT: 0x8000, THREAD: 0x10000, NEWNS: 0x20000, SETTLS: 0x80000,
  PARENT_SETTID: 0x100000, CHILD_CLEARTID: 0x200000, CHILD_SETTID: 0x1000000,
} as const;
/** CLONE_CLEAR_SIGHAND, above the 32 bits that clone(2) has. */
const CLEAR_SIGHAND = 1;
const SIG_IGN = 1;
/** MAX_ARG_STRINGS is far higher; this bounds what a broken pointer table can make us read. */
const MAXIMUM_ARGUMENTS = 1 << 20;

const exitName = { status: int };

export const exit = defineSystemCall({
  name: 'exit',
  numbers: { 'x86-64': 60, i386: 1 },
  support: 'full',
  result: 'none',
  arguments: exitName,
  run: (task, { status }) => {
    task.kernel.endThread(task, { kind: 'exited', code: status & 0xff });
    return 0;
  },
});

export const exitGroup = defineSystemCall({
  name: 'exit_group',
  numbers: { 'x86-64': 231, i386: 252 },
  support: 'full',
  result: 'none',
  arguments: exitName,
  run: (task, { status }) => {
    task.kernel.endProcess(task.process, { kind: 'exited', code: status & 0xff });
    return 0;
  },
});

export const fork = defineSystemCall({
  name: 'fork',
  numbers: { 'x86-64': 57, i386: 2 },
  support: 'full',
  arguments: {},
  run: (task) => clone(task, { flags: 17, stack: 0, parentTid: 0, childTid: 0, tls: 0 }),
});

export const vfork = defineSystemCall({
  name: 'vfork',
  numbers: { 'x86-64': 58, i386: 190 },
  support: 'full',
  arguments: {},
  run: (task) => clone(task, { flags: CLONE.VM | CLONE.VFORK | 17, stack: 0, parentTid: 0, childTid: 0, tls: 0 }),
});

/** Flags of clone(2) by name. */
export const cloneFlags = withExitSignal(
  flagSet(Object.fromEntries(Object.entries(CLONE).map(([name, bit]) => [`CLONE_${name}`, bit]))),
);

export const cloneCall = defineSystemCall({
  name: 'clone',
  numbers: { 'x86-64': 56 },
  support: 'partial',
  note: 'New namespaces are refused with EPERM; ptrace flags are ignored.',
  arguments: {
    flags: cloneFlags,
    stack: address,
    parentTid: address,
    childTid: address,
    tls: address,
  },
  run: (task, values) => clone(task, values),
});

/** struct clone_args is read up to tls; longer versions are accepted when what follows is zero. */
export const clone3 = defineSystemCall({
  name: 'clone3',
  numbers: { 'x86-64': 435, i386: 435 },
  support: 'partial',
  note: 'set_tid and cgroup are refused with EINVAL.',
  arguments: { request: address, length: int },
  run: (task, { request, length }) => {
    if (length < 64 || length > 4096) return -Errno.EINVAL;
    const bytes = task.user.read(request, length);
    if (bytes === undefined) return -Errno.EFAULT;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const at = (index: number) => Number(view.getBigUint64(index * 8, true));
    const [flags, pidfd, childTid, parentTid, exitSignal, stack, stackLength, tls] = [0, 1, 2, 3, 4, 5, 6, 7].map(at);
    const beyond = Math.floor(flags / 2 ** 32);
    if (bytes.subarray(64).some((byte) => byte !== 0) || (beyond & ~CLEAR_SIGHAND) !== 0) return -Errno.EINVAL;
    if (exitSignal > LAST_SIGNAL || (stack === 0) !== (stackLength === 0)) return -Errno.EINVAL;
    const clearsHandlers = beyond === CLEAR_SIGHAND;
    if (clearsHandlers && (flags & CLONE.SIGHAND) !== 0) return -Errno.EINVAL;
    if (exitSignal !== 0 && (flags & (CLONE.THREAD | CLONE.PARENT)) !== 0) return -Errno.EINVAL;
    return clone(task, {
      flags: (flags & ~0xff) | exitSignal,
      pidfd,
      clearsHandlers,
      stack: stack === 0 ? 0 : stack + stackLength,
      parentTid,
      childTid,
      tls,
    });
  },
});

export const execve = defineSystemCall({
  name: 'execve',
  numbers: { 'x86-64': 59, i386: 11 },
  support: 'full',
  arguments: { path, arguments: address, environment: address },
  run: (task, values) => execute(task, values.path, values.arguments, values.environment),
});

export const execveat = defineSystemCall({
  name: 'execveat',
  numbers: { 'x86-64': 322, i386: 358 },
  support: 'full',
  arguments: { directory: descriptor, path, arguments: address, environment: address, flags: int },
  run: (task, { directory, path, flags, ...rest }) => {
    if (path === '' && (flags & AT.EMPTY_PATH) === 0) return -Errno.ENOENT;
    if (path.startsWith('/') || directory === AT.FDCWD)
      return execute(task, path, rest.arguments, rest.environment, { flags });
    const { descriptors } = task.process;
    const description = descriptors.get(directory);
    if (description === undefined) return -Errno.EBADF;
    const place = { number: directory, description, closesOnExec: descriptors.closesOnExec(directory) };
    return execute(task, path, rest.arguments, rest.environment, { flags, descriptor: place });
  },
});

interface CloneRequest {
  readonly flags: number;
  readonly stack: number;
  readonly parentTid: number;
  readonly childTid: number;
  readonly tls: number;
  /** Where CLONE_PIDFD stores the descriptor; the old call uses `parentTid`. */
  readonly pidfd?: number;
  /** CLONE_CLEAR_SIGHAND: signals that had handlers have their default action in the child. */
  readonly clearsHandlers?: boolean;
}

/** clone(2) by whatever way its arguments came. */
export function clone(task: Thread, request: CloneRequest): SystemCallResult {
  const { flags } = request;
  const { kernel } = task;
  // kernel/fork.c, copy_process: a mount namespace of one's own does not go with a shared root directory.
  if ((flags & CLONE.NEWNS) !== 0 && (flags & CLONE.FS) !== 0) return -Errno.EINVAL;
  // The lowest bits are the exit signal; a namespace of time is made with clone3 and unshare only.
  const spaces = flags & ~0xff;
  const refusal = judgeNewNamespaces(task, spaces);
  if (refusal < 0) return refusal;
  if ((flags & CLONE.THREAD) !== 0 && (flags & (CLONE.SIGHAND | CLONE.VM)) !== (CLONE.SIGHAND | CLONE.VM))
    return -Errno.EINVAL;
  if ((flags & CLONE.SIGHAND) !== 0 && (flags & CLONE.VM) === 0) return -Errno.EINVAL;
  // TLS is a pointer to a descriptor for i386 calls, the base itself for others.
  const area = (flags & CLONE.SETTLS) !== 0 && task.wordBytes === 4 ? readThreadArea(task, request.tls) : undefined;
  if (typeof area === 'number') return area;
  if (area !== undefined && !isThreadEntry(area.entry)) return -Errno.EINVAL;
  const isThread = (flags & CLONE.THREAD) !== 0;
  const hasPidfd = (flags & CLONE.PIDFD) !== 0;
  const pidfdAt = request.pidfd ?? request.parentTid;
  if (hasPidfd && request.pidfd === undefined && (flags & CLONE.PARENT_SETTID) !== 0) return -Errno.EINVAL;
  if (hasPidfd && !task.user.writeU32(pidfdAt, 0)) return -Errno.EFAULT;
  const child = isThread
    ? kernel.spawnThread(task)
    : kernel.fork(task, {
        shareSpace: (flags & CLONE.VM) !== 0,
        shareDescriptors: (flags & CLONE.FILES) !== 0,
        sharePlace: (flags & CLONE.FS) !== 0,
        sibling: (flags & CLONE.PARENT) !== 0,
      });
  // A sibling tells the parent what its maker would tell it (kernel/fork.c, copy_process).
  const exitSignal = (flags & CLONE.PARENT) === 0 ? flags & 0xff : processState(task.process).exitSignal;
  if (!isThread) processState(child.process).exitSignal = exitSignal;
  if (hasPidfd) task.user.writeU32(pidfdAt, openProcess(task, child.process, false));
  if (spaces & NAMESPACE_FLAGS) makeNamespaces(child, spaces);
  if (request.clearsHandlers) clearHandlers(child.process);
  if ((flags & CLONE.PARENT_SETTID) !== 0) task.user.writeU32(request.parentTid, child.id);
  if ((flags & CLONE.CHILD_SETTID) !== 0) child.user.writeU32(request.childTid, child.id);
  if ((flags & CLONE.CHILD_CLEARTID) !== 0) threadState(child).clearChildTid = request.childTid;
  kernel.withThread(child, (cpu) => {
    cpu.setRegister(Register.Rax, 0n);
    if (request.stack !== 0) cpu.setRegister(Register.Rsp, BigInt(request.stack));
    if (area !== undefined) installThreadArea(cpu, area);
    else if ((flags & CLONE.SETTLS) !== 0) cpu.fsBase = BigInt(request.tls);
  });
  kernel.release(child);
  if ((flags & CLONE.VFORK) === 0) return child.id;
  const { process } = child;
  return new Pending({
    queues: [process.spaceReleased],
    attempt: () => (process.borrowsSpace && process.exitStatus === undefined ? undefined : process.id),
  });
}

function clearHandlers(process: Process): void {
  const state = processState(process);
  state.actions = state.actions.map((action) => (action?.handler === SIG_IGN ? action : undefined));
}

function execute(task: Thread, name: string, argv: number, environment: number, at?: LoadPlace): number {
  const strings = readStrings(task, argv);
  const variables = readStrings(task, environment);
  if (typeof strings === 'number') return strings;
  if (typeof variables === 'number') return variables;
  const status = at?.descriptor === undefined ? task.kernel.tree.status(task.process.viewpoint, name, true) : undefined;
  if (typeof status === 'object' && isBeingWritten(task.kernel, status)) return -Errno.ETXTBSY;
  keepPeak(task.process);
  const result = task.kernel.execute(task, name, strings, variables, at);
  // The new address space knows the machine's limits only.
  if (result === 0) applyMemoryLimits(task.process);
  return result;
}

/** No stack limit allows more (fs/exec.c, bprm_stack_limits: three quarters of _STK_LIM): what is longer need not be copied. */
const MOST_STRING_BYTES = 6 << 20;

function readStrings(task: Thread, table: number): string[] | number {
  const strings: string[] = [];
  let total = 0;
  for (let at = table; table !== 0; at += task.wordBytes) {
    const pointer = readWord(task, at);
    if (pointer === undefined) return -Errno.EFAULT;
    if (pointer === 0) break;
    const bytes = task.user.readCString(pointer, 131072);
    if (bytes === undefined) return -Errno.EFAULT;
    if (bytes.length === 131072 || strings.length === MAXIMUM_ARGUMENTS) return -Errno.E2BIG;
    total += bytes.length + task.wordBytes;
    if (total > MOST_STRING_BYTES) return -Errno.E2BIG;
    strings.push(fromBytes(bytes));
  }
  return strings;
}
