// What the kernel does around instructions: calls of the vsyscall page, and turns of processes that do little but call.
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

const EXIT = [0xb8, 60, 0, 0, 0, 0x0f, 0x05];
/** mov rax, 0xffffffffff600000 + offset. */
const vsyscall = (offset: number) => [0x48, 0xc7, 0xc0, offset & 0xff, offset >> 8, 0x60, 0xff];
const CALL_RAX = [0xff, 0xd0];

async function run(...code: number[][]) {
  const machine = createMachine({
    host: createMemoryHost({ files: { '/p': smallProgram({ fileBytes: 512, code }) } }),
  });
  const outcome = await machine.run({ path: '/p' });
  return { outcome, instructions: machine.instructions };
}

describe('the vsyscall page', () => {
  it('answers time as the call does', async () => {
    const difference = await run(
      [0x48, 0x89, 0xe5, 0x31, 0xff, ...vsyscall(0x400), ...CALL_RAX, 0x48, 0x89, 0xc3], // mov rbp, rsp; rbx = time(NULL) there
      [0x31, 0xff, 0xb8, 201, 0, 0, 0, 0x0f, 0x05, 0x48, 0x29, 0xd8, 0x89, 0xc7], // edi = time(NULL) here - rbx
      [0x48, 0x29, 0xe5, 0x01, 0xef, ...EXIT], // plus what the stack pointer lost
    );
    expect(difference.outcome).toEqual({ kind: 'exited', code: 0 });
  });

  it('stores through its pointers, and kills where it cannot', async () => {
    // getcpu(&word on the stack, NULL) over a word of 7; exit(word + result).
    const stored = [0x6a, 7, 0x48, 0x89, 0xe7, 0x31, 0xf6, ...vsyscall(0x800), ...CALL_RAX, 0x5f, 0x01, 0xc7, ...EXIT];
    expect((await run(stored)).outcome).toEqual({ kind: 'exited', code: 0 });
    const nowhere = [0xbf, 8, 0, 0, 0, 0x31, 0xf6, ...vsyscall(0), ...CALL_RAX, ...EXIT];
    expect((await run(nowhere)).outcome).toMatchObject({ kind: 'signaled', signal: 11 });
  });

  it.each([0x10, 0xc00])('has nothing at offset %i', async (offset) => {
    expect((await run([...vsyscall(offset), ...CALL_RAX, ...EXIT])).outcome).toMatchObject({
      kind: 'signaled',
      signal: 11,
    });
  });

  it('cannot be read', async () => {
    const read = [...vsyscall(0), 0x8b, 0x00, ...EXIT];
    expect((await run(read)).outcome).toMatchObject({ kind: 'signaled', signal: 11 });
  });
});

describe('a process that does little but call', () => {
  it('does not keep others waiting for a whole slice of instructions', async () => {
    // fork; the parent calls getpid for ever, the child kills it.
    const { outcome, instructions } = await run(
      [0xb8, 57, 0, 0, 0, 0x0f, 0x05, 0x85, 0xc0, 0x74, 9],
      [0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7],
      [
        0xb8,
        110,
        0,
        0,
        0,
        0x0f,
        0x05,
        0x89,
        0xc7,
        0xbe,
        9,
        0,
        0,
        0,
        0xb8,
        62,
        0,
        0,
        0,
        0x0f,
        0x05,
        0x31,
        0xff,
        ...EXIT,
      ],
    );
    expect(outcome).toMatchObject({ kind: 'signaled', signal: 9 });
    expect(instructions).toBeLessThan(10_000);
  });
});
