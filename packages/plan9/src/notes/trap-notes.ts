// What the kernel says when the processor stops a program: the texts of notes (sys/src/9/pc64/trap.c, sys/src/9/pc/fpu.c).
import type { CpuExit, Thread } from '@elf/kernel';

const BREAKPOINT = 3;
const X87_ERROR = 16;
const SIMD_ERROR = 19;
const DEBUG = 1;
const WRITE = 1;
/** `cause` of a fault whose page the file no longer has, or could not give. */
const BEYOND_FILE = 3;
const READ_FAILED = 5;
/** Byte offsets in an FXSAVE image. */
const STATUS_WORD = 2;
const CONTROL_WORD = 0;
const INSTRUCTION_POINTER = 8;
const MXCSR = 24;

const EXCEPTIONS: Readonly<Record<number, string>> = {
  0: 'divide error',
  1: 'debug exception',
  2: 'nonmaskable interrupt',
  4: 'overflow',
  5: 'bounds check',
  6: 'invalid opcode',
  7: 'coprocessor not available',
  8: 'double fault',
  9: 'coprocessor segment overrun',
  10: 'invalid TSS',
  11: 'segment not present',
  12: 'stack exception',
  13: 'general protection violation',
  14: 'page fault',
  17: 'alignment check',
  18: 'machine check',
};

const FLOAT_CAUSES = [
  [2, 'denormalized operand'],
  [4, 'division by zero'],
  [8, 'numeric overflow'],
  [16, 'numeric underflow'],
  [32, 'precision loss'],
] as const;

/** A trap: the note's text, and the number of the exception as Ureg shows it. */
interface TrapNote {
  readonly text: string;
  readonly vector: number;
  readonly errorCode: number;
  /** The page could not be read from its file: nothing can be done, the process ends. */
  readonly isLoadError?: boolean;
}

/** The note for what stopped the CPU. The PC of a breakpoint is moved back to its instruction. */
export function trapNoteOf(thread: Thread, exit: CpuExit): TrapNote {
  const { cpu } = thread;
  switch (exit.kind) {
    case 'fault': {
      const isWrite = exit.access === WRITE;
      const text = `sys: trap: fault ${isWrite ? 'write' : 'read'} addr=0x${exit.address.toString(16)}`;
      const isLoadError = exit.cause === BEYOND_FILE || exit.cause === READ_FAILED;
      return { text, vector: 14, errorCode: isWrite ? 6 : 4, isLoadError };
    }
    case 'exception':
      if (exit.vector === BREAKPOINT) {
        cpu.rip -= 1;
        return { text: 'sys: breakpoint', vector: BREAKPOINT, errorCode: 0 };
      }
      if (exit.vector === DEBUG && exit.isSingleStep) {
        return { text: 'sys: debug exception dr6=0x4000', vector: DEBUG, errorCode: 0 };
      }
      if (exit.vector === X87_ERROR || exit.vector === SIMD_ERROR)
        return { text: mathNote(thread, exit.vector), vector: exit.vector, errorCode: 0 };
      return trap(exit.vector, exit.errorCode ?? 0);
    case 'interrupt':
      // INT n of a gate that is not the user's: the CPU stands behind the instruction.
      cpu.rip -= exit.lengthInBytes ?? 2;
      return trap(13, exit.vector * 8 + 2);
    default:
      return trap(6, 0);
  }
}

function trap(vector: number, errorCode: number): TrapNote {
  return { text: `sys: trap: ${EXCEPTIONS[vector] ?? `${vector} (reserved)`}`, vector, errorCode };
}

function mathNote({ cpu }: Thread, vector: number): string {
  const state = cpu.extendedState();
  const view = new DataView(state.buffer, state.byteOffset);
  const isScalar = vector === SIMD_ERROR;
  const mxcsr = view.getUint32(MXCSR, true);
  const status = isScalar ? mxcsr & 0x3f & ~(mxcsr >> 7) : view.getUint16(STATUS_WORD, true);
  const raised = isScalar ? status : status & ~(view.getUint16(CONTROL_WORD, true) & 0x3f);
  const pc = isScalar ? cpu.rip : Number(view.getBigUint64(INSTRUCTION_POINTER, true) & 0xffff_ffff_ffffn);
  return `sys: fp: ${mathCause(raised)} fppc=0x${pc.toString(16)} status=0x${status.toString(16)}`;
}

function mathCause(status: number): string {
  if ((status & 1) !== 0) {
    if ((status & 0x40) === 0) return 'invalid operation';
    return (status & 0x200) !== 0 ? 'stack overflow' : 'stack underflow';
  }
  return FLOAT_CAUSES.find(([bit]) => (status & bit) !== 0)?.[1] ?? 'unknown exception';
}
