// VEX shifts: by one count for all elements, by an immediate, and by a count for each element. Intel SDM vol. 2: VPSLL, VPSRL, VPSRA, VPSLLDQ, VPSRLDQ, VPSLLV, VPSRLV, VPSRAV.
import { imm8, vymm, xm128, ym, ymm } from '../../decode/operand-kinds.ts';
import type { Lifter } from '../../lift/lifter.ts';
import { SHIFT_DIRECTIONS } from '../../uop/helpers/shift-elements.ts';
import * as sse from '../sse/shift.ts';
import { type InstructionFamily, instruction, r, row, w } from '../row.ts';

// Each lane of `source` shifted as the SSE row at `position` shifts it; `count` is the second operand's cell where it is a vector.
function shiftLanes(b: Lifter, family: InstructionFamily, position: number, source: number, count: number | undefined): void {
  const results = Array.from({ length: b.lanes }, (_, lane) => {
    const target = b.vectorTemporary();
    b.uop('mov.128', target, source + 16 * lane);
    const immediate = count === undefined ? b.immediate(2) : undefined;
    b.through({ row: family.rows[position], position, cells: [target, count], immediate }, family.lift);
    return target;
  });
  b.writeLanes(0, results);
}

function shift(family: InstructionFamily, opcode: string, immediate: string): InstructionFamily {
  const byImmediate = family.rows.findIndex(({ operands }) => operands[1].kind === imm8 && operands[0].kind === xm128);
  return instruction({
    mnemonic: `v${family.mnemonic}`,
    feature: 'avx',
    lift: (b) => {
      if (b.position === 0) shiftLanes(b, family, 0, b.registerOperand(1), b.readLanes(2));
      else shiftLanes(b, family, byImmediate, b.registerOperand(1), undefined);
    },
    rows: [row(`vex 66 0f ${opcode} /r`, w(ymm), r(vymm), r(xm128)), row(`vex 66 0f ${immediate} ib`, w(vymm), r(ym), r(imm8))],
  });
}
export const vpsllw = shift(sse.psllw, 'f1', '71 mod3 /6');
export const vpslld = shift(sse.pslld, 'f2', '72 mod3 /6');
export const vpsllq = shift(sse.psllq, 'f3', '73 mod3 /6');
export const vpsrlw = shift(sse.psrlw, 'd1', '71 mod3 /2');
export const vpsrld = shift(sse.psrld, 'd2', '72 mod3 /2');
export const vpsrlq = shift(sse.psrlq, 'd3', '73 mod3 /2');
export const vpsraw = shift(sse.psraw, 'e1', '71 mod3 /4');
export const vpsrad = shift(sse.psrad, 'e2', '72 mod3 /4');

function byteShift(family: InstructionFamily, digit: number): InstructionFamily {
  return instruction({
    mnemonic: `v${family.mnemonic}`,
    feature: 'avx',
    lift: (b) => shiftLanes(b, family, 0, b.registerOperand(1), undefined),
    rows: [row(`vex 66 0f 73 mod3 /${digit} ib`, w(vymm), r(ym), r(imm8))],
  });
}
export const vpslldq = byteShift(sse.pslldq, 7);
export const vpsrldq = byteShift(sse.psrldq, 3);

// Every element by its own count; counts of the width or more leave zeros, or copies of the sign.
function variable(mnemonic: string, encoding: string, width: 32 | 64, direction: (typeof SHIFT_DIRECTIONS)[number]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx2',
    lift: (b) => {
      const counts = b.readLanes(2);
      const source = b.registerOperand(1);
      const results = Array.from({ length: b.lanes }, (_, lane) => {
        const target = b.vectorTemporary();
        b.helper('shift-elements', target, source + 16 * lane, counts + 16 * lane, b.constant(width), b.constant(SHIFT_DIRECTIONS.indexOf(direction)));
        return target;
      });
      b.writeLanes(0, results);
    },
    rows: [row(`vex 66 ${encoding} /r`, w(ymm), r(vymm), r(ym))],
  });
}
export const vpsllvd = variable('vpsllvd', 'w0 0f 38 47', 32, 'shl');
export const vpsllvq = variable('vpsllvq', 'w1 0f 38 47', 64, 'shl');
export const vpsrlvd = variable('vpsrlvd', 'w0 0f 38 45', 32, 'shr');
export const vpsrlvq = variable('vpsrlvq', 'w1 0f 38 45', 64, 'shr');
export const vpsravd = variable('vpsravd', 'w0 0f 38 46', 32, 'sar');
