// Compares this parser with the others on npm, in one run on the same files: npx tsx packages/parse/bench/compare.ts [--files a,b] [--rounds n]
// Installs elfinfo, elfy and elf-tools into a temporary directory, so it needs a registry; nothing of them enters the repository.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const PARSERS = ['@elf/parse headers', '@elf/parse with every symbol', 'elfinfo', 'elfy', 'elf-tools'];
const PACKAGES = ['elfinfo@0.4.0-beta', 'elfy@1.0.0', 'elf-tools@1.1.2'];

// A parser that needs longer than this for one file is reported as such.
const PATIENCE_IN_MILLISECONDS = 120_000;

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: `/bin/bash,/lib/x86_64-linux-gnu/libc.so.6,${process.execPath}` },
    rounds: { type: 'string', default: '5' },
  },
});

interface Measurement {
  readonly milliseconds: number;
  readonly bytesRead: number;
  readonly peakKilobytes: number;
  readonly segments?: number;
  readonly sections?: number;
  readonly symbols?: number;
  readonly error?: string;
}

const directory = mkdtempSync(join(tmpdir(), 'parse-compare-'));
try {
  execFileSync('npm', ['install', '--prefix', directory, '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (const file of values.files.split(',')) report(file);
} finally {
  rmSync(directory, { recursive: true });
}

function report(file: string): void {
  console.log(
    `\n${file} (${(statSync(file).size / 1e6).toFixed(1)} MB), fastest and smallest of ${values.rounds} processes each\n`,
  );
  console.log('| parser | time | bytes read | memory above start | segments, sections, symbols |');
  console.log('|---|---:|---:|---:|---|');
  for (const parser of PARSERS) {
    const runs = Array.from({ length: Number(values.rounds) }, () => measure(parser, file));
    const least = (field: 'milliseconds' | 'bytesRead' | 'peakKilobytes') => Math.min(...runs.map((run) => run[field]));
    const { error, segments, sections, symbols } = runs[0];
    const result = error ?? `${segments}, ${sections}, ${symbols || '-'}`;
    const cells = [
      parser,
      `${least('milliseconds').toFixed(1)} ms`,
      error ? '-' : least('bytesRead').toLocaleString('en'),
      error ? '-' : `${(least('peakKilobytes') / 1024).toFixed(1)} MiB`,
      result,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function measure(parser: string, file: string): Measurement {
  const script = fileURLToPath(new URL('./measure.ts', import.meta.url));
  try {
    const output = execFileSync(process.execPath, ['--import', 'tsx', script, parser, file, directory], {
      encoding: 'utf8',
      timeout: PATIENCE_IN_MILLISECONDS,
    });
    return JSON.parse(output) as Measurement;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ETIMEDOUT') throw error;
    const nothing = { milliseconds: PATIENCE_IN_MILLISECONDS, bytesRead: Number.NaN, peakKilobytes: Number.NaN };
    return { ...nothing, error: `stopped after ${PATIENCE_IN_MILLISECONDS / 1000} s` };
  }
}
