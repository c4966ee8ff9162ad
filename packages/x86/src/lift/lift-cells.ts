// What a lift's cells are: the decoded instruction's operands, temporaries and constants, and the appending of micro-ops on them.
import type { Instruction } from '../decode/instruction.ts';
import type { OperandKind } from '../decode/operand-kinds.ts';
import { IMMEDIATE_PLACES, type Row } from '../isa/row.ts';
import {
  GPR,
  TEMPORARIES,
  TEMPORARY_COUNT,
  VECTOR,
  VECTOR_STRIDE,
  VECTOR_TEMPORARIES,
  VECTOR_TEMPORARY_COUNT,
  X87_REGISTERS,
} from '../state/layout.ts';
import type { NumberedUop, UopTable } from '../uop/index.ts';
import type { Width } from '../uop/uop-row.ts';
import type { UopStream } from './uop-stream.ts';

/** A place that micro-ops read or write: a host offset in the state block, or a negative number for a constant. */
export type Cell = number;

/** What an SSE lift sees when it works on one lane of a VEX instruction. */
export interface LaneView {
  readonly row: Row;
  /** Position of the row in its family. */
  readonly position: number;
  /** The cell of each vector operand; undefined: the operand is the instruction's own. */
  readonly cells: readonly (Cell | undefined)[];
  /** What the immediate is for this lane. */
  readonly immediate: number | undefined;
}

/** Operands and micro-ops of one instruction at a time. */
export class LiftCells {
  /** The instruction being lifted. */
  instruction: Instruction;
  protected readonly stream: UopStream;
  protected readonly state: number;
  protected view: LaneView | undefined;
  private readonly table: UopTable;
  private temporaries = 0;
  private vectorTemporaries = 0;
  private readonly names = new Map<string, NumberedUop>();

  constructor(table: UopTable, stream: UopStream, instruction: Instruction, stateHostOffset: number) {
    this.table = table;
    this.stream = stream;
    this.instruction = instruction;
    this.state = stateHostOffset;
    for (const entry of table.list) this.names.set(entry.row.name, entry);
  }

  /** Called by the block builder before each instruction. */
  begin(): void {
    this.temporaries = 0;
    this.vectorTemporaries = 0;
  }

  // ---- operands -----------------------------------------------------------------------------------------------------

  kind(index: number): OperandKind {
    return (this.view?.row ?? this.instruction.candidate.row).operands[index].kind;
  }
  access(index: number): 'r' | 'w' | 'rw' {
    return (this.view?.row ?? this.instruction.candidate.row).operands[index].access;
  }
  /** Width of an integer operand in bits; memory operands of vector instructions say how much they read. */
  width(index: number): Width {
    const { width } = this.kind(index);
    if (width === 'v' || width === 'z' || width === 's') return this.instruction.operandSize;
    if (width === 'y') return this.instruction.rexW ? 64 : 32;
    return width as Width;
  }
  isMemory(index: number): boolean {
    const { place } = this.kind(index);
    return (
      place === 'offset' ||
      place === 'memory' ||
      (this.instruction.mod === 3 ? false : place === 'rm' || place === 'vectorRm' || place === 'mmxRm')
    );
  }
  get next(): number {
    const { address, lengthInBytes, mode } = this.instruction;
    return mode === 64 ? address + lengthInBytes : (address + lengthInBytes) >>> 0;
  }
  /** Width of RIP, of the stack pointer and of addresses in the instruction's mode. */
  get mode(): 32 | 64 {
    return this.instruction.mode;
  }
  /** Position of the row in its family: the condition code of Jcc, SETcc, CMOVcc. */
  get position(): number {
    return this.view?.position ?? this.instruction.candidate.position;
  }
  /** 128-bit lanes that a VEX instruction works on. */
  get lanes(): 1 | 2 {
    return this.instruction.vectorLength === 0 ? 1 : 2;
  }

  /** The cell of a register operand. */
  registerOperand(index: number): Cell {
    const seen = this.view?.cells[index];
    if (seen !== undefined) return seen;
    const kind = this.kind(index);
    const { instruction } = this;
    switch (kind.place) {
      case 'rm':
        return this.register(instruction.rm, this.width(index));
      case 'reg':
        return this.register(instruction.reg, this.width(index));
      case 'opcode':
        return this.register(instruction.opcodeRegister, this.width(index));
      case 'vvvv':
        return this.register(instruction.vvvv);
      case 'fixed':
        return this.state + GPR + 8 * kind.register;
      case 'vector':
        return this.vectorRegister(instruction.reg);
      case 'vectorRm':
        return this.vectorRegister(instruction.rm);
      case 'vectorVvvv':
        return this.vectorRegister(instruction.vvvv);
      case 'vectorImmediate':
        return this.vectorRegister((this.immediate(index) >> 4) & (this.mode === 64 ? 15 : 7));
      case 'vectorFixed':
        return this.vectorRegister(kind.register);
      case 'mmx':
        return this.state + X87_REGISTERS + 16 * (instruction.reg & 7);
      case 'mmxRm':
        return this.state + X87_REGISTERS + 16 * (instruction.rm & 7);
      default:
        throw new TypeError(`operand ${index} of ${instruction.candidate.mnemonic} is not a register`);
    }
  }
  /** A general register by encoding number; without REX, byte registers 4-7 are ah, ch, dh, bh. */
  register(number: number, width: Width = 64): Cell {
    if (width === 8 && number >= 4 && number < 8 && !this.instruction.hasRex)
      return this.state + GPR + 8 * (number - 4) + 1;
    return this.state + GPR + 8 * number;
  }
  vectorRegister(number: number): Cell {
    return this.state + VECTOR + VECTOR_STRIDE * number;
  }
  /** A cell of the state block by its layout offset. */
  stateCell(offset: number): Cell {
    return this.state + offset;
  }
  temporary(): Cell {
    if (this.temporaries === TEMPORARY_COUNT)
      throw new RangeError(`${this.instruction.candidate.mnemonic} needs more than ${TEMPORARY_COUNT} temporaries`);
    this.temporaries += 1;
    return this.state + TEMPORARIES + 8 * (this.temporaries - 1);
  }
  vectorTemporary(): Cell {
    if (this.vectorTemporaries === VECTOR_TEMPORARY_COUNT)
      throw new RangeError(
        `${this.instruction.candidate.mnemonic} needs more than ${VECTOR_TEMPORARY_COUNT} vector temporaries`,
      );
    this.vectorTemporaries += 1;
    return this.state + VECTOR_TEMPORARIES + 32 * (this.vectorTemporaries - 1);
  }
  /** A constant cell from a safe integer. */
  constant(value: number): Cell {
    return this.stream.constant(value | 0, Math.floor(value / 0x1_0000_0000) | 0);
  }
  /** A constant cell with an address that is a fixed distance from the instruction: it moves when its block is used at another place. */
  codeAddress(value: number): Cell {
    return this.stream.addressConstant(value | 0, Math.floor(value / 0x1_0000_0000) | 0);
  }
  /** Says that the instruction's micro-ops depend on its address in a way that cannot be adapted: its block is for this place alone. */
  staysInPlace(): void {
    this.stream.isMovable = false;
  }
  constant64(value: bigint): Cell {
    return this.stream.constant(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }
  /** A 16-byte constant as a vector cell. */
  constantVector(bytes: readonly number[]): Cell {
    const word = (at: number) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    return this.stream.constantVector(word(0), word(4), word(8), word(12));
  }
  /** An immediate operand as a number of at most 32 bits, sign-extended. */
  immediate(index: number): number {
    if (this.view?.immediate !== undefined) return this.view.immediate;
    return this.instruction.immediateLow[this.immediateSlot(index)];
  }

  // ---- micro-ops ----------------------------------------------------------------------------------------------------

  /** Appends a micro-op by name. */
  uop(name: string, ...operands: number[]): void {
    const entry = this.names.get(name) ?? this.table.find(name);
    this.stream.push(entry, ...operands);
  }
  /** Appends a micro-op whose first operand is a fresh temporary, which is returned. */
  value(name: string, ...operands: number[]): Cell {
    const cell = this.temporary();
    this.uop(name, cell, ...operands);
    return cell;
  }

  protected immediateSlot(index: number): number {
    let slot = 0;
    for (let position = 0; position < index; position += 1) {
      if (IMMEDIATE_PLACES.has(this.kind(position).place)) slot += 1;
    }
    return slot;
  }
}
