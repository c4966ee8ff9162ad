// Transfers that load CS, as user programs can do them: between the 64-bit and the 32-bit code segment. Intel SDM vol. 2: CALL, JMP, RET, IRET (far).
import { imm16, immz, m } from '../../decode/operand-kinds.ts';
import { type Lifter, Register } from '../../lift/lifter.ts';
import { Segment } from '../../state/descriptors.ts';
import { CODE_32 } from '../../state/descriptors.ts';
import { SELECTORS } from '../../state/layout.ts';
import { type InstructionFamily, instruction, r, row } from '../row.ts';

interface Target {
  readonly offset: number;
  readonly selector: number;
}

// The immediate or memory operand of a far call or jump.
function operand(b: Lifter): Target {
  const width = b.instruction.operandSize;
  const offset = b.temporary();
  if (b.kind(0).place === 'immediate') {
    b.uop(`zx.${width}`, offset, b.read(0));
    return { offset, selector: b.read(1) };
  }
  if (width === 64) b.load(64, 0, 0, offset);
  else b.memoryUop(`ldzx.${width}`, 0, offset);
  return { offset, selector: b.load(16, 0, width / 8) };
}

// From the stack, at a distance of some slots.
function stackSlot(b: Lifter, index: number): number {
  const width = b.instruction.operandSize;
  const address = b.distant(b.register(Register.rsp), (width / 8) * index);
  const into = b.temporary();
  b.uop(width === 64 ? 'ld.64' : `ldzx.${width}`, into, address, 0);
  return into;
}

function check(b: Lifter, target: Target, isReturn: boolean): void {
  b.helper('code-check', target.selector, target.offset, b.constant(isReturn ? 1 : 0));
}
// The 64-bit segment wants a canonical address.
const checkOffset = (b: Lifter, { offset }: Target) => b.uop('target.check', offset);

// The privilege level in the selector becomes the current one.
function leave(b: Lifter, target: Target): void {
  b.uop('mov.16', b.stateCell(SELECTORS + 8 * Segment.cs), b.value('or.64', target.selector, b.constant(3)));
  b.exitFar(target.offset);
}

export const jmpFar: InstructionFamily = instruction({
  mnemonic: 'jmp',
  lift: (b) => {
    const target = operand(b);
    check(b, target, false);
    checkOffset(b, target);
    leave(b, target);
  },
  rows: [row('m32only ea iz iw', r(immz), r(imm16)), row('ff m /5', r(m))],
});

// A call from 64-bit code to the 32-bit segment pushes as that one does, with a stack pointer of 32 bits.
function stackFor(b: Lifter, selector: number): number {
  const rsp = b.register(Register.rsp);
  const isNarrow = b.value('eq.64', b.value('or.64', b.value('zx.16', selector), b.constant(3)), b.constant(CODE_32));
  return b.value('sel.64', isNarrow, b.value('zx.32', rsp), rsp);
}

export const callFar = instruction({
  mnemonic: 'call',
  lift: (b) => {
    const target = operand(b);
    const width = b.instruction.operandSize;
    const rsp = b.register(Register.rsp);
    check(b, target, false);
    const top = b.mode === 64 ? stackFor(b, target.selector) : rsp;
    b.storeAt(width, top, -width / 8, b.value('zx.16', b.stateCell(SELECTORS + 8 * Segment.cs)));
    b.storeAt(width, top, -width / 4, b.codeAddress(b.next));
    checkOffset(b, target);
    b.moveStack(-width / 4);
    leave(b, target);
  },
  rows: [row('m32only 9a iz iw', r(immz), r(imm16)), row('ff m /3', r(m))],
});

export const retFar = instruction({
  mnemonic: 'retf',
  lift: (b) => {
    // The selector is read first, which shows where the stack ends.
    const selector = stackSlot(b, 1);
    const target = { offset: stackSlot(b, 0), selector };
    check(b, target, true);
    checkOffset(b, target);
    const extra = b.instruction.candidate.row.operands.length > 0 ? b.immediate(0) & 0xffff : 0;
    b.moveStack(b.instruction.operandSize / 4 + extra);
    leave(b, target);
  },
  rows: [row('cb'), row('ca iw', r(imm16))],
});

/** Flags and, in 64-bit mode, the stack pointer with its segment come from the stack too. With NT set it would be a task switch: #GP. */
export const iret = instruction({
  mnemonic: 'iret',
  flags: 'w:oszapc',
  lift: (b) => {
    const width = b.instruction.operandSize;
    const flags = stackSlot(b, 2);
    const selector = stackSlot(b, 1);
    const target = { offset: stackSlot(b, 0), selector };
    const isLong = b.mode === 64;
    b.helper('task-check');
    check(b, target, true);
    // CS is looked at before the stack pointer is read.
    const pointer = isLong ? stackSlot(b, 3) : 0;
    const segment = isLong ? stackSlot(b, 4) : 0;
    if (isLong) b.helper('stack-check', segment);
    checkOffset(b, target);
    if (isLong) b.helper('segment-load', segment, b.constant(Segment.ss));
    if (isLong) b.uop('mov.64', b.register(Register.rsp), pointer);
    else b.moveStack((width / 8) * 3);
    b.helper('flags-write', flags, b.constant(width === 16 ? 0xffff : 0xffffff));
    leave(b, target);
  },
  rows: [row('cf')],
});
