// Rewriting damaged files: only ParseError is thrown, and what is written keeps every loaded byte that was not announced.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../byte-source.ts';
import { parsePlan9 } from '../formats/plan9/plan9.ts';
import { ParseError } from '../parse-error.ts';
import { samplePlan9 } from '../test-support/fuzz-seeds.ts';
import { injectedProgram, MOVED_SHAPES, plainProgram } from '../test-support/moved-headers.ts';
import { createRandom, mutate } from '../test-support/mutate.ts';
import { compareLoaded } from './compare-loaded.ts';
import { padPlan9 } from './pad-plan9.ts';
import { movePhdrsFirst } from './phdrs-first.ts';
import { pieceLength, type RewritePlan, rewrittenSource } from './rewrite-plan.ts';

const ROUNDS = 6000;

function consistent(plan: RewritePlan): void {
  expect(plan.pieces.reduce((sum, piece) => sum + pieceLength(piece), 0)).toBe(plan.size);
  for (const piece of plan.pieces) expect(pieceLength(piece)).toBeGreaterThan(0);
}

/** The result, or undefined for a ParseError. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (ParseError.isInstance(error)) return undefined;
    throw error;
  }
}

describe('rewriting damaged files', () => {
  it('moves program headers without losing a byte', () => {
    const random = createRandom(20_261_121);
    const seeds = MOVED_SHAPES.flatMap((shape) => [
      injectedProgram(shape),
      plainProgram(shape),
      plainProgram(shape, { room: new Uint8Array(300) }),
    ]);
    const kinds = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const source = bytesSource(mutate(seeds[round % seeds.length], random));
      const result = attempt(() => movePhdrsFirst(source, { pageBytes: 4096 }));
      const kind = result === undefined ? 'error' : result.kind === 'rewritten' ? result.strategy : result.kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (result?.kind !== 'rewritten') continue;
      consistent(result.plan);
      const output = rewrittenSource(source, result.plan);
      const compared = compareLoaded(source, output, result.plan.changes);
      const again = attempt(() => movePhdrsFirst(output, { pageBytes: 4096 }));
      expect({ round, differences: compared.differences, mismatches: compared.mismatches, kind: again?.kind }).toEqual({
        round,
        differences: [],
        mismatches: [],
        kind: 'unchanged',
      });
    }
    for (const kind of ['error', 'refused', 'free room', 'room beside the interpreter path', 'page in front']) {
      expect([kind, (kinds.get(kind) ?? 0) > 100]).toEqual([kind, true]);
    }
  });

  it('pads Plan 9 programs without losing a byte', () => {
    const random = createRandom(9);
    let padded = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const source = bytesSource(mutate(samplePlan9(), random));
      const plan = attempt(() => padPlan9(source, { pageBytes: 4096 }));
      if (plan === undefined) continue;
      padded++;
      consistent(plan);
      const [old, fresh] = [parsePlan9(source), parsePlan9(rewrittenSource(source, plan))];
      // A claim of gigabytes of bss is a plan of gigabytes of zeros: only its beginning is looked at.
      const start = fresh.source.read(fresh.header.dataOffset, old.header.data);
      expect(start).toEqual(old.data());
      expect(fresh.header.dataOffset % 4096).toBe(0);
      expect(fresh.header.data).toBeGreaterThanOrEqual(old.header.data + old.header.bss);
    }
    expect(padded).toBeGreaterThan(1000);
  });
});
