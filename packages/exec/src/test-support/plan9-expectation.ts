// What a Plan 9 kernel makes of a program, computed from the format's own rules and compared with ours byte for byte.
import { Access, FaultCause, UserMemory } from '@elf/mm';
import { expect } from 'vitest';
import type { ExecSuccess } from '../exec-request.ts';

const PAGE = 4096;
const STACK = 16 * 1024 * 1024;
const up = (value: number, unit: number) => Math.ceil(value / unit) * unit;

interface Facts {
  readonly header: number;
  readonly base: number;
  readonly unit: number;
  readonly top: number;
  readonly word: 4 | 8;
  readonly tos: number;
  readonly pid: number;
}

// biome-ignore format: one row per line
const FACTS: Readonly<Record<number, Facts>> = {
  0x1eb:  { header: 32, base: 0x1000,   unit: 0x1000,   top: 0xdffff000,     word: 4, tos: 56, pid: 48 },
  0x8a97: { header: 40, base: 0x200000, unit: 0x200000, top: 0x7ffffffff000, word: 8, tos: 72, pid: 64 },
};

/** Compares the whole address space and the start state of `image` with what the file's bytes and the arguments demand. */
export function expectPlan9Image(
  image: ExecSuccess,
  file: Uint8Array,
  argv: readonly string[],
  processId: number,
): void {
  const view = new DataView(file.buffer, file.byteOffset);
  const [magic, text, data, bss, , entry32] = [0, 1, 2, 3, 4, 5].map((index) => view.getUint32(4 * index));
  const facts = FACTS[magic];
  const { header, base, unit, top } = facts;
  const t = up(base + header + text, unit);
  const d = up(t + data, PAGE);
  const b = up(t + data + bss, PAGE);
  const textEnd = up(base + header + text, PAGE);

  expectAreas(image, [
    [base, textEnd, 'r-x'],
    [t, Math.max(b, d), 'rwx'],
    [top - STACK, top, 'rwx'],
  ]);
  expectBytes(image, base, textEnd, file.subarray(0, header + text));
  expectBytes(image, t, b, file.subarray(header + text, header + text + data));
  const stack = stackBytes(facts, argv, processId);
  expectBytes(image, stack.pointer, top, stack.bytes);
  expectBytes(image, top - STACK, top - STACK + PAGE, new Uint8Array(0));
  expectBytes(image, stack.pointer - 3 * PAGE, stack.pointer, new Uint8Array(0));

  expect(image).toMatchObject({
    format: 'plan9',
    personality: 'plan9',
    abi: magic === 0x1eb ? 'i386' : 'x86-64',
    entry: magic === 0x1eb ? entry32 : Number(view.getBigUint64(32)),
    stackPointer: stack.pointer,
    registers: { rax: BigInt(top - facts.tos) },
    floatingPoint: { controlWord: 0x232, mxcsr: magic === 0x1eb ? 0x1f80 : 0x1900 },
    brk: t + data + bss,
    auxiliaryVector: [],
    loadBias: 0,
  });
  expect(image.space.checkInvariants()).toEqual([]);
}

type Area = readonly [start: number, end: number, rights: string];

/** The mapped ranges are exactly these, neighbours of equal rights counted as one; what lies around them faults. */
function expectAreas(image: ExecSuccess, wanted: readonly Area[]): void {
  const found: [number, number, string][] = [];
  for (const { start, end, protection } of image.space.areas) {
    const rights = `${protection & 1 ? 'r' : '-'}${protection & 2 ? 'w' : '-'}${protection & 4 ? 'x' : '-'}`;
    const last = found.at(-1);
    if (last && last[1] === start && last[2] === rights) last[1] = end;
    else found.push([start, end, rights]);
  }
  const areas = wanted.filter(([start, end]) => end > start);
  expect(found).toEqual(areas);
  const isMapped = (address: number) => areas.some(([start, end]) => address >= start && address < end);
  for (const [start, end, rights] of areas) {
    for (const page of [start - PAGE, end]) {
      if (isMapped(page)) continue;
      expect(image.space.resolve(page, Access.Read)).toBe(-FaultCause.MapError);
    }
    if (!rights.includes('w')) expect(image.space.resolve(start, Access.Write)).toBe(-FaultCause.AccessError);
    expect(image.space.resolve(start, Access.Execute)).toBeGreaterThan(0);
  }
  expect(image.space.resolve(0, Access.Read)).toBe(-FaultCause.MapError);
}

/** The memory of [start, end) holds `content`, then zeros; compared in pieces so that failures name a place. */
function expectBytes(image: ExecSuccess, start: number, end: number, content: Uint8Array): void {
  const user = new UserMemory(image.space);
  const piece = 65536;
  for (let address = start; address < end; address += piece) {
    const length = Math.min(piece, end - address);
    const wanted = new Uint8Array(length);
    wanted.set(content.subarray(address - start, address - start + length));
    const got = user.read(address, length);
    if (got === undefined || Buffer.compare(got, wanted) !== 0) {
      expect({ address: address.toString(16), bytes: got }).toEqual({ address: address.toString(16), bytes: wanted });
    }
  }
}

/** The rule as the kernel source states it: sizes first, then places counted down from USTKTOP. */
function stackBytes(facts: Facts, argv: readonly string[], processId: number): { pointer: number; bytes: Uint8Array } {
  const { top, word, tos, pid } = facts;
  const nbytes = tos + argv.reduce((sum, argument) => sum + Buffer.byteLength(argument) + 1, 0);
  let ssize = word * (argv.length + 1) + up(nbytes, word);
  if (word === 4 && (ssize + 4) % 8 !== 0) ssize += 4;
  const pointer = top - ssize - word;
  const bytes = Buffer.alloc(ssize + word);
  const at = (address: number) => address - pointer;
  const put = (address: number, value: number) =>
    word === 8 ? bytes.writeBigUInt64LE(BigInt(value), at(address)) : bytes.writeUInt32LE(value, at(address));
  put(pointer, argv.length);
  let string = top - nbytes;
  argv.forEach((argument, index) => {
    put(top - ssize + index * word, string);
    string += bytes.write(`${argument}\0`, at(string));
  });
  bytes.writeUInt32LE(processId, at(top - tos + pid));
  return { pointer, bytes };
}
