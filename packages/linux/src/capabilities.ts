// The capability sets of a process and what changes of its user do to them (man 7 capabilities, security/commoncap.c).
import type { Process } from '@elf/kernel';
import { threadAttributes } from './thread-attributes.ts';

/** Highest capability (CAP_CHECKPOINT_RESTORE). */
export const LAST_CAPABILITY = 40;
export const ALL_CAPABILITIES = 0x1ff_ffff_ffffn;

/** The sets, a bit for each capability. Records are not changed: forks share them. */
export interface CapabilitySets {
  readonly inheritable: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly bounding: bigint;
  /** Kept by execve of programs without capabilities of their own; within permitted and inheritable. */
  readonly ambient: bigint;
  /** SECBIT_* of PR_SET_SECUREBITS, without the one for PR_SET_KEEPCAPS. */
  readonly secureBits: number;
}

/** SECBIT_NOROOT, SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS, SECBIT_NO_CAP_AMBIENT_RAISE; the bit above each locks it. */
export const SecureBit = { NoRoot: 1, NoFixup: 4, KeepCapabilities: 16, NoAmbientRaise: 64 } as const;

interface Known extends CapabilitySets {
  /** For which user and program the sets are: others change them. */
  readonly hasRoot: boolean;
  readonly isRoot: boolean;
  readonly program: unknown;
}

/** The sets of a process now. */
export function capabilitiesOf(process: Process): CapabilitySets {
  const { credentials: who, program } = process;
  const known = who.privileges as Known | undefined;
  const isRoot = who.effectiveUser === 0;
  const hasRoot = isRoot || who.user === 0 || who.savedUser === 0;
  if (known !== undefined && known.isRoot === isRoot && known.hasRoot === hasRoot && known.program === program)
    return known;
  const next = {
    ...changed(known, { isRoot, hasRoot, keepsThem: keepsThem(process), isNewProgram: known?.program !== program }),
    isRoot,
    hasRoot,
    program,
  };
  who.privileges = next;
  return next;
}

/** True when a capability is in the effective set. */
export function hasCapability(process: Process, capability: number): boolean {
  return ((capabilitiesOf(process).effective >> BigInt(capability)) & 1n) === 1n;
}

/** Gives a process other sets; the rules of capset(2) are its caller's. */
export function setCapabilities(process: Process, sets: Partial<CapabilitySets>): void {
  const next = { ...capabilitiesOf(process), ...sets };
  process.credentials.privileges = { ...next, ambient: next.ambient & next.permitted & next.inheritable };
}

/** PR_SET_KEEPCAPS. */
function keepsThem({ threads }: Process): boolean {
  return [...threads].some((thread) => threadAttributes(thread).keepsCapabilities);
}

interface Change {
  readonly isRoot: boolean;
  readonly hasRoot: boolean;
  readonly keepsThem: boolean;
  readonly isNewProgram: boolean;
}

function changed(before: Known | undefined, { isRoot, hasRoot, keepsThem, isNewProgram }: Change): CapabilitySets {
  const { inheritable = 0n, bounding = ALL_CAPABILITIES, ambient = 0n, secureBits = 0 } = before ?? {};
  const kept = { inheritable, bounding, secureBits };
  // execve: a program of user 0 gets everything that is not bounded away, others what is ambient; files have no capabilities here.
  if (before === undefined || isNewProgram) {
    const isSpecial = (secureBits & SecureBit.NoRoot) === 0;
    const permitted = hasRoot && isSpecial ? (bounding | inheritable) & ALL_CAPABILITIES : ambient;
    return { ...kept, permitted, effective: isRoot && isSpecial ? permitted : ambient, ambient };
  }
  if ((secureBits & SecureBit.NoFixup) !== 0) return before;
  // cap_emulate_setxuid: the last user 0 that goes takes the permitted and ambient sets along, the effective one the effective set.
  const permitted = hasRoot || keepsThem ? before.permitted : 0n;
  const effective = isRoot === before.isRoot ? before.effective & permitted : isRoot ? permitted : 0n;
  return { ...kept, permitted, effective, ambient: before.hasRoot && !hasRoot ? 0n : ambient };
}
