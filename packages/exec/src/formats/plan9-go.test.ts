// Programs of the Go toolchain for Plan 9, built by this test: their images byte for byte as the format demands.
import { bytesSource, parsePlan9 } from '@elf/parse';
import { describe, expect, it } from 'vitest';
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
});
