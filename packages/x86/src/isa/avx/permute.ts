// Permutations, broadcasts, lane moves and blends. Intel SDM vol. 2: VPERMILPS/PD, VPERM2F128, VPERMD/Q/PS/PD, VBROADCAST*, VPBROADCAST*, VINSERT*128, VEXTRACT*128, VPBLENDD, VBLENDV*, VPBLENDVB.
import { imm8, m128, vymm, xm8, xm16, xm32, xm64, xm128, ym, ymm, ymmImmediate } from '../../decode/operand-kinds.ts';
import type { Cell, Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, r, type Row, row, w } from '../row.ts';
import { fields } from '../sse/lane-indices.ts';

/** Copies elements of `bits` bits from cells into a fresh vector temporary. */
function gatherElements(b: Lifter, bits: 32 | 64, sources: readonly Cell[]): Cell {
  const out = b.vectorTemporary();
  const bytes = bits / 8;
  sources.forEach((source, place) => {
    b.uop(bits === 32 ? 'vlow.32' : 'mov.64', out + bytes * place, source);
  });
  return out;
}
const perLane = (b: Lifter, make: (lane: number) => Cell) => Array.from({ length: b.lanes }, (_, lane) => make(lane));

/** Elements within each lane, chosen by the immediate. */
export const vpermilImmediate = instruction({
  mnemonic: 'vpermil',
  suffixes: ['ps', 'pd'],
  feature: 'avx',
  lift: (b) => {
    const source = b.readLanes(1);
    const immediate = b.immediate(2);
    const results = perLane(b, (lane) =>
      b.position === 0
        ? gatherElements(
            b,
            32,
            fields(immediate).map((field) => source + 16 * lane + 4 * field),
          )
        : gatherElements(
            b,
            64,
            [0, 1].map((place) => source + 16 * lane + 8 * ((immediate >> (2 * lane + place)) & 1)),
          ),
    );
    b.writeLanes(0, results);
  },
  rows: [row('vex 66 w0 0f 3a 04 /r ib', w(ymm), r(ym), r(imm8)), row('vex 66 w0 0f 3a 05 /r ib', w(ymm), r(ym), r(imm8))],
});
/** The same, chosen by the elements of a vector: their low two bits, or bit 1. */
export const vpermilVector = instruction({
  mnemonic: 'vpermil',
  suffixes: ['ps', 'pd'],
  feature: 'avx',
  lift: (b) => {
    const control = b.readLanes(2);
    const source = b.registerOperand(1);
    const bits = b.constant(b.position === 0 ? 32 : 64);
    b.writeLanes(
      0,
      perLane(b, (lane) => {
        const out = b.vectorTemporary();
        b.helper('permute-in-lane', out, source + 16 * lane, control + 16 * lane, bits);
        return out;
      }),
    );
  },
  rows: [row('vex 66 w0 0f 38 0c /r', w(ymm), r(vymm), r(ym)), row('vex 66 w0 0f 38 0d /r', w(ymm), r(vymm), r(ym))],
});

// Whole lanes of two registers: four bits of the immediate for each lane of the result, bit 3 makes it zero.
function permuteLanes(mnemonic: string, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const second = b.readLanes(2);
      const first = b.registerOperand(1);
      const immediate = b.immediate(3);
      const results = [0, 4].map((shift) => {
        const out = b.vectorTemporary();
        const choice = (immediate >> shift) & 15;
        if (choice & 8) b.uop('vzero', out);
        else b.uop('mov.128', out, (choice & 2 ? second : first) + 16 * (choice & 1));
        return out;
      });
      b.writeLanes(0, results);
    },
    rows: [row(`vex.l1 66 w0 0f 3a ${opcode} /r ib`, w(ymm), r(vymm), r(ym), r(imm8))],
  });
}
export const vperm2f128 = permuteLanes('vperm2f128', '06');
export const vperm2i128 = permuteLanes('vperm2i128', '46');

// 64-bit elements of the whole register, chosen by the immediate.
function permuteQuadwords(mnemonic: string, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx2',
    lift: (b) => {
      const source = b.readLanes(1);
      const chosen = fields(b.immediate(2)).map((field) => source + 8 * field);
      b.writeLanes(0, [gatherElements(b, 64, chosen.slice(0, 2)), gatherElements(b, 64, chosen.slice(2))]);
    },
    rows: [row(`vex.l1 66 w1 0f 3a ${opcode} /r ib`, w(ymm), r(ym), r(imm8))],
  });
}
export const vpermq = permuteQuadwords('vpermq', '00');
export const vpermpd = permuteQuadwords('vpermpd', '01');

// 32-bit elements of the whole register, chosen by the low three bits of the elements of the first source.
function permuteDoublewords(mnemonic: string, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx2',
    lift: (b) => {
      const source = b.readLanes(2);
      const out = b.vectorTemporary();
      b.helper('permute-doublewords', out, source, b.registerOperand(1));
      b.writeLanes(0, [out, out + 16]);
    },
    rows: [row(`vex.l1 66 w0 0f 38 ${opcode} /r`, w(ymm), r(vymm), r(ym))],
  });
}
export const vpermd = permuteDoublewords('vpermd', '36');
export const vpermps = permuteDoublewords('vpermps', '16');

// The low element of the source in every place.
function broadcast(mnemonic: string, bytes: 1 | 2 | 4 | 8, ...rows: Row[]): InstructionFamily {
  const indices = Array.from({ length: 16 }, (_, byte) => byte % bytes);
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const source = b.isMemory(1) && bytes === 1 ? b.load(8, 1) : b.readLanes(1);
      const out = b.vectorTemporary();
      b.uop('vfromlow.64', out, source);
      b.uop('swizzle', out, out, b.constantVector(indices));
      b.writeLanes(0, b.lanes === 1 ? [out] : [out, out]);
    },
    rows,
  });
}
export const vbroadcastss = broadcast('vbroadcastss', 4, row('vex 66 w0 0f 38 18 /r', w(ymm), r(xm32)));
export const vbroadcastsd = broadcast('vbroadcastsd', 8, row('vex.l1 66 w0 0f 38 19 /r', w(ymm), r(xm64)));
export const vpbroadcastb = broadcast('vpbroadcastb', 1, row('vex 66 w0 0f 38 78 /r', w(ymm), r(xm8)));
export const vpbroadcastw = broadcast('vpbroadcastw', 2, row('vex 66 w0 0f 38 79 /r', w(ymm), r(xm16)));
export const vpbroadcastd = broadcast('vpbroadcastd', 4, row('vex 66 w0 0f 38 58 /r', w(ymm), r(xm32)));
export const vpbroadcastq = broadcast('vpbroadcastq', 8, row('vex 66 w0 0f 38 59 /r', w(ymm), r(xm64)));

function broadcastLane(mnemonic: string, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const out = b.vectorTemporary();
      b.memoryUop('ld.128', 1, out);
      b.writeLanes(0, [out, out]);
    },
    rows: [row(`vex.l1 66 w0 0f 38 ${opcode} m /r`, w(ymm), r(m128))],
  });
}
export const vbroadcastf128 = broadcastLane('vbroadcastf128', '1a');
export const vbroadcasti128 = broadcastLane('vbroadcasti128', '5a');

function insertLane(mnemonic: string, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const part = b.readLanes(2);
      const whole = b.registerOperand(1);
      const lane = b.immediate(3) & 1;
      const copy = b.vectorTemporary();
      b.uop('mov.128', copy, part);
      const results = [whole, whole + 16].map((cell, place) => {
        if (place === lane) return copy;
        const kept = b.vectorTemporary();
        b.uop('mov.128', kept, cell);
        return kept;
      });
      b.writeLanes(0, results);
    },
    rows: [row(`vex.l1 66 w0 0f 3a ${opcode} /r ib`, w(ymm), r(vymm), r(xm128), r(imm8))],
  });
}
export const vinsertf128 = insertLane('vinsertf128', '18');
export const vinserti128 = insertLane('vinserti128', '38');

function extractLane(mnemonic: string, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const part = b.registerOperand(1) + 16 * (b.immediate(2) & 1);
      if (b.isMemory(0)) b.memoryUop('st.128', 0, part);
      else b.writeLanes(0, [part]);
    },
    rows: [row(`vex.l1 66 w0 0f 3a ${opcode} /r ib`, w(xm128), r(ymm), r(imm8))],
  });
}
export const vextractf128 = extractLane('vextractf128', '19');
export const vextracti128 = extractLane('vextracti128', '39');

export const vpblendd = instruction({
  mnemonic: 'vpblendd',
  feature: 'avx2',
  lift: (b) => {
    const second = b.readLanes(2);
    const first = b.registerOperand(1);
    const immediate = b.immediate(3);
    b.writeLanes(
      0,
      perLane(b, (lane) =>
        gatherElements(
          b,
          32,
          [0, 1, 2, 3].map((place) => ((immediate >> (4 * lane + place)) & 1 ? second : first) + 16 * lane + 4 * place),
        ),
      ),
    );
  },
  rows: [row('vex 66 w0 0f 3a 02 /r ib', w(ymm), r(vymm), r(ym), r(imm8))],
});

// By the sign bits of the elements of a fourth register.
function blendBySign(mnemonic: string, opcode: string, bits: 8 | 32 | 64): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'avx',
    lift: (b) => {
      const second = b.readLanes(2);
      const [first, mask] = [b.registerOperand(1), b.registerOperand(3)];
      b.writeLanes(
        0,
        perLane(b, (lane) => {
          const out = b.vectorTemporary();
          b.uop(`vselect.${bits}`, out, second + 16 * lane, first + 16 * lane, mask + 16 * lane);
          return out;
        }),
      );
    },
    rows: [row(`vex 66 w0 0f 3a ${opcode} /r ib`, w(ymm), r(vymm), r(ym), r(ymmImmediate))],
  });
}
export const vblendvps = blendBySign('vblendvps', '4a', 32);
export const vblendvpd = blendBySign('vblendvpd', '4b', 64);
export const vpblendvb = blendBySign('vpblendvb', '4c', 8);
