// Arguments no program should pass: each call, with pointers to nowhere and numbers at the edges, fails as Plan 9 lets it fail and leaves the host alone.
import { PLAN9_CALLS } from '@elf/plan9';
import { describe, expect, it } from 'vitest';
import { call, plan9Program, type Step } from './test-support/plan9-program.ts';
import { runPlan9 } from './test-support/run-plan9.ts';

const CALL = { alarm: 6, exits: 8, notify: 28, noted: 29 } as const;
/** Calls that may take the program, its code or its only process away. */
const FINAL = ['exits', 'exec', 'noted', 'segdetach', 'rfork'];
/** Addresses that are good. */
const PLACES = ['page', 'name', 'handler'] as const;
/** Numbers from everywhere: null, low, read-only text, unmapped, the top, all ones, odd. */
const EDGES = [0, 1, 3, 0x40, 0x1004, 0x200004, 0x7fff_fffd, 0xdfff_fffc, 0xffff_ffff, 0xdfff_eff4];

/** A reproducible sequence. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 8;
  };
}

describe.each(['amd64', '386'] as const)('bad arguments, %s', (machine) => {
  const rows = PLAN9_CALLS.filter(({ numbers: of }) => of[machine] !== undefined);
  const run = (steps: readonly Step[]) => {
    let rounds = 0;
    const program = plan9Program(machine, {
      main: [...steps, call(CALL.exits, 0)],
      // After each note the program goes on with the next call.
      functions: { handler: [call(CALL.noted, 0)] },
      data: { page: 256, name: '/tmp/x' },
    });
    const options = { memoryLimitInBytes: 256 << 20 };
    return runPlan9(program, { options, shouldStop: () => ++rounds > 5000 });
  };
  /** What a call needs that may wait for ever, or that takes the handler away. */
  const guarded = (step: Step) => [call(CALL.notify, 'handler'), call(CALL.alarm, 1000), step];

  it('every call returns, and the program goes on', async () => {
    const next = numbers(7);
    const steps = rows
      .filter(({ name }) => !FINAL.includes(name))
      .flatMap(({ numbers: of }) =>
        Array.from({ length: 12 }, () => {
          const given = Array.from({ length: 6 }, () =>
            next() % 3 === 0 ? PLACES[next() % 3] : EDGES[next() % EDGES.length],
          );
          return guarded(call(of[machine], ...given));
        }),
      );
    const { outcome, machine: ran, trace } = await run(steps.flat());
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    expect(ran.kernel.processes.size).toBe(0);
    expect(trace.length).toBeGreaterThan(rows.length * 12);
  });

  it.each(FINAL)('%s ends or goes on', async (name) => {
    const row = rows.find((each) => each.name === name);
    const next = numbers(name.length);
    const given = () => Array.from({ length: 2 }, () => EDGES[next() % EDGES.length]);
    const steps = Array.from({ length: name === 'rfork' ? 2 : 12 }, () =>
      guarded(call(row?.numbers[machine] ?? 0, ...given())),
    );
    const { outcome, machine: ran } = await run(steps.flat());
    expect(outcome.kind).toBe('exited');
    expect(ran.kernel.processes.size).toBe(0);
  });
});

describe.each(['amd64', '386'] as const)('a bad pointer, %s', (machine) => {
  it('is a note and an error, and kills a program that does not listen', async () => {
    const { error, outcome } = await runPlan9(plan9Program(machine, { main: [call(14, 0x10, 0), call(8, 0)] }));
    expect(error).toMatch(
      /^program 1000: suicide: invalid address 0x10\/1 in sys call pc=0x[0-9a-f]+\nprogram 1000: suicide: sys: bad address in syscall pc=0x[0-9a-f]+\n$/,
    );
    expect(outcome).toMatchObject({ kind: 'exited', code: 1 });
  });

  it('of the stack is the same', async () => {
    const lost: Step = (asm) => [...(asm.isWide ? [0x48] : []), 0x31, 0xe4];
    const { error, trace } = await runPlan9(plan9Program(machine, { main: [lost, (asm) => call(17)(asm)] }));
    expect(error).toContain('suicide: sys: bad address in syscall');
    expect(trace).toEqual([expect.stringContaining('= -1 bad arg in system call')]);
  });
});
