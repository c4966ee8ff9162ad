// Encodes one random instance of an instruction row: prefixes, ModRM form, registers, immediates, and the registers its address needs.
import { encodingIn } from '../decode/opcode-map.ts';
import type { Encoding, InstructionFamily, Row } from '../isa/row.ts';
import { integer, shiftCount } from './edge-values.ts';
import type { Random } from './random.ts';
import { CODE_BASE, CODE_BYTES, DATA_BASE, DATA_BYTES } from './recorder-layout.ts';

/** One instance: the bytes, and what the state must hold for its memory operand to be where it was meant. */
export interface Encoded {
  readonly bytes: Uint8Array;
  length: number;
  /** Address of the memory operand, or undefined. */
  target: bigint | undefined;
  /** General registers that must have a certain value. */
  readonly fixed: (bigint | undefined)[];
  fsBase: bigint;
  gsBase: bigint;
  /** The vector register whose elements are indices and should be small; -1 without. */
  vectorIndex: number;
  /** Operand size of the instance in bytes. */
  operandBytes: number;
  /** The mode it is encoded for. */
  readonly mode: 32 | 64;
  /** Memory operands have absolute addresses, so that no register must hold a certain value. */
  absoluteOnly: boolean;
}

export function createEncoded(mode: 32 | 64 = 64): Encoded {
  return {
    bytes: new Uint8Array(32),
    length: 0,
    target: undefined,
    fixed: [],
    fsBase: 0n,
    gsBase: 0n,
    vectorIndex: -1,
    operandBytes: 4,
    mode,
    absoluteOnly: false,
  };
}

/** Operands of more than 16 bytes that are written in many parts, and those that the kernel answers for. */
const IMAGE = /^(f(n|x)?(save|rstor)|f(n)?stenv|fldenv|xsave|xrstor|s[gi]dt)/;
const MANDATORY = { any: 0, np: 0, '66': 0x66, f3: 0xf3, f2: 0xf2 } as const;
const RSP = 4;

/** Encodes into `out` for execution at `address`; returns false where the random choices were not encodable. */
export function encodeRow(
  random: Random,
  family: InstructionFamily,
  row: Row,
  opcodeLow: number,
  address: number,
  out: Encoded,
): boolean {
  const { encoding } = row;
  const { bytes } = out;
  const { vex } = encoding;
  out.target = undefined;
  out.fixed.length = 0;
  out.fsBase = 0n;
  out.gsBase = 0n;
  out.vectorIndex = -1;
  const isProtected = out.mode === 32;
  let at = 0;
  const form = memoryForm(random, encoding);
  const isMemory = encoding.hasModrm && form !== 3;
  const scalable = row.operands.some(({ kind }) => typeof kind.width === 'string') || family.repeatable === true;
  if (encoding.prefix === 'any' && random.oneIn(scalable ? 3 : 16)) bytes[at++] = 0x66;
  // Our images do not wrap at the end of 16-bit and 32-bit offsets.
  const mayBeNarrow = !out.absoluteOnly && (isMemory || family.repeatable === true) && !IMAGE.test(family.mnemonic);
  const addressPrefix = mayBeNarrow && random.oneIn(12);
  if (addressPrefix) bytes[at++] = 0x67;
  const segment =
    out.absoluteOnly || !(isMemory || isProtected) ? 0 : segmentPrefix(random, isProtected, addressPrefix);
  // Masked stores and ARPL through CS are #GP only if there is something to store, which ours does not tell apart.
  if (segment === 0x2e && /^(vp?maskmov|arpl)/.test(family.mnemonic)) return false;
  if (segment !== 0) bytes[at++] = segment;
  const lock = !vex && family.lockable === true && isMemory && random.oneIn(4);
  if (lock) bytes[at++] = 0xf0;
  if (MANDATORY[encoding.prefix] !== 0 && !vex) bytes[at++] = MANDATORY[encoding.prefix];
  else if (family.repeatable === true && random.oneIn(2)) bytes[at++] = random.pick([0xf2, 0xf3]);

  const wide = isWide(random, row, out.mode, scalable);
  // A VEX prefix of two bytes has neither W nor X nor B and implies the map 0F.
  const shortVex = vex && encoding.map === 1 && !wide && random.oneIn(2);
  const hasRex = !vex && !isProtected && (wide || random.oneIn(2));
  const extend = isProtected ? 0 : vex ? random.below(8) & (shortVex ? 4 : 7) : hasRex ? random.below(8) : 0;
  const rexAt = at;
  if (vex) at += shortVex ? 2 : 3;
  else {
    if (hasRex) at += 1;
    if (encoding.map > 0) bytes[at++] = 0x0f;
    if (encoding.map === 2) bytes[at++] = 0x38;
    if (encoding.map === 3) bytes[at++] = 0x3a;
  }
  bytes[at++] = encoding.opcode + (encoding.registerInOpcode ? opcodeLow : 0);
  let rex = (wide ? 8 : 0) | extend;
  let relativeAt = -1;
  if (encoding.hasModrm) {
    const reg = encoding.digit >= 0 ? encoding.digit : random.below(8);
    if (form === 3)
      bytes[at++] =
        (encoding.mod === 'ignored' ? random.next() & 0xc0 : 0xc0) |
        (reg << 3) |
        (encoding.rm >= 0 ? encoding.rm : random.below(8));
    else {
      const target = chooseTarget(random, row, lock || family.mnemonic === 'xchg', isProtected);
      out.target = target;
      let linear = target;
      if (segment === 0x64 || segment === 0x65) {
        // With 16-bit addresses a base brings the operand into memory that exists.
        const near = random.oneIn(8) ? 0xffff - random.below(16) : random.below(0x1_0000);
        const base = isProtected && addressPrefix ? target - BigInt(near) : BigInt(random.below(0x1_0000) * 8);
        if (segment === 0x64) out.fsBase = BigInt.asUintN(out.mode, base);
        else out.gsBase = BigInt.asUintN(out.mode, base);
        linear = BigInt.asUintN(out.mode, target - base);
      }
      const isGather = row.operands.some(({ kind: { place } }) => place === 'vsib');
      if (isGather && (out.absoluteOnly || (isProtected && addressPrefix))) return false;
      const kind = isGather ? 9 : out.absoluteOnly ? 1 : random.below(10);
      if (kind === 1 && out.absoluteOnly && linear >= 0x7fff_0000n) return false;
      if (isProtected && addressPrefix) at = encodeNarrow(random, form, reg, Number(linear & 0xffffn), at, out);
      else if (isProtected && kind === 0) {
        bytes[at++] = (reg << 3) | 5;
        at = put(bytes, at, linear, 4);
      } else if (kind === 0 && !addressPrefix && linear < 0x4000_0000n) {
        bytes[at++] = (reg << 3) | 5;
        relativeAt = at;
        at += 4;
        rex &= ~2;
      } else if (kind === 1 && linear < 0x7fff_0000n) {
        bytes[at++] = (reg << 3) | 4;
        bytes[at++] = 0x25;
        at = put(bytes, at, linear, 4);
        rex &= ~2;
      } else {
        const next = encodeBased(random, form, reg, linear, addressPrefix && !isProtected, rex, at, out, isGather);
        if (next < 0) return false;
        at = next;
      }
      if (relativeAt >= 0) put(bytes, relativeAt, linear, 4);
    }
  }
  // VEX.B means nothing in 32-bit mode.
  if (vex) putVex(random, row, isProtected ? rex | random.below(2) : rex, shortVex, bytes, rexAt, isProtected);
  else if (hasRex) bytes[rexAt] = 0x40 | rex;
  const isNarrow = bytes.subarray(0, rexAt).includes(0x66) && encoding.prefix === 'any';
  const operandBytes = wide && !isProtected ? 8 : isNarrow ? 2 : 4;
  out.operandBytes = operandBytes;
  for (let slot = 0; slot < encoding.immediates.length; slot += 1) {
    const rule = encoding.immediates[slot];
    const size =
      rule === 'z'
        ? Math.min(operandBytes, 4)
        : rule === 'v'
          ? operandBytes
          : rule === 'o'
            ? addressPrefix || isProtected
              ? 4
              : 8
            : rule === 'j'
              ? isProtected && isNarrow
                ? 2
                : 4
              : rule;
    const places = row.operands.filter(({ kind }) => ['immediate', 'relative', 'offset'].includes(kind.place));
    const place = places[slot]?.kind.place;
    let value = size === 1 && random.oneIn(2) ? BigInt(shiftCount(random)) : integer(random);
    if (place === 'offset') {
      out.target = chooseTarget(random, row, false, isProtected);
      value = out.target - (segment === 0x64 ? out.fsBase : out.gsBase);
    }
    // A near branch stays where addresses are canonical; most targets are small steps.
    if (place === 'relative' && size === 4) value = BigInt(random.next() >> (random.below(3) * 8 + 3));
    // The pointer of a far transfer.
    if (isProtected && family.suffixes === undefined && /^(call|jmp)$/.test(family.mnemonic) && place === 'immediate')
      value = slot === 0 ? BigInt(CODE_BASE + random.below(CODE_BYTES)) : BigInt(selector(random, true));
    at = put(bytes, at, value, size);
  }
  out.length = at;
  if (relativeAt >= 0) {
    const displacement =
      Number(BigInt.asIntN(64, new DataView(bytes.buffer).getBigInt64(relativeAt, true) & 0xffff_ffffn)) -
      (address + at);
    new DataView(bytes.buffer).setInt32(relativeAt, displacement, true);
  }
  return at <= 15;
}

/** The classes of mandatory prefixes in the order of VEX.pp. */
const VEX_PREFIXES = ['np', '66', 'f3', 'f2'];

// REX.W or VEX.W. In 32-bit mode there is no REX, and VEX.W is free where it would choose a general register's width.
function isWide(random: Random, row: Row, mode: 32 | 64, scalable: boolean): boolean {
  const { rexW, vex } = row.encoding;
  if (mode === 32 && !vex) return false;
  if (mode === 32 && encodingIn(row, 32)?.rexW === -1) return random.oneIn(2);
  return rexW >= 0 ? rexW === 1 : random.oneIn(scalable ? 3 : 12);
}

function segmentPrefix(random: Random, isProtected: boolean, isNarrow: boolean): number {
  if (isProtected && isNarrow) return random.oneIn(8) ? 0 : random.pick([0x64, 0x65]);
  if (!random.oneIn(16)) return 0;
  return random.pick(isProtected ? [0x64, 0x65, 0x26, 0x2e, 0x36, 0x3e] : [0x64, 0x65]);
}

/** Selectors of all kinds (but those of the descriptor whose limit is the number of the processor): null, flat ones with right and wrong privilege levels, the kernel's, of an empty table, thread-local ones. */
const SELECTORS = [
  0, 0, 0x23, 0x23, 0x2b, 0x2b, 0x33, 0x33, 0x20, 0x28, 0x30, 0x2a, 0x32, 0x08, 0x10, 0x13, 0x18, 0x1b, 0x27, 0x2f,
  0x40, 0x43, 0x53, 0x5b, 0x73, 0x70, 0x83, 0xfff3, 0x1233,
];
export function selector(random: Random, isCode: boolean, isThreadLocal = false): number {
  if (isCode && !random.oneIn(4)) return random.pick([0x23, 0x33]);
  return isThreadLocal && random.oneIn(4) ? random.pick([0x60, 0x63, 0x6b]) : random.pick(SELECTORS);
}

function putVex(
  random: Random,
  row: Row,
  rex: number,
  short: boolean,
  bytes: Uint8Array,
  at: number,
  isProtected: boolean,
): void {
  const { encoding } = row;
  const vvvv = row.operands.some(({ kind }) => /^(vvvv|vectorVvvv)$/.test(kind.place)) ? random.below(16) : 0;
  const length = encoding.vexL >= 0 ? encoding.vexL : random.below(2);
  const last =
    ((~(short && isProtected ? vvvv & 7 : vvvv) & 15) << 3) | (length << 2) | VEX_PREFIXES.indexOf(encoding.prefix);
  if (short) bytes.set([0xc5, ((~rex & 4) << 5) | last], at);
  else bytes.set([0xc4, ((~rex & 7) << 5) | encoding.map, ((rex & 8) << 4) | last], at);
}

// ModRM.mod: 3 for registers, 0 none, 1 and 2 with displacement.
function memoryForm(random: Random, encoding: Encoding): number {
  if (encoding.rm >= 0 || encoding.mod === 'register' || encoding.mod === 'ignored') return 3;
  if (encoding.mod === 'memory') return random.below(3);
  return random.oneIn(2) ? 3 : random.below(3);
}

function encodeBased(
  random: Random,
  form: number,
  reg: number,
  target: bigint,
  narrow: boolean,
  rex: number,
  start: number,
  out: Encoded,
  isGather: boolean,
): number {
  const { bytes, fixed } = out;
  let at = start;
  const base = random.below(8);
  const baseRegister = base | ((rex & 1) << 3);
  const useSib = base === RSP || isGather || random.oneIn(2);
  // Without displacement, base 5 means something else; it is covered by the absolute and rip-relative forms.
  if (form === 0 && base === 5) return -1;
  const displacement =
    form === 0 ? 0n : form === 1 ? BigInt((random.next() << 24) >> 24) : BigInt(random.next() >> random.below(24));
  let rest = target - displacement;
  bytes[at++] = (form << 6) | (reg << 3) | (useSib ? 4 : base);
  if (useSib) {
    const index = random.below(8);
    const indexRegister = index | ((rex & 2) << 2);
    const scale = random.below(4);
    bytes[at++] = (scale << 6) | (index << 3) | base;
    if (isGather) out.vectorIndex = indexRegister;
    else if (indexRegister !== RSP) {
      if (indexRegister === baseRegister) {
        // base + base * 2^scale: only scale 0 can be solved, for even sums.
        if (scale !== 0 || rest & 1n) return -1;
        rest /= 2n;
      } else {
        const value = random.oneIn(2) ? BigInt(random.below(4096)) : integer(random);
        fixed[indexRegister] = value;
        rest -= value << BigInt(scale);
      }
    }
  }
  fixed[baseRegister] =
    out.mode === 32
      ? BigInt.asUintN(32, rest)
      : narrow
        ? BigInt.asUintN(32, rest) | (random.bits64() & 0xffff_ffff_0000_0000n)
        : BigInt.asUintN(64, rest);
  return form === 0 ? at : put(bytes, at, displacement, form === 1 ? 1 : 4);
}

// The 16-bit forms: BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP or a displacement, BX.
function encodeNarrow(
  random: Random,
  form: number,
  reg: number,
  offset: number,
  start: number,
  { bytes, fixed }: Encoded,
): number {
  let at = start;
  const rm = random.below(8);
  bytes[at++] = (form << 6) | (reg << 3) | rm;
  if (form === 0 && rm === 6) return put(bytes, at, BigInt(offset), 2);
  const displacement = form === 0 ? 0 : form === 1 ? (random.next() << 24) >> 24 : random.next() >> 16;
  let rest = offset - displacement;
  const cut = (value: number) => BigInt(((value & 0xffff) | (random.next() & 0xffff_0000)) >>> 0);
  if (rm < 4) {
    const index = random.next() & 0xffff;
    fixed[rm & 1 ? 7 : 6] = cut(index);
    rest -= index;
  }
  fixed[rm < 4 ? (rm < 2 ? 3 : 5) : [6, 7, 5, 3][rm - 4]] = cut(rest);
  return form === 0 ? at : put(bytes, at, BigInt(displacement), form);
}

/** Where a memory operand lies: mostly inside a page, sometimes across pages, over an end, or nowhere. */
function chooseTarget(random: Random, row: Row, aligned: boolean, isProtected: boolean): bigint {
  const widths = row.operands.map(({ kind }) => (typeof kind.width === 'number' ? kind.width : 64));
  const alignment = aligned ? 16 : Math.max(...widths, 8) >= 128 && !random.oneIn(12) ? 16 : 1;
  const choice = random.below(32);
  let target: number;
  if (choice < 22) target = DATA_BASE + 64 + random.below(DATA_BYTES - 192);
  else if (choice < 28) target = DATA_BASE + 0x1000 - 16 + random.below(20);
  else if (choice < 30) target = DATA_BASE + DATA_BYTES - 16 + random.below(20);
  else if (choice < 31) target = DATA_BASE - 16 + random.below(20);
  else if (isProtected) return BigInt(random.oneIn(2) ? 0xffff_f000 + random.below(0xf00) : random.below(0x1000));
  else return random.oneIn(2) ? 0x8000_0000_0000_0000n + BigInt(random.below(4096)) : 0x7fff_ffff_ff00n;
  return BigInt(target - (target % alignment));
}

function put(bytes: Uint8Array, at: number, value: bigint, size: number): number {
  let rest = BigInt.asUintN(64, value);
  for (let k = 0; k < size; k += 1) {
    bytes[at + k] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return at + size;
}
