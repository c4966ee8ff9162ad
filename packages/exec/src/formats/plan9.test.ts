// Plan 9 a.out images made here: the address space byte for byte, every refusal, and the edges of the format.
import { Access, bytesBacking, FaultCause, GuestMemory } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { ExecErrno } from '../exec-errno.ts';
import { type BuiltPlan9, buildPlan9, patternBytes } from '../test-support/plan9-builder.ts';
import { expectPlan9Image } from '../test-support/plan9-expectation.ts';
import { quickestRun } from '../test-support/processor-time.ts';
import { run, succeed, type TestFile } from '../test-support/run-execve.ts';

const ARGV = ['prog', '', 'zwei Wörter', 'x'.repeat(5000)];
const PROCESS_ID = 4711;

function start(program: Uint8Array | TestFile, argv: readonly string[] = ARGV) {
  return run({ '/program': program }, { argv, envp: ['HOME=/'], processId: PROCESS_ID });
}

function load(program: BuiltPlan9, argv?: readonly string[]) {
  return succeed(start(buildPlan9(program), argv));
}

const MACHINES = ['386', 'amd64'] as const;
const headerBytes = { '386': 32, amd64: 40 };

describe('a Plan 9 program', () => {
  const shapes: readonly [string, Omit<BuiltPlan9, 'machine'>][] = [
    ['of a few bytes', {}],
    ['whose data starts in the page where text ends', { text: patternBytes(5000, 3), data: patternBytes(7000, 4) }],
    ['whose text ends with its page', { text: patternBytes(8192 - 40, 5), data: patternBytes(4096, 6) }],
    ['without data', { data: new Uint8Array(0), bss: 10000 }],
    ['without data and bss', { data: new Uint8Array(0) }],
    ['with bss that starts inside the last page of data', { data: patternBytes(4097, 7), bss: 1 }],
    ['with bss that ends with a page', { data: patternBytes(96, 7), bss: 8192 - 96 }],
    ['with symbols and trailing bytes', { bss: 300, symbols: patternBytes(900, 8), trailing: 123 }],
    ['of more than one fault-around window', { text: patternBytes(300_000, 9), data: patternBytes(200_000, 10) }],
  ];
  const rows = MACHINES.flatMap((machine) => shapes.map(([name, shape]) => ({ machine, name, shape })));

  it.each(rows)('$machine $name is mapped as the kernel maps it', ({ machine, shape }) => {
    const bytes = buildPlan9({ machine, ...shape });
    expectPlan9Image(succeed(start(bytes)), bytes, ARGV, PROCESS_ID);
  });

  it.each(MACHINES)('%s gets the right stack for 0 to 16 arguments of every length', (machine) => {
    const bytes = buildPlan9({ machine });
    for (let count = 1; count <= 16; count++) {
      const argv = Array.from({ length: count }, (_, index) => 'a'.repeat((index * 5) % 11));
      expectPlan9Image(succeed(start(bytes, argv)), bytes, argv, PROCESS_ID);
    }
  });

  it('says in the record what a Plan 9 kernel does', () => {
    const { record } = load({ machine: '386', bss: 20 });
    const steps = record.map(({ step, kernelFunction }) => `${kernelFunction}: ${step}`);
    expect(steps.slice(-7)).toEqual(
      [
        'begin_new_exec: point of no return',
        'attachimage: map last page of text',
        'newseg: map data',
        'newseg: map stack',
        'sysexec: write stack',
        'execregs: start',
      ].toSpliced(0, 0, 'sysexec: check header'),
    );
    expect(record.at(-2)?.inputs).toMatchObject({ argc: 4, environmentDropped: 1 });
  });

  it('shares whole pages of text between runs and gives everything back', () => {
    const bytes = buildPlan9({ machine: 'amd64', text: patternBytes(100_000, 1), bss: 1 << 28 });
    const file = { source: bytesSource(bytes), backing: bytesBacking(bytes) };
    const memory = new GuestMemory({ maximumBytes: 64 << 20 });
    memory.zeroFrame();
    const before = memory.framesInUse;
    const spaces = [1, 2].map(() => succeed(run({ '/program': file }, { memory })).space);
    expect(memory.framesInUse - before).toBeLessThan(8);
    const frames = spaces.map((space) => space.resolve(0x200000, Access.Execute));
    expect(frames[0]).toBe(frames[1]);
    for (const space of spaces) space.destroy();
    expect(memory.framesInUse).toBe(before);
  });

  it('is read where its file system cannot map files', () => {
    const bytes = buildPlan9({ machine: '386', text: patternBytes(9000, 1) });
    const outcome = start({ source: bytesSource(bytes), backing: undefined });
    expectPlan9Image(succeed(outcome), bytes, ARGV, PROCESS_ID);
  });

  it('starts from a short file and meets a bus error where the bytes are missing', () => {
    for (const machine of MACHINES) {
      const bytes = buildPlan9({ machine, text: patternBytes(12000, 1), data: patternBytes(9000, 2) });
      const base = machine === '386' ? 0x1000 : 0x200000;
      const cut = succeed(start(bytes.subarray(0, 9000)));
      expect(cut.record.find(({ step }) => step === 'check file size')?.inputs.fileBytes).toBe(9000);
      const causes = [base, base + 4096, base + 8192].map((page) => cut.space.resolve(page, Access.Read));
      expect(causes.slice(0, 2).every((frame) => frame > 0)).toBe(true);
      expect(causes[2]).toBe(-FaultCause.BusError);
      // The first page of the data is there, its second is not.
      const half = succeed(start(bytes.subarray(0, headerBytes[machine] + 12000 + 5000)));
      expect(half.space.resolve(half.marks.startData, Access.Write)).toBeGreaterThan(0);
      expect(half.space.resolve(half.marks.startData + 4096, Access.Write)).toBe(-FaultCause.BusError);
    }
  });

  it.each([16384, 65536])('is the same on a host with pages of %i bytes', (hostPageBytes) => {
    for (const machine of MACHINES) {
      const bytes = buildPlan9({ machine, text: patternBytes(9000, 1), bss: 5000 });
      const outcome = run({ '/program': bytes }, { argv: ARGV, processId: PROCESS_ID, hostPageBytes });
      expectPlan9Image(succeed(outcome), bytes, ARGV, PROCESS_ID);
    }
  });

  it('does not change its file when it writes to its data', () => {
    const bytes = buildPlan9({ machine: 'amd64' });
    const original = bytes.slice();
    const { space, marks } = succeed(start(bytes));
    const frame = space.resolve(marks.startData, Access.Write);
    space.memory.u8.fill(0x5a, frame, frame + 4096);
    space.destroy();
    expect(bytes).toEqual(original);
  });
});

describe('"exec header invalid"', () => {
  // biome-ignore format: one row per case
  const cases: readonly [string, BuiltPlan9, string, RegExp][] = [
    ['entry in the header',        { machine: '386', entry: 0x101f },               'plan9-entry',    /entry 0x101f is outside the code 0x1020-0x1084/],
    ['entry in the header',        { machine: 'amd64', entry: 0x200027 },           'plan9-entry',    /0x200028-0x20008c/],
    ['entry behind the text',      { machine: '386', entry: 0x1020 + 100 },         'plan9-entry',    /entry/],
    ['entry of 64 bits',           { machine: 'amd64', entry: 0x1_0020_0028n },     'plan9-entry',    /entry 0x100200028/],
    ['no text',                    { machine: 'amd64', text: new Uint8Array(0) },   'plan9-entry',    /entry/],
    ['text that reaches the stack', { machine: '386', textSize: 0xdeffd000 },       'plan9-segments', /data segment starts at 0xdefff000, not below the stack segment at 0xdefff000/],
    ['data that reaches the stack', { machine: '386', dataSize: 0xdeffd001 },       'plan9-segments', /data segment ends at/],
    ['bss that reaches the stack', { machine: '386', bss: 0xffffffff },             'plan9-segments', /bss segment ends at 0x100003000/],
    ['a loadable module',          { machine: '386', magic: 0x800001eb },           'plan9-module',   /DYN_MAGIC/],
    ['a loadable module',          { machine: 'amd64', magic: 0x80008a97 },         'plan9-module',   /DYN_MAGIC/],
    ['a program for arm',          { machine: '386', magic: 0x647 },                'plan9-machine',  /for arm; only 386 and amd64/],
  ];

  it.each(cases)('%s: %o', (_, program, rule, sentence) => {
    const outcome = start(buildPlan9(program));
    expect(outcome).toMatchObject({ ok: false, errno: ExecErrno.ENOEXEC, afterPointOfNoReturn: false });
    if (!outcome.ok) expect(outcome.refusal).toMatchObject({ rule, sentence: expect.stringMatching(sentence) });
  });

  it('is the answer to a file that ends inside its header, and not to one that is no a.out', () => {
    const bytes = buildPlan9({ machine: 'amd64' });
    for (let length = 4; length < 40; length++) {
      expect(start(bytes.subarray(0, length))).toMatchObject({ ok: false, refusal: { rule: 'plan9-header' } });
    }
    for (const other of [bytes.subarray(0, 3), patternBytes(64, 1)]) {
      expect(start(other)).toMatchObject({ ok: false, errno: ExecErrno.ENOEXEC, refusal: { rule: 'unknown-format' } });
    }
  });

  it('does not apply just below the stack: a segment may end at any page before it', () => {
    const bottom = 0xdffff000 - (16 << 20);
    const { space, marks } = load({ machine: '386', dataSize: bottom - 0x2000 - 4096 });
    expect(marks.startData).toBe(0x2000);
    expect(space.find(bottom - 2 * 4096)).toBeDefined();
    expect(space.find(bottom - 4096)).toBeUndefined();
  });

  it('takes no time and no memory for gigabytes of claimed sizes', () => {
    const memory = new GuestMemory({ maximumBytes: 16 << 20 });
    const program = buildPlan9({ machine: 'amd64', textSize: 0xffffffff, dataSize: 0xffffffff, bss: 0xffffffff });
    const milliseconds = quickestRun(100, () => {
      const { space } = succeed(run({ '/program': program }, { memory }));
      expect(memory.framesInUse).toBeLessThan(8);
      expect(space.mappedBytes).toBeGreaterThan(3 * 0xffffffff);
      space.destroy();
    });
    expect(milliseconds).toBeLessThan(100);
  });
});

describe('the other answers', () => {
  it('E2BIG when the arguments do not fit, ENOMEM after the point of no return when there is no memory', () => {
    const argv = Array.from({ length: 700_000 }, () => 'a');
    expect(start(buildPlan9({ machine: 'amd64' }), argv)).toMatchObject({ ok: false, errno: ExecErrno.E2BIG });
    const limits = { addressSpaceLimitInBytes: 1 << 20 };
    const outcome = run({ '/program': buildPlan9({ machine: 'amd64' }) }, { limits });
    expect(outcome).toMatchObject({ ok: false, errno: ExecErrno.ENOMEM, afterPointOfNoReturn: true });
    if (!outcome.ok) expect(outcome.refusal.rule).toBe('plan9-map');
  });
});
