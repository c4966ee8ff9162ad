// The Plan 9 machines whose programs x86 runs: address space, top-of-stack structure and start state, a row each.
import { PLAN9_MACHINES, type Plan9Machine } from '@elf/parse';
import type { FloatingPointStart, ImageAbi } from '../binary-format.ts';

/** The top-of-stack structure (sys/include/tos.h, as 4th edition and 9front lay it out). */
export interface TosLayout {
  readonly bytes: number;
  /** Offset of the process id, 4 bytes: 9front's getpid() and Go's new threads read it. */
  readonly pidOffset: number;
}

/** What the kernel of one machine knows about programs beyond a.out(6): sys/src/9/{pc,k10}/{mem.h,trap.c}. */
interface TargetRow {
  readonly name: string;
  readonly abi: ImageAbi;
  readonly stackTop: number;
  readonly tos: TosLayout;
  readonly floatingPoint: FloatingPointStart;
}

/** A machine of the file format together with its kernel's facts. */
export interface Plan9Target extends TargetRow {
  readonly machine: Plan9Machine;
  /** UTZERO: where the file's first byte goes. */
  readonly textAddress: number;
  /** What the address of the data segment is a multiple of. */
  readonly dataAlignment: number;
}

// x87 control 0x0232: 53 bits of precision, round to nearest; invalid operation, division by zero and overflow are not masked.
// MXCSR 0x1900 is the same choice; the 386 never sets it, so the processor's 0x1f80 stays.
// biome-ignore format: one row per line
const TARGETS: readonly TargetRow[] = [
  { name: '386',   abi: 'i386',   stackTop: 0xdfff_f000,      tos: { bytes: 56, pidOffset: 48 }, floatingPoint: { controlWord: 0x0232, mxcsr: 0x1f80 } },
  { name: 'amd64', abi: 'x86-64', stackTop: 0x7fff_ffff_f000, tos: { bytes: 72, pidOffset: 64 }, floatingPoint: { controlWord: 0x0232, mxcsr: 0x1900 } },
];

/** Bytes of the stack segment on both machines (USTKSIZE). */
export const STACK_SEGMENT_BYTES = 16 * 1024 * 1024;

/** The target of a machine, or undefined when no x86 processor runs its code. */
export function targetOf(machine: Plan9Machine): Plan9Target | undefined {
  const row = TARGETS.find(({ name }) => name === machine.name);
  if (row === undefined || machine.textAddress === undefined || machine.dataAlignment === undefined) return undefined;
  const [textAddress, dataAlignment] = [Number(machine.textAddress), Number(machine.dataAlignment)];
  return { ...row, machine, textAddress, dataAlignment };
}

/** Names of all targets, for messages. */
export function targetNames(): string {
  return PLAN9_MACHINES.filter((machine) => targetOf(machine) !== undefined)
    .map(({ name }) => name)
    .join(' and ');
}
