// String instructions: MOVS, STOS, LODS, CMPS, SCAS, alone and repeated (SDM vol. 2, REP). Bulk where whole runs lie in one page.
import { GUEST_PAGE_BYTES, GUEST_PAGE_OFFSET_MASK } from '@elf/mm';
import { DIRECTION, EXIT_STATUS, GPR, STRING_BUFFER } from '../../state/layout.ts';
import { AF, CF, OF, PF, SF, STATUS_FLAGS, ZF } from '../../state/flags.ts';
import { type HelperContext, type HelperRow, helper } from './helper-row.ts';

const RAX = 0;
const RCX = 1;
const RSI = 6;
const RDI = 7;

// What the micro-op passes: the constant cell holds element size in bits 0-3, repeat kind in bits 4-5, addresses below 64 bits in bit 6, segment in bits 7-9, 16-bit addresses in bit 10.
interface Request {
  readonly size: number;
  /** 0 none, 2 REPNE, 3 REP/REPE. */
  readonly repeat: number;
  /** Address size in bits: offsets and the counter wrap there. */
  readonly bits: AddressBits;
  /** Linear addresses have 32 bits. */
  readonly isProtected: boolean;
  /** Segment base of the source: 0, or the FS/GS base. */
  readonly sourceBase: number;
  readonly step: number;
}

type AddressBits = 16 | 32 | 64;

function request({ memory, cpu }: HelperContext, cell: number): Request {
  const word = memory.i32[cell >>> 2];
  const size = word & 15;
  const segment = (word >> 7) & 7;
  const base = segment === 4 ? cpu.fsBase : segment === 5 ? cpu.gsBase : 0n;
  const backwards = memory.i32[(cpu.state + DIRECTION) >>> 2] !== 0;
  const bits = (word & 1024) !== 0 ? 16 : (word & 64) !== 0 ? 32 : 64;
  return { size, repeat: (word >> 4) & 3, bits, isProtected: cpu.mode === 32, sourceBase: Number(base), step: backwards ? -size : size };
}

// Offsets that a step took below zero or beyond the address size go on at the other end.
function wrap(offset: number, bits: AddressBits): number {
  if (bits === 64) return offset;
  return bits === 32 ? offset - Math.floor(offset / 0x1_0000_0000) * 0x1_0000_0000 : offset & 0xffff;
}
function linear(offset: number, { sourceBase, isProtected }: Request): number {
  return isProtected ? (offset + sourceBase) >>> 0 : offset + sourceBase;
}
// A run may not pass the end of 16-bit offsets unseen: a base moves it into the middle of a page.
function isBroken({ bits, sourceBase }: Request): boolean {
  return bits === 16 && sourceBase !== 0;
}

function registerNumber({ cpu }: HelperContext, index: number, bits: AddressBits): number {
  const low = cpu.registerLow(index) >>> 0;
  if (bits === 16) return low & 0xffff;
  return bits === 32 ? low : (cpu.registerHigh(index) >>> 0) * 0x1_0000_0000 + low;
}
// Moves a register on by a number of bytes or elements. By halves, because a counter may be any 64-bit value (REPNE SCASB with RCX = -1 is strlen).
function advance({ cpu }: HelperContext, index: number, delta: number, bits: AddressBits): void {
  const low = (cpu.registerLow(index) >>> 0) + delta;
  if (bits === 16) {
    const upper = cpu.registerLow(index) & 0xffff_0000;
    cpu.setRegisterHalves(index, upper | (low & 0xffff), cpu.registerHigh(index));
    return;
  }
  const high = bits === 32 ? 0 : (cpu.registerHigh(index) + Math.floor(low / 0x1_0000_0000)) | 0;
  cpu.setRegisterHalves(index, low | 0, high);
}

// Reads or writes one element at a guest address through the crossing-aware slow path. 0 means a fault.
function element({ access }: HelperContext, address: number, size: number, write: boolean): number {
  const low = (address % 0x1_0000_0000) | 0;
  const high = Math.floor(address / 0x1_0000_0000) | 0;
  return write ? access.slowWrite(low, high, size) : access.slowRead(low, high, size);
}

/** Elements from `address` in direction `step` that lie wholly in the page of the first one. */
function runInPage(address: number, size: number, step: number): number {
  const offset = address & GUEST_PAGE_OFFSET_MASK;
  if (offset + size > GUEST_PAGE_BYTES) return 0;
  return step > 0 ? Math.floor((GUEST_PAGE_BYTES - offset) / size) : Math.floor(offset / size) + 1;
}

const status = ({ memory, cpu }: HelperContext) => memory.i32[(cpu.state + EXIT_STATUS) >>> 2];

function move(context: HelperContext, cell: number): number {
  const asked = request(context, cell);
  const { size, repeat, bits, step } = asked;
  const { memory } = context;
  const count = repeat === 0 ? 1 : registerNumber(context, RCX, bits);
  let done = 0;
  let source = registerNumber(context, RSI, bits);
  let target = registerNumber(context, RDI, bits);
  let failed = false;
  while (done < count && !failed) {
    const start = linear(source, asked);
    const from = element(context, start, size, false);
    if (from === 0) {
      failed = true;
      break;
    }
    const run = isBroken(asked) ? 1 : Math.min(count - done, runInPage(start, size, step), runInPage(target, size, step));
    if (run > 1) {
      const to = element(context, target, size, true);
      if (to === 0) failed = true;
      else {
        const again = element(context, start, size, false);
        copyRun(memory.u8, again, to, run, size, step);
        source = wrap(source + run * step, bits);
        target = wrap(target + run * step, bits);
        done += run;
      }
      continue;
    }
    // One element, possibly across a page: its bytes wait in a buffer, because reading and writing share the crossing buffer.
    const buffer = context.cpu.state + STRING_BUFFER;
    memory.u8.copyWithin(buffer, from, from + size);
    const to = element(context, target, size, true);
    if (to === 0) {
      failed = true;
      break;
    }
    context.memory.u8.copyWithin(to, buffer, buffer + size);
    context.access.commitIfCrossing(to);
    source = wrap(source + step, bits);
    target = wrap(target + step, bits);
    done += 1;
  }
  advance(context, RSI, done * step, bits);
  advance(context, RDI, done * step, bits);
  if (repeat !== 0) advance(context, RCX, -done, bits);
  return failed ? status(context) : 0;
}

// Element by element in the direction of travel: an overlap replicates a pattern as hardware does. Disjoint runs are one copy.
function copyRun(u8: Uint8Array, from: number, to: number, run: number, size: number, step: number): void {
  const length = run * size;
  const fromStart = step > 0 ? from : from - length + size;
  const toStart = step > 0 ? to : to - length + size;
  const overlaps = Math.abs(fromStart - toStart) < length;
  const safe = !overlaps || (step > 0 ? toStart <= fromStart : toStart >= fromStart);
  if (safe) {
    u8.copyWithin(toStart, fromStart, fromStart + length);
    return;
  }
  for (let index = 0; index < run; index += 1) u8.copyWithin(to + index * step, from + index * step, from + index * step + size);
}

function store(context: HelperContext, cell: number): number {
  const { size, repeat, bits, step } = request(context, cell);
  const count = repeat === 0 ? 1 : registerNumber(context, RCX, bits);
  let done = 0;
  let target = registerNumber(context, RDI, bits);
  const value = context.cpu.state + GPR + 8 * RAX;
  let failed = false;
  while (done < count) {
    const to = element(context, target, size, true);
    if (to === 0) {
      failed = true;
      break;
    }
    const { u8 } = context.memory;
    const run = Math.max(1, Math.min(count - done, runInPage(target, size, step)));
    if (size === 1 && run > 1) u8.fill(u8[value], step > 0 ? to : to - run + 1, step > 0 ? to + run : to + 1);
    else for (let index = 0; index < run; index += 1) u8.copyWithin(to + index * step, value, value + size);
    context.access.commitIfCrossing(to);
    target = wrap(target + run * step, bits);
    done += run;
  }
  advance(context, RDI, done * step, bits);
  if (repeat !== 0) advance(context, RCX, -done, bits);
  return failed ? status(context) : 0;
}

function load(context: HelperContext, cell: number): number {
  const asked = request(context, cell);
  const { size, repeat, bits, step } = asked;
  const count = repeat === 0 ? 1 : registerNumber(context, RCX, bits);
  let done = 0;
  let source = registerNumber(context, RSI, bits);
  let failed = false;
  while (done < count) {
    const from = element(context, linear(source, asked), size, false);
    if (from === 0) {
      failed = true;
      break;
    }
    const { u8 } = context.memory;
    const register = context.cpu.state + GPR + 8 * RAX;
    if (size === 4) u8.fill(0, register + 4, register + 8);
    u8.copyWithin(register, from, from + size);
    source = wrap(source + step, bits);
    done += 1;
  }
  advance(context, RSI, done * step, bits);
  if (repeat !== 0) advance(context, RCX, -done, bits);
  return failed ? status(context) : 0;
}

// CMPS compares [rsi] with [rdi], SCAS the accumulator with [rdi]; a repeated one stops when ZF differs from what it repeats while.
function compare(context: HelperContext, cell: number, scan: boolean): number {
  const asked = request(context, cell);
  const { size, repeat, bits, step } = asked;
  const count = repeat === 0 ? 1 : registerNumber(context, RCX, bits);
  let done = 0;
  let source = registerNumber(context, RSI, bits);
  let target = registerNumber(context, RDI, bits);
  let left = 0n;
  let right = 0n;
  let failed = false;
  const accumulator = readElement(context.memory.view, context.cpu.state + GPR + 8 * RAX, size);
  while (done < count) {
    const from = scan ? -1 : element(context, linear(source, asked), size, false);
    if (from !== 0 && !scan) left = readElement(context.memory.view, from, size);
    const to = from === 0 ? 0 : element(context, target, size, false);
    if (to === 0) {
      failed = true;
      break;
    }
    if (scan) left = accumulator;
    right = readElement(context.memory.view, to, size);
    if (!scan) source = wrap(source + step, bits);
    target = wrap(target + step, bits);
    done += 1;
    if (repeat !== 0 && (left === right) !== (repeat === 3)) break;
  }
  if (!scan) advance(context, RSI, done * step, bits);
  advance(context, RDI, done * step, bits);
  if (repeat !== 0) advance(context, RCX, -done, bits);
  // A fault leaves the flags as they were before the instruction, whatever was compared by then (SDM vol. 2, REP).
  if (done > 0 && !failed) context.cpu.flags = (context.cpu.flags & ~STATUS_FLAGS) | compareFlags(left, right, BigInt(size * 8));
  return failed ? status(context) : 0;
}

function readElement(view: DataView, hostOffset: number, size: number): bigint {
  if (size === 1) return BigInt(view.getUint8(hostOffset));
  if (size === 2) return BigInt(view.getUint16(hostOffset, true));
  if (size === 4) return BigInt(view.getUint32(hostOffset, true));
  return view.getBigUint64(hostOffset, true);
}

function compareFlags(left: bigint, right: bigint, width: bigint): number {
  const difference = BigInt.asUintN(Number(width), left - right);
  const top = 1n << (width - 1n);
  let parity = Number(difference & 0xffn);
  parity ^= parity >> 4;
  return (
    (left < right ? CF : 0) |
    ((0x9669 >> (parity & 15)) & 1 ? PF : 0) |
    ((left ^ right ^ difference) & 16n ? AF : 0) |
    (difference === 0n ? ZF : 0) |
    (difference & top ? SF : 0) |
    ((left ^ right) & (left ^ difference) & top ? OF : 0)
  );
}

export const stringHelpers: readonly HelperRow[] = [
  helper('movs', move),
  helper('stos', store),
  helper('lods', load),
  helper('cmps', (context, cell) => compare(context, cell, false)),
  helper('scas', (context, cell) => compare(context, cell, true)),
];
