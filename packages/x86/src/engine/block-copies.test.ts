// A block that is copied to another address is, word for word, what lifting the same bytes there makes.
import { AddressSpace, GuestMemory, Protection, Tlb, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { createCpu } from '../cpu.ts';
import { Decoder } from '../decode/decoder.ts';
import { createInstruction } from '../decode/instruction.ts';
import { buildOpcodeMap } from '../decode/opcode-map.ts';
import { instructionFamilies } from '../isa/index.ts';
import { BlockBuilder } from '../lift/block-builder.ts';
import { Lifter } from '../lift/lifter.ts';
import { UopStream, uopFacts } from '../lift/uop-stream.ts';
import { STATE_BYTES } from '../state/layout.ts';
import { sweepEncodings } from '../test-support/encoding-sweep.ts';
import { Random } from '../test-support/random.ts';
import { fillEncoding } from '../test-support/random-encodings.ts';
import { buildUopTable } from '../uop/index.ts';
import { BlockCopies } from './block-copies.ts';
import { type Block, Relocation } from './block.ts';
import { CodeCache } from './code-cache.ts';
import { CodeFetcher } from './code-fetcher.ts';
import { GuestAccess } from './guest-access.ts';

// The distance carries from the lower half of an address into the upper one.
const HERE = 0x5555_ffff_e000;
const THERE = 0x7f12_0000_3000;
const OFFSET = 0x120;
const PAGE = 0x1000; // not a page size: the length of the areas that are mapped
/** More than the three blocks of a comparison take. */
const ROOM = 0x4000;
const everything = Protection.Read | Protection.Write | Protection.Execute;

function rig() {
  const memory = new GuestMemory();
  const state = memory.reserveRegion(STATE_BYTES, 64);
  const cache = new CodeCache(memory);
  const access = new GuestAccess(memory, new Tlb(memory), state);
  const space = new AddressSpace(memory);
  access.space = space;
  for (const address of [HERE, THERE]) space.map({ address, length: PAGE, protection: everything, fixed: 'replace' });
  const fetcher = new CodeFetcher(memory, access);
  const table = buildUopTable();
  const instruction = createInstruction();
  const stream = new UopStream(uopFacts(table));
  const lifter = new Lifter(table, stream, instruction, state);
  const decoder = new Decoder(buildOpcodeMap(instructionFamilies));
  const builder = new BlockBuilder(decoder, instruction, stream, lifter, table, {
    memory,
    window: (address) => fetcher.fetch(address),
    hostOffsetOf: (address) => fetcher.hostOffsetOf(address),
    allocate: (length) => cache.allocate(length),
    pageOf: (address) => address - (address % PAGE),
    stopsAt: () => false,
  });
  const user = new UserMemory(space);
  const words = ({ entry, sizeInBytes, relocations }: Block) => {
    const all = [...memory.i32.slice(entry >>> 2, (entry + sizeInBytes) >>> 2)];
    for (const relocation of relocations) if ((relocation & 3) === Relocation.Constant) all[relocation >>> 2] -= entry;
    return all;
  };
  /** What lifting makes of some bytes here and there, and whether a copy was possible and equal. */
  const compare = (bytes: Uint8Array): 'equal' | 'different' | 'nothing' => {
    cache.dropAll();
    // Nobody writes what lies between micro-ops and constants.
    const free = cache.allocate(0);
    memory.u8.fill(0, free, free + ROOM);
    for (const address of [HERE, THERE]) user.write(address + OFFSET, bytes);
    const copies = new BlockCopies(memory, cache);
    const here = builder.build(HERE + OFFSET);
    if ('kind' in here) return 'nothing';
    copies.keep(here, fetcher.hostOffsetOf(HERE + OFFSET));
    const copy = copies.copy(THERE + OFFSET, fetcher.hostOffsetOf(THERE + OFFSET));
    if (copy === undefined) return 'nothing';
    const there = builder.build(THERE + OFFSET);
    if ('kind' in there) return 'different';
    const known = ({ address, starts, distances, pages, instructionCount, relocations }: Block) =>
      JSON.stringify([address, starts, distances, pages, instructionCount, relocations]);
    const isSame = words(copy).join() === words(there).join() && known(copy) === known(there);
    return isSame ? 'equal' : 'different';
  };
  return { compare };
}

describe('a copy of a block', () => {
  const { compare } = rig();
  const random = new Random(20);
  const judge = (encodings: Iterable<Uint8Array>) => {
    const counts = { equal: 0, different: [] as string[] };
    for (const bytes of encodings) {
      const verdict = compare(bytes);
      if (verdict === 'equal') counts.equal += 1;
      if (verdict === 'different') counts.different.push(Buffer.from(bytes).toString('hex'));
    }
    return counts;
  };

  it('is what lifting makes, for random code', () => {
    const encodings = Array.from({ length: 10_000 }, (_, round) => {
      const bytes = new Uint8Array(64);
      for (let at = 0; at < bytes.length; at += 16) fillEncoding(bytes.subarray(at, at + 16), random, round + at / 16);
      return bytes;
    });
    const { equal, different } = judge(encodings);
    expect(different).toEqual([]);
    expect(equal).toBeGreaterThan(2500);
  });

  it('is what lifting makes, for every opcode with an address relative to RIP', () => {
    // The rest of each encoding is an operand of mod 0, rm 5, and immediates.
    const encodings = [...sweepEncodings('legacy', 64)]
      .filter((_, index) => index % 13 === 0)
      .map((encoding) => Uint8Array.from([...encoding.slice(0, -1), 0x05, 0x78, 0x56, 0x34, 0x12, 0xcc, 0xcc, 0xcc]));
    const { equal, different } = judge(encodings);
    expect(different).toEqual([]);
    expect(equal).toBeGreaterThan(500);
  });

  it('serves a second address space, and leaves the first as it is', () => {
    const memory = new GuestMemory();
    // lea rax, [rip]; call next; next: pop rcx; inc edx; syscall
    const code = Uint8Array.of(0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0x59, 0xff, 0xc2, 0x0f, 0x05);
    const cpu = createCpu(memory);
    const run = (space: AddressSpace, start: number) => {
      cpu.attach(space);
      cpu.rip = start;
      cpu.setRegister(2, 0n);
      cpu.setRegister(4, BigInt(start + 0xf00));
      expect(cpu.run(1000)).toEqual({ kind: 'system-call' });
      return [cpu.register(0), cpu.register(1), cpu.register(2)];
    };
    const results = [HERE, THERE].map((start) => {
      const space = new AddressSpace(memory);
      space.map({ address: start, length: PAGE, protection: everything, fixed: 'replace' });
      new UserMemory(space).write(start, code);
      // A store in between: INC becomes DEC in this space alone.
      const first = run(space, start);
      new UserMemory(space).write(start + 14, Uint8Array.of(0xca));
      return [first, run(space, start)];
    });
    const expected = (start: number, counter: bigint) => [BigInt(start + 7), BigInt(start + 17), counter];
    for (const [index, start] of [HERE, THERE].entries())
      expect(results[index]).toEqual([expected(start, 1n), expected(start, 0xffff_ffffn)]);
  });
});
