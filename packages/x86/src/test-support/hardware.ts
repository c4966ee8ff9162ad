// Builds the native recorder where the host is x86-64 Linux with a C compiler, and runs batches of cases on the real processor.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RECORD_BYTES } from './recorder-layout.ts';

const SOURCE = fileURLToPath(new URL('../../native/record-vectors.c', import.meta.url));
// Position independent, so that the recorder lies far above the small addresses that random registers hold.
const COMPILER_FLAGS = ['-O2', '-static-pie', '-fPIE', '-fno-stack-protector', '-fcf-protection=none'];

/** What the recorder answered to a batch. */
export interface BatchResult {
  /** RECORD_BYTES for each case. */
  readonly results: Buffer;
  /** Changed memory words of all cases; a result says where its own start. */
  readonly changes: Buffer;
}

/** True when cases can run natively here: x86-64 Linux and gcc. */
export function hasHardware(): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false;
  return spawnSync('gcc', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Compiles the recorder into a cache directory named by the source's hash; returns the path of the program. */
export function buildRecorder(): string {
  const hash = createHash('sha256')
    .update(readFileSync(SOURCE))
    .update(COMPILER_FLAGS.join(' '))
    .digest('hex')
    .slice(0, 16);
  const directory = join(tmpdir(), 'elf-x86-native');
  const program = join(directory, `record-vectors-${hash}`);
  if (existsSync(program)) return program;
  mkdirSync(directory, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  execFileSync('gcc', [...COMPILER_FLAGS, '-o', unfinished, SOURCE]);
  renameSync(unfinished, program);
  return program;
}

/** Splits one answer of the recorder. */
export function parseAnswer(answer: Buffer): BatchResult {
  const count = answer.readUInt32LE(0);
  const changeBytes = answer.readUInt32LE(4);
  const changesAt = 8 + count * RECORD_BYTES;
  return { results: answer.subarray(8, changesAt), changes: answer.subarray(changesAt, changesAt + changeBytes) };
}

/** A recorder that stays up and answers batches in order. */
export class Hardware {
  private readonly child: ChildProcess;
  private chunks: Buffer[] = [];
  private received = 0;
  private waiting: { resolve: (result: BatchResult) => void; reject: (error: Error) => void }[] = [];

  constructor(program = buildRecorder()) {
    this.child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout?.on('data', (chunk: Buffer) => this.receive(chunk));
    this.child.on('exit', (code, signal) => {
      const error = new Error(`the recorder ended with ${signal ?? `status ${code}`}`);
      for (const { reject } of this.waiting) reject(error);
      this.waiting = [];
    });
  }

  /** Runs a batch as `Batch.bytes` holds it. */
  run(batch: Uint8Array): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin?.write(batch);
    });
  }

  close(): void {
    this.child.stdin?.end();
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.received += chunk.length;
    for (;;) {
      if (this.received < 8) return;
      if (this.chunks[0].length < 8) this.chunks = [Buffer.concat(this.chunks)];
      const length = 8 + this.chunks[0].readUInt32LE(0) * RECORD_BYTES + this.chunks[0].readUInt32LE(4);
      if (this.received < length) return;
      const all = Buffer.concat(this.chunks);
      this.chunks = [all.subarray(length)];
      this.received = all.length - length;
      this.waiting.shift()?.resolve(parseAnswer(all.subarray(0, length)));
    }
  }
}
