// One round of the bulk judge: a batch on both sides, what differed, how many comparisons it was.
import { instructionFamilies } from '../../isa/index.ts';
import { type TestedRow, testedRows } from '../case-generator.ts';
import { createDecoders } from '../decoders.ts';
import { type BulkBatch, BulkGenerator } from './bulk-batch.ts';
import { leftOut } from './coverage.ts';
import type { Instance } from './instance.ts';
import * as layout from './layout.ts';
import { agrees, describeDifference } from './narrow.ts';
import { type BulkResult, NativeSide } from './native-side.ts';
import { OurSide } from './our-side.ts';

/** An instance whose hash differs. */
export interface Failure {
  readonly index: number;
  /** Mnemonic and encoding, for counting. */
  readonly label: string;
}

/** Kinds of programs, for counting. */
export const KINDS = ['general registers', 'vectors', 'x87 and MMX', 'sequences'] as const;
export type Kind = (typeof KINDS)[number];

function kindOf({ isSequence, parts }: Instance): Kind {
  if (isSequence) return 'sequences';
  return parts.x87 ? 'x87 and MMX' : parts.vector ? 'vectors' : 'general registers';
}

/** What a batch gave. */
export interface Round {
  readonly seed: number;
  /** Iterations of all instances: each sets all inputs anew and hashes all that may have changed. */
  readonly comparisons: number;
  readonly byKind: Readonly<Record<Kind, number>>;
  readonly instances: number;
  /** Iterations that ended in an exception or fault. */
  readonly faults: number;
  readonly failures: readonly Failure[];
}

/** Both sides, and batches in the order of their seeds. */
export class BulkJudge {
  readonly rows: readonly TestedRow[];
  /** Rows that are not run here, with the reason. */
  readonly rest: readonly { readonly name: string; readonly reason: string }[];
  readonly native = new NativeSide();
  readonly ours = new OurSide();
  /** How often each row was run on its own, in the order of `rows`. */
  readonly instancesOfRow: number[];
  private readonly generator: BulkGenerator;
  private pending: { batch: BulkBatch; seed: number; answer: Promise<BulkResult> } | undefined;

  constructor(mode: 32 | 64, only?: ReadonlySet<string>) {
    const all = testedRows(instructionFamilies, only, mode);
    this.rows = all.filter((row) => leftOut(row) === undefined);
    this.rest = all.flatMap((row) => {
      const reason = leftOut(row);
      return reason === undefined ? [] : [{ name: `${row.name} [${row.row.encoding.text}]`, reason }];
    });
    this.instancesOfRow = this.rows.map(() => 0);
    this.generator = new BulkGenerator(this.rows, createDecoders()[mode], mode);
  }

  /** Runs the batch of a seed; `next` is prepared and runs natively meanwhile. */
  async round(seed: number, next?: number): Promise<Round> {
    const { batch, answer } = this.pending?.seed === seed ? this.pending : this.prepare(seed);
    this.pending = undefined;
    const native = await answer;
    if (next !== undefined) this.pending = { ...this.prepare(next), seed: next };
    const ours = this.ours.run(batch);
    const failures: Failure[] = [];
    let comparisons = 0;
    const byKind: Record<Kind, number> = { 'general registers': 0, vectors: 0, 'x87 and MMX': 0, sequences: 0 };
    let faults = 0;
    batch.instances.forEach((instance, index) => {
      const at = index * layout.RESULT_BYTES;
      const done = instance.iterations - native.results.readUInt32LE(at + layout.RESULT_LEFT_AT);
      comparisons += done;
      byKind[kindOf(instance)] += done;
      faults += native.results.readUInt32LE(at + layout.RESULT_FAULTS_AT);
      if (!instance.isSequence) this.instancesOfRow[instance.row] += 1;
      if (agrees(native, ours, index)) return;
      const { name, row } = this.rows[instance.row];
      failures.push({ index, label: instance.isSequence ? 'sequence' : `${name} [${row.encoding.text}]` });
    });
    return { seed, comparisons, byKind, instances: batch.instances.length, faults, failures };
  }

  /** The first iteration that differs, in words. */
  describe(seed: number, { index, label }: Failure): Promise<string> {
    return describeDifference(this.generator.generate(seed), index, label, this.native, this.ours);
  }

  close(): void {
    this.native.close();
  }

  private prepare(seed: number): { batch: BulkBatch; answer: Promise<BulkResult> } {
    const batch = this.generator.generate(seed);
    return { batch, answer: this.native.run(batch) };
  }
}
