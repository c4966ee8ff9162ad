// Guest memory as a lift sees it: effective addresses of operands in each address size, segments, loads and stores.
import { Vector } from '../cpu-exit.ts';
import { BASE_NONE, BASE_RIP, type Instruction } from '../decode/instruction.ts';
import { FS_BASE, GPR, GS_BASE } from '../state/layout.ts';
import type { Width } from '../uop/uop-row.ts';
import { type Cell, LiftCells } from './lift-cells.ts';

/** Adds memory to operands and micro-ops. */
export class LiftAddresses extends LiftCells {
  private located = -1;
  private base: Cell = 0;
  /** The base before the segment's is added. */
  private offset: Cell = 0;
  private displacement = 0;

  override begin(): void {
    super.begin();
    this.located = -1;
  }

  /** Loads `width` bits from memory operand `index` at an extra byte distance into a temporary (or `into`). */
  load(width: Width, index: number, extra = 0, into: Cell = this.temporary()): Cell {
    this.locate(index);
    if (this.wraps(extra)) this.uop(`ld.${width}`, into, this.part(extra), 0);
    else this.uop(`ld.${width}`, into, this.base, this.displacement + extra);
    return into;
  }
  store(width: Width, index: number, value: Cell, extra = 0): void {
    this.locate(index);
    if (this.instruction.codeSegment) this.refuseCodeSegment();
    else if (this.wraps(extra)) this.uop(`st.${width}`, value, this.part(extra), 0);
    else this.uop(`st.${width}`, value, this.base, this.displacement + extra);
  }
  // A part of an operand has an effective address of its own, which wraps; one part itself goes on beyond the last offset (Sapphire Rapids).
  private wraps(extra: number): boolean {
    return extra !== 0 && this.instruction.addressSize !== 64;
  }
  private part(extra: number): Cell {
    const { addressSize } = this.instruction;
    return this.segmented(this.value(`zx.${addressSize}`, this.value('lea32.bd', this.offset, extra)));
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
    if (this.instruction.codeSegment && /^(st|probe)/.test(name)) this.refuseCodeSegment();
    else this.uop(name, ...before, this.base, this.displacement);
  }
  /** The effective address of operand `index` as one cell; `segmented` false for LEA. */
  address(index: number, segmented = true): Cell {
    this.locate(index, segmented);
    if (this.instruction.codeSegment && this.access(index) !== 'r') this.refuseCodeSegment();
    if (this.displacement === 0) return this.base;
    return this.value('lea.bd', this.base, this.displacement);
  }

  // Code segments cannot be written, not even by user programs whose data segments lie over them (SDM vol. 3A, section 5.4).
  private refuseCodeSegment(): void {
    this.uop('raise', Vector.GeneralProtection);
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

  // ---- effective addresses ------------------------------------------------------------------------------------------

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
    this.offset = this.base;
    if (segmented) this.base = this.segmented(this.base);
    // What is read in order to be written is refused before it is read.
    if (instruction.codeSegment && this.access(index) === 'rw') this.refuseCodeSegment();
  }
  private locateModrm(instruction: Instruction): void {
    const { base, index: indexRegister, scale, displacement } = instruction;
    this.displacement = displacement;
    if (base === BASE_RIP) {
      this.base = this.codeAddress(this.next + displacement);
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
    if (base === BASE_RIP) {
      this.staysInPlace();
      this.base = this.constant((this.next + displacement) >>> 0);
    } else if (base === BASE_NONE && index < 0)
      this.base = this.constant(addressSize === 16 ? displacement & 0xffff : displacement >>> 0);
    else {
      const start = base === BASE_NONE ? this.stream.constant(0, 0) : this.state + GPR + 8 * base;
      if (index >= 0) this.base = this.value(`lea32.bid${scale}`, start, this.state + GPR + 8 * index, displacement);
      else if (displacement === 0 && mode === 32) this.base = start;
      else this.base = this.value('lea32.bd', start, displacement);
      if (addressSize === 16) this.base = this.value('zx.16', this.base);
    }
  }
}
