// Runs one test program under one runner, in a fresh directory that is also its TMPDIR.
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Verdict, verdictOf } from './verdict.ts';

/** What one run left. */
export interface RunResult {
  readonly verdict: Verdict;
  readonly seconds: number;
  /** Lines of the output that say why, and the last ones; empty for PASS. */
  readonly output: string;
}

export interface RunRequest {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly limitInSeconds: number;
}

const KEPT_LINES = 12;
/** What LTP and most test programs write in front of a complaint. */
const COMPLAINT = /TFAIL|TBROK|TWARN|TCONF|\bFAIL|[Ee]rror|elf run:/;

/**
 * Runs `words` once. The output goes to a file: a descendant that outlives the program cannot keep the runner waiting.
 * @throws what the system says when the runner itself cannot be started.
 */
export async function runCase({ words, environment, limitInSeconds }: RunRequest): Promise<RunResult> {
  const base = mkdtempSync(join(tmpdir(), 'elf-score-'));
  const directory = mkdtempSync(join(base, 'work-'));
  // Programs give up being root in it.
  chmodSync(base, 0o755);
  chmodSync(directory, 0o777);
  const log = join(base, 'output');
  const descriptor = openSync(log, 'w');
  const started = performance.now();
  const child = spawn(words[0], words.slice(1), {
    cwd: directory,
    env: { ...environment, TMPDIR: directory },
    stdio: ['ignore', descriptor, descriptor],
    // A session of its own: a limit that passes ends everything the case started.
    detached: true,
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    endGroup(child.pid);
  }, limitInSeconds * 1000);
  try {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      child.on('exit', (code) => resolve(code ?? undefined));
      child.on('error', reject);
    });
    endGroup(child.pid);
    const verdict = verdictOf({ status, isLate });
    const output = verdict === 'PASS' ? '' : summaryOf(readFileSync(log, 'latin1'));
    return { verdict, seconds: Math.round(performance.now() - started) / 1000, output };
  } finally {
    clearTimeout(timer);
    closeSync(descriptor);
    removeTree(base);
  }
}

function endGroup(id: number | undefined): void {
  try {
    if (id !== undefined) process.kill(-id, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

function removeTree(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // A case that left a busy mount or an immutable file: the next one has a directory of its own.
  }
}

function summaryOf(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const complaints = lines.filter((line) => COMPLAINT.test(line)).slice(0, KEPT_LINES);
  return (complaints.length > 0 ? complaints : lines.slice(-KEPT_LINES)).join('\n').slice(0, 3000);
}
