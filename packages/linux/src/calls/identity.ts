// Who a process is: pid, users and groups, process groups and sessions.
import { address, defineSystemCall, Errno, int, type Process, type Thread } from '@elf/kernel';
import { processAttributes } from '../thread-attributes.ts';

export const getpid = defineSystemCall({
  name: 'getpid',
  numbers: { 'x86-64': 39, i386: 20 },
  support: 'full',
  arguments: {},
  run: (task) => task.process.id,
});
export const gettid = defineSystemCall({
  name: 'gettid',
  numbers: { 'x86-64': 186, i386: 224 },
  support: 'full',
  arguments: {},
  run: (task) => task.id,
});
export const getppid = defineSystemCall({
  name: 'getppid',
  numbers: { 'x86-64': 110, i386: 64 },
  support: 'full',
  arguments: {},
  run: (task) => task.process.parent?.id ?? 1,
});
export const getuid = defineSystemCall({
  name: 'getuid',
  numbers: { 'x86-64': 102 },
  support: 'full',
  arguments: {},
  run: (task) => task.process.credentials.user,
});
export const geteuid = defineSystemCall({
  name: 'geteuid',
  numbers: { 'x86-64': 107 },
  support: 'full',
  arguments: {},
  run: (task) => task.process.credentials.effectiveUser,
});
export const getgid = defineSystemCall({
  name: 'getgid',
  numbers: { 'x86-64': 104 },
  support: 'full',
  arguments: {},
  run: (task) => task.process.credentials.group,
});
export const getegid = defineSystemCall({
  name: 'getegid',
  numbers: { 'x86-64': 108 },
  support: 'full',
  arguments: {},
  run: (task) => task.process.credentials.effectiveGroup,
});

export const getresuid = defineSystemCall({
  name: 'getresuid',
  numbers: { 'x86-64': 118 },
  support: 'full',
  arguments: { real: address, effective: address, saved: address },
  run: (task, values) => {
    const { user, effectiveUser, savedUser } = task.process.credentials;
    return storeThree(task, [values.real, values.effective, values.saved], [user, effectiveUser, savedUser]);
  },
});

export const getresgid = defineSystemCall({
  name: 'getresgid',
  numbers: { 'x86-64': 120 },
  support: 'full',
  arguments: { real: address, effective: address, saved: address },
  run: (task, values) => {
    const { group, effectiveGroup, savedGroup } = task.process.credentials;
    return storeThree(task, [values.real, values.effective, values.saved], [group, effectiveGroup, savedGroup]);
  },
});

export const setuid = defineSystemCall({
  name: 'setuid',
  numbers: { 'x86-64': 105 },
  support: 'full',
  arguments: { user: int },
  run: (task, { user }) => {
    const { credentials } = task.process;
    if (credentials.effectiveUser === 0) credentials.user = credentials.savedUser = user;
    else if (user !== credentials.user && user !== credentials.savedUser) return -Errno.EPERM;
    credentials.effectiveUser = user;
    credentials.fileUser = undefined;
    return 0;
  },
});

export const setgid = defineSystemCall({
  name: 'setgid',
  numbers: { 'x86-64': 106 },
  support: 'full',
  arguments: { group: int },
  run: (task, { group }) => {
    const { credentials } = task.process;
    if (credentials.effectiveUser === 0) credentials.group = credentials.savedGroup = group;
    else if (group !== credentials.group && group !== credentials.savedGroup) return -Errno.EPERM;
    credentials.effectiveGroup = group;
    credentials.fileGroup = undefined;
    return 0;
  },
});

export const setresuid = defineSystemCall({
  name: 'setresuid',
  numbers: { 'x86-64': 117 },
  support: 'full',
  arguments: { real: int, effective: int, saved: int },
  run: (task, values) => {
    const { credentials } = task.process;
    const known = [credentials.user, credentials.effectiveUser, credentials.savedUser];
    if (!mayBecome(credentials.effectiveUser, [values.real, values.effective, values.saved], known))
      return -Errno.EPERM;
    if (values.real !== -1) credentials.user = values.real;
    if (values.effective !== -1) credentials.effectiveUser = values.effective;
    if (values.saved !== -1) credentials.savedUser = values.saved;
    credentials.fileUser = undefined;
    return 0;
  },
});

export const setresgid = defineSystemCall({
  name: 'setresgid',
  numbers: { 'x86-64': 119 },
  support: 'full',
  arguments: { real: int, effective: int, saved: int },
  run: (task, values) => {
    const { credentials } = task.process;
    const known = [credentials.group, credentials.effectiveGroup, credentials.savedGroup];
    if (!mayBecome(credentials.effectiveUser, [values.real, values.effective, values.saved], known))
      return -Errno.EPERM;
    if (values.real !== -1) credentials.group = values.real;
    if (values.effective !== -1) credentials.effectiveGroup = values.effective;
    if (values.saved !== -1) credentials.savedGroup = values.saved;
    credentials.fileGroup = undefined;
    return 0;
  },
});

export const getgroups = defineSystemCall({
  name: 'getgroups',
  numbers: { 'x86-64': 115 },
  support: 'full',
  arguments: { count: int, list: address },
  run: (task, { count, list }) => {
    const { supplementary } = task.process.credentials;
    if (count < 0) return -Errno.EINVAL;
    if (count === 0) return supplementary.length;
    if (count < supplementary.length) return -Errno.EINVAL;
    for (const [index, group] of supplementary.entries()) {
      if (!task.user.writeU32(list + index * 4, group)) return -Errno.EFAULT;
    }
    return supplementary.length;
  },
});

export const setgroups = defineSystemCall({
  name: 'setgroups',
  numbers: { 'x86-64': 116 },
  support: 'full',
  arguments: { count: int, list: address },
  run: (task, { count, list }) => {
    const { credentials } = task.process;
    if (credentials.effectiveUser !== 0) return -Errno.EPERM;
    if (count < 0 || count > 65536) return -Errno.EINVAL;
    const groups: number[] = [];
    for (let index = 0; index < count; index++) {
      const group = task.user.readU32(list + index * 4);
      if (group === undefined) return -Errno.EFAULT;
      groups.push(group);
    }
    credentials.supplementary = groups;
    return 0;
  },
});

export const getpgrp = defineSystemCall({
  name: 'getpgrp',
  numbers: { 'x86-64': 111, i386: 65 },
  support: 'full',
  arguments: {},
  run: (task) => task.process.group,
});

export const getpgid = defineSystemCall({
  name: 'getpgid',
  numbers: { 'x86-64': 121, i386: 132 },
  support: 'full',
  arguments: { process: int },
  run: (task, values) => find(task, values.process)?.group ?? -Errno.ESRCH,
});

export const getsid = defineSystemCall({
  name: 'getsid',
  numbers: { 'x86-64': 124, i386: 147 },
  support: 'full',
  arguments: { process: int },
  run: (task, values) => find(task, values.process)?.session ?? -Errno.ESRCH,
});

export const setpgid = defineSystemCall({
  name: 'setpgid',
  numbers: { 'x86-64': 109, i386: 57 },
  support: 'full',
  arguments: { process: int, group: int },
  run: (task, values) => {
    const process = find(task, values.process);
    // kernel/sys.c, setpgid.
    if (values.group < 0) return -Errno.EINVAL;
    if (process === undefined || (process !== task.process && process.parent !== task.process)) return -Errno.ESRCH;
    if (process !== task.process) {
      if (process.session !== task.process.session) return -Errno.EPERM;
      if (processAttributes(process).forkedProgram !== process.program) return -Errno.EACCES;
    }
    if (process.session === process.id) return -Errno.EPERM;
    const group = values.group === 0 ? process.id : values.group;
    const isMember = (other: Process) => other.group === group && other.session === task.process.session;
    if (group !== process.id && ![...task.kernel.processes.values()].some(isMember)) return -Errno.EPERM;
    process.group = group;
    return 0;
  },
});

export const setsid = defineSystemCall({
  name: 'setsid',
  numbers: { 'x86-64': 112, i386: 66 },
  support: 'full',
  arguments: {},
  run: (task) => {
    const { process } = task;
    for (const other of task.kernel.processes.values()) if (other.group === process.id) return -Errno.EPERM;
    process.session = process.id;
    process.group = process.id;
    return process.id;
  },
});

function find(task: Thread, id: number): Process | undefined {
  return id === 0 ? task.process : task.kernel.processes.get(id);
}

function mayBecome(effectiveUser: number, wanted: readonly number[], known: readonly number[]): boolean {
  return effectiveUser === 0 || wanted.every((id) => id === -1 || known.includes(id));
}

function storeThree(task: Thread, places: readonly number[], values: readonly number[]): number {
  return places.every((at, index) => task.user.writeU32(at, values[index])) ? 0 : -Errno.EFAULT;
}
