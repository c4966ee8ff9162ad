// Random scripts of memory calls, made while an address space runs them, so that they aim at what is mapped.
import type { Random } from './random.ts';
import type { Operation, ScriptRunner, Step } from './script-runner.ts';

const PAGE = 4096;
const ARENA = 0x1000_0000;
const ARENA_PAGES = 48;
const FILES = 3;
const HUGE = 2 ** 30;
// Not MADV_PAGEOUT (21): what it takes from the page cache is the moment's business.
const ADVICE = [
  0, 1, 2, 3, 4, 4, 4, 8, 8, 9, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 18, 19, 20, 22, 22, 23, 23, 24, 5, 99,
];

type Weighted = readonly [weight: number, make: (scripts: Scripts) => Operation];

/** One random script in the making. */
export class Scripts {
  readonly random: Random;
  readonly runner: ScriptRunner;
  readonly operations: Operation[] = [];
  readonly steps: Step[] = [];
  #isForChild = false;
  #locksFuture = false;

  constructor(random: Random, runner: ScriptRunner) {
    this.random = random;
    this.runner = runner;
  }

  /** Adds and runs one operation; a fork brings its child's operations along. */
  add(): void {
    if (this.random.oneIn(25)) {
      const count = 1 + this.random.below(8);
      // The child's operations are made on the parent, which is close enough to aim well.
      this.#isForChild = true;
      const child = Array.from({ length: count }, () => this.#next());
      this.#isForChild = false;
      this.operations.push({ kind: 'F', numbers: [count] }, ...child);
      this.steps.push(...this.runner.fork(child));
      return;
    }
    this.perform(this.#next());
  }

  /** Adds and runs a given operation. */
  perform(operation: Operation): void {
    this.operations.push(operation);
    this.steps.push(this.runner.step(operation));
  }

  /** A page address: in the arena, at or near an area, or close to the program break. */
  page(): number {
    const { random } = this;
    const areas = this.runner.space.areas.filter(({ start, end }) => end > ARENA && start < this.runner.top);
    const choice = random.below(10);
    if (choice < 4 || areas.length === 0) return ARENA + random.below(ARENA_PAGES) * PAGE;
    const area = random.pick(areas);
    if (choice < 7) return area.start + random.below(Math.min(64, (area.end - area.start) / PAGE)) * PAGE;
    if (choice < 9) return area.start;
    return Math.max(ARENA, area.end - PAGE * random.below(3));
  }

  /** An address that is a page's nearly always. */
  address(): number {
    return this.page() + (this.random.oneIn(25) ? 1 + this.random.below(PAGE - 1) : 0);
  }

  /** Bytes of one to a few pages, sometimes of many, rarely none. */
  length(): number {
    const { random } = this;
    if (random.oneIn(40)) return 0;
    const pages = 1 + random.below(random.oneIn(5) ? 24 : 5);
    return pages * PAGE - (random.oneIn(6) ? random.below(PAGE) : 0);
  }

  #next(): Operation {
    // Touching all of a terabyte, as mlockall does, takes both sides too long: it goes before anything else is done.
    const huge = this.runner.space.areas.find(({ start, end }) => end - start >= HUGE);
    if (huge !== undefined) return operation('u', huge.start, huge.end - huge.start);
    for (;;) {
      let at = this.random.below(TOTAL);
      const [, make] = CHOICES.find(([weight]) => (at -= weight) < 0) as Weighted;
      const operation = make(this);
      const isHuge = operation.kind === 'm' && operation.numbers[1] >= HUGE;
      if (isHuge && (this.#isForChild || this.#locksFuture)) continue;
      if (operation.kind === 'L' && operation.numbers[0] & 2) this.#locksFuture = true;
      if (!this.#reachesKernelMemory(operation)) return operation;
    }
  }

  /** The kernel's own areas at the top have rules of their own, which are not what is compared. */
  #reachesKernelMemory({ kind, numbers }: Operation): boolean {
    const [address, length, newLength, , target] = numbers;
    const { top } = this.runner;
    if (kind === 'r') return Math.max(address + Math.max(length, newLength), target + newLength) > top;
    if ('twx'.includes(kind)) return address >= top;
    return 'mupaclks'.includes(kind) && address + length > top;
  }
}

const operation = (kind: string, ...numbers: number[]): Operation => ({ kind, numbers });

function mapOperation(scripts: Scripts): Operation {
  const { random } = scripts;
  const shared = random.oneIn(3);
  const anonymous = random.oneIn(2);
  const placement = random.pick([0, 0, 0x10, 0x10, 0x10, 0x10_0000]);
  const extras = [0x40, 0x100, 0x2000, 0x4000, 0x8000, 0x2_0000];
  let flags = (shared ? 1 : 2) | (anonymous ? 0x20 : 0) | placement;
  if (random.oneIn(5)) flags |= random.pick(extras);
  const isFree = placement === 0;
  const address = isFree && random.oneIn(2) ? 0 : scripts.address();
  const length =
    isFree && random.oneIn(6) ? (1 + random.below(3)) * 0x20_0000 + random.pick([0, 0, PAGE]) : scripts.length();
  const offset = random.below(8) * PAGE + (random.oneIn(40) ? 7 : 0);
  const protection = random.pick([0, 1, 2, 3, 3, 3, 3, 4, 5, 7]);
  return operation(
    'm',
    address,
    length,
    protection,
    flags,
    anonymous ? -1 : random.below(FILES),
    anonymous ? 0 : offset,
  );
}

/** Memory of a size that only promises and limits care about. */
function hugeOperation(scripts: Scripts): Operation {
  const { random } = scripts;
  const flags = 0x22 | random.pick([0, 0, 0x4000]);
  return operation('m', 0, HUGE * 2 ** random.below(18), random.pick([0, 1, 3, 3]), flags, -1, 0);
}

/** A limit around what is mapped now, or none. */
function limitOperation({ random, runner }: Scripts): Operation {
  const kind = random.pick(['A', 'D']);
  if (random.oneIn(2)) return operation(kind, -1);
  let bytes = random.below(40) * PAGE;
  for (const { start, end, protection, flags } of runner.space.areas) {
    if (kind === 'A' || (protection & 2 && !(flags & 3))) bytes += end - start;
  }
  return operation(kind, kind === 'D' && random.oneIn(8) ? 0 : bytes);
}

function remapOperation(scripts: Scripts): Operation {
  const { random } = scripts;
  const flags = random.pick([0, 1, 1, 1, 3, 3, 3, 5, 5, 7, 2, 4, 8]);
  const oldLength = random.oneIn(8) ? 0 : scripts.length();
  const newLength = random.oneIn(2) ? oldLength : scripts.length();
  const target = flags & 2 || random.oneIn(2) ? scripts.address() : 0;
  return operation('r', scripts.address(), oldLength, newLength, flags, target);
}

/** Never below the first break, because the native program's own data is there. */
function breakOperation({ random, runner }: Scripts): Operation {
  const { start, current } = runner.space.programBreak;
  const near = Math.max(runner.firstBreak, current + (random.below(40) - 16) * 1000);
  return operation('b', random.pick([0, start - 1, near, near, near, runner.firstBreak]));
}

// biome-ignore format: one row per line
const CHOICES: readonly Weighted[] = [
  [16, mapOperation],
  [2,  hugeOperation],
  [3,  limitOperation],
  [8,  (s) => operation('u', s.address(), s.length())],
  [12, (s) => operation('p', s.address(), s.length(), s.random.oneIn(25) ? s.random.pick([8, 16, 0x100_0001, 0x200_0001, 0x300_0001]) : s.random.below(8))],
  [12, remapOperation],
  [12, (s) => operation('a', s.address(), s.length(), s.random.pick(ADVICE))],
  [3,  breakOperation],
  [4,  (s) => operation('c', s.address(), s.length())],
  [3,  (s) => operation('l', s.address(), s.length(), s.random.below(2))],
  [3,  (s) => operation('k', s.address(), s.length())],
  [1,  (s) => operation('L', s.random.pick([0, 0, 1, 2, 3, 4, 5, 7, 8]))],
  [3,  (s) => operation('s', s.address(), s.length(), s.random.pick([0, 1, 2, 3, 4, 4, 4, 5, 6, 8]))],
  [12, (s) => operation('w', s.page() + 8, 1 + s.random.below(255))],
  [8,  (s) => operation('t', s.page() + 8)],
  [2,  (s) => operation('x', s.page())],
  [3,  (s) => operation('T', s.random.below(FILES), s.random.below(9) * PAGE)],
  [2,  (s) => operation('W', s.random.below(FILES), s.random.below(9) * PAGE + 8, 1 + s.random.below(255))],
  [2,  (s) => operation('R', s.random.below(FILES), s.random.below(9) * PAGE + 8)],
];
const TOTAL = CHOICES.reduce((sum, [weight]) => sum + weight, 0);
