// table: why an engine left; the numbers are stored by generated code in EXIT_STATUS.
import { Vector } from '../cpu-exit.ts';

export const ExitStatus = {
  /** A direct jump whose target is not translated yet: EXIT_PC is the control micro-op, EXIT_DETAIL its link slot. */
  Link: 1,
  /** An indirect jump missed the lookup table: RIP holds the target. */
  Lookup: 2,
  /** The instruction budget is used up: RIP is exact. */
  Budget: 3,
  /** SYSCALL: RIP is after it. */
  SystemCall: 4,
  /** INT n: EXIT_DETAIL is n and, from bit 8 on, the instruction's length; RIP is after it. */
  Interrupt: 5,
  /** Memory fault: FAULT_* describe it, EXIT_PC tells which instruction. */
  Fault: 6,
  /** Exception raised by an instruction: EXIT_DETAIL is the vector, EXIT_PC tells which instruction. */
  Exception: 7,
  /** A store hit a page with translated code: EXIT_PC tells which instruction must be run alone. */
  CodeWrite: 8,
  /** #GP(0): alignment of a vector operand or a non-canonical address. */
  GeneralProtection: 9,
  /** #DE. */
  DivideError: 10,
  /** The block ended where the lifter cannot go on: RIP holds the address. */
  Untranslated: 11,
  /** INT3: RIP is after it. */
  Breakpoint: 12,
  /** #UD from a row that decoded but is invalid here. */
  InvalidOpcode: 13,
  /** CS was loaded, or TF or AC may have been set: RIP is the target, the mode may be another one. */
  FarTransfer: 14,
  /** A segment that this CPU does not model: EXIT_PC tells which instruction, EXIT_DETAIL which kind. */
  Unsupported: 15,
  /** #BR of BOUND. */
  BoundRange: 16,
  /** A selector was refused: EXIT_DETAIL is the error code, the vector is in its upper half. */
  SelectorFault: 18,
  /** A guest access at an address that is not canonical: #SS through SS, else #GP. EXIT_PC tells which instruction. */
  NonCanonical: 17,
  /** A helper has done the whole instruction, what stands behind it included: the address of the next one is in FAULT_ADDRESS. */
  Completed: 19,
  /** An area of FXSAVE or XSAVE lies not even on 4 bytes: #AC while alignment is checked, else #GP (SDM vol. 2, FXSAVE; Sapphire Rapids). */
  MisalignedArea: 20,
} as const;
export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** What `Unsupported` can be about, and its name. */
export const MissingSegment = { DataWithBase: 0, LocalCode: 1 } as const;
export const MISSING_SEGMENTS = ['data segment with a base', 'code segment of the local descriptor table'] as const;

/** The exceptions that have a status of their own. */
export const VECTOR_OF_STATUS: Readonly<Partial<Record<ExitStatus, number>>> = {
  [ExitStatus.GeneralProtection]: Vector.GeneralProtection,
  [ExitStatus.DivideError]: Vector.DivideError,
  [ExitStatus.InvalidOpcode]: Vector.InvalidOpcode,
  [ExitStatus.BoundRange]: Vector.BoundRange,
};
