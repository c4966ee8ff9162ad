// The emitter of the interpreter: operands are cells whose host offsets stand in the current record, state lives in memory.
import {
  GUEST_PAGE_BYTES,
  GUEST_PAGE_SHIFT,
  TLB_ENTRIES,
  TLB_ENTRY_BYTES,
  TLB_FOLD_SHIFT,
  TLB_HOST_DELTA_OFFSET,
  TLB_READ_TAG_OFFSET,
  TLB_WRITE_TAG_OFFSET,
} from '@elf/mm';
import { CROSSING, EXIT_PC, EXIT_STATUS, FLAG_AUX, FLAG_RESULT, RIP } from '../state/layout.ts';
import type { Emitter, ScratchLocals, Width } from '../uop/uop-row.ts';
import type { Code, Label } from '../wasm/code.ts';
import { ExitStatus } from './exit-status.ts';

/** Function indices of the imports. */
export interface Imports {
  /** (address low, address high, size) -> host offset or 0 after a fault. */
  readonly slowRead: number;
  readonly slowWrite: number;
  /** Scatters the crossing buffer to the two pages of the last slow write. */
  readonly commitCrossing: number;
  /** (number, five cells) -> 0 or an exit status. */
  readonly helper: number;
}

/** Fixed host offsets that generated code holds as constants. */
export interface Placement {
  readonly state: number;
  readonly tlb: number;
  readonly lookup: number;
  readonly lookupEntries: number;
}

const LOAD = { 8: 'i64_load8_u', 16: 'i64_load16_u', 32: 'i64_load32_u', 64: 'i64_load' } as const;
const LOAD_SIGNED = { 8: 'i64_load8_s', 16: 'i64_load16_s', 32: 'i64_load32_s', 64: 'i64_load' } as const;
const STORE = { 8: 'i64_store8', 16: 'i64_store16', 32: 'i64_store', 64: 'i64_store' } as const;

/** Local 0 is the micro-op pointer in every generated function; the scratch locals follow it. */
export const PC = 0;
export const SCRATCH: ScratchLocals = { a: 1, b: 2, c: 3, d: 4, p: 5, q: 6, v: 7, w: 8, x: 9 };
/** The lookup table's hash is address ^ address >> this, modulo its size. */
export const LOOKUP_HASH_SHIFT = 12;
/** Instruction budget, in the loop function only. */
export const BUDGET_LOCAL = 10;

/** Locals that hold the flag words between the two halves of a joined row, in the loop function only. */
const FLAG_LOCALS = { result: 11, aux: 12 } as const;

/** Where an emitter stands inside a joined row. */
interface RowPart {
  /** Position of the part's first operand in the record. */
  readonly firstOperand: number;
  /** The flag words are kept in locals as they are stored, and (in the second half) read from there. */
  readonly flagLocals: 'none' | 'kept' | 'read';
}
const WHOLE_ROW: RowPart = { firstOperand: 0, flagLocals: 'none' };

/** Where a body leaves to: the loop function branches, a cold function returns. */
export interface Ends {
  /** Emitted after EXIT_PC is stored, with the status on the stack (i32). */
  readonly leave: (code: Code) => void;
  /** Emitted with the new micro-op pointer on the stack. */
  readonly jump: (code: Code) => void;
}

/** Makes an emitter that appends to `code`. */
export function interpreterEmitter(
  code: Code,
  imports: Imports,
  placement: Placement,
  ends: Ends,
  part: RowPart = WHOLE_ROW,
): Emitter {
  const { state } = placement;
  const { firstOperand, flagLocals } = part;
  const operand = (index: number) => 4 + 4 * (firstOperand + index);
  const cell = (index: number) => code.get(PC).memory('i32_load', operand(index));
  const store = (offset: number, value: () => void) => {
    code.i32(0);
    value();
    code.memory('i64_store', state + offset);
  };
  const leave = () => {
    code.i32(0).get(PC);
    // The second half leaves as if its record began four bytes before its first operand.
    if (firstOperand > 0) code.i32(4 * firstOperand).ops('i32_add');
    code.memory('i32_store', state + EXIT_PC);
    ends.leave(code);
  };
  const flagWord = (offset: number, local: number) => {
    if (flagLocals === 'read') code.get(local);
    else code.i32(0).memory('i64_load', state + offset);
  };
  const setFlagWord = (offset: number, local: number, value: () => void) =>
    store(offset, () => {
      value();
      if (flagLocals === 'kept') code.tee(local);
    });
  const tagCheck = (size: number, tag: 'read' | 'write', slow: Label) => {
    const { a, p, q } = SCRATCH;
    // Entry = (address >> 12 ^ address >> fold) mod entries, scaled by the entry size.
    code
      .get(a)
      .ops('i32_wrap_i64')
      .tee(p)
      .i32(GUEST_PAGE_SHIFT - Math.log2(TLB_ENTRY_BYTES))
      .ops('i32_shr_u')
      .get(p)
      .i32(TLB_FOLD_SHIFT - Math.log2(TLB_ENTRY_BYTES))
      .ops('i32_shr_u', 'i32_xor')
      .i32((TLB_ENTRIES - 1) * TLB_ENTRY_BYTES)
      .ops('i32_and')
      .tee(q);
    code.memory('i64_load', placement.tlb + (tag === 'read' ? TLB_READ_TAG_OFFSET : TLB_WRITE_TAG_OFFSET));
    // The page of the last byte must be the tag: an access that crosses a page never matches.
    code.get(a);
    if (size > 1) code.i64(size - 1).ops('i64_add');
    code.i64(-GUEST_PAGE_BYTES).ops('i64_and', 'i64_ne').brIf(slow);
    code
      .get(a)
      .ops('i32_wrap_i64')
      .get(q)
      .memory('i32_load', placement.tlb + TLB_HOST_DELTA_OFFSET)
      .ops('i32_add')
      .set(SCRATCH.p);
  };
  const slowPath = (size: number, slow: number) => {
    const { a, p } = SCRATCH;
    code
      .get(a)
      .ops('i32_wrap_i64')
      .get(a)
      .i64(32)
      .ops('i64_shr_u', 'i32_wrap_i64')
      .i32(size)
      .call(slow)
      .tee(p)
      .ops('i32_eqz')
      .if();
    code.i32(0).memory('i32_load', state + EXIT_STATUS);
    leave();
    code.end();
  };
  return {
    code,
    local: SCRATCH,
    get: (index, width) => void cell(index).memory(LOAD[width]),
    getSigned: (index, width) => void cell(index).memory(LOAD_SIGNED[width]),
    set(index, width: Width, value) {
      cell(index);
      value();
      if (width === 32) code.i64(0xffff_ffffn).ops('i64_and');
      code.memory(STORE[width]);
    },
    getVector: (index, offset = 0) => void cell(index).vectorMemory('v128_load', offset),
    setVector(index, value, offset = 0) {
      cell(index);
      value();
      code.vectorMemory('v128_store', offset);
    },
    getFloat: (index, width) => void cell(index).memory(width === 32 ? 'f32_load' : 'f64_load'),
    setFloat(index, width, value) {
      cell(index);
      value();
      code.memory(width === 32 ? 'f32_store' : 'f64_store');
    },
    inline: (index) => void cell(index),
    cell: (index) => void cell(index),
    flagResult: () => flagWord(FLAG_RESULT, FLAG_LOCALS.result),
    flagAux: () => flagWord(FLAG_AUX, FLAG_LOCALS.aux),
    setFlagResult: (value) => setFlagWord(FLAG_RESULT, FLAG_LOCALS.result, value),
    setFlagAux: (value) => setFlagWord(FLAG_AUX, FLAG_LOCALS.aux, value),
    state: (offset) => void code.i32(0).memory('i64_load', state + offset),
    setState: store,
    guestRead(size, address, load) {
      address();
      code.set(SCRATCH.a);
      const done = code.block();
      const slow = code.block();
      tagCheck(size, 'read', slow);
      code.br(done).end();
      slowPath(size, imports.slowRead);
      code.end();
      load();
    },
    guestWrite(size, address, write) {
      address();
      code.set(SCRATCH.a);
      const done = code.block();
      const slow = code.block();
      tagCheck(size, 'write', slow);
      write();
      code.br(done).end();
      slowPath(size, imports.slowWrite);
      write();
      code
        .get(SCRATCH.p)
        .i32(state + CROSSING)
        .ops('i32_eq')
        .if();
      code.call(imports.commitCrossing).end();
      code.end();
    },
    behind: (row) =>
      interpreterEmitter(code, imports, placement, ends, {
        firstOperand: firstOperand + row.operands.length,
        flagLocals: flagLocals === 'kept' && row.flags === 'write' ? 'read' : 'none',
      }),
    exit(status) {
      code.i32(status);
      leave();
    },
    exitInline(index) {
      cell(index);
      leave();
    },
    jump: () => ends.jump(code),
    indirect(index) {
      const { a, q } = SCRATCH;
      cell(index).memory('i64_load').set(a);
      // Entry of 16 bytes: guest address, host offset of the block's first micro-op.
      code
        .get(a)
        .get(a)
        .i64(LOOKUP_HASH_SHIFT)
        .ops('i64_shr_u', 'i64_xor', 'i32_wrap_i64')
        .i32(placement.lookupEntries - 1)
        .ops('i32_and')
        .i32(4)
        .ops('i32_shl')
        .tee(q);
      code.memory('i64_load', placement.lookup).get(a).ops('i64_ne').if();
      store(RIP, () => code.get(a));
      code.i32(ExitStatus.Lookup);
      leave();
      code.end();
      code.get(q).memory('i32_load', placement.lookup + 8);
      ends.jump(code);
    },
    charge(index) {
      code.get(BUDGET_LOCAL);
      cell(index);
      code.ops('i32_sub').tee(BUDGET_LOCAL).i32(0).ops('i32_lt_s').if();
      // The block is not entered: what was taken for it is given back, so that the count of retired instructions stays exact.
      code.get(BUDGET_LOCAL);
      cell(index);
      code.ops('i32_add').set(BUDGET_LOCAL);
      code.i32(ExitStatus.Budget);
      leave();
      code.end();
    },
    callHelper(helper, cells) {
      helper();
      for (let position = 0; position < 5; position += 1) {
        if (position < cells.length) cell(cells[position]);
        else code.i32(0);
      }
      code.call(imports.helper).tee(SCRATCH.q).if();
      code.get(SCRATCH.q);
      leave();
      code.end();
    },
  };
}
