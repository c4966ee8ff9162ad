// One decoded instruction: plain numbers in a reusable record, so that decoding allocates nothing.
import type { Candidate } from './opcode-map.ts';

/** Memory base numbers beyond the sixteen registers. */
export const BASE_NONE = -1;
export const BASE_RIP = 16;

/** The result of `decode`; filled anew for each instruction. */
export interface Instruction {
  candidate: Candidate;
  /** Guest address of the first byte. */
  address: number;
  lengthInBytes: number;
  opcode: number;
  /** 16, 32 or 64. */
  operandSize: 16 | 32 | 64;
  addressSize: 16 | 32 | 64;
  /** The mode it was decoded in: 32 stands for protected mode with 32-bit segments, which is compatibility mode under a 64-bit kernel. */
  mode: 32 | 64;
  /** REX was present (so that encodings 4-7 of byte registers are spl..dil). */
  hasRex: boolean;
  rexW: boolean;
  lock: boolean;
  /** 0, 0xf2 or 0xf3: the last one in the instruction. */
  repeat: number;
  operandSizePrefix: boolean;
  /** Segment override that moves addresses: 0 none, 4 FS, 5 GS. */
  segment: number;
  /** A CS override in 32-bit mode: nothing can be written through it. */
  codeSegment: boolean;
  /** VEX.vvvv, the extra register operand; 0 without VEX. */
  vvvv: number;
  /** VEX.L: 0 for 128 bits (and without VEX), 1 for 256. */
  vectorLength: number;
  /** ModRM fields with the REX extensions in them; mod 3 is a register form. */
  mod: number;
  reg: number;
  rm: number;
  /** Register in the opcode, extended by REX.B. */
  opcodeRegister: number;
  base: number;
  /** Index register, or -1. */
  index: number;
  /** 0..3: the index is shifted by this. */
  scale: number;
  displacement: number;
  /** Immediates sign-extended to 64 bits, as halves; at most two. */
  immediateLow: [number, number];
  immediateHigh: [number, number];
}

/** An empty record; `candidate` is set by the first successful decode. */
export function createInstruction(): Instruction {
  return {
    candidate: undefined as unknown as Candidate,
    address: 0,
    lengthInBytes: 0,
    opcode: 0,
    operandSize: 32,
    addressSize: 64,
    mode: 64,
    hasRex: false,
    rexW: false,
    lock: false,
    repeat: 0,
    operandSizePrefix: false,
    segment: 0,
    codeSegment: false,
    vvvv: 0,
    vectorLength: 0,
    mod: 0,
    reg: 0,
    rm: 0,
    opcodeRegister: 0,
    base: BASE_NONE,
    index: -1,
    scale: 0,
    displacement: 0,
    immediateLow: [0, 0],
    immediateHigh: [0, 0],
  };
}
