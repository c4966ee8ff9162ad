// Runs named commands one after the other, says in one line how each went, and counts passes and failures.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, without a trailing slash. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
/** Where scripts put what they make; git ignores it. */
export const cacheFolder = join(root, '.cache');
/** The package manager's version: it must equal `packageManager` in package.json. */
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** pnpm through npx: nothing but Node and npm has to be on the machine. */
export const pnpm = ['npx', '-y', packageManager];

const tally = { passed: 0, failed: 0 };

/**
 * Runs one command in the root.
 * @param {string} name what the step does, for people
 * @param {string[]} command program and arguments
 * @param {{ show?: boolean, environment?: Record<string, string>, vitestReport?: string, counted?: boolean }} [options] `show` streams the
 *   output instead of printing it only on failure; `vitestReport` is a JSON report whose tests are counted instead of the step itself
 * @returns {Promise<boolean>} true when the command succeeded
 */
export async function step(name, command, options = {}) {
  const { show = false, environment = {}, vitestReport, counted = true } = options;
  if (vitestReport) rmSync(vitestReport, { force: true });
  mkdirSync(cacheFolder, { recursive: true });
  const started = performance.now();
  process.stderr.write(show ? `> ${name}\n` : '');
  const { status, output } = await run(command, show, environment);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const passed = status === 0;
  if (!passed && !show) process.stdout.write(output);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)${passed ? '' : `: ${command.join(' ')}`}`);
  if (counted) count(passed, vitestReport);
  return passed;
}

/** Adds results that a step counted itself. */
export function addResults(passed, failed) {
  tally.passed += passed;
  tally.failed += failed;
}

function count(passed, vitestReport) {
  const report = vitestReport && readReport(vitestReport);
  if (!report) return addResults(passed ? 1 : 0, passed ? 0 : 1);
  addResults(report.numPassedTests, report.numFailedTests);
  // A suite that does not load has no failed test, but the step failed all the same.
  if (!passed && report.numFailedTests === 0) tally.failed += 1;
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Prints the closing line and sets the exit status. */
export function finish() {
  // A script that runs this one adds the results to its own.
  if (process.env.ELF_TOTALS) writeFileSync(process.env.ELF_TOTALS, JSON.stringify(tally));
  console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;
}

/** Stops here with the closing line; for steps that everything after them needs. */
export function giveUp() {
  finish();
  process.exit(process.exitCode);
}

function run([program, ...parameters], show, environment) {
  const env = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    ...environment,
    PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  };
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      cwd: root,
      env,
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
      shell: process.platform === 'win32',
    });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ status: 1, output: `${error.message}\n` }));
    child.on('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
