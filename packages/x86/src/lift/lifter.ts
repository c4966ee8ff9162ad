// What a `lift` function sees: the decoded instruction's operands as cells, and verbs that append micro-ops.
//
// Order is part of correctness: everything that can fault must come before the first change of a register or flag, because a
// fault leaves the state as it is then. The verbs that combine steps (`compute`, `push`, `pop`) keep that order.
import { Vector } from '../cpu-exit.ts';
import { BASE_NONE, BASE_RIP, type Instruction } from '../decode/instruction.ts';
import { IMMEDIATE_PLACES, type Row } from '../isa/row.ts';
import type { OperandKind } from '../decode/operand-kinds.ts';
import { ExitStatus } from '../engine/exit-status.ts';
import {
  FS_BASE,
  GPR,
  GS_BASE,
  TEMPORARIES,
  TEMPORARY_COUNT,
  VECTOR,
  VECTOR_STRIDE,
  VECTOR_TEMPORARIES,
  VECTOR_TEMPORARY_COUNT,
  X87_REGISTERS,
} from '../state/layout.ts';
import { helperNumber } from '../uop/helpers/index.ts';
import type { NumberedUop, UopTable } from '../uop/index.ts';
import type { Width } from '../uop/uop-row.ts';
import type { UopStream } from './uop-stream.ts';

/** A place that micro-ops read or write: a host offset in the state block, or a negative number for a constant. */
export type Cell = number;

/** Encoding numbers of registers with fixed roles. */
export const Register = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7 } as const;

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

/** Lifts one instruction at a time into a stream. */
export class Lifter {
  /** The instruction being lifted. */
  instruction: Instruction;
  /** The block's last instruction was a jump or exit. */
  ended = false;
  private readonly stream: UopStream;
  private readonly table: UopTable;
  private readonly state: number;
  private temporaries = 0;
  private vectorTemporaries = 0;
  private located = -1;
  private base: Cell = 0;
  private displacement = 0;
  private view: LaneView | undefined;
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
    this.located = -1;
  }

  /** Runs another row's lift for one lane: its vector operands are the view's cells, everything else is this instruction's. */
  through(view: LaneView, lift: (b: Lifter) => void): void {
    this.view = view;
    lift(this);
    this.view = undefined;
  }
  /** As `readVector` for VEX instructions: all lanes of VEX.L when the operand follows it, and memory needs no alignment. */
  readLanes(index: number): Cell {
    if (!this.isMemory(index)) return this.registerOperand(index);
    const { width } = this.kind(index);
    const into = this.vectorTemporary();
    const bits = width === 'x' ? 128 * this.lanes : width;
    this.memoryUop(bits === 128 || bits === 256 ? `ld.${bits}` : `ldv.${bits}`, index, into);
    return into;
  }
  /** Writes a vector register from one cell for each lane; the lanes that VEX.L leaves out become zero. */
  writeLanes(index: number, results: readonly Cell[]): void {
    const target = this.registerOperand(index);
    results.forEach((cell, lane) => {
      if (cell !== target + 16 * lane) this.uop('mov.128', target + 16 * lane, cell);
    });
    if (results.length === 1) this.uop('vzero', target + 16);
  }

  // ---- operands -----------------------------------------------------------------------------------------------------

  kind(index: number): OperandKind {
    return (this.view?.row ?? this.instruction.candidate.row).operands[index].kind;
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

  /** The operand as an integer cell: a register itself, a constant, or a temporary loaded from memory. */
  read(index: number): Cell {
    const { place } = this.kind(index);
    switch (place) {
      case 'immediate':
        return this.stream.constant(
          this.instruction.immediateLow[this.immediateSlot(index)],
          this.instruction.immediateHigh[this.immediateSlot(index)],
        );
      case 'one':
        return this.stream.constant(1, 0);
      default:
        return this.isMemory(index) ? this.load(this.width(index), index) : this.registerOperand(index);
    }
  }
  /**
   * A vector operand as a cell: the register itself, or memory loaded into a vector temporary. Less than 128 bits of memory
   * fill the low part and clear the rest; 128 bits must be aligned to 16 bytes, or raise #GP, unless `aligned` is false.
   */
  readVector(index: number, aligned = true): Cell {
    const seen = this.view?.cells[index];
    if (seen !== undefined) return seen;
    if (!this.isMemory(index)) return this.registerOperand(index);
    const into = this.vectorTemporary();
    this.loadVector(index, into, aligned);
    return into;
  }
  /** As `readVector` for a memory operand, into a given vector cell. */
  loadVector(index: number, into: Cell, aligned = true): void {
    const { width } = this.kind(index);
    this.memoryUop(width !== 128 ? `ldv.${width}` : aligned ? 'lda.128' : 'ld.128', index, into);
  }
  /** Stores all 128 bits of a vector cell. */
  storeVector(index: number, value: Cell, aligned = true): void {
    this.memoryUop(aligned ? 'sta.128' : 'st.128', index, value);
  }
  /** Writes an integer operand: a move to a register, or a store (which may fault). */
  write(index: number, value: Cell): void {
    const width = this.width(index);
    if (this.isMemory(index)) this.store(width, index, value);
    else this.uop(`mov.${width}`, this.registerOperand(index), value);
  }
  /** Where a result for a register operand may be written directly; a temporary for memory. */
  target(index: number): Cell {
    return this.isMemory(index) ? this.temporary() : this.registerOperand(index);
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
  /**
   * An arithmetic family with its flags, in the order that keeps faults exact: a register takes the result and the flags at
   * once; memory is stored to before the flags change. `destination` -1 sets the flags alone (CMP, TEST).
   */
  compute(name: string, destination: number, width: Width, ...inputs: Cell[]): void {
    if (destination < 0) this.uop(`${name}.o.${width}`, ...inputs);
    else if (!this.isMemory(destination)) this.uop(`${name}.f.${width}`, this.registerOperand(destination), ...inputs);
    else {
      const result = this.value(`${name}.${width}`, ...inputs);
      this.store(width, destination, result);
      this.uop(`${name}.o.${width}`, ...inputs);
    }
  }

  // ---- memory -------------------------------------------------------------------------------------------------------

  /** Loads `width` bits from memory operand `index` at an extra byte distance into a temporary (or `into`). */
  load(width: Width, index: number, extra = 0, into: Cell = this.temporary()): Cell {
    this.locate(index);
    this.uop(`ld.${width}`, into, this.base, this.displacement + extra);
    return into;
  }
  store(width: Width, index: number, value: Cell, extra = 0): void {
    this.locate(index);
    if (this.instruction.codeSegment) this.uop('raise', Vector.GeneralProtection);
    else this.uop(`st.${width}`, value, this.base, this.displacement + extra);
  }
  /** Loads or stores through any address cell. */
  loadAt(width: Width, address: Cell, displacement: number, into: Cell = this.temporary()): Cell {
    if (this.mode === 64 || displacement === 0) this.uop(`ld.${width}`, into, address, displacement);
    else this.uop(`ld.${width}`, into, this.distant(address, displacement), 0);
    return into;
  }
  storeAt(width: Width, address: Cell, displacement: number, value: Cell): void {
    if (this.mode === 64 || displacement === 0) this.uop(`st.${width}`, value, address, displacement);
    else this.uop(`st.${width}`, value, this.distant(address, displacement), 0);
  }
  /** An address cell moved on by some bytes, in the width of the mode. */
  distant(address: Cell, displacement: number): Cell {
    return this.value(this.mode === 64 ? 'lea.bd' : 'lea32.bd', address, displacement);
  }
  /** Appends a micro-op that ends with (address cell, displacement) of a memory operand: `ldzx.8`, `align.128`, ... */
  memoryUop(name: string, index: number, ...before: number[]): void {
    this.locate(index);
    if (this.instruction.codeSegment && name.startsWith('st')) this.uop('raise', Vector.GeneralProtection);
    else this.uop(name, ...before, this.base, this.displacement);
  }
  /** The effective address of operand `index` as one cell; `segmented` false for LEA. */
  address(index: number, segmented = true): Cell {
    this.locate(index, segmented);
    if (this.displacement === 0) return this.base;
    return this.value('lea.bd', this.base, this.displacement);
  }

  /**
   * What a gather needs of its memory operand: two neighbouring cells with the base plus displacement and the segment's base, and
   * the cell of the index vector.
   */
  gatherAddress(index: number): { readonly base: Cell; readonly elements: Cell } {
    const { instruction } = this;
    const base = this.temporary();
    const segment = this.temporary();
    const start = instruction.base === BASE_NONE ? this.constant(0) : this.state + GPR + 8 * instruction.base;
    this.uop('lea.bd', base, start, instruction.displacement);
    this.uop(
      'mov.64',
      segment,
      instruction.segment === 0 ? this.constant(0) : this.state + (instruction.segment === 4 ? FS_BASE : GS_BASE),
    );
    if (this.kind(index).place !== 'vsib')
      throw new TypeError(`operand ${index} of ${instruction.candidate.mnemonic} is no vector of addresses`);
    return { base, elements: this.vectorRegister(instruction.index) };
  }

  // ---- control ------------------------------------------------------------------------------------------------------

  jump(target: number): void {
    this.uop('jmp', 0, target | 0, Math.floor(target / 0x1_0000_0000));
    this.ended = true;
  }
  /** Jumps when the condition with this encoding number holds, else continues after the instruction. */
  branch(condition: string, target: number): void {
    this.uop(
      `jcc.${condition}`,
      0,
      target | 0,
      Math.floor(target / 0x1_0000_0000),
      0,
      this.next | 0,
      Math.floor(this.next / 0x1_0000_0000),
    );
    this.ended = true;
  }
  /** Jumps to `target` when the cell is zero, else to `otherwise`. */
  branchZero(cell: Cell, target: number, otherwise: number): void {
    this.uop(
      'jz',
      cell,
      0,
      target | 0,
      Math.floor(target / 0x1_0000_0000),
      0,
      otherwise | 0,
      Math.floor(otherwise / 0x1_0000_0000),
    );
    this.ended = true;
  }
  jumpIndirect(target: Cell): void {
    this.uop('jmp.indirect', target);
    this.ended = true;
  }
  /** Leaves the engine with RIP after this instruction. */
  exit(status: ExitStatus, detail = 0): void {
    this.uop('exit', status, detail, this.next | 0, Math.floor(this.next / 0x1_0000_0000));
    this.ended = true;
  }
  /** Raises an exception at this instruction. */
  raise(vector: number): void {
    this.uop('raise', vector);
    this.exit(ExitStatus.Untranslated);
  }
  /** Calls a helper row with up to five cells. It counts as able to fault and as reading and writing the flags. */
  helper(name: string, ...cells: Cell[]): void {
    this.uop(`helper.${cells.length}`, helperNumber(name), ...cells);
  }
  /** The target of a relative jump. In 32-bit mode it wraps, and with a 16-bit operand size the upper half of EIP is cleared. */
  relative(index: number): number {
    const target = this.next + this.immediate(index);
    if (this.mode === 64) return target;
    return this.instruction.operandSize === 16 ? target & 0xffff : target >>> 0;
  }
  /** Leaves the engine for the address in a cell, after CS has been written. */
  exitFar(target: Cell): void {
    this.uop('exit.indirect', target, ExitStatus.FarTransfer);
    this.ended = true;
  }
  /** Continues after the instruction, or leaves there with #OF when OF is set. */
  trapOverflow(): void {
    this.uop('overflow.trap', 0, this.next | 0, Math.floor(this.next / 0x1_0000_0000));
    this.ended = true;
  }

  push(value: Cell, width: Width): void {
    const rsp = this.register(Register.rsp);
    if (this.mode === 64) {
      this.storeAt(width, rsp, -width / 8, value);
      this.moveStack(-width / 8);
      return;
    }
    const moved = this.distant(rsp, -width / 8);
    this.uop(`st.${width}`, value, moved, 0);
    this.uop('mov.64', rsp, moved);
  }
  /** Moves the stack pointer by a number of bytes. */
  moveStack(distance: number): void {
    const rsp = this.register(Register.rsp);
    this.uop(this.mode === 64 ? 'lea.bd' : 'lea32.bd', rsp, rsp, distance);
  }
  /** Pops into a register cell (or a temporary); the stack pointer moves before the destination is written, as for POP RSP. */
  pop(width: Width, into: Cell = this.temporary()): Cell {
    const rsp = this.register(Register.rsp);
    const value = into === rsp || width < this.mode ? this.temporary() : into;
    this.uop(`ld.${width}`, value, rsp, 0);
    this.moveStack(width / 8);
    if (value !== into) this.uop(`mov.${width}`, into, value);
    return into;
  }

  /** An address cell plus the base of the instruction's FS or GS override. */
  segmented(address: Cell): Cell {
    const { segment, mode } = this.instruction;
    if (segment === 0) return address;
    const base = this.state + (segment === 4 ? FS_BASE : GS_BASE);
    return mode === 64 ? this.value('add.64', address, base) : this.value('lea32.bid0', address, base, 0);
  }
  /** A register or sum as an effective address: cut to the instruction's address size. */
  addressed(address: Cell): Cell {
    const { addressSize } = this.instruction;
    return addressSize === 64 ? address : this.value(`zx.${addressSize}`, address);
  }

  // ---- addresses ----------------------------------------------------------------------------------------------------

  // Brings the address of a memory operand into (base cell, displacement); computed once per instruction.
  private locate(index: number, segmented = true): void {
    if (this.located === index) return;
    this.located = index;
    const { instruction } = this;
    if (this.kind(index).place === 'offset') {
      const slot = this.immediateSlot(index);
      this.base = this.stream.constant(instruction.immediateLow[slot], instruction.immediateHigh[slot]);
      this.displacement = 0;
    } else if (instruction.addressSize === 64) this.locateModrm(instruction);
    else this.locateNarrow(instruction);
    if (segmented) this.base = this.segmented(this.base);
  }
  private locateModrm(instruction: Instruction): void {
    const { base, index: indexRegister, scale, displacement } = instruction;
    this.displacement = displacement;
    if (base === BASE_RIP) {
      this.base = this.constant(this.next + displacement);
      this.displacement = 0;
    } else if (indexRegister < 0) {
      this.base = base === BASE_NONE ? this.stream.constant(0, 0) : this.state + GPR + 8 * base;
    } else {
      const start = base === BASE_NONE ? this.stream.constant(0, 0) : this.state + GPR + 8 * base;
      this.base = this.value(`lea.bi${scale}`, start, this.state + GPR + 8 * indexRegister);
    }
  }

  // Effective addresses of 32 and 16 bits wrap before the segment's base is added.
  private locateNarrow({ base, index, scale, displacement, addressSize, mode }: Instruction): void {
    this.displacement = 0;
    if (base === BASE_RIP) this.base = this.constant((this.next + displacement) >>> 0);
    else if (base === BASE_NONE && index < 0)
      this.base = this.constant(addressSize === 16 ? displacement & 0xffff : displacement >>> 0);
    else {
      const start = base === BASE_NONE ? this.stream.constant(0, 0) : this.state + GPR + 8 * base;
      if (index >= 0) this.base = this.value(`lea32.bid${scale}`, start, this.state + GPR + 8 * index, displacement);
      else if (displacement === 0 && mode === 32) this.base = start;
      else this.base = this.value('lea32.bd', start, displacement);
      if (addressSize === 16) this.base = this.value('zx.16', this.base);
    }
  }

  private immediateSlot(index: number): number {
    let slot = 0;
    for (let position = 0; position < index; position += 1) {
      if (IMMEDIATE_PLACES.has(this.kind(position).place)) slot += 1;
    }
    return slot;
  }
}
