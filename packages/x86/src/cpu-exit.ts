// What `run` returns: the reason why guest code stopped, as a value.
import type { FaultCause } from '@elf/mm';

/** Exception vectors that user code can cause (SDM vol. 3A, table 6-1). */
export const Vector = {
  DivideError: 0,
  Debug: 1,
  Breakpoint: 3,
  Overflow: 4,
  BoundRange: 5,
  InvalidOpcode: 6,
  SegmentNotPresent: 11,
  StackFault: 12,
  GeneralProtection: 13,
  FloatingPoint: 16,
  AlignmentCheck: 17,
  SimdFloatingPoint: 19,
} as const;

/** Why `run` came back (the guest does nothing that throws). Addresses are guest addresses. */
export type CpuExit =
  /** SYSCALL was executed: rip is after it, rcx and r11 are set. SYSENTER, in 32-bit mode: rip is after it and nothing else is set. */
  | { readonly kind: 'system-call'; readonly entry?: 'sysenter' }
  /** INT n; rip is after it. The length is there when it is not 2: prefixes that mean nothing count. */
  | { readonly kind: 'interrupt'; readonly vector: number; readonly lengthInBytes?: number }
  /** The budget is used up. */
  | { readonly kind: 'budget' }
  /** A debugger's breakpoint is at rip. */
  | { readonly kind: 'breakpoint' }
  /** A memory access failed; rip is the instruction. `access`: 0 read, 1 write, 2 fetch. */
  | { readonly kind: 'fault'; readonly address: number; readonly access: 0 | 1 | 2; readonly cause: FaultCause }
  /** An exception; rip is the instruction, after it for vectors 1 (INT1 and single steps, which say so), 3 and 4. */
  | {
      readonly kind: 'exception';
      readonly vector: number;
      readonly isSingleStep?: boolean;
      /** What #GP, #NP and #SS push when a selector was refused: the selector without its privilege level. */
      readonly errorCode?: number;
    }
  /** Bytes that no instruction row describes; rip is their address. */
  | { readonly kind: 'unsupported'; readonly bytes: Uint8Array; readonly mnemonic: string | undefined };

const INTERRUPT_BYTES = 2;

/** The exit of INT n from its vector and, from bit 8 on, its length. */
export function interruptExit(detail: number): CpuExit {
  const vector = detail & 0xff;
  const lengthInBytes = detail >>> 8;
  return lengthInBytes === INTERRUPT_BYTES
    ? { kind: 'interrupt', vector }
    : { kind: 'interrupt', vector, lengthInBytes };
}
