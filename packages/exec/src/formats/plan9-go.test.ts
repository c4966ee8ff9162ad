// Programs of the Go toolchain for Plan 9, built by this test: their images byte for byte as the format demands.
import { UserMemory } from '@elf/mm';
import { guestPageCeiling } from '@elf/pagesize';
import { bytesSource, parsePlan9 } from '@elf/parse';
import { padPlan9, rewrittenSource } from '@elf/parse/rewrite';
import { describe, expect, it } from 'vitest';
import type { ExecSuccess } from '../exec-request.ts';
import { buildGoPrograms } from '../test-support/go-programs.ts';
import { buildPlan9, patternBytes } from '../test-support/plan9-builder.ts';
import { expectPlan9Image } from '../test-support/plan9-expectation.ts';
import { run, succeed } from '../test-support/run-execve.ts';

const started = performance.now();
const built = buildGoPrograms();
if (typeof built === 'string') console.warn(`Plan 9 programs of Go are not tested: ${built}.`);
else console.info(`${built.length} Plan 9 programs built by go in ${Math.round(performance.now() - started)} ms.`);

// Without Go the proportions of its programs are tested with other bytes: data right behind text, bss larger than data.
const standIns = (['386', 'amd64'] as const).map((machine) => ({
  name: `stand-in.${machine}`,
  bytes: buildPlan9({
    machine,
    text: patternBytes(1_068_608, 1),
    data: patternBytes(80_032, 2),
    bss: 101_120,
    symbols: patternBytes(54_684, 3),
  }),
}));
const programs = [...standIns, ...(typeof built === 'string' ? [] : built)];

describe('a Go program for Plan 9', () => {
  it.each(programs)('$name is mapped byte for byte', ({ name, bytes }) => {
    const argv = ['hello', 'fail', 'ein Wort', ''];
    const outcome = succeed(run({ '/program': bytes }, { argv, envp: ['user=glenda'], processId: 9 }));
    expectPlan9Image(outcome, bytes, argv, 9);
    const { header } = parsePlan9(bytesSource(bytes));
    expect(name.endsWith(header.machine.name)).toBe(true);
    expect(outcome.programEntry).toBe(Number(header.entry));
    // Only then is the copy of the data worth anything: its place in the file is not a page's.
    expect(header.dataOffset % 4096).not.toBe(0);
    expect(header.bss).toBeGreaterThan(header.data);
  });

  it.each(programs)('$name is the same program when it is padded, loaded or only mapped', ({ bytes }) => {
    const source = bytesSource(bytes);
    const output = rewrittenSource(source, padPlan9(source, { pageBytes: 4096 }));
    const padded = output.read(0, output.size);
    const [plain, image] = [bytes, padded].map((program) => succeed(run({ '/program': program })));
    expectPlan9Image(image, padded, ['program'], 1);
    const wanted = loadedContent(plain);
    expectSame(loadedContent(image), wanted);
    // A loader that maps two ranges of the file at the addresses of text and data, and does nothing else.
    const { header } = parsePlan9(output);
    const mapped = [padded.slice(0, header.dataOffset), padded.slice(header.dataOffset, header.symbolsOffset)];
    expectSame(mapped, wanted);
    expect([image.entry, image.marks.startData]).toEqual([plain.entry, plain.marks.startData]);
  });
});

/** Text with its last page, and data with bss and theirs. */
function loadedContent({ space, marks, brk }: ExecSuccess): Uint8Array[] {
  const user = new UserMemory(space);
  const ranges = [
    [marks.startCode, guestPageCeiling(marks.endCode)],
    [marks.startData, guestPageCeiling(brk)],
  ];
  return ranges.map(([start, end]) => user.read(start, end - start) ?? new Uint8Array(0));
}

/** Equal but for the three sizes, which are visible in the header at the start of text. */
function expectSame(found: readonly Uint8Array[], wanted: readonly Uint8Array[]): void {
  const [text, original] = [found[0].slice(), wanted[0].slice()];
  for (const header of [text, original]) header.fill(0, 4, 16);
  expect([Buffer.compare(text, original), Buffer.compare(found[1], wanted[1])]).toEqual([0, 0]);
}
