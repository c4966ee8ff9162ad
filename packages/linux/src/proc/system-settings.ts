// Numbers of /proc/sys that a program may set: kept by the machine, and obeyed where a row says who reads them (man 5 proc).
import { Errno, type Kernel } from '@elf/kernel';

/** One file: numbers separated by tabs, and their range. */
interface Setting {
  readonly initial: readonly number[];
  readonly minimum: number;
  readonly maximum: number;
}

const INT_MAX = 0x7fff_ffff;
const one = (initial: number, minimum = 0, maximum = INT_MAX): Setting => ({ initial: [initial], minimum, maximum });

/** By path below /proc/sys. */
// biome-ignore format: a table
const SETTINGS = {
  // Read by semget, shmget and msgget: most objects, and the identifier that the next one gets (-1: any).
  'kernel/sem': { initial: [32000, 1024000000, 500, 32000], minimum: 0, maximum: INT_MAX },
  'kernel/shmmni': one(4096, 0, 32768), // not a page size: SHMMNI
  'kernel/shmall': one(Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER),
  'kernel/sem_next_id': one(-1, -1), 'kernel/shm_next_id': one(-1, -1), 'kernel/msg_next_id': one(-1, -1),
  'kernel/msgmni': one(32000, 0, 32768), 'kernel/msgmnb': one(16384), 'kernel/msgmax': one(8192), // not a page size: IPCMNI, MSGMAX
  // Quotas of keys for each user and for user 0, and seconds: until expired keys go, and until persistent keyrings do.
  'kernel/keys/maxkeys': one(200, 1), 'kernel/keys/maxbytes': one(20000, 1), 'kernel/keys/root_maxkeys': one(1_000_000, 1),
  'kernel/keys/root_maxbytes': one(25_000_000, 1), 'kernel/keys/gc_delay': one(300), 'kernel/keys/persistent_keyring_expiry': one(259_200),
  // Told and obeyed by nobody: what they bound is bounded by the machine's memory.
  'kernel/threads-max': one(62000, 20),
  // Read by fcntl (F_SETPIPE_SZ), setrlimit and unshare: the largest pipe, and the most descriptors of a process.
  'fs/pipe-max-size': one(1 << 20, 1 << 12, 1 << 20), 'fs/nr_open': one(1 << 20, 64, 1 << 20), // not a page size: pipe_min_size
  // Levels of the kernel's log: of the console, of messages without one, the lowest and the first one of the console (man 2 syslog).
  'kernel/printk': { initial: [7, 4, 1, 7], minimum: 0, maximum: INT_MAX },
  'fs/pipe-user-pages-soft': one(16384), 'fs/pipe-user-pages-hard': one(0), 'fs/aio-max-nr': one(65536), // not a page size: a count
  'fs/inotify/max_user_watches': one(65536), 'fs/inotify/max_user_instances': one(128), 'fs/inotify/max_queued_events': one(16384), // not a page size: counts
  'vm/overcommit_memory': one(0, 0, 2), 'vm/overcommit_ratio': one(50), 'vm/max_map_count': one(65530), 'vm/swappiness': one(60, 0, 200),
  'vm/min_free_kbytes': one(16384), 'vm/drop_caches': one(0, 0, 4), 'vm/nr_overcommit_hugepages': one(0, 0, 0),
} as const satisfies Readonly<Record<string, Setting>>;

type SettingName = keyof typeof SETTINGS;

const changed = /* @__PURE__ */ new WeakMap<Kernel, Map<string, readonly number[]>>();

/** What a setting of a machine is now. */
export function settingOf(kernel: Kernel, name: SettingName): readonly number[] {
  return changed.get(kernel)?.get(name) ?? SETTINGS[name].initial;
}

/** Another value, from a call that changes it. */
export function changeSetting(kernel: Kernel, name: SettingName, numbers: readonly number[]): void {
  changed.set(kernel, (changed.get(kernel) ?? new Map<string, readonly number[]>()).set(name, numbers));
}

/** Sets one from inside: identifiers are asked for once. */
export function resetSetting(kernel: Kernel, name: SettingName): void {
  changed.get(kernel)?.delete(name);
}

/** proc_dointvec_minmax: fewer numbers leave the rest as they are. */
function store(kernel: Kernel, name: SettingName, text: string): number {
  const { minimum, maximum } = SETTINGS[name];
  const words = text.trim().split(/\s+/);
  const before = settingOf(kernel, name);
  const numbers = words.map((word) => (/^-?\d+$/.test(word) ? Number(word) : Number.NaN));
  const fits = (number: number) => number >= minimum && number <= maximum;
  if (numbers.length > before.length || !numbers.every(fits)) return -Errno.EINVAL;
  changeSetting(kernel, name, [...numbers, ...before.slice(numbers.length)]);
  return 0;
}

const NAMES = /* @__PURE__ */ (() => Object.keys(SETTINGS) as SettingName[])();

/** The files, by path below /proc. */
export const SETTING_FILES: Readonly<Record<string, (kernel: Kernel) => string>> = /* @__PURE__ */ (() =>
  Object.fromEntries(
    NAMES.map((name) => [`sys/${name}`, (kernel: Kernel) => `${settingOf(kernel, name).join('\t')}\n`]),
  ))();

/** What stores into them. */
export const SETTING_STORES: Readonly<Record<string, (kernel: Kernel, text: string) => number>> = /* @__PURE__ */ (() =>
  Object.fromEntries(
    NAMES.map((name) => [`sys/${name}`, (kernel: Kernel, text: string) => store(kernel, name, text)]),
  ))();
