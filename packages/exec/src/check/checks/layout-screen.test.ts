// The screen never lets a layout through that a policy refuses or damages: random layouts, each compared with its plan.
import { damage, PAGE_POLICIES, protectionChanges } from '@elf/pagesize';
import type { ProgramHeader } from '@elf/parse';
import { expect, it } from 'vitest';
import { LayoutScreen } from './layout-screen.ts';

/** Numerical Recipes' linear congruential generator: the same layouts in every run. */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Two to five segments, most of them as linkers make them, some not. */
function randomLayout(random: (limit: number) => number): ProgramHeader[] {
  const unit = [0x1000, 0x4000, 0x10000][random(3)];
  let address = 0x400000;
  let offset = 0;
  return Array.from({ length: 2 + random(4) }, (_, index) => {
    address += random(3) * unit + random(3) * 0x40;
    offset = random(8) === 0 ? offset + 0x40 : offset + ((address - offset) % unit);
    const filesz = random(12) === 0 ? 0 : 1 + random(3 * unit);
    const memsz = filesz + (random(3) === 0 ? random(2 * unit) : 0) - (random(40) === 0 ? 1 : 0);
    const header = {
      index,
      type: 1,
      flags: [4, 5, 6, 6, 4, 7][random(6)],
      offset: BigInt(offset),
      vaddr: BigInt(address),
      paddr: 0n,
      filesz: BigInt(filesz),
      memsz: BigInt(Math.max(0, memsz)),
      align: BigInt(unit),
    };
    address += Math.max(memsz, filesz);
    offset += filesz;
    return header;
  });
}

it('agrees with the plans of every policy it answers for', () => {
  const random = generator(3);
  let answers = 0;
  for (let round = 0; round < 1500; round++) {
    const loads = randomLayout(random);
    const screen = new LayoutScreen(loads);
    for (const policy of PAGE_POLICIES) {
      for (const page of [4096, 16384, 65536]) {
        if (!screen.isUndisturbedBy(policy.name, page)) continue;
        answers++;
        const plan = policy.plan(loads, page);
        expect(plan.refusal, `${policy.name} ${page}`).toBeUndefined();
        expect(damage(plan, loads), `${policy.name} ${page}`).toEqual([]);
        // Permissions of the file's own pages; what lies in the rest of a larger host page is nobody's.
        const own = protectionChanges(plan, loads).filter(({ wanted, got }) => (wanted & ~got) !== 0);
        expect(own, `${policy.name} ${page}`).toEqual([]);
      }
    }
  }
  expect(answers).toBeGreaterThan(500);
});

it('knows a plan that is the measure itself', () => {
  const random = generator(9);
  let same = 0;
  for (let round = 0; round < 300; round++) {
    const loads = randomLayout(random);
    const screen = new LayoutScreen(loads);
    for (const policy of PAGE_POLICIES) {
      const plan = policy.plan(loads, 16384);
      if (plan.refusal !== undefined || !screen.isReference(plan)) continue;
      same++;
      expect(damage(plan, loads)).toEqual([]);
      expect(protectionChanges(plan, loads)).toEqual([]);
    }
  }
  expect(same).toBeGreaterThan(100);
});
