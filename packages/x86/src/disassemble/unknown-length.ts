// How many bytes an encoding without a row takes up: AVX-512 and mask instructions whole, so that what follows is read from its beginning.
import { EVEX_OPCODES, XOP_OPCODES } from './unknown-opcodes.ts';

const EVEX = 0x62;
/** Opcodes of the 0F map whose VEX and EVEX forms end in a byte of immediate. */
const WITH_IMMEDIATE: ReadonlySet<number> = new Set([0x70, 0x71, 0x72, 0x73, 0xc2, 0xc4, 0xc5, 0xc6]);

const REGISTER_GROUPS: ReadonlySet<number> = new Set([0x01, 0xa7, 0xae, 0xc7]);

/** Length from the opcode at `bytes[at]`, with an EVEX or VEX prefix in it. */
export function lengthWithoutRow(bytes: Uint8Array, at: number, end: number, mode: 32 | 64): number {
  const first = bytes[at];
  if (first === EVEX && mode === 64) return evexLength(bytes, at, end);
  if (first === 0xc5)
    return 2 + (isKnownVex(bytes[at + 2], bytes[at + 1], 1, bytes[at + 3]) ? vexLength(bytes, at + 2, end, 1) : 1);
  if (first === 0xc4) {
    const map = bytes[at + 1] & 31;
    if (map < 1 || map > 3) return 1;
    return Math.min(
      end - at,
      3 + (isKnownVex(bytes[at + 3], bytes[at + 2], map, bytes[at + 4]) ? vexLength(bytes, at + 3, end, map) : 1),
    );
  }
  // XBEGIN and XABORT.
  if (bytes[at + 1] === 0xf8 && (first === 0xc6 || first === 0xc7)) return Math.min(end - at, first === 0xc6 ? 3 : 6);
  if (isExtendedOperation(bytes, at, mode)) return extendedOperationLength(bytes, at, end);
  if (first !== 0x0f) return first >= 0xd8 && first <= 0xdf ? withModrm(bytes, at + 1, end) + 1 : 1;
  const second = bytes[at + 1];
  // 3DNow! without a known suffix.
  if (second === 0x0f) return 1;
  // Groups whose register forms are instructions of their own: XTEST, INCSSP, RDPID, PadLock's and kin.
  if (REGISTER_GROUPS.has(second) && bytes[at + 2] >= 0xc0) return Math.min(end - at, 3);
  // PadLock's MONTMUL, XSHA1 and XSHA256.
  const third = bytes[at + 2];
  if (second === 0xa6 && (third === 0xc0 || third === 0xc8 || third === 0xd0)) return Math.min(end - at, 3);
  // VMREAD and VMWRITE.
  if (second === 0x78 || second === 0x79) return 2 + withModrm(bytes, at + 2, end);
  return Math.min(end - at, second === 0x38 || second === 0x3a ? 3 : 2);
}

/** Instructions on AVX-512's mask registers: those of two sources have VEX.L set. */
const MASKS_OF_TWO: ReadonlySet<number> = new Set([0x41, 0x42, 0x45, 0x46, 0x47, 0x4a, 0x4b]);
const MASKS_OF_ONE: ReadonlySet<number> = new Set([0x44, 0x90, 0x91, 0x92, 0x93, 0x98, 0x99]);

/** AMD's multiplications and additions with four operands, the last one in an immediate byte. */
function hasFourOperands(opcode: number): boolean {
  const low = opcode & 15;
  return (opcode & 0xf0) === 0x50 ? low >= 12 : (opcode & 0xe0) === 0x60 && low >= 8;
}

function isKnownVex(opcode: number, prefix: number, map: number, modrm: number): boolean {
  if (map === 3 && (prefix & 3) === 1 && hasFourOperands(opcode)) return true;
  const isMove = opcode === 0x90 || opcode === 0x91;
  if (modrm < 0xc0 && !isMove) return false;
  const isLong = (prefix & 4) !== 0;
  if ((prefix & 3) === 2) return false;
  if (map === 3) return !isLong && opcode >= 0x30 && opcode <= 0x33;
  return map === 1 && (isLong ? MASKS_OF_TWO : MASKS_OF_ONE).has(opcode);
}

/** AMD's XOP prefix: POP with a register number that POP does not have. */
function isExtendedOperation(bytes: Uint8Array, at: number, mode: 32 | 64): boolean {
  return bytes[at] === 0x8f && mode === 64 && (bytes[at + 1] & 0x1f) >= 8;
}

function evexLength(bytes: Uint8Array, at: number, end: number): number {
  const map = bytes[at + 1] & 7;
  const opcodes = EVEX_OPCODES[map];
  // Bits that are fixed in every EVEX prefix (SDM vol. 2, table 2-30).
  if (opcodes === undefined || (bytes[at + 1] & 8) !== 0) return 1;
  if (at + 2 >= end || (bytes[at + 2] & 4) === 0) return Math.min(end - at, 2);
  const entry = opcodes.indexOf(` ${hexByte(bytes[at + 4])}`);
  const prefixes = entry < 0 ? 0 : Number.parseInt(opcodes[entry + 3], 16);
  // A vector length of 3 is none; with the broadcast bit it is a rounding mode.
  const isVector = (bytes[at + 3] & 0x70) !== 0x60;
  const isKnown = isVector && ((prefixes >> (bytes[at + 2] & 3)) & 1) !== 0;
  return Math.min(end - at, 4 + (isKnown ? vexLength(bytes, at + 4, end, map) : 1));
}

function extendedOperationLength(bytes: Uint8Array, at: number, end: number): number {
  const map = bytes[at + 1] & 0x1f;
  const opcodes = XOP_OPCODES[map];
  if (opcodes === undefined) return 1;
  // The prefix bits that VEX has mean nothing here and must be zero.
  const isKnown = (bytes[at + 2] & 3) === 0 && opcodes.includes(hexByte(bytes[at + 3]));
  const immediate = map === 8 ? 1 : map === 10 ? 4 : 0;
  return Math.min(end - at, 4 + (isKnown ? withModrm(bytes, at + 4, end) + immediate : 0));
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** Opcode, ModRM and what follows. */
function vexLength(bytes: Uint8Array, opcodeAt: number, end: number, map: number): number {
  const hasImmediate = map === 3 || (map === 1 && WITH_IMMEDIATE.has(bytes[opcodeAt]));
  return 1 + withModrm(bytes, opcodeAt + 1, end) + (hasImmediate ? 1 : 0);
}

function withModrm(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  const mod = bytes[at] >> 6;
  const rm = bytes[at] & 7;
  if (mod === 3) return 1;
  const hasSib = rm === 4;
  const base = hasSib ? bytes[at + 1] & 7 : rm;
  const displacement = mod === 1 ? 1 : mod === 2 || base === 5 ? 4 : 0;
  return Math.min(end - at, 1 + (hasSib ? 1 : 0) + displacement);
}
