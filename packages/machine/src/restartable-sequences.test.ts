// Restartable sequences: a thread that is disturbed inside one goes on at its abort handler (man 2 rseq).
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

const SIGNATURE = [0x53, 0x30, 0x05, 0x53];
const EXIT = [0xb8, 60, 0, 0, 0, 0x0f, 0x05];

/** rsp = the area, 32-aligned; the section's record is 0x40 above it. rax = rseq(rsp, length, 0, signature). */
const register = (length: number) => [
  ...[0x48, 0x81, 0xec, 0, 2, 0, 0, 0x48, 0x83, 0xe4, 0xe0, 0xb8, 0x4e, 1, 0, 0],
  ...[0x48, 0x89, 0xe7, 0xbe, length, 0, 0, 0, 0x31, 0xd2, 0x41, 0xba, ...SIGNATURE, 0x0f, 0x05],
];
/** Fills the record in for a section of `length` bytes that begins 9 bytes behind this, aborting 4 behind its 2 bytes; enters it. */
const enter = (length: number) => [
  ...[0x48, 0xc7, 0x44, 0x24, 0x50, length, 0, 0, 0], // length
  ...[0x48, 0x8d, 0x05, 34, 0, 0, 0, 0x48, 0x89, 0x44, 0x24, 0x58], // lea rax, [abort]
  ...[0x48, 0x8d, 0x05, 16, 0, 0, 0, 0x48, 0x89, 0x44, 0x24, 0x48], // lea rax, [section]
  ...[0x48, 0x8d, 0x44, 0x24, 0x40, 0x48, 0x89, 0x44, 0x24, 0x08, 0x90], // area.rseq_cs = record
];
const FOREVER = [0xeb, 0xfe];
const ABORTED = [0xbf, 5, 0, 0, 0, ...EXIT];

async function run(...code: number[][]) {
  const host = createMemoryHost({ files: { '/p': smallProgram({ fileBytes: 512, code }) } });
  return createMachine({ host }).run({ path: '/p' });
}

describe('a restartable sequence', () => {
  it('is aborted at the end of a turn', async () => {
    expect(await run(register(32), enter(2), FOREVER, SIGNATURE, ABORTED)).toEqual({ kind: 'exited', code: 5 });
  });

  it('dies of SIGSEGV when its abort handler lacks the signature', async () => {
    expect(await run(register(32), enter(2), FOREVER, [1, 2, 3, 4], ABORTED)).toMatchObject({ signal: 11 });
  });

  it('dies of SIGSEGV when it aborts into itself', async () => {
    expect(await run(register(32), enter(20), FOREVER, SIGNATURE, ABORTED)).toMatchObject({ signal: 11 });
  });

  it('is forgotten once it was left', async () => {
    // Past the signature: ecx = 3,000,000; dec ecx; jnz; edi = (area.rseq_cs != 0), after turns that ended in the loop.
    const left = [0xeb, 4];
    const loop = [0xb9, 0xc0, 0xc6, 0x2d, 0, 0xff, 0xc9, 0x75, 0xfc];
    const answer = [0x31, 0xff, 0x48, 0x83, 0x7c, 0x24, 8, 0, 0x40, 0x0f, 0x95, 0xc7, ...EXIT];
    const outcome = await run(register(32), enter(2), left, SIGNATURE, loop, answer);
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
  });

  it('needs an area of a known form', async () => {
    const negated = [0xf7, 0xd8, 0x89, 0xc7, ...EXIT];
    expect(await run(register(32), negated)).toEqual({ kind: 'exited', code: 0 });
    expect(await run(register(31), negated)).toEqual({ kind: 'exited', code: 22 });
  });
});
