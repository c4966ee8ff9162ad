// Asks the processor about single encodings: does it refuse them as undefined, or is there an instruction? And ours, beside it.
import { Batch } from './batch.ts';
import { Hardware } from './hardware.ts';
import { Random } from './random.ts';
import * as layout from './recorder-layout.ts';
import { Subject } from './subject.ts';

/** Bytes of one instruction and its mode. */
export interface Encoding {
  readonly bytes: Uint8Array;
  readonly mode: 32 | 64;
}
/** Whether there is an instruction: `refuses` stands for #UD, everything else for `executes`, exceptions of the instruction included. */
export type Outcome = 'refuses' | 'executes';

const INT3 = 0xcc;
const INVALID_OPCODE = 6;
const LONGEST = 15;
const RSP = 4;
/** Registers point into the data pages, which hold random bytes: an instruction with a memory operand finds one. */
const DATA = layout.DATA_BASE + 0x800;
const STACK = layout.STACK_BASE + 0x800;

function writeCase(batch: Batch, { bytes: code, mode }: Encoding): void {
  const { bytes } = batch;
  const at = batch.offsetOf(batch.count);
  bytes.fill(0, at, at + layout.RECORD_BYTES);
  bytes[at + layout.CASE_LENGTH_AT] = code.length;
  bytes[at + layout.CASE_MODE_AT] = mode === 32 ? layout.MODE_PROTECTED : 0;
  bytes.writeUInt32LE(0x1f80, at + layout.MXCSR_AT);
  bytes.writeUInt32LE(0x202, at + layout.FLAGS_AT);
  bytes.fill(INT3, at + layout.CASE_CODE_AT, at + layout.CASE_CODE_AT + LONGEST + 1);
  bytes.set(code, at + layout.CASE_CODE_AT);
  bytes.writeUInt32LE(batch.count * layout.SLOT_BYTES + 20, at + layout.CASE_OFFSET_AT);
  bytes.writeUInt32LE(1, at + layout.CASE_STEPS_AT);
  bytes.writeUInt16LE(0x37f, at + layout.X87_AT);
  for (let register = 0; register < (mode === 64 ? 16 : 8); register += 1)
    bytes.writeBigUInt64LE(BigInt(register === RSP ? STACK : DATA), at + layout.GPR_AT + 8 * register);
  batch.count += 1;
}

function runOurs(subject: Subject, batch: Batch, index: number): Outcome {
  const exit = subject.run(batch, index);
  subject.restoreImage(batch);
  const isRefused = exit.kind === 'unsupported' || (exit.kind === 'exception' && exit.vector === INVALID_OPCODE);
  return isRefused ? 'refuses' : 'executes';
}

/** The outcome of one encoding on our CPU. */
export function outcomeOfOurs(encoding: Encoding): Outcome {
  const subject = new Subject();
  const batch = new Batch(1);
  batch.reset(new Random(1));
  writeCase(batch, encoding);
  subject.load(batch);
  return runOurs(subject, batch, 0);
}

/** Outcomes of encodings on this machine and on our CPU. */
export async function judge(
  encodings: readonly Encoding[],
): Promise<readonly { readonly hardware: Outcome; readonly ours: Outcome }[]> {
  const hardware = new Hardware();
  const subject = new Subject();
  const outcomes: { hardware: Outcome; ours: Outcome }[] = [];
  const capacity = 256;
  for (let start = 0; start < encodings.length; start += capacity) {
    const batch = new Batch(capacity);
    batch.reset(new Random(start + 1));
    for (const encoding of encodings.slice(start, start + capacity)) writeCase(batch, encoding);
    const { results } = await hardware.run(batch.message);
    subject.load(batch);
    for (let index = 0; index < batch.count; index += 1) {
      const vector = results[index * layout.RECORD_BYTES + layout.RESULT_VECTOR_AT];
      outcomes.push({
        hardware: vector === INVALID_OPCODE ? 'refuses' : 'executes',
        ours: runOurs(subject, batch, index),
      });
    }
  }
  hardware.close();
  return outcomes;
}
