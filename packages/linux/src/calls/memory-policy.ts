// NUMA policy calls on a machine with one node (man 7 numa), and protection keys on a processor without them.
import { address, defineSystemCall, Errno, flagSet, int, oneOf, size, type Thread, unsigned } from '@elf/kernel';
import { guestPageOffset } from '@elf/mm';

// biome-ignore format: a table
const MODES = {
  MPOL_DEFAULT: 0, MPOL_PREFERRED: 1, MPOL_BIND: 2, MPOL_INTERLEAVE: 3, MPOL_LOCAL: 4, MPOL_PREFERRED_MANY: 5,
} as const;
const MODE_FLAGS = 0xe000;
const POLICY_FLAGS = { MPOL_F_NODE: 1, MPOL_F_ADDR: 2, MPOL_F_MEMS_ALLOWED: 4 } as const;
const BITS_PER_WORD = 64;
/** MAX_NUMNODES words are looked at; longer masks must be zero behind them. */
const MAXIMUM_MASK_BITS = 1 << 15;
const note = 'There is one node, so that every policy places memory alike; it is not remembered.';

export const setMempolicy = defineSystemCall({
  name: 'set_mempolicy',
  numbers: { 'x86-64': 238, i386: 276 },
  support: 'partial',
  note,
  arguments: { mode: int, nodes: address, count: size },
  run: (task, { mode, nodes, count }) => checkPolicy(task, mode, nodes, count),
});

export const mbind = defineSystemCall({
  name: 'mbind',
  numbers: { 'x86-64': 237, i386: 274 },
  support: 'partial',
  note,
  arguments: { address, length: size, mode: oneOf(MODES), nodes: address, count: size, flags: unsigned },
  run: (task, values) => {
    if ((values.flags & ~7) !== 0 || guestPageOffset(values.address) !== 0) return -Errno.EINVAL;
    const result = checkPolicy(task, values.mode, values.nodes, values.count);
    if (result < 0 || values.length === 0) return result;
    return task.process.space.find(values.address) === undefined ? -Errno.EFAULT : 0;
  },
});

export const getMempolicy = defineSystemCall({
  name: 'get_mempolicy',
  numbers: { 'x86-64': 239, i386: 275 },
  support: 'partial',
  note,
  arguments: { mode: address, nodes: address, count: size, address, flags: flagSet(POLICY_FLAGS) },
  run: (task, { mode, nodes, count, address: at, flags }) => {
    const { MPOL_F_NODE, MPOL_F_ADDR, MPOL_F_MEMS_ALLOWED } = POLICY_FLAGS;
    if ((flags & ~7) !== 0) return -Errno.EINVAL;
    const isAllowed = (flags & MPOL_F_MEMS_ALLOWED) !== 0;
    if (isAllowed && (flags & (MPOL_F_NODE | MPOL_F_ADDR)) !== 0) return -Errno.EINVAL;
    if ((flags & MPOL_F_ADDR) === 0 && at !== 0) return -Errno.EINVAL;
    if ((flags & MPOL_F_ADDR) === 0 && (flags & MPOL_F_NODE) !== 0) return -Errno.EINVAL;
    if ((flags & MPOL_F_ADDR) !== 0 && task.user.read(at, 1) === undefined) return -Errno.EFAULT;
    if (mode !== 0 && !task.user.writeU32(mode, 0)) return -Errno.EFAULT;
    if (nodes === 0) return 0;
    if (count === 0) return -Errno.EINVAL;
    const mask = new Uint8Array(Math.ceil(Math.min(count, MAXIMUM_MASK_BITS) / BITS_PER_WORD) * 8);
    if (isAllowed) mask[0] = 1;
    return task.user.write(nodes, mask) ? 0 : -Errno.EFAULT;
  },
});

export const migratePages = defineSystemCall({
  name: 'migrate_pages',
  numbers: { 'x86-64': 256, i386: 294 },
  support: 'partial',
  note,
  arguments: { process: int, count: size, from: address, to: address },
  run: (task, { process, from, to }) => {
    if (process !== 0 && !task.kernel.processes.has(process)) return -Errno.ESRCH;
    if (task.user.readU64(from) === undefined || task.user.readU64(to) === undefined) return -Errno.EFAULT;
    return 0;
  },
});

/** Without target nodes it tells where each page is: on node 0, or an error for one that is not there. */
export const movePages = defineSystemCall({
  name: 'move_pages',
  numbers: { 'x86-64': 279 },
  support: 'partial',
  note,
  arguments: { process: int, count: size, pages: address, nodes: address, status: address, flags: unsigned },
  run: (task, { process: id, count, pages, nodes, status, flags }) => {
    if ((flags & ~6) !== 0) return -Errno.EINVAL;
    const process = id === 0 ? task.process : task.kernel.processes.get(id);
    if (process === undefined) return -Errno.ESRCH;
    if (count > MAXIMUM_MASK_BITS) return -Errno.E2BIG;
    for (let index = 0; index < count; index++) {
      const page = task.user.readAddress(pages + index * 8);
      const wanted = nodes === 0 ? 0 : task.user.readI32(nodes + index * 4);
      if (page === undefined || wanted === undefined) return -Errno.EFAULT;
      if (wanted !== 0) return -Errno.ENODEV;
      const found = process.user.read(page, 1) === undefined ? -Errno.EFAULT : 0;
      if (!task.user.writeU32(status + index * 4, found)) return -Errno.EFAULT;
    }
    return 0;
  },
});

export const setMempolicyHomeNode = defineSystemCall({
  name: 'set_mempolicy_home_node',
  numbers: { 'x86-64': 450, i386: 450 },
  support: 'partial',
  note,
  arguments: { address, length: size, node: size, flags: size },
  run: (_task, { address: at, node, flags }) =>
    flags !== 0 || node !== 0 || guestPageOffset(at) !== 0 ? -Errno.EINVAL : 0,
});

const keys = 'The processor has no protection keys: ENOSPC as on such hardware, and only key -1 is known.';

export const pkeyAlloc = defineSystemCall({
  name: 'pkey_alloc',
  numbers: { 'x86-64': 330, i386: 381 },
  support: 'partial',
  note: keys,
  arguments: { flags: size, rights: size },
  run: (_task, { flags, rights }) => (flags !== 0 || rights > 3 ? -Errno.EINVAL : -Errno.ENOSPC),
});

export const pkeyFree = defineSystemCall({
  name: 'pkey_free',
  numbers: { 'x86-64': 331, i386: 382 },
  support: 'partial',
  note: keys,
  arguments: { key: int },
  run: () => -Errno.EINVAL,
});

function checkPolicy(task: Thread, given: number, nodes: number, count: number): number {
  const mode = given & ~MODE_FLAGS;
  if (!Object.values(MODES).some((known) => known === mode)) return -Errno.EINVAL;
  let mask = 0n;
  if (nodes !== 0 && count > 0) {
    if (count - 1 > MAXIMUM_MASK_BITS) return -Errno.EINVAL;
    for (let bit = 0; bit < count - 1; bit += BITS_PER_WORD) {
      const word = task.user.readU64(nodes + bit / 8);
      if (word === undefined) return -Errno.EFAULT;
      if (bit > 0 && word !== 0n) return -Errno.EINVAL;
      if (bit === 0) mask = count - 1 < BITS_PER_WORD ? word & ((1n << BigInt(count - 1)) - 1n) : word;
    }
  }
  const needsNodes = mode === MODES.MPOL_BIND || mode === MODES.MPOL_INTERLEAVE || mode === MODES.MPOL_PREFERRED_MANY;
  if (needsNodes && (mask & 1n) === 0n) return -Errno.EINVAL;
  if ((mode === MODES.MPOL_DEFAULT || mode === MODES.MPOL_LOCAL) && mask !== 0n) return -Errno.EINVAL;
  return (mask & ~1n) !== 0n && (mask & 1n) === 0n ? -Errno.EINVAL : 0;
}
