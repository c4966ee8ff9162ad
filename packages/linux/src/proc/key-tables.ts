// /proc/keys and /proc/key-users (man 5 proc_keys, proc_key-users; security/keys/proc.c).
import type { Kernel } from '@elf/kernel';
import { type Key, KeyRight, KeyState } from '../keys/key.ts';
import { isPossessed, mayUse } from '../keys/key-search.ts';
import { keysOf } from '../keys/key-store.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** The keys that the caller may view. */
export function keyTable(kernel: Kernel): string {
  const task = kernel.currentThread;
  if (task === undefined) return '';
  const store = keysOf(kernel);
  return [...store.keys.values()]
    .filter((key) => mayUse(task, { key, isPossessed: isPossessed(task, key) }, KeyRight.View))
    .sort((one, other) => one.serial - other.serial)
    .map((key) => `${lineOf(key, store.now)}\n`)
    .join('');
}

/** What each user has and may have. */
export function keyUserTable(kernel: Kernel): string {
  const store = keysOf(kernel);
  return [...store.users.values()]
    .sort((one, other) => one.id - other.id)
    .map((user) => {
      const { keys, quotaBytes } = store.limitsOf(user.id);
      const counts = `${user.keys}/${user.readyKeys} ${user.quotaKeys}/${keys} ${user.quotaBytes}/${quotaBytes}`;
      return `${String(user.id).padStart(5)}: ${String(user.keys).padStart(5)} ${counts}\n`;
    })
    .join('');
}

function lineOf(key: Key, now: number): string {
  const flags = [
    key.state === KeyState.Building ? '-' : 'I',
    key.isRevoked ? 'R' : '-',
    '-',
    key.isInQuota ? 'Q' : '-',
    key.isBeingBuilt ? 'U' : '-',
    key.state < 0 ? 'N' : '-',
    key.isInvalidated ? 'i' : '-',
  ].join('');
  const hex = (number: number) => (number >>> 0).toString(16).padStart(8, '0');
  const count = String(key.references).padStart(5);
  const time = remaining(key.expiry, now).padStart(4);
  const owner = `${String(key.user).padStart(5)} ${String(key.group).padStart(5)}`;
  const type = key.type.name.slice(0, 9).padEnd(9);
  return `${hex(key.serial)} ${flags} ${count} ${time} ${hex(key.permissions)} ${owner} ${type} ${summary(key)}`;
}

/** The largest unit there is one of. */
function remaining(expiry: number | undefined, now: number): string {
  if (expiry === undefined) return 'perm';
  const seconds = expiry - now;
  if (seconds <= 0) return 'expd';
  if (seconds < MINUTE) return `${seconds}s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)}h`;
  return seconds < WEEK ? `${Math.floor(seconds / DAY)}d` : `${Math.floor(seconds / WEEK)}w`;
}

function summary(key: Key): string {
  const { authority, description } = key;
  if (authority !== undefined) return `key:${description} pid:${authority.process} ci:${authority.callout.length}`;
  if (key.state !== KeyState.Ready) return description;
  if (key.isKeyring) return `${description}: ${key.links.size === 0 ? 'empty' : key.links.size}`;
  return `${description}: ${key.payload?.length ?? 0}`;
}
