// Compares execve with the kernel of this machine and prints one table: npx tsx packages/exec/src/test-support/run-kernel-comparison.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareTraced } from './kernel/compare.ts';
import { hostFiles } from './kernel/host-files.ts';
import { buildPrograms, dataFiles, type HostProgram, installedPrograms, kindOf } from './kernel/host-programs.ts';
import { type KernelCase, kernelFacts, kernelRunner } from './kernel/kernel-runner.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'per-kind': { type: 'string', default: '30' }, pages: { type: 'string', default: '2000' } },
});

const directory = mkdtempSync(join(tmpdir(), 'elf-kernel-'));
try {
  main();
} finally {
  rmSync(directory, { recursive: true });
}

function main(): void {
  const runner = kernelRunner(directory);
  if (typeof runner === 'string') {
    console.log(`not compared: ${runner}`);
    return;
  }
  const programs: HostProgram[] =
    positionals.length > 0
      ? positionals.map((path) => ({ path, kind: kindOf(path) }))
      : [...buildPrograms(directory), ...installedPrograms(Number(values['per-kind'])), ...dataFiles()];
  let failed = 0;
  let started = 0;
  for (const { path, kind } of programs) {
    const kernelCase: KernelCase = {
      path,
      argv: [path, 'one', 'two words', ''],
      envp: ['A=1', 'HOME=/root', 'EMPTY='],
      contentPages: Number(values.pages),
    };
    const [observation] = runner.run([kernelCase]);
    const files = hostFiles();
    const result = compareTraced(kernelCase, observation, files, kernelFacts());
    files.close();
    if (result.differences.length > 0) failed++;
    if (result.outcome === 'started') started++;
    const verdict = result.differences.length > 0 ? 'DIFFERS' : 'equal';
    console.log(`${kind.padEnd(30)} ${result.outcome.padEnd(10)} ${verdict.padEnd(8)} ${path}`);
    for (const line of result.differences.slice(0, 6)) console.log(`    ${line}`);
  }
  console.log(`${programs.length} programs, ${started} started, ${programs.length - failed} equal, ${failed} differ`);
  process.exitCode = failed > 0 ? 1 : 0;
}
