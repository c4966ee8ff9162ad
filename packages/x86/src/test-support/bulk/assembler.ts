// A small assembler for the bulk judge's loops: the few forms they are made of, in both modes, with absolute data addresses.

/** General registers by number. */
export const [RAX, RCX, RDX, RSP, RSI, RDI] = [0, 1, 2, 4, 6, 7] as const;

/** A memory operand: an absolute address below 2 GiB, plus a base register among the first eight (not RSP). */
export interface Place {
  readonly at: number;
  readonly base?: number;
}

/** Opcodes of the VEX-encoded instructions that loops use: prefix class (1 is 66, 2 is F3), map, opcode. */
const VECTOR_OPCODES = {
  vmovdqu: [2, 1, 0x6f],
  'vmovdqu.store': [2, 1, 0x7f],
  vpshufb: [1, 2, 0x00],
  vpmulld: [1, 2, 0x40],
  vpaddd: [1, 1, 0xfe],
} as const;

/** Writes machine code to be run at `address`. */
export class Assembler {
  readonly bytes: number[] = [];
  readonly address: number;
  readonly mode: 32 | 64;

  constructor(address: number, mode: 32 | 64) {
    this.address = address;
    this.mode = mode;
  }

  /** The address of the next byte. */
  get here(): number {
    return this.address + this.bytes.length;
  }
  emit(...bytes: number[]): void {
    this.bytes.push(...bytes);
  }
  word32(value: number): void {
    this.emit(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
  }
  /** ModRM and what follows of a memory operand. */
  private memory(reg: number, { at, base }: Place): void {
    if (base !== undefined) this.emit(0x80 | ((reg & 7) << 3) | base);
    else if (this.mode === 32) this.emit(((reg & 7) << 3) | 5);
    else this.emit(((reg & 7) << 3) | 4, 0x25);
    this.word32(at);
  }
  /** An instruction with a memory operand, in the mode's full width where `wide`. */
  private withMemory(opcode: readonly number[], reg: number, place: Place, wide = false): void {
    const rex = (wide && this.mode === 64 ? 0x48 : 0) | (reg > 7 ? 0x44 : 0);
    if (rex !== 0) this.emit(rex | 0x40);
    this.emit(...opcode);
    this.memory(reg, place);
  }
  /** MOV of a whole register from memory. */
  load(reg: number, place: Place): void {
    this.withMemory([0x8b], reg, place, true);
  }
  store(place: Place, reg: number): void {
    this.withMemory([0x89], reg, place, true);
  }
  load32(reg: number, place: Place): void {
    this.withMemory([0x8b], reg, place);
  }
  store32(place: Place, reg: number): void {
    this.withMemory([0x89], reg, place);
  }
  loadByte(reg: number, place: Place): void {
    this.withMemory([0x0f, 0xb6], reg, place);
  }
  add(reg: number, place: Place): void {
    this.withMemory([0x03], reg, place, true);
  }
  addRegister(target: number, source: number): void {
    if (this.mode === 64) this.emit(0x48 | (source > 7 ? 4 : 0) | (target > 7 ? 1 : 0));
    this.emit(0x01, 0xc0 | ((source & 7) << 3) | (target & 7));
  }
  /** IMUL of one of the first eight registers with a constant. */
  multiply(reg: number, factor: number, wide: boolean): void {
    if (wide && this.mode === 64) this.emit(0x48);
    this.emit(0x69, 0xc0 | (reg << 3) | reg);
    this.word32(factor);
  }
  /** BSWAP of one of the first eight registers. */
  reverseBytes(reg: number): void {
    if (this.mode === 64) this.emit(0x48);
    this.emit(0x0f, 0xc8 | reg);
  }
  add32(reg: number, place: Place): void {
    this.withMemory([0x03], reg, place);
  }
  and32(reg: number, place: Place): void {
    this.withMemory([0x23], reg, place);
  }
  /** AND of a doubleword in memory with a constant. */
  andMemory(place: Place, value: number): void {
    this.withMemory([0x81], 4, place);
    this.word32(value);
  }
  /** MOV of a constant doubleword into memory; flags stay. */
  storeConstant(place: Place, value: number): void {
    this.withMemory([0xc7], 0, place);
    this.word32(value);
  }
  /** MOV of a constant into a register; flags stay. */
  move(reg: number, value: bigint): void {
    const unsigned = BigInt.asUintN(this.mode, value);
    const wide = unsigned >> 32n !== 0n;
    const rex = (wide ? 0x48 : 0) | (reg > 7 ? 0x41 : 0);
    if (rex !== 0) this.emit(rex | 0x40);
    this.emit(0xb8 | (reg & 7));
    this.word32(Number(unsigned & 0xffff_ffffn));
    if (wide) this.word32(Number(unsigned >> 32n));
  }
  fxsave(place: Place): void {
    this.withMemory([0x0f, 0xae], 0, place);
  }
  fxrstor(place: Place): void {
    this.withMemory([0x0f, 0xae], 1, place);
  }
  ldmxcsr(place: Place): void {
    this.withMemory([0x0f, 0xae], 2, place);
  }
  stmxcsr(place: Place): void {
    this.withMemory([0x0f, 0xae], 3, place);
  }
  /** JMP through a pointer in memory, as wide as addresses are. */
  jumpIndirect(place: Place): void {
    this.withMemory([0xff], 4, place);
  }
  jump(target: number): void {
    this.emit(0xe9);
    this.word32(target - (this.here + 4));
  }
  /** JNZ to an earlier address. */
  jumpNotZero(target: number): void {
    this.emit(0x0f, 0x85);
    this.word32(target - (this.here + 4));
  }
  /** DEC of a doubleword in memory. */
  decrement(place: Place): void {
    this.withMemory([0xff], 1, place);
  }
  /** A 256-bit operation `target = first op memory`; loads and stores leave `first` at 0. */
  vector(name: keyof typeof VECTOR_OPCODES, target: number, place: Place, first = 0): void {
    this.vex(name, target, first, 0);
    this.memory(target, place);
  }
  /** The same with a register as its last operand. */
  vectorRegister(name: keyof typeof VECTOR_OPCODES, target: number, first: number, last: number): void {
    this.vex(name, target, first, last);
    this.emit(0xc0 | ((target & 7) << 3) | (last & 7));
  }
  private vex(name: keyof typeof VECTOR_OPCODES, target: number, first: number, last: number): void {
    const [prefix, map, opcode] = VECTOR_OPCODES[name];
    this.emit(
      0xc4,
      (target > 7 ? 0 : 0x80) | 0x40 | (last > 7 ? 0 : 0x20) | map,
      ((~first & 15) << 3) | 4 | prefix,
      opcode,
    );
  }
}
