// The string comparisons of SSE4.2 and CRC32 (SDM vol. 2, section 4.1, "Imm8 control byte operation").
import { CF, OF, SF, STATUS_FLAGS, ZF } from '../../state/flags.ts';
import { VECTOR } from '../../state/layout.ts';
import { type HelperContext, type HelperRow, helper } from './helper-row.ts';

/** Bits of the request above the instruction's immediate. */
export const TextRequest = { Explicit: 0x100, Wide: 0x200, Mask: 0x400 } as const;
const RAX = 0;
const RCX = 1;
const RDX = 2;

// Elements of one operand: bytes or words, signed or not.
function elements({ memory }: HelperContext, cell: number, request: number): number[] {
  const words = (request & 1) !== 0;
  const signed = (request & 2) !== 0;
  return Array.from({ length: words ? 8 : 16 }, (_, place) => {
    if (words) {
      const value = memory.u16[(cell >>> 1) + place];
      return signed ? (value << 16) >> 16 : value;
    }
    const value = memory.u8[cell + place];
    return signed ? (value << 24) >> 24 : value;
  });
}

// The magnitude of a register, at most the number of elements; or the place of the first zero element.
function length({ cpu }: HelperContext, text: readonly number[], request: number, register: number): number {
  if ((request & TextRequest.Explicit) === 0) {
    const end = text.indexOf(0);
    return end < 0 ? text.length : end;
  }
  const low = cpu.registerLow(register);
  const value = (request & TextRequest.Wide) !== 0 ? BigInt.asIntN(64, cpu.register(register)) : BigInt(low);
  const size = value < 0n ? -value : value;
  return size > BigInt(text.length) ? text.length : Number(size);
}

// One bit for each element of the second operand, before the polarity.
function aggregate(first: readonly number[], firstLength: number, second: readonly number[], secondLength: number, how: number): number {
  let bits = 0;
  for (let place = 0; place < second.length; place += 1) {
    const value = second[place];
    const valid = place < secondLength;
    let holds = false;
    if (how === 0) {
      for (let other = 0; valid && other < firstLength; other += 1) holds ||= first[other] === value;
    } else if (how === 1) {
      for (let other = 0; valid && other + 1 < firstLength; other += 2) holds ||= first[other] <= value && value <= first[other + 1];
    } else if (how === 2) {
      holds = valid && place < firstLength ? first[place] === value : !valid && place >= firstLength;
    } else {
      holds = true;
      for (let other = 0; other < firstLength && place + other < second.length; other += 1)
        holds &&= place + other < secondLength && first[other] === second[place + other];
    }
    if (holds) bits |= 1 << place;
  }
  return bits;
}

function compare(context: HelperContext, firstCell: number, secondCell: number, requestCell: number): number {
  const { memory, cpu } = context;
  const request = memory.i32[requestCell >>> 2];
  const first = elements(context, firstCell, request);
  const second = elements(context, secondCell, request);
  const count = first.length;
  const firstLength = length(context, first, request, RAX);
  const secondLength = length(context, second, request, RDX);
  let bits = aggregate(first, firstLength, second, secondLength, (request >> 2) & 3);
  const all = (1 << count) - 1;
  if ((request & 0x10) !== 0) bits ^= (request & 0x20) !== 0 ? (1 << secondLength) - 1 : all;
  if ((request & TextRequest.Mask) !== 0) {
    const out = cpu.state + VECTOR;
    memory.u8.fill(0, out, out + 16);
    if ((request & 0x40) === 0) memory.u16[out >>> 1] = bits;
    else for (let byte = 0; byte < 16; byte += 1) if ((bits >> Math.floor((byte * count) / 16)) & 1) memory.u8[out + byte] = 0xff;
  } else {
    const lowest = 31 - Math.clz32(bits & -bits);
    const highest = 31 - Math.clz32(bits);
    cpu.setRegisterHalves(RCX, bits === 0 ? count : (request & 0x40) !== 0 ? highest : lowest, 0);
  }
  const status = (bits !== 0 ? CF : 0) | (secondLength < count ? ZF : 0) | (firstLength < count ? SF : 0) | (bits & 1 ? OF : 0);
  cpu.flags = (cpu.flags & ~STATUS_FLAGS) | status;
  return 0;
}

/** CRC-32C's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f6_3b78;

/** Cells of `crc32c`: result, checksum so far, data, number of data bytes. */
export const textCompareHelpers: readonly HelperRow[] = [
  helper('text-compare', compare),
  helper('crc32c', ({ memory }, out, checksum, data, count) => {
    let crc = memory.i32[checksum >>> 2];
    for (let byte = 0; byte < memory.i32[count >>> 2]; byte += 1) {
      crc ^= memory.u8[data + byte];
      for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    }
    memory.i32[out >>> 2] = crc;
    memory.i32[(out >>> 2) + 1] = 0;
    return 0;
  }),
];
