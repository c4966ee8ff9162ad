// Every lift keeps faults exact: no micro-op that can fault comes after one that changes a register, a flag or the stack.
import { describe, expect, it } from 'vitest';
import { DecodeResult, Decoder } from '../decode/decoder.ts';
import { createInstruction } from '../decode/instruction.ts';
import { buildOpcodeMap, encodingIn } from '../decode/opcode-map.ts';
import { instructionFamilies } from '../isa/index.ts';
import type { Row } from '../isa/row.ts';
import { FXSAVE, HELPER_SCRATCH, TEMPORARIES, VECTOR, VECTOR_TEMPORARIES } from '../state/layout.ts';
import { helperNumber } from '../uop/helpers/index.ts';
import { buildUopTable } from '../uop/index.ts';
import { Lifter } from './lifter.ts';
import { UopStream, uopFacts } from './uop-stream.ts';

const table = buildUopTable();
const instruction = createInstruction();
const stream = new UopStream(uopFacts(table));
const lifter = new Lifter(table, stream, instruction, 0);
const decoders = {
  32: new Decoder(buildOpcodeMap(instructionFamilies, 32), 32),
  64: new Decoder(buildOpcodeMap(instructionFamilies)),
};

// Helpers count as able to fault; the one that replaces RFLAGS is called after a change and never does.
const HARMLESS_HELPER = helperNumber('flags-write');

function bytesOf({ encoding, operands }: Row, modrm: number): number[] {
  const bytes: number[] = [];
  if (encoding.vex) {
    // R, X and B inverted; vvvv is register 3, or all ones where it means nothing.
    const vvvv = operands.some(({ kind }) => kind.place === 'vvvv') ? 3 : 0;
    const prefix = ['np', '66', 'f3', 'f2'].indexOf(encoding.prefix);
    const last = ((~vvvv & 15) << 3) | (Math.max(encoding.vexL, 0) << 2) | prefix;
    bytes.push(0xc4, 0xe0 | encoding.map, (encoding.rexW === 1 ? 0x80 : 0) | last, encoding.opcode, modrm);
    return [...bytes, ...new Array<number>(9).fill(1)];
  }
  if (encoding.prefix === '66' || encoding.prefix === 'f2' || encoding.prefix === 'f3')
    bytes.push(Number.parseInt(encoding.prefix, 16));
  if (encoding.rexW === 1) bytes.push(0x48);
  if (encoding.map > 0) bytes.push(0x0f);
  if (encoding.map === 2) bytes.push(0x38);
  if (encoding.map === 3) bytes.push(0x3a);
  bytes.push(encoding.opcode);
  if (encoding.hasModrm) bytes.push(modrm);
  return [...bytes, ...new Array<number>(9).fill(1)];
}

function isArchitectural(cell: number): boolean {
  if (cell < 0) return false;
  return (
    cell < TEMPORARIES || (cell >= VECTOR && cell < VECTOR_TEMPORARIES) || (cell >= FXSAVE && cell < HELPER_SCRATCH)
  );
}

describe.each([64, 32] as const)('fault order in %i-bit mode', (mode) => {
  for (const family of instructionFamilies) {
    for (const row of family.rows) {
      if (encodingIn(row, mode) === undefined) continue;
      const digit = row.encoding.digit >= 0 ? row.encoding.digit << 3 : 0x10;
      const forms =
        row.encoding.mod === 'register'
          ? [0xc0 | digit | Math.max(row.encoding.rm, 0)]
          : row.encoding.mod === 'memory'
            ? // A gather needs a SIB byte.
              [(row.operands.some(({ kind }) => kind.place === 'vsib') ? 0x04 : 0x03) | digit]
            : [0x03 | digit, 0xc3 | digit];
      for (const modrm of forms) {
        const name = `${family.mnemonic || family.suffixes?.[0]} ${row.encoding.text}${row.encoding.hasModrm ? ` modrm ${modrm.toString(16)}` : ''}`;
        it(name, () => {
          const bytes = Uint8Array.from(bytesOf(row, modrm));
          expect(decoders[mode].decode(bytes, 0, bytes.length, 0x400000, instruction)).toBe(DecodeResult.Ok);
          stream.clear();
          stream.beginInstruction(0x400000);
          lifter.begin();
          instruction.candidate.family.lift(lifter);
          let changed: string | undefined;
          stream.uops.forEach((uop, index) => {
            const { row: micro } = uop;
            const isHarmless =
              micro.name.startsWith('helper.') && stream.operands[stream.firstOperand[index]] === HARMLESS_HELPER;
            if (micro.faults && !isHarmless)
              expect(changed, `${micro.name} can fault after ${changed}`).toBeUndefined();
            const writes = micro.operands.some(
              (role, position) =>
                role === 'out' && isArchitectural(stream.operands[stream.firstOperand[index] + position]),
            );
            // The one micro-op may be both: a load into a register faults before it writes.
            // POPA keeps what it has popped when the stack ends, on hardware too.
            if (family.mnemonic === 'popa') return;
            if (writes || micro.flags === 'write' || (micro.flags === 'partial' && !micro.faults)) changed = micro.name;
          });
        });
      }
    }
  }
});
