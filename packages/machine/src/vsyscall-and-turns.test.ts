// What the kernel does around instructions: calls of the vsyscall page and the vDSO, SYSENTER, and turns of processes that do little but call.
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

const EXIT = [0xb8, 60, 0, 0, 0, 0x0f, 0x05];
/** mov rax, 0xffffffffff600000 + offset. */
const vsyscall = (offset: number) => [0x48, 0xc7, 0xc0, offset & 0xff, offset >> 8, 0x60, 0xff];
const CALL_RAX = [0xff, 0xd0];

const run = (...code: number[][]) => runFile(smallProgram({ fileBytes: 512, code }));
const runNarrow = (...code: number[][]) => runFile(smallProgram({ fileBytes: 512, code, isNarrow: true }));

async function runFile(file: Uint8Array) {
  const machine = createMachine({ host: createMemoryHost({ files: { '/p': file } }) });
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

describe('the vDSO', () => {
  /** From the vector at the start of the program: rbx = AT_SYSINFO_EHDR, the first entry, behind argc, argv, NULL, envp's NULL. */
  const HEADER_IN_RBX = [0x48, 0x8b, 0x5c, 0x24, 0x28];

  it('is the first thing the vector announces, and begins with an ELF header', async () => {
    // edi = byte 0 of what the second word of the vector points to.
    const { outcome } = await run(HEADER_IN_RBX, [0x0f, 0xb6, 0x3b, ...EXIT]);
    expect(outcome).toEqual({ kind: 'exited', code: 0x7f });
    // edi = the first id.
    expect((await run([0x8b, 0x7c, 0x24, 0x20, ...EXIT])).outcome).toEqual({ kind: 'exited', code: 33 });
  });

  it('does not let itself be cut, and goes as a whole', async () => {
    const unmap = (pages: number) => [0x48, 0x89, 0xdf, 0xbe, 0, pages << 4, 0, 0, 0xb8, 11, 0, 0, 0, 0x0f, 0x05];
    const negated = [0xf7, 0xd8, 0x89, 0xc7, ...EXIT];
    expect((await run(HEADER_IN_RBX, unmap(1), negated)).outcome).toEqual({ kind: 'exited', code: 22 });
    expect((await run(HEADER_IN_RBX, unmap(2), negated)).outcome).toEqual({ kind: 'exited', code: 0 });
  });

  /** i386: exit(7) through a door. */
  const EXIT_7 = [0xb8, 1, 0, 0, 0, 0xbb, 7, 0, 0, 0];
  /** The value of the vector's first entry, AT_SYSINFO: behind argc, argv, NULL, NULL and its id. */
  const CALL_ENTRY = [0xff, 0x54, 0x24, 0x14];

  it('is the way i386 programs call: AT_SYSINFO is a function', async () => {
    expect((await runNarrow(EXIT_7, CALL_ENTRY)).outcome).toEqual({ kind: 'exited', code: 7 });
  });

  it('passes on the sixth argument of a call', async () => {
    // The program's own page through mmap2(0, 1 page, PROT_READ, MAP_PRIVATE, descriptor, page 0): EBP 0 or the file ends before it.
    const open = [0x68, 0x2f, 0x70, 0, 0, 0x89, 0xe3, 0x31, 0xc9, 0xb8, 5, 0, 0, 0, 0xcd, 0x80, 0x89, 0xc7]; // edi = open("/p")
    const map = [0x31, 0xdb, 0xb9, 0, 0x10, 0, 0, 0xba, 1, 0, 0, 0, 0xbe, 2, 0, 0, 0, 0x31, 0xed, 0xb8, 192, 0, 0, 0];
    const answer = [0x0f, 0xb6, 0x18, 0xb8, 1, 0, 0, 0, 0xcd, 0x80]; // exit(byte 0 of the file)
    const { outcome } = await runNarrow(open, map, [0xff, 0x54, 0x24, 0x18], answer);
    expect(outcome).toEqual({ kind: 'exited', code: 0x7f });
  });

  it('brings SYSENTER back with the registers its caller pushed', async () => {
    // A copy of the door with SYSENTER in it, called for getpid; EBX, ESP and EBP are what they were.
    const door = [0x51, 0x52, 0x55, 0x89, 0xe5, 0x0f, 0x34];
    const { outcome } = await runNarrow(
      [0xbd, 9, 0, 0, 0, 0xb9, 2, 0, 0, 0, 0xba, 3, 0, 0, 0], // ebp = 9, ecx = 2, edx = 3
      [0x89, 0xe6, 0xb8, 20, 0, 0, 0, 0xe8, 13, 0, 0, 0], // esi = esp; eax = getpid; call door
      [0x39, 0xe6, 0x0f, 0x94, 0xc3, 0x01, 0xeb, 0x01, 0xcb, 0x01, 0xd3, 0xeb, 7], // ebx = (esi == esp) + ebp + ecx + edx
      door,
      [0xb8, 1, 0, 0, 0, 0xcd, 0x80],
    );
    expect(outcome).toEqual({ kind: 'exited', code: 15 });
  });

  it('answers SYSENTER without a stack with EFAULT', async () => {
    // ebp = 8; SYSENTER comes back with ESP 8, and the door's POP faults there.
    const { outcome } = await runNarrow([0xbd, 8, 0, 0, 0, 0xb8, 20, 0, 0, 0, 0x0f, 0x34]);
    expect(outcome).toMatchObject({ kind: 'signaled', signal: 11 });
  });

  it('takes a handler back that has no restorer', async () => {
    // sigaction(SIGUSR1, {handler}), kill(getpid(), SIGUSR1), exit(edi), which the handler cannot change: its registers are restored.
    const handler = 0x400080 + 64;
    const address = [handler & 0xff, (handler >> 8) & 0xff, (handler >> 16) & 0xff, 0];
    const code = [
      ...[0x31, 0xc0, 0x50, 0x50, 0x50, 0x68, ...address], // push 0 0 0 handler
      ...[0xb8, 67, 0, 0, 0, 0xbb, 10, 0, 0, 0, 0x89, 0xe1, 0x31, 0xd2, 0xcd, 0x80], // sigaction(10, esp, 0)
      ...[0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0x89, 0xc3, 0xb9, 10, 0, 0, 0, 0xbf, 5, 0, 0, 0], // ebx = getpid; ecx = 10; edi = 5
      ...[0xb8, 37, 0, 0, 0, 0xcd, 0x80], // kill
    ];
    const rest = [0x89, 0xfb, 0xb8, 1, 0, 0, 0, 0xcd, 0x80]; // exit(edi)
    const padding = new Array<number>(64 - code.length - rest.length).fill(0x90);
    // The handler returns at once, to an address above the program: the vDSO.
    const returns = [0xbf, 99, 0, 0, 0, 0x81, 0x3c, 0x24, 0, 0, 0, 0xf7, 0x72, 1, 0xc3, 0x0f, 0x0b];
    expect((await runNarrow(code, rest, padding, returns)).outcome).toEqual({ kind: 'exited', code: 5 });
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
