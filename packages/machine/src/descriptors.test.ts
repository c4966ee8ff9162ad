// Descriptors that are not files, futexes and switches: our kernel prints what Linux printed, on both kinds of host.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesInput, createMemoryHost, type Host, sinkOutput } from '@elf/kernel';
import { createNodeHost } from '@elf/kernel/node';
import { afterAll, describe, expect, it } from 'vitest';
import { createMachine } from './index.ts';

const folder = fileURLToPath(new URL('../../../fixtures/descriptors-c/', import.meta.url));
const program = join(folder, 'descriptors-musl');
const work = mkdtempSync(join(tmpdir(), 'elf-descriptors-'));

/** What Linux printed, by part. */
const recorded = new Map(
  readFileSync(join(folder, 'recorded.txt'), 'latin1')
    .split(/^== /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), `== ${text}`]),
);
/** The kernel the record is of; older ones answer some calls otherwise (eventfd's writes, pidfds of threads). */
const RECORDED_KERNEL = [6, 18] as const;
const [major, minor] = release().split('.').map(Number);
const isJudge =
  process.platform === 'linux' &&
  process.arch === 'x64' &&
  (major > RECORDED_KERNEL[0] || (major === RECORDED_KERNEL[0] && minor >= RECORDED_KERNEL[1]));

async function runHere(host: Host, path: string, part: string): Promise<{ text: string; errors: string }> {
  const output: string[] = [];
  const errors: string[] = [];
  const streams = {
    input: bytesInput(new Uint8Array(0)),
    output: sinkOutput((bytes) => output.push(Buffer.from(bytes).toString('latin1')), 2),
    error: sinkOutput((bytes) => errors.push(Buffer.from(bytes).toString('latin1')), 3),
  };
  // The record was made at niceness 0; the tests may run at another.
  const machine = createMachine({ host: { ...host, streams, niceness: 0 } });
  await machine.run({ path, arguments: ['descriptors', part], environment: [] });
  return { text: output.join(''), errors: errors.join('') };
}

afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('the record', () => {
  it('has every part of the program', () => {
    expect(recorded.size).toBe(14);
  });

  const comparable = [...recorded.keys()].filter((part) => part !== 'switches' || getPriority() === 0);
  it.each(isJudge ? comparable : [])('%s is what this kernel prints', (part) => {
    expect(spawnSync(program, [part], { cwd: work, encoding: 'latin1' }).stdout).toBe(recorded.get(part));
  });
});

describe('our kernel prints the same', () => {
  it.each([...recorded.keys()])('%s, on the files of this host', async (part) => {
    expect(await runHere(createNodeHost({ workingDirectory: work }), program, part)).toEqual({
      text: recorded.get(part),
      errors: '',
    });
  });

  it.each([...recorded.keys()])('%s, in memory', async (part) => {
    const { clock } = createNodeHost();
    const host = createMemoryHost({ files: { '/descriptors': readFileSync(program) }, clock });
    expect(await runHere(host, '/descriptors', part)).toEqual({ text: recorded.get(part), errors: '' });
  });
});
