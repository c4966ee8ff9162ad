// Every opcode of every map with its prefixes and ModRM forms, for the question whether a processor executes, refuses or faults on it.
import type { Batch } from './batch.ts';
import * as layout from './recorder-layout.ts';

/** Parts of the sweep: the four legacy maps, VEX, and prefixes in unusual numbers, orders and places. */
export const SWEEP_SPACES = ['legacy', 'vex', 'prefixes'] as const;
export type SweepSpace = (typeof SWEEP_SPACES)[number];

/** What stands behind the encoding: immediates have this value, and where none is read any more it is executed and traps. */
const INT3 = 0xcc;
const ESCAPES = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const;
const LEGACY_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
const REX_W = 0x48;
/** ModRM.rm of memory operands: RDI, and a SIB byte that adds nothing (or element 4 of a vector of indices). */
const MEMORY_RM = 7;
const SIB_RM = 4;
const SIB = 0x27;

const PREFIX_SETS: readonly (readonly number[])[] = [
  [],
  [0x66],
  [0xf3],
  [0xf2],
  [0x66, 0xf3],
  [0xf2, 0x66],
  [0xf3, 0xf2],
];
const LOCKED_SETS: readonly (readonly number[])[] = [[0xf0], [0xf0, 0x66], [0xf0, 0xf3], [0xf2, 0xf0]];
const WIDE_SETS: readonly (readonly number[])[] = [[REX_W], [0x66, REX_W], [0xf3, REX_W], [0xf2, REX_W], [0xf0, REX_W]];

/** The encodings of a part, without the bytes behind them. */
export function* sweepEncodings(space: SweepSpace, mode: 32 | 64): Generator<readonly number[]> {
  if (space === 'legacy') yield* legacyEncodings(mode);
  else if (space === 'vex') yield* vexEncodings(mode);
  else yield* prefixEncodings(mode);
}

function* legacyEncodings(mode: 32 | 64): Generator<readonly number[]> {
  const sets = [...PREFIX_SETS, ...LOCKED_SETS, ...(mode === 64 ? WIDE_SETS : [])];
  for (let map = 0; map < ESCAPES.length; map += 1) {
    for (let opcode = 0; opcode < 256; opcode += 1) {
      if (!isOpcode(map, opcode, mode)) continue;
      for (const set of sets) {
        for (const modrm of hasModrm(map, opcode) ? modrmBytes([0, 1, 2, 3, 4, 5, 6, 7]) : [[]]) {
          // What would be VEX or EVEX has a part or none at all.
          if (map === 0 && isVectorPrefix(opcode, mode, modrm[0])) continue;
          yield [...set, ...ESCAPES[map], opcode, ...modrm];
        }
      }
    }
  }
}

function* vexEncodings(mode: 32 | 64): Generator<readonly number[]> {
  // Inverted R, X and B; in 32-bit mode R and X are what tells VEX from LES.
  const registerBits = mode === 64 ? [0xe0, 0x00] : [0xe0, 0xc0];
  for (let map = 0; map < 32; map += 1) {
    const isUsed = map >= 1 && map <= 3;
    for (let opcode = 0; opcode < 256; opcode += 1) {
      for (let rest = 0; rest < 16; rest += 1) {
        for (const vvvv of isUsed ? [0x78, 0x28] : [0x78]) {
          // pp, L and W.
          const last = (rest & 7) | vvvv | ((rest & 8) << 4);
          for (const bits of isUsed && vvvv === 0x78 && rest < 8 ? registerBits : [0xe0]) {
            for (const modrm of vexForms(map, opcode)) yield [0xc4, bits | map, last, opcode, ...modrm];
          }
        }
      }
    }
  }
  for (let opcode = 0; opcode < 256; opcode += 1)
    for (let rest = 0; rest < 8; rest += 1)
      for (const modrm of opcode === VZERO ? [[]] : [[0x07], [0xc1], [0xd1], [0xfe]])
        yield [0xc5, 0xf8 | rest, opcode, ...modrm];
}

function* prefixEncodings(mode: 32 | 64): Generator<readonly number[]> {
  const rex = mode === 64 ? [0x40, 0x41, 0x44, 0x48, 0x4f] : [];
  const all = [...LEGACY_PREFIXES, ...rex];
  const bodies: readonly (readonly number[])[] = [
    [0x90],
    [0x8b, 0xc1],
    [0x8b, 0x07],
    [0x01, 0x07],
    [0xa4],
    [0x0f, 0x6f, 0xc1],
    [0x0f, 0xb8, 0xc1],
    [0x0f, 0x38, 0xf0, 0x07],
    [0x0f, 0xc7, 0x0f],
    [0x87, 0x07],
    [0xc3],
    [0x50],
    [0x6a],
    [0xe8],
    [0xeb],
    [0x74],
    [0x0f, 0x84],
    [0xff, 0xe0],
    [0x0f, 0x1e, 0xfa],
    [0x0f, 0x0b],
    [0xcc],
    [0xf1],
    [0xc5, 0xf8, 0x58, 0xc1],
    [0xc4, 0xe1, 0x78, 0x58, 0xc1],
    [0xc4, 0xe2, 0x78, 0xf2, 0xc1],
    [0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc1],
    [0x8f, 0xe9, 0x78, 0x80, 0xc1],
  ];
  for (const body of bodies) {
    for (const first of all) {
      yield [first, ...body];
      for (const second of all) {
        yield [first, second, ...body];
        for (const third of all) yield [first, second, third, ...body];
      }
      // Up to and beyond 15 bytes.
      for (let count = 8; count <= 15; count += 1) yield [...new Array<number>(count).fill(first), ...body];
    }
  }
}

/** VZEROUPPER and VZEROALL have no ModRM byte. */
const VZERO = 0x77;
function vexForms(map: number, opcode: number): readonly (readonly number[])[] {
  if (map === 1 && opcode === VZERO) return [[]];
  return map >= 1 && map <= 3 ? [...modrmBytes([0, 1, 4]), ...sibBytes()] : [[0xc1]];
}

/** Registers by each ModRM.reg with some ModRM.rm, and memory by each ModRM.reg. */
function modrmBytes(registers: readonly number[]): (readonly number[])[] {
  const found: (readonly number[])[] = [];
  for (let reg = 0; reg < 8; reg += 1) {
    found.push([(reg << 3) | MEMORY_RM]);
    for (const rm of registers) found.push([0xc0 | (reg << 3) | rm]);
  }
  return found;
}
function sibBytes(): (readonly number[])[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].map((reg) => [(reg << 3) | SIB_RM, SIB]);
}

function isOpcode(map: number, opcode: number, mode: 32 | 64): boolean {
  if (map === 1) return opcode !== 0x38 && opcode !== 0x3a;
  return (
    map > 1 ||
    !(opcode === 0x0f || LEGACY_PREFIXES.includes(opcode) || (mode === 64 && opcode >= 0x40 && opcode <= 0x4f))
  );
}
/** Opcodes with a ModRM byte (SDM vol. 2, tables ). */
function hasModrm(map: number, opcode: number): boolean {
  if (map > 1) return true;
  const row = opcode >> 4;
  const low = opcode & 15;
  if (map === 1)
    return !(
      row === 3 ||
      row === 8 ||
      opcode === 0x77 ||
      (row === 0 && low >= 5 && low <= 11) ||
      (row === 10 && low % 8 < 3) ||
      (row === 12 && low >= 8)
    );
  if (row < 4) return (opcode & 7) < 4;
  if (row === 6) return low === 2 || low === 3 || low === 9 || low === 11;
  if (row === 12) return low < 8 && low !== 2 && low !== 3;
  if (row === 13) return low < 4 || low >= 8;
  return row === 8 || (row === 15 && (opcode & 7) >= 6);
}
const isVectorPrefix = (opcode: number, mode: 32 | 64, modrm: number) =>
  (opcode === 0xc4 || opcode === 0xc5 || opcode === 0x62) && (mode === 64 || modrm >= 0xc0);

/** Where registers point to: in the middle of the data, on a cache line. */
const DATA = layout.DATA_BASE + 0x800;
const STACK = layout.STACK_BASE + 0x800;
const RCX = 1;
const RSP = 4;
const ROOM = 15;

/** Appends a case: all registers point to zeros in memory, RCX is 1. */
export function writeSweepCase(batch: Batch, encoding: readonly number[], mode: 32 | 64, isBranch: boolean): void {
  const { bytes } = batch;
  const at = batch.offsetOf(batch.count);
  bytes.fill(0, at, at + layout.RECORD_BYTES);
  bytes[at + layout.CASE_LENGTH_AT] = Math.min(encoding.length, ROOM);
  bytes[at + layout.CASE_MODE_AT] =
    (isBranch ? layout.MODE_SINGLE_STEP : 0) | (mode === 32 ? layout.MODE_PROTECTED : 0);
  bytes.writeUInt32LE(0x1f80, at + layout.MXCSR_AT);
  bytes.writeUInt32LE(0x202, at + layout.FLAGS_AT);
  bytes.fill(INT3, at + layout.CASE_CODE_AT, at + layout.CASE_CODE_AT + 16);
  bytes.set(encoding.slice(0, ROOM), at + layout.CASE_CODE_AT);
  bytes.writeUInt32LE(batch.count * layout.SLOT_BYTES + 20, at + layout.CASE_OFFSET_AT);
  bytes.writeUInt32LE(1, at + layout.CASE_STEPS_AT);
  bytes.writeUInt16LE(0x37f, at + layout.X87_AT);
  const registers = mode === 64 ? 16 : 8;
  for (let register = 0; register < registers; register += 1)
    bytes.writeBigUInt64LE(
      BigInt(register === RCX ? 1 : register === RSP ? STACK : DATA),
      at + layout.GPR_AT + 8 * register,
    );
  batch.count += 1;
}

/**
 * One letter for how a case ended, from the words of `hardwareExit` and `ourExit`: `U` #UD, `G` #GP, `g` #GP with a selector, `F` a
 * page fault, `S` a system call, `J` control elsewhere, `a` to `p` straight on after 0 to 15 bytes, `X` and other capitals the rest.
 */
export function outcomeLetter(text: string, start: number): string {
  const [, vector, selector] = /^exception (\d+)( selector)?/.exec(text) ?? [];
  if (vector !== undefined) return EXCEPTIONS[vector + (selector ?? '')] ?? 'X';
  if (text === 'unsupported') return 'U';
  if (text === 'interrupt') return 'g';
  // A jump to where no code is may end at its target or at the fetch there.
  const rip = /(?:continues at|rip) (0x[0-9a-f]+|the kernel half)/.exec(text)?.[1];
  const isFetch = text.includes('access 2');
  if (text.startsWith('fault') && !isFetch) return 'F';
  if (rip === undefined) return /^system.call$/.test(text) ? 'S' : 'X';
  const length = rip === 'the kernel half' ? -1 : Number(rip) - start;
  return length >= 0 && length <= ROOM ? String.fromCharCode(0x61 + length) : 'J';
}

const EXCEPTIONS: Readonly<Record<string, string>> = {
  '0': 'D',
  '1': 'T',
  '3': 'B',
  '4': 'O',
  '5': 'R',
  '6': 'U',
  '7': 'N',
  '11 selector': 'P',
  '12': 'K',
  '13': 'G',
  '13 selector': 'g',
  '16': 'M',
  '17': 'A',
  '19': 'Y',
};
