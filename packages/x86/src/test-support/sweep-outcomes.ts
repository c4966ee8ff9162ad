// Runs the encoding sweep on our CPU and on the processor, and keeps the processor's outcomes as one letter for each encoding.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { Decoder } from '../decode/decoder.ts';
import { createInstruction } from '../decode/instruction.ts';
import { Batch } from './batch.ts';
import { hardwareExit, ourExit } from './compare-case.ts';
import { createDecoders } from './decoders.ts';
import { outcomeLetter, type SweepSpace, sweepEncodings, writeSweepCase } from './encoding-sweep.ts';
import { foreignFeature } from './foreign-encodings.ts';
import type { Hardware } from './hardware.ts';
import * as layout from './recorder-layout.ts';
import { Subject } from './subject.ts';

const BATCH = 4096;
/** Their targets are no code, so that they run one step. */
const BRANCH = /^(j|call|ret|iret|loop)/;

/** What a comparison came to. */
export interface SweepReport {
  compared: number;
  /** Encodings of features that no model of ours has, by feature. */
  readonly foreign: Map<string, number>;
  /** Encodings on which the processor and ours disagree: bytes, what it does, what ours does. */
  readonly differing: string[];
}

export function createReport(): SweepReport {
  return { compared: 0, foreign: new Map(), differing: [] };
}

/** Goes through the sweep in batches. */
export class Sweep {
  private readonly subject = new Subject();
  private readonly decoders: Readonly<Record<32 | 64, Decoder>> = createDecoders();
  private readonly instruction = createInstruction();
  private readonly batch = new Batch(BATCH);
  private readonly code = new Uint8Array(16);

  constructor() {
    this.batch.image.fill(0);
  }

  /** The processor's outcome for every encoding of a part, as letters. */
  async record(hardware: Hardware, space: SweepSpace, mode: 32 | 64): Promise<string> {
    const letters: string[] = [];
    for (const encodings of this.batches(space, mode, 1)) {
      const { results } = await hardware.run(this.batch.message);
      for (let index = 0; index < encodings.length; index += 1) {
        const start = this.startOf(index);
        const isStepped =
          (this.batch.bytes[this.batch.offsetOf(index) + layout.CASE_MODE_AT] & layout.MODE_SINGLE_STEP) !== 0;
        letters.push(outcomeLetter(hardwareExit(results, index * layout.RECORD_BYTES, start, isStepped), start));
      }
    }
    return letters.join('');
  }

  /** Compares ours with recorded letters, every `stride`th encoding. */
  compare(space: SweepSpace, mode: 32 | 64, letters: string, stride: number, report: SweepReport): void {
    let position = 0;
    for (const encodings of this.batches(space, mode, stride)) {
      this.subject.load(this.batch);
      for (let index = 0; index < encodings.length; index += 1) {
        const start = this.startOf(index);
        const exit = this.subject.run(this.batch, index);
        this.subject.restoreImage(this.batch);
        const actual = outcomeLetter(ourExit(exit, this.subject.cpu.rip, start), start);
        const expected = letters[position];
        position += stride;
        report.compared += 1;
        if (expected === actual) continue;
        const feature = actual === 'U' ? foreignFeature(encodings[index], mode) : undefined;
        if (feature !== undefined) report.foreign.set(feature, (report.foreign.get(feature) ?? 0) + 1);
        else
          report.differing.push(
            `${mode}-bit ${Buffer.from(encodings[index]).toString('hex')}: ${expected}, ours ${actual}`,
          );
      }
    }
  }

  // Fills the batch again and again; the encodings in it are those that are given.
  private *batches(space: SweepSpace, mode: 32 | 64, stride: number): Generator<readonly (readonly number[])[]> {
    let encodings: (readonly number[])[] = [];
    let number = 0;
    this.batch.count = 0;
    for (const encoding of sweepEncodings(space, mode)) {
      number += 1;
      if ((number - 1) % stride !== 0) continue;
      this.code.fill(0xcc).set(encoding.slice(0, 15));
      const isKnown = this.decoders[mode].decode(this.code, 0, 15, 0, this.instruction) === 0;
      writeSweepCase(this.batch, encoding, mode, isKnown && BRANCH.test(this.instruction.candidate.mnemonic));
      encodings.push(encoding);
      if (encodings.length < BATCH) continue;
      yield encodings;
      encodings = [];
      this.batch.count = 0;
    }
    if (encodings.length > 0) yield encodings;
  }

  private startOf(index: number): number {
    return layout.CODE_BASE + this.batch.bytes.readUInt32LE(this.batch.offsetOf(index) + layout.CASE_OFFSET_AT);
  }
}

const fileOf = (space: SweepSpace, mode: 32 | 64) =>
  fileURLToPath(new URL(`../../vectors/encodings-${space}-${mode}.txt.br`, import.meta.url));

/** Keeps recorded letters among the vectors; returns the bytes they take. */
export function writeOutcomes(space: SweepSpace, mode: 32 | 64, letters: string): number {
  const packed = brotliCompressSync(letters, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
  writeFileSync(fileOf(space, mode), packed);
  return packed.length;
}
export function readOutcomes(space: SweepSpace, mode: 32 | 64): string {
  return brotliDecompressSync(readFileSync(fileOf(space, mode))).toString();
}
