// A seeded model test: random memory calls on several related spaces, each step compared with the naive per-page model.
import { describe, expect, it } from 'vitest';
import { AddressSpace } from './address-space.ts';
import { type Backing, sharedAnonymousBacking } from './backing.ts';
import { MemoryErrno } from './errno.ts';
import { GuestMemory } from './guest-memory.ts';
import { Access } from './page-fault.ts';
import { type ModelFile, type ModelPage, PAGE, PageModel } from './test-support/page-model.ts';
import { Random } from './test-support/random.ts';
import { TLB_ENTRIES, TLB_ENTRY_BYTES } from './tlb/layout.ts';
import { Tlb } from './tlb/tlb.ts';

const LAYOUT = { taskPages: 160, mmapBasePage: 130, minimumPage: 4 };
const BREAK_START_PAGE = 20;

interface TestFile {
  readonly backing: Backing;
  readonly model: ModelFile;
}

/** A file whose pages hold one number each; what reaches it through write-back is visible in `stored`. */
function createFile(pages: number, seed: number): TestFile {
  const values = new Map<number, number>();
  const stored = new Map<number, number>();
  for (let page = 0; page < pages; page++) {
    values.set(page, seed * 1000 + page);
    stored.set(page, seed * 1000 + page);
  }
  const backing: Backing = {
    identity: { seed },
    sizeInBytes: () => pages * PAGE,
    readInto(offset, target) {
      target.fill(0);
      const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
      let at = 0;
      for (; at < target.length && offset + at < pages * PAGE; at += PAGE) {
        view.setUint32(at + 8, stored.get((offset + at) / PAGE) as number, true);
      }
      return Math.min(at, target.length);
    },
    writeFrom(offset, bytes) {
      stored.set(offset / PAGE, new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true));
      return true;
    },
  };
  return { backing, model: { values, pages } };
}

/** A space, its model and a TLB used the way generated code uses it. */
class Pair {
  readonly space: AddressSpace;
  readonly model: PageModel;
  readonly tlb: Tlb;
  readonly memory: GuestMemory;

  constructor(memory: GuestMemory, space: AddressSpace, model: PageModel, tlb: Tlb) {
    this.memory = memory;
    this.space = space;
    this.model = model;
    this.tlb = tlb;
    space.attachTlb(tlb);
    space.onCodeChange((page) => {
      const modelPage = model.pages.get(page / PAGE);
      if (modelPage) modelPage.code = false;
    });
  }

  /** Host offset through the TLB or `resolve`, or the negative cause. */
  access(page: number, access: Access): number {
    const { memory, tlb } = this;
    const entry = tlb.hostOffset + (page & (TLB_ENTRIES - 1)) * TLB_ENTRY_BYTES;
    if (memory.i64[entry / 8 + access] === BigInt(page * PAGE)) return (page * PAGE + memory.i32[entry / 4 + 6]) >>> 0;
    const frame = this.space.resolve(page * PAGE, access);
    if (frame >= 0) tlb.fill(page * PAGE, frame, access);
    return frame;
  }
}

class Scenario {
  readonly random: Random;
  readonly memory = new GuestMemory({ maximumBytes: 64 << 20 });
  readonly tlbs = [new Tlb(this.memory), new Tlb(this.memory), new Tlb(this.memory)];
  readonly files: TestFile[];
  readonly pairs: Pair[] = [];
  baseline: number;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.memory.zeroFrame();
    this.baseline = this.memory.framesInUse;
    this.files = [createFile(6, 1), createFile(40, 2)];
    this.pairs.push(this.#freshPair());
  }

  #freshPair(): Pair {
    const space = new AddressSpace(this.memory, {
      taskSize: LAYOUT.taskPages * PAGE,
      mmapBase: LAYOUT.mmapBasePage * PAGE,
      minimumAddress: LAYOUT.minimumPage * PAGE,
    });
    const model = new PageModel(LAYOUT);
    space.setProgramBreak(BREAK_START_PAGE * PAGE);
    model.breakStart = BREAK_START_PAGE;
    model.breakCurrent = BREAK_START_PAGE;
    return new Pair(this.memory, space, model, this.#freeTlb());
  }

  #freeTlb(): Tlb {
    return this.tlbs.find((tlb) => this.pairs.every((pair) => pair.tlb !== tlb)) as Tlb;
  }

  step(): void {
    const { random } = this;
    const pair = random.pick(this.pairs);
    const choice = random.below(100);
    if (choice < 14) this.map(pair);
    else if (choice < 20) this.unmap(pair);
    else if (choice < 30) this.protect(pair);
    else if (choice < 34) this.discard(pair);
    else if (choice < 39) this.remap(pair);
    else if (choice < 43) this.brk(pair);
    else if (choice < 45) this.fork(pair);
    else if (choice < 46) this.end(pair);
    else if (choice < 52) this.mark(pair);
    else if (choice < 54) expect(pair.space.synchronize(0, LAYOUT.taskPages * PAGE)).toBeLessThanOrEqual(0);
    else if (choice < 78) this.store(pair);
    else this.load(pair);
  }

  range(): [number, number] {
    return [this.random.below(LAYOUT.taskPages), 1 + this.random.below(this.random.oneIn(4) ? 40 : 6)];
  }

  map(pair: Pair): void {
    const { random } = this;
    const [first, count] = this.range();
    const fixed = random.pick([undefined, 'replace', 'no-replace'] as const);
    const hint = fixed !== undefined || random.oneIn(2) ? first : 0;
    const protection = random.below(8);
    const shared = random.oneIn(3);
    const file = random.oneIn(2) ? random.pick(this.files) : undefined;
    const filePage = file ? random.below(8) : 0;
    const backing = file?.backing ?? (shared ? sharedAnonymousBacking(count * PAGE) : undefined);
    const result = pair.space.map({
      address: hint * PAGE,
      length: count * PAGE - random.below(PAGE),
      protection,
      fixed,
      shared,
      backing,
      offset: filePage * PAGE,
    });
    let expected = first;
    if (fixed === undefined) expected = pair.model.place(count, hint);
    else if (first + count > LAYOUT.taskPages) expected = -MemoryErrno.ENOMEM;
    else if (first < LAYOUT.minimumPage) expected = -MemoryErrno.EPERM;
    else if (fixed === 'no-replace' && !pair.model.isFree(first, count)) expected = -MemoryErrno.EEXIST;
    expect(result).toBe(expected < 0 ? expected : expected * PAGE);
    if (expected < 0) return;
    pair.model.unmap(expected, count);
    const model = file?.model ?? (shared ? { values: new Map(), pages: count } : undefined);
    pair.model.map(expected, count, protection, shared, model, filePage);
  }

  unmap(pair: Pair): void {
    const [first, count] = this.range();
    const result = pair.space.unmap(first * PAGE, count * PAGE);
    if (first + count > LAYOUT.taskPages) expect(result).toBe(-MemoryErrno.EINVAL);
    else {
      expect(result).toBe(0);
      pair.model.unmap(first, count);
    }
  }

  protect(pair: Pair): void {
    const [first, count] = this.range();
    const protection = this.random.below(8);
    const result = pair.space.protect(first * PAGE, count * PAGE, protection);
    if (first + count > LAYOUT.taskPages) expect(result).toBe(-MemoryErrno.ENOMEM);
    else expect(result).toBe(pair.model.protect(first, count, protection));
  }

  discard(pair: Pair): void {
    const [first, count] = this.range();
    const result = pair.space.advise(first * PAGE, count * PAGE, 4);
    if (first + count > LAYOUT.taskPages) expect(result).toBe(-MemoryErrno.ENOMEM);
    else expect(result).toBe(pair.model.discard(first, count));
  }

  remap(pair: Pair): void {
    const { model } = pair;
    const [first, count] = this.range();
    const area = pair.space.find(first * PAGE);
    if (area === undefined) {
      expect(pair.space.remap({ address: first * PAGE, oldLength: PAGE, newLength: PAGE })).toBe(-MemoryErrno.EFAULT);
      return;
    }
    const available = area.end / PAGE - first;
    const oldCount = Math.min(available, count);
    const newCount = 1 + this.random.below(8);
    const mayMove = this.random.oneIn(2);
    const address = first * PAGE;
    const source = model.pages.get(first);
    const lastPage = model.pages.get(first + oldCount - 1);
    const request = { address, oldLength: oldCount * PAGE, newLength: newCount * PAGE, mayMove };
    const result = pair.space.remap(request);
    if (newCount <= oldCount) {
      expect(result).toBe(address);
      model.unmap(first + newCount, oldCount - newCount);
      return;
    }
    const growth = newCount - oldCount;
    const inPlace =
      oldCount === available && first + newCount <= LAYOUT.taskPages && model.isFree(first + oldCount, growth);
    const target = inPlace ? first : mayMove ? model.place(newCount, 0) : -MemoryErrno.ENOMEM;
    expect(result).toBe(target < 0 ? target : target * PAGE);
    if (target < 0 || source === undefined || lastPage === undefined) return;
    if (!inPlace) model.move(first, oldCount, target);
    model.map(target + oldCount, growth, source.protection, source.shared, source.file, lastPage.filePage + 1);
  }

  brk(pair: Pair): void {
    const { model, space } = pair;
    const wanted = BREAK_START_PAGE - 1 + this.random.below(12);
    const result = space.brk(wanted * PAGE);
    const grown = wanted > model.breakCurrent;
    // One page more must be free, the gap the kernel keeps to the next mapping.
    const free = !grown || model.isFree(model.breakCurrent, wanted - model.breakCurrent + 1);
    if (wanted >= BREAK_START_PAGE && free) {
      if (grown) model.map(model.breakCurrent, wanted - model.breakCurrent, 3, false, undefined, 0);
      else model.unmap(wanted, model.breakCurrent - wanted);
      model.breakCurrent = wanted;
    }
    expect(result).toBe(model.breakCurrent * PAGE);
  }

  fork(pair: Pair): void {
    if (this.pairs.length === this.tlbs.length) return;
    this.pairs.push(new Pair(this.memory, pair.space.fork(), pair.model.fork(), this.#freeTlb()));
  }

  end(pair: Pair): void {
    if (!this.random.oneIn(6)) return;
    pair.space.destroy();
    pair.space.detachTlb(pair.tlb);
    expect(pair.space.areas).toHaveLength(0);
    this.pairs.splice(this.pairs.indexOf(pair), 1);
    if (this.pairs.length === 0) {
      // Nothing maps anything any more: every frame must be back, also those of files and shared memory.
      expect(this.memory.framesInUse).toBe(this.baseline);
      this.pairs.push(this.#freshPair());
    }
  }

  mark(pair: Pair): void {
    const page = this.random.below(LAYOUT.taskPages);
    if (pair.access(page, Access.Execute) < 0) return;
    pair.space.markCode(page * PAGE);
    (pair.model.pages.get(page) as ModelPage).code = true;
  }

  store(pair: Pair): void {
    const page = this.random.below(LAYOUT.taskPages);
    const models = this.pairs.map(({ model }) => model);
    const cause = pair.model.fault(page, Access.Write, models);
    const frame = pair.access(page, Access.Write);
    if (cause !== undefined) {
      expect(frame).toBe(-cause);
      if (cause !== 4) return;
      pair.space.clearCode(page * PAGE);
      (pair.model.pages.get(page) as ModelPage).code = false;
      // The other mappings of the page were announced, so the listeners cleared their models.
      const stored = pair.model.pages.get(page) as ModelPage;
      if (stored.shared) for (const alias of pair.model.aliases(page, models)) expect(alias.code).toBe(false);
      return;
    }
    expect(frame).toBeGreaterThan(0);
    const value = this.random.below(1 << 30);
    this.memory.u32[(frame + 8) / 4] = value;
    pair.model.write(page, value);
  }

  load(pair: Pair): void {
    const page = this.random.below(LAYOUT.taskPages);
    const access = this.random.pick([Access.Read, Access.Execute]);
    const cause = pair.model.fault(page, access, []);
    const frame = pair.access(page, access);
    if (cause !== undefined) expect(frame).toBe(-cause);
    else {
      expect(frame).toBeGreaterThan(0);
      expect(this.memory.u32[(frame + 8) / 4]).toBe(pair.model.read(page));
    }
  }

  check(): void {
    for (const pair of this.pairs) {
      expect(pair.space.checkInvariants()).toEqual([]);
      for (let page = 0; page < LAYOUT.taskPages; page++) {
        const area = pair.space.find(page * PAGE);
        const modelPage = pair.model.pages.get(page);
        if (area?.protection !== modelPage?.protection) {
          expect({ page, protection: area?.protection }).toEqual({ page, protection: modelPage?.protection });
        }
      }
    }
  }
}

describe('AddressSpace', () => {
  const steps = Number(process.env.ELF_MM_MODEL_STEPS ?? 60_000);
  const seeds = [1, 2, 3, 4];
  it.each(seeds)('does what the per-page model does (seed %i)', (seed) => {
    const scenario = new Scenario(seed * 7919);
    for (let step = 0; step < steps / seeds.length; step++) {
      try {
        scenario.step();
        if (step % 4 === 0) scenario.check();
      } catch (error) {
        throw new Error(`step ${step}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
});
