// What a `lift` function sees: the decoded instruction's operands as cells, and verbs that append micro-ops.
//
// Order is part of correctness: everything that can fault must come before the first change of a register or flag, because a
// fault leaves the state as it is then. The verbs that combine steps (`compute`, `push`, `pop`) keep that order.
import { ExitStatus } from '../engine/exit-status.ts';
import { helperNumber } from '../uop/helpers/index.ts';
import type { Width } from '../uop/uop-row.ts';
import { LiftAddresses } from './lift-addresses.ts';
import type { Cell, LaneView } from './lift-cells.ts';

export type { Cell } from './lift-cells.ts';

/** Encoding numbers of registers with fixed roles. */
export const Register = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7 } as const;

/** Lifts one instruction at a time into a stream. */
export class Lifter extends LiftAddresses {
  /** The block's last instruction was a jump or exit. */
  ended = false;

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
}
