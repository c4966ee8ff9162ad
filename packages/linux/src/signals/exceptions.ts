// What the kernel makes of processor exceptions: signals with their codes, and the trap number and error code of signal frames.
import type { CpuExit, Thread } from '@elf/kernel';
import type { SignalInfo } from './signal-state.ts';
import { Signal, SignalCode } from './signal-table.ts';

/** Exception vectors (SDM vol. 3A, table 6-1). */
const Trap = {
  Divide: 0,
  Debug: 1,
  Breakpoint: 3,
  InvalidOpcode: 6,
  SegmentNotPresent: 11,
  StackFault: 12,
  GeneralProtection: 13,
  PageFault: 14,
  FloatingPoint: 16,
  AlignmentCheck: 17,
  SimdFloatingPoint: 19,
} as const;

/** Bits of a page fault's error code (arch/x86/include/asm/trap_pf.h). */
const ErrorBit = { present: 1, write: 2, user: 4, fetch: 16 } as const;
/** Bit of an error code that names a vector: the interrupt table refused it. */
const FROM_INTERRUPT_TABLE = 2;
const KERNEL_HALF = 2 ** 47;
/** `access` of a fault that was a write or a fetch; `cause` of one that memory's permissions forbid. */
const WRITE = 1;
const FETCH = 2;
const ACCESS_ERROR = 2;
const READABLE = 1;

/** Turns what stopped the CPU into its signal (arch/x86/kernel/traps.c, arch/x86/mm/fault.c). */
export function signalOfFault(thread: Thread, exit: CpuExit): SignalInfo {
  const address = thread.cpu.rip;
  switch (exit.kind) {
    case 'fault': {
      const bus = exit.cause === 3 || exit.cause === 5;
      const code = bus
        ? SignalCode.BusAddress
        : exit.cause === ACCESS_ERROR
          ? SignalCode.AccessError
          : SignalCode.MapError;
      return { signal: bus ? Signal.BUS : Signal.SEGV, code, address: exit.address };
    }
    case 'exception':
      return exceptionSignal(thread, exit);
    case 'unsupported':
      return { signal: Signal.ILL, code: SignalCode.IllegalOperand, address };
    default:
      // INT n with a vector user code may not use raises #GP.
      return { signal: Signal.SEGV, code: SignalCode.Kernel, address: 0 };
  }
}

function exceptionSignal({ cpu }: Thread, exit: CpuExit & { kind: 'exception' }): SignalInfo {
  const address = cpu.rip;
  switch (exit.vector) {
    case Trap.Divide:
      return { signal: Signal.FPE, code: SignalCode.IntegerDivide, address };
    case Trap.Debug:
      return { signal: Signal.TRAP, code: exit.isSingleStep ? SignalCode.Trace : SignalCode.TraceBreakpoint, address };
    case Trap.Breakpoint:
      return { signal: Signal.TRAP, code: SignalCode.Kernel };
    case Trap.InvalidOpcode:
      return { signal: Signal.ILL, code: SignalCode.IllegalOperand, address };
    case Trap.SegmentNotPresent:
    case Trap.StackFault:
      return { signal: Signal.BUS, code: SignalCode.Kernel, address: 0 };
    case Trap.FloatingPoint:
    case Trap.SimdFloatingPoint:
      return { signal: Signal.FPE, code: floatingPointCode(cpu.extendedState(), exit.vector), address };
    case Trap.AlignmentCheck:
      return { signal: Signal.BUS, code: SignalCode.BusAlignment, address: 0 };
    default:
      return { signal: Signal.SEGV, code: SignalCode.Kernel, address: 0 };
  }
}

/** The first exception that is raised and not masked, in the order of fpu__exception_code. */
const FLOAT_CODES = [
  [0x01, SignalCode.FloatInvalid],
  [0x04, SignalCode.FloatDivide],
  [0x08, SignalCode.FloatOverflow],
  [0x12, SignalCode.FloatUnderflow],
  [0x20, SignalCode.FloatInexact],
] as const;

function floatingPointCode(state: Uint8Array, vector: number): number {
  const view = new DataView(state.buffer, state.byteOffset);
  const mxcsr = view.getUint32(24, true);
  const raised =
    vector === Trap.FloatingPoint ? view.getUint16(2, true) & ~view.getUint16(0, true) : mxcsr & ~(mxcsr >> 7);
  return FLOAT_CODES.find(([bits]) => (raised & bits) !== 0)?.[1] ?? 0;
}

/** What signal frames tell about a fault: sc.trapno, sc.err and sc.cr2. */
export function trapOfFault(thread: Thread, exit: CpuExit): { number: number; error: number; address: number } {
  if (exit.kind === 'fault')
    return { number: Trap.PageFault, error: pageFaultCode(thread, exit), address: exit.address };
  if (exit.kind === 'exception') return { number: exit.vector, error: exit.errorCode ?? 0, address: 0 };
  if (exit.kind === 'unsupported') return { number: Trap.InvalidOpcode, error: 0, address: 0 };
  const error = exit.kind === 'interrupt' ? exit.vector * 8 + FROM_INTERRUPT_TABLE : 0;
  return { number: Trap.GeneralProtection, error, address: 0 };
}

// Whether the page was there cannot be told of one that nobody has touched; one that could be read counts as touched.
function pageFaultCode({ process }: Thread, { address, access, cause }: CpuExit & { kind: 'fault' }): number {
  const isReadable = cause === ACCESS_ERROR && ((process.space.find(address)?.protection ?? 0) & READABLE) !== 0;
  const isPresent = address >= KERNEL_HALF || isReadable;
  return (
    ErrorBit.user |
    (isPresent ? ErrorBit.present : 0) |
    (access === WRITE ? ErrorBit.write : 0) |
    (access === FETCH ? ErrorBit.fetch : 0)
  );
}
