// Measures decoding and lifting of cold code: all executable bytes of a 64-bit program, block after block, in a fresh process.
//
// npm run bench:lift -- FILE [--limit INSTRUCTIONS]. The first pass starts with cold JavaScript, as a program's start does; the second is warm.
import { readFileSync } from 'node:fs';
import { AddressSpace, GUEST_PAGE_BYTES, GuestMemory, Protection, Tlb, UserMemory } from '@elf/mm';
import { Decoder } from '../src/decode/decoder.ts';
import { createInstruction } from '../src/decode/instruction.ts';
import { buildOpcodeMap } from '../src/decode/opcode-map.ts';
import { CodeCache } from '../src/engine/code-cache.ts';
import { CodeFetcher } from '../src/engine/code-fetcher.ts';
import { GuestAccess } from '../src/engine/guest-access.ts';
import { instructionFamilies } from '../src/isa/index.ts';
import { BlockBuilder } from '../src/lift/block-builder.ts';
import { Lifter } from '../src/lift/lifter.ts';
import { UopStream, uopFacts } from '../src/lift/uop-stream.ts';
import { STATE_BYTES } from '../src/state/layout.ts';
import { buildUopTable } from '../src/uop/index.ts';

/** Everything is moved up by this: the lowest addresses, where position-independent files begin, cannot be mapped. */
const BIAS = 0x1000_0000;

interface Code {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The sections with instructions (elf(5): SHF_EXECINSTR is 4), or the executable segments of a file without sections. */
function codeOf(file: Uint8Array): Code[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (view.getUint32(0) !== 0x7f454c46 || file[4] !== 2) throw new Error('not a 64-bit ELF file');
  const u64 = (at: number) => Number(view.getBigUint64(at, true));
  const code = (address: number, offset: number, length: number) => ({
    address: address + BIAS,
    bytes: file.subarray(offset, offset + length),
  });
  const table = (start: number, size: number, count: number) =>
    Array.from({ length: count }, (_, row) => start + row * size);
  const sections = table(u64(40), view.getUint16(58, true), view.getUint16(60, true))
    .filter((at) => (u64(at + 8) & 4) !== 0 && view.getUint32(at + 4, true) === 1)
    .map((at) => code(u64(at + 16), u64(at + 24), u64(at + 32)));
  if (sections.length > 0) return sections;
  return table(u64(32), view.getUint16(54, true), view.getUint16(56, true))
    .filter((at) => view.getUint32(at, true) === 1 && (view.getUint32(at + 4, true) & 1) !== 0)
    .map((at) => code(u64(at + 16), u64(at + 8), u64(at + 32)));
}

function mapped(memory: GuestMemory, code: readonly Code[]): AddressSpace {
  const space = new AddressSpace(memory);
  const first = Math.min(...code.map(({ address }) => address));
  const start = first - (first % GUEST_PAGE_BYTES);
  const end = Math.max(...code.map(({ address, bytes }) => address + bytes.length));
  const length = Math.ceil((end - start) / GUEST_PAGE_BYTES) * GUEST_PAGE_BYTES;
  const protection = Protection.Read | Protection.Write | Protection.Execute;
  space.map({ address: start, length, protection, fixed: 'replace' });
  for (const { address, bytes } of code) new UserMemory(space).write(address, bytes);
  return space;
}

const file = process.argv[2];
if (file === undefined) throw new Error('usage: npm run bench:lift -- FILE [--limit INSTRUCTIONS]');
const limitAt = process.argv.indexOf('--limit');
const limit = limitAt > 0 ? Number(process.argv[limitAt + 1]) : Number.POSITIVE_INFINITY;
const code = codeOf(readFileSync(file));
const memory = new GuestMemory();
const state = memory.reserveRegion(STATE_BYTES, 64);
const cache = new CodeCache(memory);
const access = new GuestAccess(memory, new Tlb(memory), state);
access.space = mapped(memory, code);
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
  pageOf: (address) => Math.floor(address / GUEST_PAGE_BYTES) * GUEST_PAGE_BYTES,
  stopsAt: () => false,
});

/** Counts of one pass; `report` is called each time the number of instructions passes the next of 10000, 20000, 50000, ... */
function pass(report?: (instructions: number) => void): { instructions: number; blocks: number; unknown: number } {
  const counts = { instructions: 0, blocks: 0, unknown: 0 };
  let next = 10_000;
  for (const { address, bytes } of code) {
    for (let at = address; at < address + bytes.length && counts.instructions < limit; ) {
      const built = builder.build(at);
      if ('kind' in built) {
        counts.unknown += 1;
        at += 1;
        continue;
      }
      counts.instructions += built.instructionCount;
      counts.blocks += 1;
      at = built.address + built.distances[built.instructionCount - 1] + instruction.lengthInBytes;
      if (report !== undefined && counts.instructions >= next) {
        report(counts.instructions);
        next *= String(next).startsWith('2') ? 2.5 : 2;
      }
    }
  }
  return counts;
}

for (const title of ['cold', 'warm'] as const) {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const line = (instructions: number) => {
    const { user, system } = process.cpuUsage(cpu);
    const each = ((performance.now() - start) * 1000) / instructions;
    console.log(
      `${title}: ${instructions} instructions, ${each.toFixed(2)} us each, ${((user + system) / instructions).toFixed(2)} us of CPU time in all threads`,
    );
  };
  const { instructions, blocks, unknown } = pass(line);
  line(instructions);
  console.log(`${title}: ${blocks} blocks, ${unknown} bytes without an instruction`);
}
