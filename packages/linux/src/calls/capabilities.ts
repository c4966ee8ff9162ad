// capget(2), capset(2).
import { address, defineSystemCall, Errno, type Process, type Thread } from '@elf/kernel';
import { type CapabilitySets, capabilitiesOf, hasCapability, setCapabilities } from '../capabilities.ts';

/** Versions of the structures, and how many words of 32 bits each set has in them. */
const WORDS: ReadonlyMap<number, 1 | 2> = new Map([
  [0x1998_0330, 1],
  [0x2007_1026, 2],
  [0x2008_0522, 2],
]);
const PREFERRED_VERSION = 0x2008_0522;
const CAP_SETPCAP = 8;
const SETS = ['effective', 'permitted', 'inheritable'] as const;

interface Header {
  readonly words: 1 | 2;
  readonly id: number;
}

export const capget = defineSystemCall({
  name: 'capget',
  numbers: { 'x86-64': 125, i386: 184 },
  support: 'full',
  arguments: { header: address, data: address },
  run: (task, { header, data }) => {
    const asked = readHeader(task, header);
    if (typeof asked === 'number') return data === 0 && asked === -Errno.EINVAL ? 0 : asked;
    if (data === 0) return 0;
    if (asked.id < 0) return -Errno.EINVAL;
    const process = asked.id === 0 ? task.process : processOf(task, asked.id);
    if (process === undefined) return -Errno.ESRCH;
    const sets = capabilitiesOf(process);
    for (let word = 0; word < asked.words; word++) {
      for (const [index, name] of SETS.entries()) {
        const value = Number(BigInt.asUintN(32, sets[name] >> BigInt(32 * word)));
        if (!task.user.writeU32(data + (word * SETS.length + index) * 4, value)) return -Errno.EFAULT;
      }
    }
    return 0;
  },
});

export const capset = defineSystemCall({
  name: 'capset',
  numbers: { 'x86-64': 126, i386: 185 },
  support: 'partial',
  note: 'The sets are kept and told; what only user 0 may do is judged by the user.',
  arguments: { header: address, data: address },
  run: (task, { header, data }) => {
    const asked = readHeader(task, header);
    if (typeof asked === 'number') return asked;
    if (asked.id !== 0 && asked.id !== task.process.id && asked.id !== task.id) return -Errno.EPERM;
    const sets = { effective: 0n, permitted: 0n, inheritable: 0n };
    for (let word = 0; word < asked.words; word++) {
      for (const [index, name] of SETS.entries()) {
        const value = task.user.readU32(data + (word * SETS.length + index) * 4);
        if (value === undefined) return -Errno.EFAULT;
        sets[name] |= BigInt(value) << BigInt(32 * word);
      }
    }
    if (!isAllowed(capabilitiesOf(task.process), sets, hasCapability(task.process, CAP_SETPCAP))) return -Errno.EPERM;
    setCapabilities(task.process, sets);
    return 0;
  },
});

/** security/commoncap.c, cap_capset. */
function isAllowed(
  old: CapabilitySets,
  wanted: Pick<CapabilitySets, 'effective' | 'permitted' | 'inheritable'>,
  mayInherit: boolean,
): boolean {
  const isWithin = (inner: bigint, outer: bigint) => (inner & ~outer) === 0n;
  return (
    (mayInherit || isWithin(wanted.inheritable, old.inheritable | old.permitted)) &&
    isWithin(wanted.inheritable, old.inheritable | old.bounding) &&
    isWithin(wanted.permitted, old.permitted) &&
    isWithin(wanted.effective, wanted.permitted)
  );
}

/** cap_validate_magic: an unknown version is answered with the known one. */
function readHeader({ user }: Thread, at: number): Header | number {
  const version = user.readU32(at);
  if (version === undefined) return -Errno.EFAULT;
  const words = WORDS.get(version);
  if (words === undefined) return user.writeU32(at, PREFERRED_VERSION) ? -Errno.EINVAL : -Errno.EFAULT;
  const id = user.readI32(at + 4);
  return id === undefined ? -Errno.EFAULT : { words, id };
}

function processOf({ kernel }: Thread, id: number): Process | undefined {
  return kernel.threads.get(id)?.process ?? kernel.processes.get(id);
}
