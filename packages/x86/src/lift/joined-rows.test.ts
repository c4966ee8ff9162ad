// A comparison and the jump behind it share one dispatch: same results, flags and counts as apart, for every joined pair.
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { createCpu } from '../cpu.ts';
import { CONDITIONS } from '../uop/condition.ts';
import { buildUopTable } from '../uop/index.ts';

const CODE = 0x400000;
const VALUES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x8000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0x7fff_ffff_ffff_ffffn,
  1n << 63n,
  (1n << 64n) - 1n,
];

/** CMP (38) or TEST (84) of rax and rcx in a width, as bytes. */
function comparison(opcode: number, width: number): number[] {
  const prefix = width === 16 ? [0x66] : width === 64 ? [0x48] : [];
  return [...prefix, width === 8 ? opcode : opcode + 1, 0xc8];
}

function machine(code: readonly number[]) {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  space.map({ address: CODE, length: 0x1000, protection: Protection.Read | Protection.Write, fixed: 'replace' });
  new UserMemory(space).write(CODE, Uint8Array.from(code));
  space.protect(CODE, 0x1000, Protection.Read | Protection.Execute);
  const cpu = createCpu(memory);
  cpu.attach(space);
  return cpu;
}

describe('joined rows', () => {
  it('exist for comparisons and jumps, and repeat the operands of both', () => {
    const joined = buildUopTable().list.filter(({ row }) => row.joins !== undefined);
    expect(joined.length).toBeGreaterThan(40);
    for (const { row } of joined) {
      const [first, second] = row.joins as NonNullable<typeof row.joins>;
      expect(row.operands).toEqual([...first.operands, ...second.operands]);
      // The first half must not leave: its instruction could not be told from the second one's.
      expect([row.name, first.faults, first.ends]).toEqual([row.name, false, false]);
    }
  });

  for (const [name, opcode] of [
    ['cmp', 0x38],
    ['test', 0x84],
  ] as const) {
    for (const width of [8, 16, 32, 64]) {
      it(`${name} of ${width} bits with every condition ends where single steps end`, () => {
        // For each condition: compare; jcc +1; syscall; syscall. The jump skips the first system call.
        const compare = comparison(opcode, width);
        const length = compare.length + 2 + 2 + 2;
        const code = CONDITIONS.flatMap((_, index) => [...compare, 0x70 + index, 2, 0x0f, 0x05, 0x0f, 0x05]);
        const cpu = machine(code);
        for (const left of VALUES) {
          for (const right of VALUES) {
            for (let index = 0; index < CONDITIONS.length; index += 1) {
              const outcome = (single: boolean) => {
                cpu.rip = CODE + index * length;
                cpu.setRegister(0, left);
                cpu.setRegister(1, right);
                const before = cpu.instructionsRetired;
                // A budget of one instruction at a time stops at block entries only; TF runs each instruction alone.
                if (single) {
                  cpu.flags |= 0x100;
                  expect(cpu.run(1)).toMatchObject({ kind: 'exception', vector: 1 });
                  expect(cpu.run(1)).toMatchObject({ kind: 'exception', vector: 1 });
                  cpu.flags &= ~0x100;
                }
                expect(cpu.run(10)).toEqual({ kind: 'system-call' });
                return { rip: cpu.rip, flags: cpu.flags, count: cpu.instructionsRetired - before };
              };
              expect(outcome(false), `${CONDITIONS[index]} ${left} ${right}`).toEqual(outcome(true));
            }
          }
        }
      });
    }
  }
});
