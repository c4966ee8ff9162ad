// One run of a program as a child process: what it printed, how it ended, and its wall time, processor time and peak memory from /proc.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How often /proc is asked. The peak is the kernel's own high-water mark, so only growth in the last interval can be missed. */
const SAMPLE_MILLISECONDS = 50;
/** Clock ticks of /proc/PID/stat (sysconf(_SC_CLK_TCK) on every Linux x86). */
const TICKS_PER_SECOND = 100;

/** Where and how long. */
export interface RunPlace {
  readonly directory: string;
  /** Becomes HOME. */
  readonly home: string;
  readonly limitInSeconds: number;
  readonly command: readonly string[];
}

/** What happened. */
export interface MeasuredRun {
  readonly output: string;
  readonly errors: string;
  /** Exit status, `128+S` for signal S, undefined when the limit ended it. */
  readonly status: number | undefined;
  readonly wallSeconds: number;
  /** User and system time of the process and of the children it waited for. */
  readonly processorSeconds: number;
  readonly peakBytes: number;
}

/** Runs a command with nothing but HOME, PATH, LANG and TERM in its environment and nothing on its standard input. */
export async function measuredRun({ command, directory, home, limitInSeconds }: RunPlace): Promise<MeasuredRun> {
  const started = performance.now();
  const env = { HOME: home, PATH: '/usr/bin:/bin', LANG: 'C', TERM: 'dumb' };
  const child = spawn(command[0], command.slice(1), { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts = { output: [] as Buffer[], errors: [] as Buffer[] };
  child.stdout.on('data', (part: Buffer) => parts.output.push(part));
  child.stderr.on('data', (part: Buffer) => parts.errors.push(part));
  let processorSeconds = 0;
  let peakBytes = 0;
  const sampling = setInterval(() => {
    processorSeconds = Math.max(processorSeconds, processorTime(child.pid));
    peakBytes = Math.max(peakBytes, peakMemory(child.pid));
  }, SAMPLE_MILLISECONDS);
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limitInSeconds * 1000);
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
  clearInterval(sampling);
  clearTimeout(limit);
  return {
    output: Buffer.concat(parts.output).toString(),
    errors: Buffer.concat(parts.errors).toString(),
    status: isLate ? undefined : status,
    wallSeconds: (performance.now() - started) / 1000,
    processorSeconds,
    peakBytes,
  };
}

// biome-ignore format: a table
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15,
};

function signalNumber(name: string | null): number {
  return SIGNAL_NUMBERS[name ?? ''] ?? 0;
}

/** Seconds of user and system time; 0 once the process is gone. The fields are counted from behind the name, which may hold spaces. */
function processorTime(id: number | undefined): number {
  const text = procFile(id, 'stat');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return Number.isNaN(ticks) ? 0 : ticks / TICKS_PER_SECOND;
}

function peakMemory(id: number | undefined): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(procFile(id, 'status'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

function procFile(id: number | undefined, name: string): string {
  try {
    return readFileSync(`/proc/${id}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
