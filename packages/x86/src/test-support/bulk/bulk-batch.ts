// A batch of instances for the bulk judge: code, inputs and records in the form native/bulk-runner.c reads, made from a seed alone.
import type { Decoder } from '../../decode/decoder.ts';
import type { TestedRow } from '../case-generator.ts';
import { Random } from '../random.ts';
import { IMAGE_BYTES } from '../recorder-layout.ts';
import { Harness } from './harness.ts';
import { type Instance, InstanceWriter } from './instance.ts';
import * as layout from './layout.ts';
import { createStatePage, fillPools } from './pools.ts';

const HEAD_BYTES = 16;
const HARNESS_AT = HEAD_BYTES + layout.CODE_SENT_BYTES;
const POOLS_AT = HARNESS_AT + layout.HARNESS_BYTES;
const IMAGE_AT = POOLS_AT + layout.POOLS_BYTES;
const STATE_AT = IMAGE_AT + IMAGE_BYTES;
const RECORDS_AT = STATE_AT + layout.STATE_PAGE_BYTES;
const INT3 = 0xcc;
/** One instance in this many is a sequence. */
const SEQUENCE_SHARE = 4;
/** One batch in this many sets flags by SAHF, to combinations that no arithmetic leaves. */
const ANY_FLAGS_SHARE = 8;
/** One batch in this many has SIMD exceptions unmasked. */
const ANY_MASKS_SHARE = 8;
/** Tries before a row is passed over: some choices of operands are not encodable or not usable. */
const ATTEMPTS = 200;

/** The parts of a batch as they are sent. */
export class BulkBatch {
  readonly bytes = Buffer.alloc(RECORDS_AT + layout.SLOTS * layout.INSTANCE_BYTES);
  readonly mode: 32 | 64;
  instances: Instance[] = [];

  constructor(mode: 32 | 64) {
    this.mode = mode;
  }

  get code(): Buffer {
    return this.bytes.subarray(HEAD_BYTES, HARNESS_AT);
  }
  get harness(): Buffer {
    return this.bytes.subarray(HARNESS_AT, POOLS_AT);
  }
  get pools(): Buffer {
    return this.bytes.subarray(POOLS_AT, IMAGE_AT);
  }
  /** Data pages and stack page before each instance. */
  get image(): Buffer {
    return this.bytes.subarray(IMAGE_AT, STATE_AT);
  }
  get statePage(): Buffer {
    return this.bytes.subarray(STATE_AT, RECORDS_AT);
  }
  record(index: number): Buffer {
    const start = RECORDS_AT + index * layout.INSTANCE_BYTES;
    return this.bytes.subarray(start, start + layout.INSTANCE_BYTES);
  }

  /** What is sent to the runner; with `dump` it answers with memory, too. */
  message(dump = false): Buffer {
    [layout.BULK_MAGIC, this.instances.length, this.mode, dump ? 1 : 0].forEach((word, index) => {
      this.bytes.writeUInt32LE(word, 4 * index);
    });
    return this.bytes.subarray(0, RECORDS_AT + this.instances.length * layout.INSTANCE_BYTES);
  }

  /** The same code and inputs with one of the instances alone, to be run for some iterations. */
  single(index: number, iterations: number): BulkBatch {
    const batch = this.limited(iterations);
    batch.record(index).copy(batch.record(0));
    batch.instances = [batch.instances[index]];
    return batch;
  }

  /** A copy in which every instance runs for so many iterations. */
  limited(iterations: number): BulkBatch {
    const batch = new BulkBatch(this.mode);
    this.bytes.copy(batch.bytes);
    batch.instances = this.instances.map((instance, index) => {
      batch.record(index).writeUInt32LE(iterations, layout.LEFT_AT);
      return { ...instance, iterations };
    });
    return batch;
  }
}

/** Makes batches: the rows in turn, each seed its own operands and inputs. */
export class BulkGenerator {
  private readonly rows: readonly TestedRow[];
  private readonly decoder: Decoder;
  private readonly harnesses: readonly Harness[];
  private readonly mode: 32 | 64;

  constructor(rows: readonly TestedRow[], decoder: Decoder, mode: 32 | 64) {
    this.rows = rows;
    this.decoder = decoder;
    this.mode = mode;
    this.harnesses = [new Harness(mode, false), new Harness(mode, true)];
  }

  /** The batch of a seed. Nothing but the seed and the list of rows decides what is in it. */
  generate(seed: number): BulkBatch {
    const random = new Random(seed);
    const batch = new BulkBatch(this.mode);
    batch.code.fill(INT3);
    const anyFlags = seed % ANY_FLAGS_SHARE === 0;
    const harness = this.harnesses[anyFlags ? 1 : 0];
    batch.harness.set(harness.bytes);
    const anyMasks = seed % ANY_MASKS_SHARE === 1;
    fillPools(random, batch.pools, { anyFlags, anyMasks });
    for (let at = 0; at < batch.image.length; at += 4) batch.image.writeInt32LE(random.next(), at);
    batch.statePage.set(createStatePage(random));
    const writer = new InstanceWriter(random, this.rows, this.decoder, harness, this.mode);
    // Seeds in a row go through the rows in turn.
    const perBatch = layout.SLOTS - Math.floor(layout.SLOTS / SEQUENCE_SHARE);
    let row = (seed * perBatch) % this.rows.length;
    const instances: Instance[] = [];
    for (let slot = 0; slot < layout.SLOTS; slot += 1) {
      const isSequence = slot % SEQUENCE_SHARE === 0 && writer.hasSequences;
      const write = () =>
        isSequence
          ? writer.writeSequence(slot, batch.code, batch.record(instances.length))
          : writer.write(slot, row, batch.code, batch.record(instances.length));
      let instance: Instance | undefined;
      for (let attempt = 0; attempt < ATTEMPTS && instance === undefined; attempt += 1) instance = write();
      if (instance !== undefined) instances.push(instance);
      if (!isSequence) row = (row + 1) % this.rows.length;
    }
    batch.instances = instances;
    return batch;
  }
}
