// A few related address spaces under random memory calls, compared with the naive model after every one.
import { AddressSpace } from '../address-space.ts';
import { GuestMemory } from '../guest-memory.ts';
import { Tlb } from '../tlb/tlb.ts';
import { createFile, Pair, same, type TestFile } from './model-pair.ts';
import { GUEST_PAGE, type ModelFile, type ModelLayout, PageModel } from './page-model.ts';
import { Random } from './random.ts';

/** Pages where the heap starts. */
export const BREAK_START_PAGE = 20;
const SMALL = { taskPages: 160, mmapBasePage: 130, minimumPage: 4, hugePages: 8, stackLimitPages: 30 };
/** Room for the guard gap below stacks. */
const WITH_STACKS = { taskPages: 900, mmapBasePage: 700, minimumPage: 4, hugePages: 16, stackLimitPages: 300 };

/** The spaces of one run. */
export class Scenario {
  random = new Random(1);
  readonly layout: ModelLayout;
  readonly memory = new GuestMemory({ maximumBytes: 256 << 20 });
  readonly tlbs = [new Tlb(this.memory), new Tlb(this.memory), new Tlb(this.memory)];
  readonly files: readonly TestFile[];
  readonly pairs: Pair[] = [];
  /** What the last step did, in words. */
  description = '';
  readonly #baseline: number;

  constructor(seed: number) {
    const shape = new Random(Math.imul(seed, 0x2c1b_3c6d));
    const sub = shape.pick([1, 1, 4, 16]);
    this.layout = { ...(shape.oneIn(5) ? WITH_STACKS : SMALL), sub };
    this.memory.zeroFrame();
    this.#baseline = this.memory.framesInUse;
    const written = createFile(6 * sub - (sub >> 1), 1);
    this.files = [written, { ...written, isReadOnly: true }, createFile(40, 2)];
    this.pairs.push(this.#freshPair());
  }

  get granularity(): number {
    return this.layout.sub * GUEST_PAGE;
  }

  get models(): PageModel[] {
    return this.pairs.map(({ model }) => model);
  }

  /** Says what the step does, for the report of a difference. */
  describe(pair: Pair, ...values: unknown[]): void {
    const shown = values.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value)));
    this.description = `space ${this.pairs.indexOf(pair)}: ${this.description} ${shown.join(' ')}`;
  }

  /** A range of kernel pages. */
  range(): [number, number] {
    const { taskPages } = this.layout;
    return [this.random.below(taskPages), 1 + this.random.below(this.random.oneIn(4) ? taskPages >> 2 : 6)];
  }

  /** A guest page. */
  guestPage(): number {
    return this.random.below(this.layout.taskPages) * this.layout.sub + this.random.below(this.layout.sub);
  }

  fork(pair: Pair): void {
    if (this.pairs.length === this.tlbs.length) return;
    this.pairs.push(new Pair(this.memory, pair.space.fork(), pair.model.fork(), this.#freeTlb()));
  }

  end(pair: Pair): void {
    pair.space.destroy();
    pair.space.detachTlb(pair.tlb);
    same('areas of an ended space', pair.space.areas.length, 0);
    this.pairs.splice(this.pairs.indexOf(pair), 1);
    if (this.pairs.length > 0) return;
    // Nothing maps anything any more: every frame must be back, also those of files and shared memory.
    same('frames in use', this.memory.framesInUse, this.#baseline);
    this.pairs.push(this.#freshPair());
  }

  /** Every mapping of the file behind one of the models' pages. */
  testFile(model: ModelFile): TestFile | undefined {
    return this.files.find((file) => file.model === model);
  }

  #freshPair(): Pair {
    const { granularity, layout } = this;
    const space = new AddressSpace(this.memory, {
      mappingGranularity: granularity,
      taskSize: layout.taskPages * granularity,
      mmapBase: layout.mmapBasePage * granularity,
      minimumAddress: layout.minimumPage * granularity,
      hugePageBytes: layout.hugePages * granularity,
      stackLimitInBytes: layout.stackLimitPages * granularity,
    });
    const model = new PageModel(layout);
    space.setProgramBreak(BREAK_START_PAGE * granularity);
    model.breakStart = BREAK_START_PAGE;
    model.breakCurrent = BREAK_START_PAGE;
    return new Pair(this.memory, space, model, this.#freeTlb());
  }

  #freeTlb(): Tlb {
    return this.tlbs.find((tlb) => this.pairs.every((pair) => pair.tlb !== tlb)) as Tlb;
  }
}
