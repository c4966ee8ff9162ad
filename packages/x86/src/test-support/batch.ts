// A batch of cases in the recorder's format, with accessors for writing one case.

import type { Random } from './random.ts';
import * as layout from './recorder-layout.ts';

/** Cases that run against the same data and stack pages. Written in place; nothing is allocated per case. */
export class Batch {
  readonly bytes: Buffer;
  readonly capacity: number;
  count = 0;

  constructor(capacity: number) {
    if (capacity > layout.CODE_BYTES / layout.SLOT_BYTES)
      throw new RangeError('a batch has at most one case per code slot');
    this.capacity = capacity;
    this.bytes = Buffer.alloc(layout.BATCH_HEAD_BYTES + layout.IMAGE_BYTES + capacity * layout.RECORD_BYTES);
    this.bytes.writeUInt32LE(layout.BATCH_MAGIC, 0);
  }

  /** A batch as it was written to a file. */
  static from(bytes: Buffer): Batch {
    const batch = new Batch(bytes.readUInt32LE(4));
    bytes.copy(batch.bytes);
    batch.count = batch.capacity;
    return batch;
  }

  /** The data pages and the stack page before each case. */
  get image(): Buffer {
    return this.bytes.subarray(layout.BATCH_HEAD_BYTES, layout.BATCH_HEAD_BYTES + layout.IMAGE_BYTES);
  }

  /** The whole batch as sent: head, image and the cases written so far. */
  get message(): Buffer {
    this.bytes.writeUInt32LE(this.count, 4);
    return this.bytes.subarray(0, this.offsetOf(this.count));
  }

  /** Byte offset of a case in `bytes`. */
  offsetOf(index: number): number {
    return layout.BATCH_HEAD_BYTES + layout.IMAGE_BYTES + index * layout.RECORD_BYTES;
  }

  /** Starts again: no cases, pages filled from the generator. */
  reset(random: Random): void {
    this.count = 0;
    const { image } = this;
    for (let at = 0; at < image.length; at += 4) image.writeInt32LE(random.next(), at);
  }
}
