// Decodes and lifts guest instructions until control leaves a straight line, and places the result in the code arena.
import type { GuestMemory } from '@elf/mm';
import { Vector } from '../cpu-exit.ts';
import { DecodeResult, type Decoder } from '../decode/decoder.ts';
import type { Instruction } from '../decode/instruction.ts';
import type { Block } from '../engine/block.ts';
import type { NumberedUop, UopTable } from '../uop/index.ts';
import type { Lifter } from './lifter.ts';
import type { UopStream } from './uop-stream.ts';

/** Instructions of one block at most: long straight-line code gives up little at this length. */
const MAXIMUM_INSTRUCTIONS = 64;

/** Instructions that work on the stack without naming it. */
const STACK_MNEMONIC = /^(push|pop|call|ret|enter|leave|iret)/;
/** Memory operands with these bases are in SS. */
const STACK_POINTER = 4;
const FRAME_POINTER = 5;

/** Why nothing could be translated at an address. */
export type Obstacle =
  | { readonly kind: 'fetch'; readonly address: number }
  | { readonly kind: 'unknown'; readonly lengthInBytes: number }
  | { readonly kind: 'too-long' }
  /** A debugger's: there is an instruction, and it waits. */
  | { readonly kind: 'breakpoint' };

export const BREAKPOINT: Obstacle = { kind: 'breakpoint' };

/** Guest bytes for decoding: fills the window from `address` and says how many bytes there are (0: not executable). */
export interface CodeWindow {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Guest address of the first byte that could not be fetched, when fewer than 15 bytes are there. */
  readonly missing: number;
}

/** Ports of the builder. */
export interface BuilderPorts {
  readonly memory: GuestMemory;
  readonly window: (address: number) => CodeWindow;
  /** Host offset of the frame byte at an executable guest address, or a negative number. */
  readonly hostOffsetOf: (address: number) => number;
  /** Host offset of free arena space of that many bytes, 8-byte aligned. */
  readonly allocate: (lengthInBytes: number) => number;
  readonly pageOf: (address: number) => number;
  /** Hears of each block that is kept. */
  readonly onTranslated?: (addresses: readonly number[]) => void;
  /** Whether a block must end before this address. */
  readonly stopsAt: (address: number) => boolean;
}

function usesStack({ candidate, mod, segment, base }: Instruction, stackPointer: bigint): boolean {
  const isStackInstruction = STACK_MNEMONIC.test(candidate.mnemonic);
  if (isStackInstruction && BigInt.asIntN(48, stackPointer) !== BigInt.asIntN(64, stackPointer)) return true;
  if (!candidate.encoding.hasModrm || mod === 3) return isStackInstruction;
  return segment === 0 && (base === STACK_POINTER || base === FRAME_POINTER);
}

/** Builds blocks; one per CPU. */
export class BlockBuilder {
  /** The decoder of the current mode. */
  decoder: Decoder;
  /** The instruction decoded last. */
  readonly instruction: Instruction;
  private readonly stream: UopStream;
  private readonly lifter: Lifter;
  private readonly ports: BuilderPorts;
  private readonly blockUop: NumberedUop;

  constructor(
    decoder: Decoder,
    instruction: Instruction,
    stream: UopStream,
    lifter: Lifter,
    table: UopTable,
    ports: BuilderPorts,
  ) {
    this.decoder = decoder;
    this.instruction = instruction;
    this.stream = stream;
    this.lifter = lifter;
    this.ports = ports;
    this.blockUop = table.find('block');
  }

  /** Translates from `address`, at most `limit` instructions, or says what stands in the way of the first one. */
  build(address: number, limit = MAXIMUM_INSTRUCTIONS): Block | Obstacle {
    const { stream, lifter, instruction, ports } = this;
    stream.clear();
    stream.push(this.blockUop, 0, address | 0, Math.floor(address / 0x1_0000_0000));
    lifter.ended = false;
    const firstPage = ports.pageOf(address);
    let next = address;
    let count = 0;
    while (!lifter.ended && count < limit) {
      const obstacle = this.step(next);
      if (obstacle !== undefined) {
        if (count === 0) return obstacle;
        break;
      }
      next += instruction.lengthInBytes;
      count += 1;
      // A block may end on the second page but not go on there, so that it depends on two pages at most.
      if (ports.pageOf(next) !== firstPage || ports.stopsAt(next)) break;
    }
    if (!lifter.ended) lifter.jump(instruction.mode === 32 ? next >>> 0 : next);
    stream.operands[0] = count;
    stream.removeDeadFlags();
    stream.joinEnd();
    const block = this.place(address, next, count);
    if (limit === MAXIMUM_INSTRUCTIONS) ports.onTranslated?.([...stream.instructionAddresses]);
    return block;
  }

  /** Whether the instruction at an address reads and writes one memory operand. */
  modifiesMemory(address: number): boolean {
    const { instruction, lifter } = this;
    const window = this.ports.window(address);
    if (this.decoder.decode(window.bytes, window.start, window.end, address, instruction) !== DecodeResult.Ok)
      return false;
    return instruction.candidate.row.operands.some(({ access }, index) => access === 'rw' && lifter.isMemory(index));
  }

  /** What the instruction at an address raises for an access that is not canonical: #SS through SS, else #GP (SDM vol. 1, section 3.3.7.1). */
  vectorOfAddress(address: number, stackPointer: bigint): number {
    const { instruction } = this;
    const window = this.ports.window(address);
    const result = this.decoder.decode(window.bytes, window.start, window.end, address, instruction);
    return result === DecodeResult.Ok && usesStack(instruction, stackPointer)
      ? Vector.StackFault
      : Vector.GeneralProtection;
  }

  private step(address: number): Obstacle | undefined {
    const { stream, lifter, instruction } = this;
    const window = this.ports.window(address);
    const result =
      window.end > window.start
        ? this.decoder.decode(window.bytes, window.start, window.end, address, instruction)
        : DecodeResult.Truncated;
    if (result === DecodeResult.Truncated) return { kind: 'fetch', address: window.missing };
    if (result === DecodeResult.TooLong) return { kind: 'too-long' };
    if (result === DecodeResult.Unknown) return { kind: 'unknown', lengthInBytes: instruction.lengthInBytes };
    stream.beginInstruction(address);
    lifter.begin();
    instruction.candidate.family.lift(lifter);
    return undefined;
  }

  private place(address: number, next: number, count: number): Block {
    const { stream, ports } = this;
    const recordBytes = stream.recordBytes();
    const { mode } = this.instruction;
    const pages = [ports.pageOf(address)];
    const last = ports.pageOf(next - 1);
    if (last !== pages[0]) pages.push(last);
    const sizeInBytes = stream.sizeInBytes();
    // Other modes have addresses that wrap, and a second page may come and go: such blocks are for this place alone.
    const isMovable = stream.isMovable && mode === 64 && pages.length === 1;
    const codeBytes = isMovable ? next - address : 0;
    const entry = ports.allocate(sizeInBytes + ((codeBytes + 7) & ~7));
    const starts = stream.place(ports.memory.i32, entry, recordBytes);
    if (codeBytes > 0) {
      const code = ports.hostOffsetOf(address);
      ports.memory.u8.copyWithin(entry + sizeInBytes, code, code + codeBytes);
    }
    return {
      address,
      mode,
      entry,
      instructionCount: count,
      starts,
      distances: stream.instructionAddresses.map((each) => each - address),
      sizeInBytes,
      codeBytes,
      relocations: stream.relocations,
      pages,
      incoming: [],
    };
  }
}
