// The shape of a micro-operation row, and the emitter through which a row writes its WebAssembly bytes.
//
// A row says what one micro-operation does, once. Its operands are cells (places in the state block or constants beside the
// code), so the interpreter can work on them in memory and a compiler can keep them in locals: only the emitter differs.
import type { Code } from '../wasm/code.ts';

/** Operand widths in bits. */
export type Width = 8 | 16 | 32 | 64;

/**
 * What an operand is: a cell that is read, written or both, or a signed 32-bit number inside the record: a plain one, the slot for
 * the host offset of a jump's target, or half a guest address, of which the upper half comes next.
 */
export type OperandRole = 'in' | 'out' | InlineRole;
const INLINE_ROLES = ['inline', 'slot', 'low', 'high'] as const;
type InlineRole = (typeof INLINE_ROLES)[number];

/** Whether an operand with this role is a number and not a cell. */
export function isInline(role: OperandRole): boolean {
  return (INLINE_ROLES as readonly OperandRole[]).includes(role);
}

/** How a row treats the status flags: `partial` keeps some of them (or all, for a shift by zero), so it also reads them. */
export type FlagUse = 'none' | 'read' | 'write' | 'partial';

/** Scratch locals of a body: 64-bit a b c d, 32-bit p q, vectors v w x. Bodies may use them freely; none survives a body. */
export interface ScratchLocals {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly p: number;
  readonly q: number;
  readonly v: number;
  readonly w: number;
  readonly x: number;
}

/** Emits one body. `get` pushes an i64; the function given to `set` pushes the value to store. */
export interface Emitter {
  readonly code: Code;
  readonly local: ScratchLocals;
  /** Pushes operand `index`, zero-extended from `width` bits to i64. */
  get(index: number, width: Width): void;
  /** Pushes operand `index`, sign-extended from `width` bits to i64. */
  getSigned(index: number, width: Width): void;
  /** Stores to operand `index` as x86 writes a register: 8 and 16 bits leave the rest, 32 bits clear the upper half. */
  set(index: number, width: Width, value: () => void): void;
  /** Pushes 16 bytes of a cell, from `offset` on. */
  getVector(index: number, offset?: number): void;
  setVector(index: number, value: () => void, offset?: number): void;
  /** Pushes a 64-bit or 32-bit float that lies in the low part of a cell. */
  getFloat(index: number, width: 32 | 64): void;
  /** Stores a float to the low part of a cell and leaves the rest of it. */
  setFloat(index: number, width: 32 | 64, value: () => void): void;
  /** Pushes an inline operand as i32. */
  inline(index: number): void;
  /** Pushes the host offset of a cell as i32 (helpers and exits only). */
  cell(index: number): void;
  /** Pushes the lazy flag words, as i64. */
  flagResult(): void;
  flagAux(): void;
  setFlagResult(value: () => void): void;
  setFlagAux(value: () => void): void;
  /** Pushes an i64 of the state block / stores one. */
  state(offset: number): void;
  setState(offset: number, value: () => void): void;
  /** Guest load: `address` pushes an i64; then `load` is emitted with the host offset in local p. */
  guestRead(sizeInBytes: number, address: () => void, load: () => void): void;
  /** Guest store: `store` is emitted with the host offset in local p; it may be emitted more than once. */
  guestWrite(sizeInBytes: number, address: () => void, store: () => void): void;
  /** The emitter of the row that follows `row` inside a joined one: its operands stand behind those of `row`. */
  behind(row: UopRow): Emitter;
  /** Leaves the engine with this status; the current micro-operation counts as not executed. */
  exit(status: number): void;
  /** Continues at the micro-operation whose host offset is on the stack (i32); control rows only. */
  jump(): void;
  /** Continues at the guest address in operand `index`, through the lookup table. */
  indirect(index: number): void;
  /** As `exit`, with the status in an inline operand. */
  exitInline(index: number): void;
  /** Takes `inline` instructions from the budget and leaves when none are left; block rows only. */
  charge(index: number): void;
  /** Calls the helper whose number `helper` pushes with up to five cells; a result other than 0 is an exit status. */
  callHelper(helper: () => void, cells: readonly number[]): void;
}

/** One micro-operation. */
export interface UopRow {
  readonly name: string;
  readonly operands: readonly OperandRole[];
  /** Hot rows live in the interpreter's loop, the others are functions behind one indirect call. */
  readonly hot: boolean;
  readonly flags: FlagUse;
  /** May leave with a guest fault or exception, so that state must be exact before it. */
  readonly faults: boolean;
  /** Ends a block: control continues elsewhere. */
  readonly ends: boolean;
  readonly emit: (emitter: Emitter) => void;
  /** The two rows whose work this one does in one dispatch. */
  readonly joins?: readonly [UopRow, UopRow];
}

/** Builds a row with the usual defaults. */
export function uop(
  name: string,
  operands: string,
  emit: (emitter: Emitter) => void,
  options: { readonly hot?: boolean; readonly flags?: FlagUse; readonly faults?: boolean; readonly ends?: boolean } = {},
): UopRow {
  const roles = operands === '' ? [] : operands.split(' ').map(operandRole);
  const { hot = false, flags = 'none', faults = false, ends = false } = options;
  return { name, operands: roles, hot, flags, faults, ends, emit };
}

function operandRole(text: string): OperandRole {
  if (text === 'in' || text === 'out' || isInline(text as OperandRole)) return text as OperandRole;
  throw new TypeError(`unknown micro-operation operand role ${text}`);
}

/** Bytes of a row's record in the micro-op stream: the operation number and 4 bytes per operand. */
export function recordBytes(row: UopRow): number {
  return 4 + 4 * row.operands.length;
}

/** Loads and stores of whole integer widths. */
export type PlainWidthOp = 'i64_load8_u' | 'i64_load16_u' | 'i64_load32_u' | 'i64_load' | 'i64_store8' | 'i64_store16' | 'i64_store32' | 'i64_store';
