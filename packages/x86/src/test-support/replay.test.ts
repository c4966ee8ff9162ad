// The replay of native traces: a small one that agrees, and the same with one thing changed, which must be noticed.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Replay, type ReplayResult } from './replay.ts';
import { STATE_WORDS, XSAVE_BYTES } from './trace-stream.ts';

const PAGE = 4096;
const CODE = 0x10000;
const DATA = 0x20000;
/** mov eax,5; add eax,-5; mov [0x20000],ecx; pcmpeqd xmm0,xmm0; rdtsc; xor edx,edx; syscall */
const PROGRAM = 'b805000000 83c0fb 890c2500000200 660f76c0 0f31 31d2 0f05';
const INSTRUCTIONS = 7;
const SYSCALL_AT = 23;
const FLAGS = 0x246;

interface Trace {
  rax: bigint;
  rip: number;
  flags: number;
  xmm0: bigint;
  stored: number;
  instructions: number;
  ticks: bigint[];
}
/** What the processor does. */
const RIGHT: Trace = {
  rax: 0x1234n,
  rip: CODE + SYSCALL_AT,
  flags: FLAGS,
  xmm0: -1n,
  stored: 77,
  instructions: INSTRUCTIONS,
  ticks: [0x1234n],
};

function words(values: readonly (bigint | number)[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => void bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 8 * index));
  return bytes;
}
function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => void bytes.writeUInt32LE(value, 4 * index));
  return bytes;
}
const kind = (letter: string) => Buffer.from(letter, 'latin1');
const page = (content: Uint8Array) => Buffer.concat([content, Buffer.alloc(PAGE - content.length)]);

function state(letter: 'B' | 'C', instructions: number, rip: number, rax: bigint, flags: number): Buffer {
  const all = [rip, rax, 77, ...Array(14).fill(0), flags, 0, 0, 0, 0x33, 0, 0, 0];
  const everything = 2 ** STATE_WORDS - 1;
  return Buffer.concat([kind(letter), u32(instructions), Buffer.from([0]), u32(everything), words(all)]);
}
function vectors(changes: readonly (readonly [word: number, value: bigint])[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16LE(changes.length);
  const parts = changes.map(([word, value]) => Buffer.concat([Buffer.from([word, 0]), words([value])]));
  return Buffer.concat([kind('V'), count, ...parts]);
}

function replay(trace: Trace): ReplayResult {
  const initial = Array.from({ length: XSAVE_BYTES / 8 }, (_, word): [number, bigint] => [
    word,
    word === 0 ? 0x37fn : word === 3 ? 0xffff_0000_1f80n : 0n,
  ]);
  const directory = mkdtempSync(join(tmpdir(), 'elf-replay-test-'));
  const path = join(directory, 'stream');
  const code = page(Buffer.from(PROGRAM.replaceAll(' ', ''), 'hex'));
  writeFileSync(
    path,
    Buffer.concat([
      ...[kind('M'), words([CODE, PAGE]), u32(5), words([0, 0]), kind('W'), words([CODE]), code],
      ...[kind('M'), words([DATA, PAGE]), u32(3), words([0, 0])],
      vectors(initial),
      state('B', 0, CODE, 0n, 0x202),
      ...trace.ticks.map((ticks) => Buffer.concat([kind('N'), words([ticks])])),
      vectors([
        [20, trace.xmm0],
        [21, -1n],
      ]),
      state('C', trace.instructions, trace.rip, trace.rax, trace.flags),
      ...[kind('P'), words([DATA]), page(u32(trace.stored))],
      state('B', 0, CODE, 0n, 0x202),
      ...[kind('X'), u32(0, 0)],
    ]),
  );
  const descriptor = openSync(path, 'r');
  try {
    return new Replay(descriptor, () => undefined).run();
  } finally {
    closeSync(descriptor);
    rmSync(directory, { recursive: true });
  }
}

describe('a replayed trace', () => {
  it('agrees with what the processor does', () => {
    const { difference, instructions, systemCalls, pages, end } = replay(RIGHT);
    expect(difference).toBeUndefined();
    expect({ instructions, systemCalls, pages }).toEqual({ instructions: INSTRUCTIONS, systemCalls: 1, pages: 1 });
    expect(end).toContain('the program has ended');
  });

  it.each<[string, Partial<Trace>, string]>([
    ['a register', { rax: 0x1235n }, 'rax: native 0x1235, ours 0x1234'],
    ['a flag', { flags: FLAGS | 1 }, 'flags: native'],
    ['a vector register', { xmm0: -2n }, 'xmm0: native fffffffffffffffffffffffffffffffe'],
    ['memory', { stored: 78 }, 'memory at 0x20000: native 4e'],
    ['the address', { rip: CODE + SYSCALL_AT + 1 }, `rip: native 0x${(CODE + SYSCALL_AT + 3).toString(16)}`],
    ['the path', { instructions: INSTRUCTIONS - 1, rip: CODE }, 'a system call natively, ours: budget'],
  ])('that differs in %s is found out', (_what, wrong, message) => {
    expect(replay({ ...RIGHT, ...wrong }).difference?.what.join('\n')).toContain(message);
  });

  it('has every number that the program asks for', () => {
    expect(() => replay({ ...RIGHT, ticks: [] })).toThrow('asks for a number');
  });
});
