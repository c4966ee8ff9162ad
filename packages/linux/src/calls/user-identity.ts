// setreuid(2), setregid(2), setfsuid(2), setfsgid(2).
import { defineSystemCall, Errno, int } from '@elf/kernel';

export const setreuid = defineSystemCall({
  name: 'setreuid',
  numbers: { 'x86-64': 113 },
  support: 'full',
  arguments: { real: int, effective: int },
  run: (task, { real, effective }) => {
    const who = task.process.credentials;
    const isPrivileged = who.effectiveUser === 0;
    if (!isPrivileged && real !== -1 && real !== who.user && real !== who.effectiveUser) return -Errno.EPERM;
    if (!isPrivileged && effective !== -1 && ![who.user, who.effectiveUser, who.savedUser].includes(effective))
      return -Errno.EPERM;
    const before = who.user;
    if (real !== -1) who.user = real;
    if (effective !== -1) who.effectiveUser = effective;
    who.fileUser = undefined;
    // kernel/sys.c, __sys_setreuid.
    if (real !== -1 || (effective !== -1 && effective !== before)) who.savedUser = who.effectiveUser;
    return 0;
  },
});

export const setregid = defineSystemCall({
  name: 'setregid',
  numbers: { 'x86-64': 114 },
  support: 'full',
  arguments: { real: int, effective: int },
  run: (task, { real, effective }) => {
    const who = task.process.credentials;
    const isPrivileged = who.effectiveUser === 0;
    if (!isPrivileged && real !== -1 && real !== who.group && real !== who.effectiveGroup) return -Errno.EPERM;
    if (!isPrivileged && effective !== -1 && ![who.group, who.effectiveGroup, who.savedGroup].includes(effective))
      return -Errno.EPERM;
    const before = who.group;
    if (real !== -1) who.group = real;
    if (effective !== -1) who.effectiveGroup = effective;
    who.fileGroup = undefined;
    if (real !== -1 || (effective !== -1 && effective !== before)) who.savedGroup = who.effectiveGroup;
    return 0;
  },
});

/** The result is the identity before, and never an error (man 2 setfsuid). */
export const setfsuid = defineSystemCall({
  name: 'setfsuid',
  numbers: { 'x86-64': 122 },
  support: 'full',
  arguments: { user: int },
  run: ({ process }, { user }) => {
    const before = process.fileIdentity.user;
    const who = process.credentials;
    const known = [who.user, who.effectiveUser, who.savedUser, before];
    if (user !== -1 && (who.effectiveUser === 0 || known.includes(user))) who.fileUser = user;
    return before;
  },
});

export const setfsgid = defineSystemCall({
  name: 'setfsgid',
  numbers: { 'x86-64': 123 },
  support: 'full',
  arguments: { group: int },
  run: ({ process }, { group }) => {
    const before = process.fileIdentity.group;
    const who = process.credentials;
    const known = [who.group, who.effectiveGroup, who.savedGroup, before];
    if (group !== -1 && (who.effectiveUser === 0 || known.includes(group))) who.fileGroup = group;
    return before;
  },
});
