// A writer of one WebAssembly function body: appends instructions and resolves labels to branch depths.
import { signedLeb32, signedLeb64, unsignedLeb } from './leb128.ts';
import { Misc, Op, Type, Vector } from './opcodes.ts';

/** A branch target: the nesting depth at which its block was opened. */
export interface Label {
  readonly depth: number;
}

/** Names of plain one-byte instructions (no immediate). */
export type PlainOp = keyof typeof Op;
/** Names of vector instructions. */
export type VectorOp = keyof typeof Vector;

/** Names of vector loads and stores. */
export type VectorMemoryOp = 'v128_load' | 'v128_store' | 'v128_load32_zero' | 'v128_load64_zero';

/** Writes one function body. Instruction methods return `this`, so bodies read like the text format. */
export class Code {
  readonly bytes: number[] = [];
  private depth = 0;

  /** Instructions without immediates, in order: `code.ops('i64_add', 'i64_eqz')`. */
  ops(...names: PlainOp[]): this {
    for (const name of names) this.bytes.push(Op[name]);
    return this;
  }
  vector(...names: VectorOp[]): this {
    for (const name of names) {
      this.bytes.push(0xfd);
      unsignedLeb(this.bytes, Vector[name]);
    }
    return this;
  }
  /** A vector instruction with lane immediates (extract, replace, shuffle). */
  lanes(name: VectorOp, ...lanes: number[]): this {
    this.vector(name);
    this.bytes.push(...lanes);
    return this;
  }
  misc(name: keyof typeof Misc, ...immediates: number[]): this {
    this.bytes.push(0xfc, Misc[name], ...immediates);
    return this;
  }
  i32(value: number): this {
    this.bytes.push(Op.i32_const);
    signedLeb32(this.bytes, value);
    return this;
  }
  i64(value: bigint | number): this {
    this.bytes.push(Op.i64_const);
    if (typeof value === 'number') signedLeb32(this.bytes, value);
    else signedLeb64(this.bytes, value);
    return this;
  }
  /** A 128-bit constant from 16 bytes. */
  v128(bytes: readonly number[]): this {
    return this.lanes('v128_const', ...bytes);
  }
  f64(value: number): this {
    this.bytes.push(Op.f64_const, ...new Uint8Array(new Float64Array([value]).buffer));
    return this;
  }
  f32(value: number): this {
    this.bytes.push(Op.f32_const, ...new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }
  get(local: number): this {
    this.bytes.push(Op.local_get);
    unsignedLeb(this.bytes, local);
    return this;
  }
  set(local: number): this {
    this.bytes.push(Op.local_set);
    unsignedLeb(this.bytes, local);
    return this;
  }
  tee(local: number): this {
    this.bytes.push(Op.local_tee);
    unsignedLeb(this.bytes, local);
    return this;
  }
  /** A memory access; alignment hint 0, because host offsets need not be aligned. */
  memory(name: PlainOp, offset = 0): this {
    this.bytes.push(Op[name], 0);
    unsignedLeb(this.bytes, offset);
    return this;
  }
  vectorMemory(name: VectorMemoryOp, offset = 0): this {
    this.vector(name);
    this.bytes.push(0);
    unsignedLeb(this.bytes, offset);
    return this;
  }
  block(): Label {
    return this.open(Op.block);
  }
  loop(): Label {
    return this.open(Op.loop);
  }
  /** `if` without a result. */
  if(): Label {
    return this.open(Op.if);
  }
  else(): this {
    this.bytes.push(Op.else);
    return this;
  }
  end(): this {
    this.depth -= 1;
    this.bytes.push(Op.end);
    return this;
  }
  br(label: Label): this {
    return this.branch(Op.br, label);
  }
  brIf(label: Label): this {
    return this.branch(Op.br_if, label);
  }
  brTable(labels: readonly Label[], otherwise: Label): this {
    this.bytes.push(Op.br_table);
    unsignedLeb(this.bytes, labels.length);
    for (const label of labels) unsignedLeb(this.bytes, this.depth - label.depth);
    unsignedLeb(this.bytes, this.depth - otherwise.depth);
    return this;
  }
  call(functionIndex: number): this {
    this.bytes.push(Op.call);
    unsignedLeb(this.bytes, functionIndex);
    return this;
  }
  callIndirect(typeIndex: number): this {
    this.bytes.push(Op.call_indirect);
    unsignedLeb(this.bytes, typeIndex);
    this.bytes.push(0);
    return this;
  }

  private open(opcode: number): Label {
    this.bytes.push(opcode, Type.empty);
    this.depth += 1;
    return { depth: this.depth };
  }
  private branch(opcode: number, label: Label): this {
    this.bytes.push(opcode);
    unsignedLeb(this.bytes, this.depth - label.depth);
    return this;
  }
}
