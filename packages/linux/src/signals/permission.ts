// Who may send a signal to whom, and who may look into whom.
import type { Process, Thread } from '@elf/kernel';
import { hasCapability } from '../capabilities.ts';
import { Signal } from './signal-table.ts';

/** Signals reach processes of the same user; SIGCONT the whole session (kernel/signal.c, check_kill_permission). */
export function mayRequest(task: Thread, { credentials, session }: Process, number?: number): boolean {
  const { user, effectiveUser } = task.process.credentials;
  const targets = [credentials.user, credentials.savedUser];
  if (effectiveUser === 0 || targets.includes(user) || targets.includes(effectiveUser)) return true;
  return number === Signal.CONT && session === task.process.session;
}

const CAP_SYS_PTRACE = 19;

/** PTRACE_MODE_READ and _ATTACH with real identities: one user in all three identities of the other (kernel/ptrace.c, __ptrace_may_access). */
export function mayInspect(task: Thread, other: Process): boolean {
  if (other === task.process || hasCapability(task.process, CAP_SYS_PTRACE)) return true;
  const { user, group } = task.process.credentials;
  const theirs = other.credentials;
  const users = [theirs.user, theirs.effectiveUser, theirs.savedUser];
  const groups = [theirs.group, theirs.effectiveGroup, theirs.savedGroup];
  return users.every((each) => each === user) && groups.every((each) => each === group);
}
