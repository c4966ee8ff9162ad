// The real processor's side of the bulk judge: builds native/bulk-runner.c and passes batches through it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasHardware } from '../hardware.ts';
import { IMAGE_BYTES } from '../recorder-layout.ts';
import type { BulkBatch } from './bulk-batch.ts';
import { RESULT_BYTES, STATE_PAGE_BYTES } from './layout.ts';

const SOURCE = fileURLToPath(new URL('../../../native/bulk-runner.c', import.meta.url));
const COMPILER_FLAGS = ['-O2', '-static-pie', '-fPIE', '-fno-stack-protector', '-fcf-protection=none'];

/** What one side has to say about a batch: RESULT_BYTES for each instance and, on demand, the state page and the image after it. */
export interface BulkResult {
  readonly results: Buffer;
  readonly dumps: Buffer;
}

/** True where batches can run natively: x86-64 Linux with gcc and AVX2, which the loops hash with. */
export function canRunBulk(): boolean {
  return hasHardware() && /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'latin1'));
}

function build(): string {
  const hash = createHash('sha256').update(readFileSync(SOURCE)).update(COMPILER_FLAGS.join(' ')).digest('hex');
  const directory = join(tmpdir(), 'elf-x86-native');
  const program = join(directory, `bulk-runner-${hash.slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(directory, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  execFileSync('gcc', [...COMPILER_FLAGS, '-o', unfinished, SOURCE]);
  renameSync(unfinished, program);
  return program;
}

/** A runner that stays up and answers batches in order. */
export class NativeSide {
  private readonly child: ChildProcess;
  private chunks: Buffer[] = [];
  private received = 0;
  private waiting: {
    readonly count: number;
    readonly dump: boolean;
    readonly resolve: (result: BulkResult) => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  constructor() {
    this.child = spawn(build(), [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout?.on('data', (chunk: Buffer) => this.receive(chunk));
    this.child.on('exit', (code, signal) => {
      const error = new Error(`the runner ended with ${signal ?? `status ${code}`}`);
      for (const { reject } of this.waiting) reject(error);
      this.waiting = [];
    });
  }

  run(batch: BulkBatch, dump = false): Promise<BulkResult> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ count: batch.instances.length, dump, resolve, reject });
      this.child.stdin?.write(batch.message(dump));
    });
  }

  close(): void {
    this.child.stdin?.end();
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.received += chunk.length;
    for (;;) {
      const first = this.waiting[0];
      if (first === undefined) return;
      const resultBytes = first.count * RESULT_BYTES;
      const length = resultBytes + (first.dump ? first.count * (STATE_PAGE_BYTES + IMAGE_BYTES) : 0);
      if (this.received < length) return;
      const all = Buffer.concat(this.chunks);
      this.chunks = [all.subarray(length)];
      this.received = all.length - length;
      this.waiting.shift();
      first.resolve({ results: all.subarray(0, resultBytes), dumps: all.subarray(resultBytes, length) });
    }
  }
}
