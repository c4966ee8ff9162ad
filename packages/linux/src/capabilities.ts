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
}

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
    ...changed(known, isRoot, hasRoot || keepsThem(process), known?.program !== program),
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
  process.credentials.privileges = { ...capabilitiesOf(process), ...sets };
}

/** PR_SET_KEEPCAPS. */
function keepsThem({ threads }: Process): boolean {
  return [...threads].some((thread) => threadAttributes(thread).keepsCapabilities);
}

function changed(before: Known | undefined, isRoot: boolean, hasRoot: boolean, isNewProgram: boolean): CapabilitySets {
  const { inheritable = 0n, bounding = ALL_CAPABILITIES } = before ?? {};
  // execve: a program of user 0 gets everything that is not bounded away; files have no capabilities here.
  if (before === undefined || isNewProgram) {
    const permitted = hasRoot ? (bounding | inheritable) & ALL_CAPABILITIES : 0n;
    return { inheritable, permitted, effective: isRoot ? permitted : 0n, bounding };
  }
  // cap_emulate_setxuid: the last user 0 that goes takes the permitted set along, the effective one the effective set.
  const permitted = hasRoot ? before.permitted : 0n;
  const effective = isRoot === before.isRoot ? before.effective & permitted : isRoot ? permitted : 0n;
  return { inheritable, permitted, effective, bounding };
}
