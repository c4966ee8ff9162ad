/** The file of recorded x87 cases: gzip over a line of operation names, the records and the processor's answers. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { RECORD_BYTES } from './x87-cases.ts';

export interface X87Vectors {
  /** Operation names by number. */
  readonly names: readonly string[];
  readonly count: number;
  /** A case, as native/x87-oracle.c reads it. */
  readonly record: (index: number) => DataView;
  /** What the processor answered. */
  readonly answer: (index: number) => DataView;
}

export function packVectors(names: readonly string[], records: Uint8Array, answers: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`${names.join(' ')}\n`);
  const all = new Uint8Array(head.length + records.length + answers.length);
  all.set(head);
  all.set(records, head.length);
  all.set(answers, head.length + records.length);
  return gzipSync(all, { level: 9 });
}

export function unpackVectors(file: Uint8Array): X87Vectors {
  const bytes = new Uint8Array(gunzipSync(file));
  const end = bytes.indexOf(10);
  const names = new TextDecoder().decode(bytes.subarray(0, end)).split(' ');
  const count = (bytes.length - end - 1) / (2 * RECORD_BYTES);
  const view = (index: number) => new DataView(bytes.buffer, end + 1 + index * RECORD_BYTES, RECORD_BYTES);
  return { names, count, record: view, answer: (index) => view(count + index) };
}
