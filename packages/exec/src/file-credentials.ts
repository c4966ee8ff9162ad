// Who a program runs as: set-user-id and set-group-id bits of its file (fs/exec.c, bprm_fill_uid).
import type { ExecCredentials, ExecFile } from './exec-request.ts';

const SET_USER_ID = 0o4000;
const SET_GROUP_ID = 0o2000;
const GROUP_EXECUTE = 0o010;

/** Whether the file runs with its owner's or group's rights instead of the caller's. */
export function setsIdentity({ mode, owner }: ExecFile): boolean {
  return owner !== undefined && ((mode & SET_USER_ID) !== 0 || setsGroup(mode));
}

/** A set-group-id bit without group execute permission marks mandatory locking and changes nothing. */
function setsGroup(mode: number): boolean {
  return (mode & (SET_GROUP_ID | GROUP_EXECUTE)) === (SET_GROUP_ID | GROUP_EXECUTE);
}

/**
 * The credentials after execve. AT_SECURE is set when effective and real identity differ (security/commoncap.c).
 */
export function fileCredentials(caller: ExecCredentials, file: ExecFile): ExecCredentials {
  const { mode, owner } = file;
  const euid = owner !== undefined && (mode & SET_USER_ID) !== 0 ? owner.uid : caller.euid;
  const egid = owner !== undefined && setsGroup(mode) ? owner.gid : caller.egid;
  const isSecure = caller.isSecure || euid !== caller.uid || egid !== caller.gid;
  return { ...caller, euid, egid, isSecure };
}
