// What programs see of processor and kernel together: exceptions, single steps, alignment checks, saved state and signal frames, against recorded hardware.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost } from './index.ts';

const fixtures = fileURLToPath(new URL('../../../fixtures/', import.meta.url));
const program = (name: string) => `${fixtures}${name}-c/${name}`;
const recorded = (name: string) =>
  brotliDecompressSync(readFileSync(`${fixtures}${name}-c/hardware.txt.br`)).toString();

/** The recording's processor: others differ in what the manual leaves open. */
const JUDGE = ['avx2', 'xsavec', 'xgetbv1', 'umip', 'rdseed', 'fsgsbase', 'sha_ni'];
const cpuinfo = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
const isJudge =
  process.platform === 'linux' &&
  cpuinfo.includes('GenuineIntel') &&
  JUDGE.every((flag) => new RegExp(`^flags.*\\b${flag}\\b`, 'm').test(cpuinfo));

async function run(name: string, cpuModel?: string): Promise<string> {
  const output: string[] = [];
  const host = createMemoryHost({
    files: { '/program': readFileSync(program(name)) },
    onOutput: (part) => output.push(new TextDecoder().decode(part)),
  });
  const outcome = await createMachine({ host, cpuModel }).run({ path: '/program' });
  return output.join('') + (outcome.kind === 'exited' && outcome.code === 0 ? '' : `${JSON.stringify(outcome)}\n`);
}

/** What the handler was told, by the title of the case. */
function cases(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^(\S.*):\n((?: .*\n)*)/gm)].map(([, title, lines]) => [title, lines]));
}

describe('processor and kernel, as a program sees them', () => {
  it.each(['exceptions', 'state'])('%s: as recorded on hardware', async (name) => {
    const lines = (await run(name)).split('\n');
    const expected = recorded(name).split('\n');
    const different = expected.flatMap((line, index) => (line === lines[index] ? [] : [[line, lines[index]]]));
    expect(different).toEqual([]);
    expect(lines.length).toBe(expected.length);
    expect(lines.length).toBeGreaterThan(250);
  });

  it.runIf(isJudge)('the recording is what this processor does', () => {
    for (const name of ['exceptions', 'state']) expect(spawnSync(program(name)).stdout.toString()).toBe(recorded(name));
  });

  it('a model without AVX has frames without it', async () => {
    const ours = cases(await run('exceptions', 'x86-64-v2'));
    const different = [...cases(recorded('exceptions'))].filter(([title, text]) => ours.get(title) !== text);
    expect(different.map(([title]) => title)).toEqual([
      'xsetbv',
      'xgetbv 5',
      'xsave misaligned',
      'alignment of vmovups ymm',
      'alignment of vpgatherdd',
      'alignment of vpaddd',
    ]);
    for (const [title] of different) expect(ours.get(title)).toMatch(/^ sig 4 code 2 addr 100000/);
  });

  it('a 64-bit program needs a 64-bit processor', async () => {
    expect(await run('exceptions', 'pentium3')).toContain('"rule":"machine-cpu-model"');
  });

  it('a model that there is not is refused by name', () => {
    const host = createMemoryHost({ files: {}, onOutput: () => undefined });
    expect(() => createMachine({ host, cpuModel: 'z80' })).toThrow('no CPU model is called z80; known are x86-64-v1');
  });
});
