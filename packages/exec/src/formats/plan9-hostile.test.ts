// Damaged Plan 9 programs: never an exception, never much time or memory, and an accepted one keeps the rules of its format.
import { Access, FaultCause, GuestMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import type { ExecSuccess } from '../exec-request.ts';
import { buildPlan9, patternBytes } from '../test-support/plan9-builder.ts';
import { processorMilliseconds } from '../test-support/processor-time.ts';
import { run } from '../test-support/run-execve.ts';

const ROUNDS = 3000;
const STACK_BYTES = 16 << 20;
/** Sizes and addresses where 32-bit loaders break: signs, wrap-arounds, page borders, the places of the two machines. */
const NUMBERS = [
  0, 1, 31, 32, 39, 40, 100, 0xfff, 0x1000, 0x1001, 0x101f, 0x1020, 0x1fff, 0x20_0000, 0x20_0028, 0x7fff_ffff,
  0x8000_0000, 0xdeff_d000, 0xdeff_e000, 0xdeff_efff, 0xdfff_e000, 0xdfff_f000, 0xffff_efff, 0xffff_f000, 0xffff_ffff,
];

describe('damaged Plan 9 programs', () => {
  let state = 20_261_121;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };

  function damaged(): Uint8Array {
    const machine = below(2) ? '386' : 'amd64';
    const bytes = buildPlan9({
      machine,
      text: patternBytes(below(9000), 1),
      data: patternBytes(below(9000), 2),
      bss: 99,
    });
    const view = new DataView(bytes.buffer);
    for (let count = below(4); count > 0; count--) {
      const word = 4 * below(machine === '386' ? 8 : 10);
      if (below(3)) view.setUint32(word, NUMBERS[below(NUMBERS.length)] + (below(3) - 1));
      else bytes[word + below(4)] ^= 1 << below(8);
    }
    return below(4) ? bytes : bytes.subarray(0, below(below(2) ? 48 : bytes.length));
  }

  it('are answered with a value, quickly, and give their memory back', () => {
    const memory = new GuestMemory({ maximumBytes: 16 << 20 });
    memory.zeroFrame();
    const before = memory.framesInUse;
    const verdicts = new Map<string, number>();
    let total = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const program = damaged();
      const started = processorMilliseconds();
      const outcome = run({ '/program': program }, { memory });
      total += processorMilliseconds() - started;
      const verdict = outcome.ok ? 'ok' : outcome.refusal.rule;
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      if (outcome.ok) {
        checkAccepted(outcome, round % 16 === 0);
        outcome.space.destroy();
      } else expect(outcome.refusal.sentence).toMatch(/\.$/);
      expect(memory.framesInUse).toBe(before);
    }
    expect(total / ROUNDS).toBeLessThan(10);
    for (const rule of ['ok', 'plan9-entry', 'plan9-segments', 'plan9-header', 'plan9-module', 'unknown-format']) {
      expect([rule, verdicts.get(rule) ?? 0]).toEqual([rule, expect.toSatisfy((count: number) => count > 2)]);
    }
  });
});

function checkAccepted(image: ExecSuccess, thoroughly: boolean): void {
  const { space, entry, marks, stackPointer } = image;
  const stack = space.areas.at(-1);
  expect(stack && stack.end - stack.start).toBe(STACK_BYTES);
  expect(stackPointer).toBeLessThan(stack?.end ?? 0);
  expect(entry).toBeGreaterThanOrEqual(marks.startCode + 32);
  expect(entry).toBeLessThan(marks.endCode);
  for (const { start, end } of space.areas) {
    for (const page of [start, end - 4096]) {
      const answer = space.resolve(page, Access.Read);
      if (answer < 0) expect(answer).toBe(-FaultCause.BusError);
    }
  }
  if (thoroughly) expect(space.checkInvariants()).toEqual([]);
}
