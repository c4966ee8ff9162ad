// The decoder for 64-bit and 32-bit mode: prefixes, REX, opcode maps, ModRM, SIB, displacement and immediates (SDM vol. 2, chapter 2).
import type { Encoding } from '../isa/row.ts';
import { BASE_NONE, BASE_RIP, type Instruction } from './instruction.ts';
import { type Candidate, type OpcodeMap, opcodeIndex } from './opcode-map.ts';

/** An instruction is at most 15 bytes long; more is #GP (SDM vol. 2, section 2.3.11). */
export const MAXIMUM_LENGTH = 15;

/** What decoding came to: an instruction, an encoding no row has, or not enough bytes. */
export const DecodeResult = { Ok: 0, Unknown: 1, Truncated: 2, TooLong: 3 } as const;
export type DecodeResult = (typeof DecodeResult)[keyof typeof DecodeResult];

/** Reads bytes of one instruction; a read past the end is noticed once, at the end. */
class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  /** Where the 16th byte would be. */
  limit = 0;
  end = 0;
  /** At most 15 bytes are read; `end` may be nearer. */
  u8(): number {
    const value = this.position < this.end ? this.bytes[this.position] : 0;
    this.position += 1;
    return value;
  }
  u16(): number {
    return this.u8() | (this.u8() << 8);
  }
  i32(): number {
    return this.u16() | (this.u16() << 16);
  }
  /** Whether the next byte, as ModRM, names two registers. */
  isRegisterForm(): boolean {
    return this.position < this.end && this.bytes[this.position] >= 0xc0;
  }
}

/** A decoder over one opcode map. Not reentrant: it keeps one cursor. */
export class Decoder {
  private readonly cursor = new Cursor();
  private readonly map: OpcodeMap;
  private readonly mode: 32 | 64;

  /** `map` is the one that `buildOpcodeMap` makes for the same mode. */
  constructor(map: OpcodeMap, mode: 32 | 64 = 64) {
    this.map = map;
    this.mode = mode;
  }

  /**
   * Decodes the instruction at `bytes[start]`, with `address` as its guest address; bytes from `end` on do not exist.
   * @returns `Ok` with `out` filled, `Unknown` with `out.lengthInBytes` covering what was read up to the opcode, or `Truncated`.
   */
  decode(bytes: Uint8Array, start: number, end: number, address: number, out: Instruction): DecodeResult {
    const cursor = this.cursor;
    cursor.bytes = bytes;
    cursor.position = start;
    cursor.limit = start + MAXIMUM_LENGTH;
    cursor.end = Math.min(end, cursor.limit);
    const result = this.decodeBody(address, out);
    out.lengthInBytes = cursor.position - start;
    if (cursor.position > cursor.end)
      return cursor.end === cursor.limit ? DecodeResult.TooLong : DecodeResult.Truncated;
    return result;
  }

  private decodeBody(address: number, out: Instruction): DecodeResult {
    const cursor = this.cursor;
    const isLong = this.mode === 64;
    let rex = isLong ? prefixes(cursor, out) : protectedPrefixes(cursor, out);
    out.address = address;
    let opcode = cursor.u8();
    let mapNumber = 0;
    // In 32-bit mode C4 and C5 are LES and LDS with a memory operand (SDM vol. 2, section 2.3.5).
    const isVex = (opcode === 0xc4 || opcode === 0xc5) && (isLong || cursor.isRegisterForm());
    if (isVex) {
      // A mandatory prefix, LOCK or REX in front of VEX is #UD (SDM vol. 2, sections 2.3.2 and 2.3.3).
      const isRefused = rex !== 0 || out.operandSizePrefix || out.repeat !== 0 || out.lock;
      const vex = vexPrefix(cursor, out, opcode);
      mapNumber = vex & 31;
      rex = vex >> 5;
      opcode = cursor.u8();
      if (isRefused || mapNumber < 1 || mapNumber > 3) return refuse(cursor, out, 1, undefined);
    } else if (opcode === 0x0f) {
      opcode = cursor.u8();
      mapNumber = 1;
      if (opcode === 0x38 || opcode === 0x3a) {
        mapNumber = opcode === 0x38 ? 2 : 3;
        opcode = cursor.u8();
      }
    }
    out.opcode = opcode;
    const list = this.map[opcodeIndex(mapNumber, opcode, isVex)];
    // Behind 62 stand three more bytes and an opcode.
    if (list === undefined)
      return refuse(cursor, out, isVex || mapNumber > 1 ? 1 : opcode === 0x62 && mapNumber === 0 ? 5 : 0, undefined);
    const modrm = cursor.position < cursor.end ? cursor.bytes[cursor.position] : 0;
    const candidate = select(list, out, modrm, rex);
    if (candidate === undefined) return refuse(cursor, out, 0, list[0].encoding);
    out.candidate = candidate;
    const { encoding, family } = candidate;
    // VEX.vvvv without a meaning must be 1111b, which is register 0 here.
    if (isVex && out.vvvv !== 0 && !candidate.usesVvvv) return DecodeResult.Unknown;
    if (!isLong) {
      rex = 0;
      out.vvvv &= 7;
    }
    out.opcodeRegister = (opcode & 7) | ((rex & 1) << 3);
    out.operandSize =
      rex & 8
        ? 64
        : out.operandSizePrefix && encoding.prefix !== '66' && !isVex
          ? 16
          : family.default64 && isLong
            ? 64
            : 32;
    // Without ModRM there is no memory operand that LOCK or a lift could see.
    out.mod = 3;
    out.base = BASE_NONE;
    out.index = -1;
    out.displacement = 0;
    if (encoding.hasModrm) {
      if (encoding.mod === 'ignored') registerModrm(cursor.u8(), out, rex);
      else if (out.addressSize === 16) narrowModrm(cursor, out);
      else modrmAndSib(cursor, out, rex);
    }
    // A vector index needs a SIB byte, and has no number that means none.
    if (candidate.usesVsib && (out.mod === 3 || (out.rm & 7) !== 4 || out.addressSize === 16))
      return DecodeResult.Unknown;
    if (candidate.usesVsib && out.index < 0) out.index = 4;
    const count = encoding.immediates.length;
    for (let slot = 0; slot < count; slot += 1) immediate(cursor, out, encoding.immediates[slot], slot);
    // LOCK is allowed only where the destination is memory; elsewhere it is #UD (SDM vol. 2, LOCK).
    const lockable = family.lockable === true && out.mod !== 3 && candidate.row.operands[0].kind.place !== 'reg';
    return out.lock && !lockable ? DecodeResult.Unknown : DecodeResult.Ok;
  }
}

// What is no instruction is #UD, but #GP comes first when it would be longer than 15 bytes: as a form of the same opcode is, or with
// `least` bytes more. Else the length stays what was read up to the opcode.
function refuse(cursor: Cursor, out: Instruction, least: number, like: Encoding | undefined): DecodeResult {
  const { position } = cursor;
  cursor.position += least;
  if (like?.hasModrm) modrmAndSib(cursor, out, 0);
  for (const size of like?.immediates ?? []) cursor.position += typeof size === 'number' ? size : 0;
  if (cursor.position <= cursor.limit) cursor.position = position;
  return DecodeResult.Unknown;
}

// Legacy prefixes in any order, then REX, which counts only directly before the opcode. Returns the REX byte or 0.
function prefixes(cursor: Cursor, out: Instruction): number {
  clearPrefixes(out, 64);
  let rex = 0;
  for (;;) {
    const byte = cursor.position < cursor.end ? cursor.bytes[cursor.position] : 0x90;
    if (byte >= 0x40 && byte <= 0x4f) rex = byte;
    else {
      if (byte === 0x66) out.operandSizePrefix = true;
      else if (byte === 0xf2 || byte === 0xf3) out.repeat = byte;
      else if (byte === 0xf0) out.lock = true;
      else if (byte === 0x67) out.addressSize = 32;
      else if (byte === 0x64 || byte === 0x65) out.segment = byte - 0x60;
      // CS, DS, ES and SS overrides mean nothing in 64-bit mode, except as branch hints.
      else if (byte !== 0x2e && byte !== 0x3e && byte !== 0x26 && byte !== 0x36) break;
      rex = 0;
    }
    cursor.position += 1;
  }
  out.hasRex = rex !== 0;
  out.rexW = (rex & 8) !== 0;
  return rex;
}

// Without REX, and with six segment overrides of which the last one counts. The bases of CS, DS, ES and SS are zero.
function protectedPrefixes(cursor: Cursor, out: Instruction): number {
  clearPrefixes(out, 32);
  for (;;) {
    const byte = cursor.position < cursor.end ? cursor.bytes[cursor.position] : 0x90;
    if (byte === 0x66) out.operandSizePrefix = true;
    else if (byte === 0xf2 || byte === 0xf3) out.repeat = byte;
    else if (byte === 0xf0) out.lock = true;
    else if (byte === 0x67) out.addressSize = 16;
    else if (byte === 0x64 || byte === 0x65 || (byte & 0xe7) === 0x26) {
      out.segment = byte >= 0x64 ? byte - 0x60 : 0;
      out.codeSegment = byte === 0x2e;
    } else return 0;
    cursor.position += 1;
  }
}

function clearPrefixes(out: Instruction, mode: 32 | 64): void {
  out.mode = mode;
  out.lock = false;
  out.repeat = 0;
  out.operandSizePrefix = false;
  out.addressSize = mode;
  out.segment = 0;
  out.codeSegment = false;
  out.vvvv = 0;
  out.vectorLength = 0;
  out.hasRex = false;
  out.rexW = false;
}

// The rest of a VEX prefix: two bytes after C4, one after C5; inverted bits as they are stored. Returns the opcode map's number
// and, five bits up, what a REX prefix would say.
function vexPrefix(cursor: Cursor, out: Instruction, first: number): number {
  const second = cursor.u8();
  const last = first === 0xc4 ? cursor.u8() : second;
  // R, X and B are inverted; C5 has only R.
  const rex = ((~second >> 5) & (first === 0xc4 ? 7 : 4)) | (first === 0xc4 ? (last >> 4) & 8 : 0);
  out.rexW = (rex & 8) !== 0 && out.mode === 64;
  out.hasRex = true;
  out.vvvv = (~last >> 3) & 15;
  out.vectorLength = (last >> 2) & 1;
  out.operandSizePrefix = (last & 3) === 1;
  out.repeat = (last & 3) === 2 ? 0xf3 : (last & 3) === 3 ? 0xf2 : 0;
  return (first === 0xc4 ? second & 31 : 1) | (rex << 5);
}

function select(list: readonly Candidate[], out: Instruction, modrm: number, rex: number): Candidate | undefined {
  const prefixBit = out.repeat === 0xf3 ? 4 : out.repeat === 0xf2 ? 8 : out.operandSizePrefix ? 2 : 1;
  for (let position = 0; position < list.length; position += 1) {
    const candidate = list[position];
    const { encoding } = candidate;
    if ((candidate.prefixMask & prefixBit) === 0) continue;
    if (encoding.digit >= 0 && encoding.digit !== ((modrm >> 3) & 7)) continue;
    if (encoding.mod === 'memory' && modrm >= 0xc0) continue;
    if (encoding.mod === 'register' && modrm < 0xc0) continue;
    if (encoding.rm >= 0 && encoding.rm !== (modrm & 7)) continue;
    if (encoding.rexW >= 0 && encoding.rexW !== ((rex >> 3) & 1)) continue;
    if (encoding.vexL >= 0 && encoding.vexL !== out.vectorLength) continue;
    if (encoding.rexB >= 0 && encoding.rexB !== (rex & 1)) continue;
    return candidate;
  }
  return undefined;
}

function registerModrm(modrm: number, out: Instruction, rex: number): void {
  out.mod = 3;
  out.reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
  out.rm = (modrm & 7) | ((rex & 1) << 3);
}

function modrmAndSib(cursor: Cursor, out: Instruction, rex: number): void {
  const modrm = cursor.u8();
  registerModrm(modrm, out, rex);
  const mod = modrm >> 6;
  if (mod === 3) return;
  out.mod = mod;
  let base = out.rm;
  if ((modrm & 7) === 4) {
    const sib = cursor.u8();
    base = (sib & 7) | ((rex & 1) << 3);
    const index = ((sib >> 3) & 7) | ((rex & 2) << 2);
    out.scale = sib >> 6;
    out.index = index === 4 ? -1 : index;
    // Base 5 without displacement bits is a 32-bit absolute address (SDM vol. 2, table 2-3, note 1).
    if ((sib & 7) === 5 && mod === 0) {
      out.base = BASE_NONE;
      out.displacement = cursor.i32();
      return;
    }
  } else if ((modrm & 7) === 5 && mod === 0) {
    out.base = out.mode === 64 ? BASE_RIP : BASE_NONE;
    out.displacement = cursor.i32();
    return;
  }
  out.base = base;
  if (mod === 1) out.displacement = (cursor.u8() << 24) >> 24;
  else if (mod === 2) out.displacement = cursor.i32();
}

// The registers of the eight 16-bit forms (SDM vol. 2, table 2-1): BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP, BX.
const NARROW_BASE = [3, 3, 5, 5, 6, 7, 5, 3];
const NARROW_INDEX = [6, 7, 6, 7, -1, -1, -1, -1];

function narrowModrm(cursor: Cursor, out: Instruction): void {
  const modrm = cursor.u8();
  const mod = modrm >> 6;
  out.mod = mod;
  out.reg = (modrm >> 3) & 7;
  out.rm = modrm & 7;
  if (mod === 3) return;
  out.scale = 0;
  out.index = NARROW_INDEX[out.rm];
  const isAbsolute = mod === 0 && out.rm === 6;
  out.base = isAbsolute ? BASE_NONE : NARROW_BASE[out.rm];
  if (mod === 1) out.displacement = (cursor.u8() << 24) >> 24;
  else if (mod === 2 || isAbsolute) out.displacement = (cursor.u16() << 16) >> 16;
}

function immediate(
  cursor: Cursor,
  out: Instruction,
  size: Candidate['encoding']['immediates'][number],
  slot: number,
): void {
  const bytes =
    size === 'z'
      ? out.operandSize === 16
        ? 2
        : 4
      : size === 'v'
        ? out.operandSize / 8
        : size === 'o'
          ? out.addressSize / 8
          : size === 'j'
            ? out.mode === 32 && out.operandSize === 16
              ? 2
              : 4
            : size;
  let low: number;
  if (bytes === 1) low = (cursor.u8() << 24) >> 24;
  else if (bytes === 2) low = (cursor.u16() << 16) >> 16;
  else low = cursor.i32();
  out.immediateLow[slot] = low;
  out.immediateHigh[slot] = bytes === 8 ? cursor.i32() : low >> 31;
  if (bytes <= 4 && size === 'o') out.immediateHigh[slot] = 0;
}
