// Recorded vectors: batches of cases with the hardware's answers, as one compressed file each.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { Batch } from './batch.ts';
import { type BatchResult, parseAnswer } from './hardware.ts';
import { RECORD_BYTES } from './recorder-layout.ts';

const DIRECTORY = fileURLToPath(new URL('../../vectors', import.meta.url));
const SUFFIX = '.vectors.br';

/** One recorded batch. */
export interface RecordedBatch {
  readonly file: string;
  readonly batch: Batch;
  readonly answer: BatchResult;
}

/**
 * Writes a batch and its answer. A result is stored as the exclusive-or with its case, because most of the state does not change,
 * and records are stored field by field across cases, because the same field compresses well beside itself.
 */
export function writeVectors(name: string, message: Buffer, batch: Batch, answer: BatchResult): number {
  const head = Buffer.alloc(12);
  const first = batch.offsetOf(0);
  head.writeUInt32LE(first, 0);
  head.writeUInt32LE(batch.count, 4);
  head.writeUInt32LE(answer.changes.length, 8);
  const cases = message.subarray(first);
  const results = Buffer.from(answer.results);
  for (let at = 0; at < results.length; at += 1) results[at] ^= cases[at];
  const body = Buffer.concat([
    head,
    message.subarray(0, first),
    byColumn(cases, batch.count),
    byColumn(results, batch.count),
    answer.changes,
  ]);
  const packed = brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
  writeFileSync(join(DIRECTORY, name + SUFFIX), packed);
  return packed.length;
}

/** All recorded batches, one at a time. */
export function* readVectors(): Generator<RecordedBatch> {
  for (const file of readdirSync(DIRECTORY)
    .filter((name) => name.endsWith(SUFFIX))
    .sort()) {
    const body = brotliDecompressSync(readFileSync(join(DIRECTORY, file)));
    const [first, count, changeBytes] = [body.readUInt32LE(0), body.readUInt32LE(4), body.readUInt32LE(8)];
    const size = count * RECORD_BYTES;
    const casesAt = 12 + first;
    const cases = byRecord(body.subarray(casesAt, casesAt + size), count);
    const results = byRecord(body.subarray(casesAt + size, casesAt + 2 * size), count);
    for (let at = 0; at < size; at += 1) results[at] ^= cases[at];
    const answerHead = Buffer.alloc(8);
    answerHead.writeUInt32LE(count, 0);
    answerHead.writeUInt32LE(changeBytes, 4);
    const changes = body.subarray(casesAt + 2 * size, casesAt + 2 * size + changeBytes);
    yield {
      file,
      batch: Batch.from(Buffer.concat([body.subarray(12, casesAt), cases])),
      answer: parseAnswer(Buffer.concat([answerHead, results, changes])),
    };
  }
}

function byColumn(records: Buffer, count: number): Buffer {
  const columns = Buffer.alloc(records.length);
  for (let record = 0; record < count; record += 1) {
    for (let at = 0; at < RECORD_BYTES; at += 1) columns[at * count + record] = records[record * RECORD_BYTES + at];
  }
  return columns;
}

function byRecord(columns: Buffer, count: number): Buffer {
  const records = Buffer.alloc(columns.length);
  for (let record = 0; record < count; record += 1) {
    for (let at = 0; at < RECORD_BYTES; at += 1) records[record * RECORD_BYTES + at] = columns[at * count + record];
  }
  return records;
}
