// Fused multiply-add. Intel SDM vol. 2: VFMADD, VFMSUB, VFNMADD, VFNMSUB, VFMADDSUB, VFMSUBADD in their 132, 213 and 231 forms.
import { vxmm, vymm, xm32, xm64, xmm, ym, ymm } from '../../decode/operand-kinds.ts';
import type { Cell, Lifter } from '../../lift/lifter.ts';
import { Fused } from '../../uop/helpers/float/fused.ts';
import { type InstructionFamily, instruction, r, row, rw } from '../row.ts';

/** The digits name the operands: factor, factor, addend. */
const ORDERS = { '132': [0, 2, 1], '213': [1, 0, 2], '231': [1, 2, 0] } as const;
type Order = keyof typeof ORDERS;

function lift(b: Lifter, order: Order, bits: number): void {
  const isScalar = b.position >= 2;
  const last = b.readLanes(2);
  const cells = [b.registerOperand(0), b.registerOperand(1), last];
  const [x, y, z] = ORDERS[order].map((operand) => cells[operand]);
  const request = b.constant(bits | (b.position & 1 ? Fused.Double : 0) | (isScalar ? Fused.Scalar : 0));
  const results: Cell[] = [];
  for (let lane = 0; lane < (isScalar ? 1 : b.lanes); lane += 1) {
    const out = b.vectorTemporary();
    // A scalar result keeps the rest of the first operand.
    if (isScalar) b.uop('mov.128', out, cells[0]);
    b.helper('multiply-add', out, x + 16 * lane, y + 16 * lane, z + 16 * lane, request);
    results.push(out);
  }
  b.writeLanes(0, results);
}

function fused(name: string, order: Order, opcode: number, bits: number, hasScalars = true): InstructionFamily {
  const hex = (value: number) => value.toString(16);
  const packed = (w: 0 | 1) => row(`vex 66 w${w} 0f 38 ${hex(opcode)} /r`, rw(ymm), r(vymm), r(ym));
  const scalar = (w: 0 | 1) => row(`vex 66 w${w} 0f 38 ${hex(opcode + 1)} /r`, rw(xmm), r(vxmm), r(w === 0 ? xm32 : xm64));
  return instruction({
    mnemonic: `${name}${order}`,
    suffixes: hasScalars ? ['ps', 'pd', 'ss', 'sd'] : ['ps', 'pd'],
    feature: 'fma',
    lift: (b) => lift(b, order, bits),
    rows: [packed(0), packed(1), ...(hasScalars ? [scalar(0), scalar(1)] : [])],
  });
}

const SUBTRACT = Fused.SubtractEven | Fused.SubtractOdd;
export const vfmaddsub132 = fused('vfmaddsub', '132', 0x96, Fused.SubtractEven, false);
export const vfmaddsub213 = fused('vfmaddsub', '213', 0xa6, Fused.SubtractEven, false);
export const vfmaddsub231 = fused('vfmaddsub', '231', 0xb6, Fused.SubtractEven, false);
export const vfmsubadd132 = fused('vfmsubadd', '132', 0x97, Fused.SubtractOdd, false);
export const vfmsubadd213 = fused('vfmsubadd', '213', 0xa7, Fused.SubtractOdd, false);
export const vfmsubadd231 = fused('vfmsubadd', '231', 0xb7, Fused.SubtractOdd, false);
export const vfmadd132 = fused('vfmadd', '132', 0x98, 0);
export const vfmadd213 = fused('vfmadd', '213', 0xa8, 0);
export const vfmadd231 = fused('vfmadd', '231', 0xb8, 0);
export const vfmsub132 = fused('vfmsub', '132', 0x9a, SUBTRACT);
export const vfmsub213 = fused('vfmsub', '213', 0xaa, SUBTRACT);
export const vfmsub231 = fused('vfmsub', '231', 0xba, SUBTRACT);
export const vfnmadd132 = fused('vfnmadd', '132', 0x9c, Fused.NegateProduct);
export const vfnmadd213 = fused('vfnmadd', '213', 0xac, Fused.NegateProduct);
export const vfnmadd231 = fused('vfnmadd', '231', 0xbc, Fused.NegateProduct);
export const vfnmsub132 = fused('vfnmsub', '132', 0x9e, Fused.NegateProduct | SUBTRACT);
export const vfnmsub213 = fused('vfnmsub', '213', 0xae, Fused.NegateProduct | SUBTRACT);
export const vfnmsub231 = fused('vfnmsub', '231', 0xbe, Fused.NegateProduct | SUBTRACT);
