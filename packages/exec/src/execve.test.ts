// Limits, permissions and the initial stack of execve.
import { type AddressSpace, type Backing, GuestMemory, UserMemory } from '@elf/mm';
import { decodeText } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { refuse } from './binary-format.ts';
import { ExecErrno } from './exec-errno.ts';
import type { ExecSuccess } from './exec-request.ts';
import type { LoaderProfile } from './loader-profile.ts';
import { linuxProfile } from './profiles/linux.ts';
import { buildElf, textSegment } from './test-support/elf-builder.ts';
import { run, succeed, verdict } from './test-support/run-execve.ts';

const { E2BIG, EACCES, ENOENT, ENOEXEC, ENOMEM, ETXTBSY } = ExecErrno;
const program = buildElf({});

describe('opening', () => {
  it.each([
    ['missing', {}, ENOENT],
    ['not a regular file', { '/program': { isRegularFile: false } }, EACCES],
    ['without any execute bit', { '/program': { mode: 0o666 } }, EACCES],
    ['open for writing', { '/program': { isOpenForWriting: true } }, ETXTBSY],
    ['unknown to every format', { '/program': '\x01\x02\x03\x04' }, ENOEXEC],
    ['printable text', { '/program': 'echo hello\n' }, ENOEXEC],
  ])('%s', (_name, table, expected) => {
    expect(verdict(run(table))).toBe(expected);
  });

  it('says which module the kernel would have asked for, but not for text', () => {
    const binary = run({ '/program': '\x01\x02\xcd\xab' });
    expect(binary.record.find(({ step }) => step === 'request module')?.inputs.alias).toBe('binfmt-abcd');
    const text = run({ '/program': 'text' });
    expect(text.record.find(({ step }) => step === 'request module')?.inputs.alias).toBe('none');
  });
});

describe('argument space', () => {
  const attempt = (argument: number, stackLimitInBytes = 8 << 20, count = 1) => {
    const argv = Array.from({ length: count }, () => 'x'.repeat(argument));
    return verdict(run({ '/program': program }, { argv, limits: { stackLimitInBytes } }));
  };

  it('allows one string of 131071 characters', () => {
    expect(attempt(131071)).toBe('ok');
    expect(attempt(131072)).toBe(E2BIG);
  });

  // Budget for strings and their NULs: limit - 8 * (argc + envc), the path included (observed, loader policy 1.1).
  it.each([
    [8 << 20, 2097152],
    [256 << 20, 6291456],
    [Number.POSITIVE_INFINITY, 6291456],
    [1 << 20, 262144],
  ])('with a stack limit of %d counts %d bytes exactly', (stackLimit, limit) => {
    const fill = (total: number) => {
      const envp: string[] = [];
      let left = total - '/program\0'.length - 1;
      // Every string takes its bytes, its NUL and a pointer.
      for (left -= 8; left > 100_000; left -= 50_009) envp.push('e'.repeat(50_000));
      envp.push('e'.repeat(left - 9));
      return verdict(run({ '/program': program }, { argv: [''], envp, limits: { stackLimitInBytes: stackLimit } }));
    };
    expect(fill(limit)).toBe('ok');
    expect(fill(limit + 1)).toBe(E2BIG);
  });

  it('lets a small stack limit bind before the argument limit', () => {
    expect(attempt(60_000, 65536)).not.toBe(E2BIG);
    expect(attempt(70_000, 65536)).toBe(E2BIG);
  });

  it('counts the pointers alone', () => {
    expect(attempt(0, 8 << 20, 262144)).toBe(E2BIG);
  });

  it('gives a program without arguments one empty one', () => {
    const outcome = succeed(run({ '/program': program }, { argv: [] }));
    expect(outcome.argv).toEqual([new Uint8Array(0)]);
    expect(new UserMemory(outcome.space).readAddress(outcome.stackPointer)).toBe(1);
  });
});

/** Everything on the initial stack, read back through guest memory. */
function readStack({ space, stackPointer }: { space: AddressSpace; stackPointer: number }) {
  const user = new UserMemory(space);
  const text = (at: number) => decodeText(user.readCString(at, 4096) ?? new Uint8Array());
  let at = stackPointer;
  const next = () => {
    const value = user.readAddress(at) ?? -1;
    at += 8;
    return value;
  };
  const argc = next();
  const argv = Array.from({ length: argc }, next);
  expect(next()).toBe(0);
  const envp: number[] = [];
  for (let pointer = next(); pointer !== 0; pointer = next()) envp.push(pointer);
  const vectorAddress = at;
  const vector = new Map<number, number>();
  for (;;) {
    const id = next();
    vector.set(id, next());
    if (id === 0) break;
  }
  return { argc, argv, envp, vector, vectorAddress, vectorEnd: at, text, user };
}

describe('the initial stack', () => {
  /** The kernel of the observed example wrote AT_SYSINFO_EHDR too: one entry more, so everything below it lies 16 lower. */
  const VDSO_ENTRY_BYTES = 16;

  it('lies where the observed example has it', () => {
    // Path and environment have the lengths of the observation: argc 2, two environment strings.
    const path = `/${'p'.repeat(21)}`;
    const outcome = succeed(run({ [path]: program }, { path, argv: ['prog', '--version'], envp: ['A=1', 'B='] }));
    const stack = readStack(outcome);
    expect(stack.argv[0]).toBe(0x7fffffffefcb);
    expect(stack.vector.get(31)).toBe(0x7fffffffefe1);
    expect(stack.vector.get(15)).toBe(0x7fffffffefb9);
    expect(stack.vector.get(25)).toBe(0x7fffffffefa9);
    expect(outcome.stackPointer - VDSO_ENTRY_BYTES).toBe(0x7fffffffee00);
    expect(stack.vectorAddress - VDSO_ENTRY_BYTES).toBe(0x7fffffffee38);
    // The end of the vector does not depend on how many entries it has.
    expect(stack.vectorEnd - 16).toBe(0x7fffffffef98);
  });

  it('holds strings, vector and random bytes in order', () => {
    const request = { argv: ['a', 'bc', ''], envp: ['X=1', 'LONG=value'] };
    const outcome = succeed(run({ '/program': program }, request));
    const stack = readStack(outcome);
    expect(stack.argv.map(stack.text)).toEqual(request.argv);
    expect(stack.envp.map(stack.text)).toEqual(request.envp);
    expect([...stack.vector.keys()]).toEqual([
      51, 16, 6, 17, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 23, 25, 26, 31, 15, 27, 28, 0,
    ]);
    expect(stack.text(stack.vector.get(31) ?? 0)).toBe('/program');
    expect(stack.text(stack.vector.get(15) ?? 0)).toBe('x86_64');
    expect(stack.user.read(stack.vector.get(25) ?? 0, 16)).toEqual(new Uint8Array(16).fill(0xa5));
    expect(stack.vector.get(6)).toBe(4096);
    expect(stack.vector.get(9)).toBe(outcome.entry);
    expect(stack.user.readU64(0x7fffffffeff8)).toBe(0n);
    expect(outcome.marks.environmentEnd).toBe(stack.vector.get(31));
    expect(outcome.space.checkInvariants()).toEqual([]);
  });

  it('is 132 KiB for small strings, larger for large ones, and never above the limit', () => {
    const sizeOf = (outcome: ExecSuccess) => {
      const area = outcome.space.find(outcome.stackPointer);
      return (area?.end ?? 0) - (area?.start ?? 0);
    };
    expect(sizeOf(succeed(run({ '/program': program })))).toBe(0x21000);
    const big = ['x'.repeat(100_000)];
    expect(sizeOf(succeed(run({ '/program': program }, { argv: big })))).toBe(0x19000 + 0x20000);
    const limits = { stackLimitInBytes: 0x10000 };
    expect(sizeOf(succeed(run({ '/program': program }, { limits })))).toBe(0x10000);
  });
});

describe('profiles and formats', () => {
  it('runs a format somebody else wrote, and passes its refusal on', () => {
    const toy: LoaderProfile = {
      ...linuxProfile,
      name: 'toy',
      formats: [{ name: 'toy', load: () => refuse(ENOMEM, 'toy-rule', 'The toy format never has memory.') }],
    };
    const outcome = run({ '/program': program }, { profile: toy });
    expect(verdict(outcome)).toBe(ENOMEM);
    expect(outcome.ok || outcome.refusal.rule).toBe('toy-rule');
  });

  it('enforces a rule a profile adds', () => {
    const rule = {
      rule: 'toy-align',
      stage: 'program headers' as const,
      errno: ENOEXEC,
      when: 'before' as const,
      demand: 'p_align is 4096',
      source: 'this test',
      kernelFunction: 'toy',
      check: ({ programHeaders }: { programHeaders: readonly { align: bigint }[] }) =>
        programHeaders.every(({ align }) => align === 4096n) ? undefined : 'Alignment must be 4096.',
    };
    const profile = { ...linuxProfile, elfRules: [...linuxProfile.elfRules, rule] };
    const aligned = buildElf({ segments: [{ ...textSegment, align: 4096 }] });
    expect(verdict(run({ '/program': aligned }, { profile }))).toBe('ok');
    expect(verdict(run({ '/program': program }, { profile }))).toBe(ENOEXEC);
  });
});

describe('cost', () => {
  it('reads only the headers and the touched pages of a huge file', () => {
    let bytesRead = 0;
    const size = 400 * 1024 * 1024;
    const head = buildElf({ segments: [{ ...textSegment, filesz: size - 0x1000, memsz: size - 0x1000 }] });
    const read = (offset: number, target: Uint8Array) => {
      bytesRead += target.length;
      target.set(head.subarray(offset, offset + target.length));
      return target.length;
    };
    const backing: Backing = { identity: head, sizeInBytes: () => size, readInto: read };
    const source = { size, read: (offset: number, length: number) => head.subarray(offset, offset + length) };
    const outcome = succeed(run({ '/program': { source, backing } }));
    expect(outcome.space.mappedBytes).toBeGreaterThan(size - 0x2000);
    expect(bytesRead).toBe(0);
    new UserMemory(outcome.space).readU8(outcome.entry);
    expect(bytesRead).toBe(65536);
  });

  it('gives all memory back when a load fails after the point of no return', () => {
    const memory = new GuestMemory({ maximumBytes: 32 << 20 });
    memory.zeroFrame();
    const before = memory.framesInUse;
    const segments = [
      { ...textSegment, flags: 6, filesz: 0x900 },
      { ...textSegment, vaddr: 0x500000, memsz: 1 },
    ];
    const outcome = run({ '/program': buildElf({ segments }) }, { memory });
    expect(verdict(outcome)).toBe('SIGSEGV');
    expect(memory.framesInUse).toBe(before);
    expect(outcome.record.at(-1)?.step).toBe('kill');
  });
});
