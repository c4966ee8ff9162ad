// Segment registers and selectors. Intel SDM vol. 2: MOV Sreg, PUSH, POP, LDS family, ARPL, LAR, LSL, VERR, VERW.
import { m, r16, rm16, rmv, rv, sreg } from '../../decode/operand-kinds.ts';
import type { Lifter } from '../../lift/lifter.ts';
import { Segment } from '../../state/descriptors.ts';
import { SELECTORS } from '../../state/layout.ts';
import { SegmentQuery } from '../../uop/helpers/segments.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';

const NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
const selectorCell = (b: Lifter, number: number) => b.stateCell(SELECTORS + 8 * number);
const load = (b: Lifter, number: number, selector: number) => b.helper('segment-load', selector, b.constant(number));

export const movFromSegment = instruction({
  mnemonic: 'mov',
  lift: (b) => {
    const number = b.instruction.reg & 7;
    if (number > 5) {
      b.raise(6);
      return;
    }
    const selector = selectorCell(b, number);
    if (b.isMemory(0)) b.store(16, 0, selector);
    else b.uop(`mov.${b.width(0)}`, b.registerOperand(0), selector);
  },
  rows: [row('8c /r', w(rmv), r(sreg))],
});

export const movToSegment = instruction({
  mnemonic: 'mov',
  lift: (b) => {
    const number = b.instruction.reg & 7;
    if (number === Segment.cs || number > 5) b.raise(6);
    else load(b, number, b.isMemory(1) ? b.load(16, 1) : b.registerOperand(1));
  },
  rows: [row('8e /r', w(sreg), r(rmv))],
});

function pushSegment(number: number, encoding: string): InstructionFamily {
  return instruction({
    mnemonic: 'push',
    default64: true,
    lift: (b) => {
      const width = b.instruction.operandSize;
      if (width !== 32) {
        b.push(selectorCell(b, number), width);
        return;
      }
      // Of a 32-bit slot the selector takes two bytes and the others stay as they are, as in all recent processors of Intel.
      b.storeAt(16, b.register(4), -4, selectorCell(b, number));
      b.moveStack(-4);
    },
    rows: [row(encoding)],
  });
}
export const pushEs = pushSegment(0, 'm32only 06');
export const pushCs = pushSegment(1, 'm32only 0e');
export const pushSs = pushSegment(2, 'm32only 16');
export const pushDs = pushSegment(3, 'm32only 1e');
export const pushFs = pushSegment(4, '0f a0');
export const pushGs = pushSegment(5, '0f a8');

function popSegment(number: number, encoding: string): InstructionFamily {
  return instruction({
    mnemonic: 'pop',
    default64: true,
    lift: (b) => {
      const width = b.instruction.operandSize;
      // Only the selector is read, whatever the slot's width.
      load(b, number, b.loadAt(16, b.register(4), 0));
      b.moveStack(width / 8);
    },
    rows: [row(encoding)],
  });
}
export const popEs = popSegment(0, 'm32only 07');
export const popSs = popSegment(2, 'm32only 17');
export const popDs = popSegment(3, 'm32only 1f');
export const popFs = popSegment(4, '0f a1');
export const popGs = popSegment(5, '0f a9');

function loadFar(number: number, encoding: string): InstructionFamily {
  return instruction({
    mnemonic: `l${NAMES[number]}`,
    lift: (b) => {
      const width = b.width(0);
      const offset = b.load(width, 1);
      load(b, number, b.load(16, 1, width / 8));
      b.uop(`mov.${width}`, b.registerOperand(0), offset);
    },
    rows: [row(encoding, w(rv), r(m))],
  });
}
export const les = loadFar(0, 'm32only c4 m /r');
export const lds = loadFar(3, 'm32only c5 m /r');
export const lss = loadFar(2, '0f b2 m /r');
export const lfs = loadFar(4, '0f b4 m /r');
export const lgs = loadFar(5, '0f b5 m /r');

// Only ZF changes.
const setZero = (b: Lifter, cell: number) => b.helper('flags-write', b.value('shlx.64', cell, b.constant(6)), b.constant(0x40));

export const arpl = instruction({
  mnemonic: 'arpl',
  flags: 'w:z',
  lift: (b) => {
    const target = b.value('zx.16', b.read(0));
    const level = (cell: number) => b.value('and.64', cell, b.constant(3));
    const wanted = level(b.registerOperand(1));
    const isLess = b.value('shrx.64', b.value('sub.64', level(target), wanted), b.constant(63));
    const raised = b.value('or.64', b.value('and.64', target, b.constant(0xfffc)), wanted);
    // Memory is written only when it changes.
    if (b.isMemory(0)) b.helper('store-word-if', isLess, b.address(0), raised);
    else b.write(0, b.value('sel.64', isLess, raised, target));
    setZero(b, isLess);
  },
  // The operand is read without the intention to write, which page faults tell.
  rows: [row('m32only 63 /r', w(rm16), r(r16))],
});

function query(b: Lifter, question: number, operand: number): { readonly answer: number; readonly isValid: number } {
  const answer = b.temporary();
  const isValid = b.temporary();
  b.helper('segment-query', b.constant(question), b.isMemory(operand) ? b.load(16, operand) : b.registerOperand(operand), answer, isValid);
  return { answer, isValid };
}
function describe(mnemonic: string, question: number, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    flags: 'w:z',
    lift: (b) => {
      const { answer, isValid } = query(b, question, 1);
      const target = b.registerOperand(0);
      // Without an answer the whole register stays.
      if (b.width(0) === 16) b.uop('sel.16', target, isValid, answer, target);
      else b.uop('sel.64', target, isValid, answer, target);
      setZero(b, isValid);
    },
    rows: [row(`0f ${opcode} /r`, rw(rv), r(rmv))],
  });
}
export const lar = describe('lar', SegmentQuery.Rights, '02');
export const lsl = describe('lsl', SegmentQuery.Limit, '03');

function verify(mnemonic: string, question: number, digit: number): InstructionFamily {
  return instruction({
    mnemonic,
    flags: 'w:z',
    lift: (b) => setZero(b, query(b, question, 0).isValid),
    rows: [row(`0f 00 /${digit}`, r(rm16))],
  });
}
export const verr = verify('verr', SegmentQuery.Readable, 4);
export const verw = verify('verw', SegmentQuery.Writable, 5);
