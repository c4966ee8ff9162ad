// prctl(2): switches of a thread and its process.
import { defineSystemCall, Errno, fromBytes, hexadecimal, oneOf, type Thread, toBytes } from '@elf/kernel';
import { capabilitiesOf, hasCapability, LAST_CAPABILITY, SecureBit, setCapabilities } from '../capabilities.ts';
import { processState, threadState } from '../signals/signal-state.ts';
import { LAST_SIGNAL } from '../signals/signal-table.ts';
import { processAttributes, threadAttributes } from '../thread-attributes.ts';

// biome-ignore format: a table
const PRCTL = {
  PR_SET_PDEATHSIG: 1, PR_GET_PDEATHSIG: 2, PR_GET_DUMPABLE: 3, PR_SET_DUMPABLE: 4, PR_GET_KEEPCAPS: 7, PR_SET_KEEPCAPS: 8, PR_GET_TIMING: 13,
  PR_SET_TIMING: 14, PR_SET_NAME: 15, PR_GET_NAME: 16, PR_GET_SECCOMP: 21, PR_SET_SECCOMP: 22, PR_CAPBSET_READ: 23, PR_CAPBSET_DROP: 24,
  PR_GET_TSC: 25, PR_SET_TSC: 26, PR_GET_SECUREBITS: 27, PR_SET_SECUREBITS: 28, PR_SET_TIMERSLACK: 29, PR_GET_TIMERSLACK: 30,
  PR_SET_CHILD_SUBREAPER: 36, PR_GET_CHILD_SUBREAPER: 37, PR_SET_NO_NEW_PRIVS: 38, PR_GET_NO_NEW_PRIVS: 39, PR_GET_TID_ADDRESS: 40,
  PR_SET_THP_DISABLE: 41, PR_GET_THP_DISABLE: 42, PR_CAP_AMBIENT: 47, PR_GET_SPECULATION_CTRL: 52, PR_SET_SPECULATION_CTRL: 53,
  PR_SET_VMA: 0x53564d41, PR_SET_PTRACER: 0x59616d61,
} as const;
/** TASK_COMM_LEN. */
const NAME_BYTES = 16;
/** PR_TSC_ENABLE and PR_TSC_SIGSEGV. */
const TIME_STAMP = { enabled: 1, refused: 2 } as const;
const CAP_SETPCAP = 8;

type Handler = (task: Thread, second: number, third: number, rest: boolean) => number;

const flag = (value: boolean) => (value ? 1 : 0);
const store = (task: Thread, at: number, value: number) => (task.user.writeU32(at, value) ? 0 : -Errno.EFAULT);

/** Options by number; `rest` tells whether the third to fifth argument are all zero, which newer options insist on. */
const HANDLERS: Readonly<Record<number, Handler>> = {
  [PRCTL.PR_SET_PDEATHSIG]: (task, signal) => {
    if (signal > LAST_SIGNAL) return -Errno.EINVAL;
    threadAttributes(task).parentDeathSignal = signal;
    return 0;
  },
  [PRCTL.PR_GET_PDEATHSIG]: (task, at) => store(task, at, threadAttributes(task).parentDeathSignal),
  [PRCTL.PR_GET_DUMPABLE]: ({ process }) => processState(process).dumpable,
  [PRCTL.PR_SET_DUMPABLE]: ({ process }, value) => {
    if (value > 1) return -Errno.EINVAL;
    processState(process).dumpable = value;
    return 0;
  },
  [PRCTL.PR_GET_KEEPCAPS]: (task) => flag(threadAttributes(task).keepsCapabilities),
  [PRCTL.PR_SET_KEEPCAPS]: (task, value) => {
    if (value > 1) return -Errno.EINVAL;
    threadAttributes(task).keepsCapabilities = value === 1;
    return 0;
  },
  // PR_TIMING_STATISTICAL is the only method there is.
  [PRCTL.PR_GET_TIMING]: () => 0,
  [PRCTL.PR_SET_TIMING]: (_task, method) => (method === 0 ? 0 : -Errno.EINVAL),
  [PRCTL.PR_SET_NAME]: setName,
  [PRCTL.PR_GET_NAME]: (task, at) => {
    const name = threadAttributes(task).name ?? task.process.commandName;
    return task.user.write(at, toBytes(name.padEnd(NAME_BYTES, '\0'))) ? 0 : -Errno.EFAULT;
  },
  // Filters are not there (a kernel without CONFIG_SECCOMP_FILTER); the strict mode neither.
  [PRCTL.PR_GET_SECCOMP]: () => 0,
  [PRCTL.PR_SET_SECCOMP]: () => -Errno.EINVAL,
  [PRCTL.PR_CAPBSET_READ]: ({ process }, capability) =>
    capability > LAST_CAPABILITY
      ? -Errno.EINVAL
      : Number((capabilitiesOf(process).bounding >> BigInt(capability)) & 1n),
  [PRCTL.PR_CAPBSET_DROP]: ({ process }, capability) => {
    if (!hasCapability(process, CAP_SETPCAP)) return -Errno.EPERM;
    if (capability > LAST_CAPABILITY) return -Errno.EINVAL;
    const { bounding } = capabilitiesOf(process);
    setCapabilities(process, { bounding: bounding & ~(1n << BigInt(capability)) });
    return 0;
  },
  [PRCTL.PR_GET_TSC]: (task, at) =>
    store(task, at, task.cpu.timeStampDisabled ? TIME_STAMP.refused : TIME_STAMP.enabled),
  [PRCTL.PR_SET_TSC]: (task, mode) => {
    if (mode !== TIME_STAMP.enabled && mode !== TIME_STAMP.refused) return -Errno.EINVAL;
    threadAttributes(task).timeStampDisabled = task.cpu.timeStampDisabled = mode === TIME_STAMP.refused;
    return 0;
  },
  [PRCTL.PR_GET_SECUREBITS]: secureBitsOf,
  [PRCTL.PR_SET_SECUREBITS]: setSecureBits,
  [PRCTL.PR_SET_TIMERSLACK]: (task, nanoseconds) => {
    const attributes = threadAttributes(task);
    attributes.timerSlack = nanoseconds > 0 ? nanoseconds : attributes.initialSlack;
    return 0;
  },
  [PRCTL.PR_GET_TIMERSLACK]: (task) => threadAttributes(task).timerSlack,
  [PRCTL.PR_SET_CHILD_SUBREAPER]: ({ process }, value) => {
    processAttributes(process).isSubreaper = value !== 0;
    return 0;
  },
  [PRCTL.PR_GET_CHILD_SUBREAPER]: (task, at) => store(task, at, flag(processAttributes(task.process).isSubreaper)),
  [PRCTL.PR_SET_NO_NEW_PRIVS]: (task, value, third, rest) => {
    if (value !== 1 || third !== 0 || !rest) return -Errno.EINVAL;
    threadAttributes(task).noNewPrivileges = true;
    return 0;
  },
  [PRCTL.PR_GET_NO_NEW_PRIVS]: (task, second, third, rest) =>
    second === 0 && third === 0 && rest ? flag(threadAttributes(task).noNewPrivileges) : -Errno.EINVAL,
  [PRCTL.PR_GET_TID_ADDRESS]: (task, at) =>
    task.user.writeAddress(at, threadState(task).clearChildTid) ? 0 : -Errno.EFAULT,
  [PRCTL.PR_SET_THP_DISABLE]: ({ process }, value, third, rest) => {
    if (third !== 0 || !rest) return -Errno.EINVAL;
    processAttributes(process).refusesHugePages = value !== 0;
    return 0;
  },
  [PRCTL.PR_GET_THP_DISABLE]: ({ process }, second, third, rest) =>
    second === 0 && third === 0 && rest ? flag(processAttributes(process).refusesHugePages) : -Errno.EINVAL,
  [PRCTL.PR_CAP_AMBIENT]: changeAmbient,
  // PR_SPEC_NOT_AFFECTED for each of the three misfeatures: nothing here speculates.
  [PRCTL.PR_GET_SPECULATION_CTRL]: (_task, which, third, rest) =>
    third !== 0 || !rest ? -Errno.EINVAL : which > 2 ? -Errno.ENODEV : 0,
  [PRCTL.PR_SET_SPECULATION_CTRL]: (_task, which) => (which > 2 ? -Errno.ENODEV : -Errno.ENXIO),
  // Nobody traces; a program may still name who could.
  [PRCTL.PR_SET_PTRACER]: () => 0,
};

export const prctl = defineSystemCall({
  name: 'prctl',
  numbers: { 'x86-64': 157, i386: 172 },
  support: 'partial',
  note: 'seccomp, PR_SET_MM and names of anonymous memory (PR_SET_VMA) are EINVAL, as on kernels built without them.',
  arguments: { option: oneOf(PRCTL), second: hexadecimal, third: hexadecimal, fourth: hexadecimal, fifth: hexadecimal },
  run: (task, { option, second, third, fourth, fifth }) =>
    HANDLERS[option]?.(task, second, third, fourth === 0 && fifth === 0) ?? -Errno.EINVAL,
});

const AMBIENT = { IS_SET: 1, RAISE: 2, LOWER: 3, CLEAR_ALL: 4 } as const;

/** PR_CAP_AMBIENT (security/commoncap.c, cap_task_prctl). */
function changeAmbient({ process }: Thread, action: number, capability: number, rest: boolean): number {
  const { ambient, permitted, inheritable, secureBits } = capabilitiesOf(process);
  if (!rest) return -Errno.EINVAL;
  if (action === AMBIENT.CLEAR_ALL) {
    if (capability !== 0) return -Errno.EINVAL;
    setCapabilities(process, { ambient: 0n });
    return 0;
  }
  if (action < AMBIENT.IS_SET || action > AMBIENT.LOWER || capability > LAST_CAPABILITY) return -Errno.EINVAL;
  const bit = 1n << BigInt(capability);
  if (action === AMBIENT.IS_SET) return flag((ambient & bit) !== 0n);
  const mayRaise = (permitted & inheritable & bit) !== 0n && (secureBits & SecureBit.NoAmbientRaise) === 0;
  if (action === AMBIENT.RAISE && !mayRaise) return -Errno.EPERM;
  setCapabilities(process, { ambient: action === AMBIENT.RAISE ? ambient | bit : ambient & ~bit });
  return 0;
}

function secureBitsOf(task: Thread): number {
  const { secureBits } = capabilitiesOf(task.process);
  return secureBits | (threadAttributes(task).keepsCapabilities ? SecureBit.KeepCapabilities : 0);
}

const ALL_SECURE_BITS = 0xff;
/** The locks: each holds itself and the bit below it. */
const SECURE_LOCKS = 0xaa;

function setSecureBits(task: Thread, wanted: number): number {
  const before = secureBitsOf(task);
  const locked = before & SECURE_LOCKS;
  const isHeld = (locked & ~wanted) !== 0 || ((locked >> 1) & (before ^ wanted)) !== 0;
  if (isHeld || wanted > ALL_SECURE_BITS || !hasCapability(task.process, CAP_SETPCAP)) return -Errno.EPERM;
  setCapabilities(task.process, { secureBits: wanted & ~SecureBit.KeepCapabilities });
  threadAttributes(task).keepsCapabilities = (wanted & SecureBit.KeepCapabilities) !== 0;
  return 0;
}

/** The name of the first thread is the process's too. */
function setName(task: Thread, at: number): number {
  const bytes = task.user.readCString(at, NAME_BYTES);
  if (bytes === undefined) return -Errno.EFAULT;
  const name = fromBytes(bytes.subarray(0, NAME_BYTES - 1));
  threadAttributes(task).name = name;
  if (task.id === task.process.id) task.process.commandName = name;
  return 0;
}
