// The operations of the model test: each does a call on a space and on its model, and compares the answers.
import { sharedAnonymousBacking } from '../backing.ts';
import { MemoryErrno } from '../errno.ts';
import { AreaFlag } from '../vma.ts';
import { load, mark, store } from './model-access-operations.ts';
import { growFile, readFile, shrinkFile, writeFile } from './model-file-operations.ts';
import { type Pair, same } from './model-pair.ts';
import { BREAK_START_PAGE, type Scenario } from './model-scenario.ts';
import { GUEST_PAGE, type ModelFile, type ModelPage } from './page-model.ts';
import {
  advise,
  lock,
  lockAll,
  moveBreak,
  populate,
  protect,
  refuseLock,
  setLock,
  synchronize,
  unlockAll,
} from './page-model-calls.ts';
import { remap } from './page-model-remap.ts';

/** One kind of operation. */
export interface OperationRow {
  readonly name: string;
  readonly weight: number;
  readonly run: (scenario: Scenario, pair: Pair) => void;
}

const { EACCES, EEXIST, EINVAL, ENOMEM, EPERM } = MemoryErrno;
const ADVICE = [0, 1, 4, 4, 4, 8, 9, 9, 10, 11, 14, 18, 18, 19, 20, 21, 22, 22, 23, 24];

function map(scenario: Scenario, pair: Pair): void {
  const { random, granularity, layout } = scenario;
  const { model } = pair;
  const [first, count] = scenario.range();
  const fixed = random.pick([undefined, 'replace', 'replace', 'no-replace'] as const);
  const hint = fixed !== undefined || random.oneIn(2) ? first : 0;
  const protection = random.below(8);
  const growsDown = random.oneIn(layout.taskPages > 500 ? 4 : 40);
  const shared = random.oneIn(3) && !growsDown;
  const file = random.oneIn(2) && !growsDown ? random.pick(scenario.files) : undefined;
  const filePage = file ? random.below(8) * layout.sub : 0;
  const locked = random.oneIn(10);
  const populated = random.oneIn(10);
  const maximum = file?.isReadOnly && shared ? 5 : 7;
  const length = count * granularity - random.below(granularity);
  const backing = file?.backing ?? (shared ? sharedAnonymousBacking(count * granularity) : undefined);
  const offset = filePage * GUEST_PAGE;
  const request = { address: hint * granularity, length, protection, fixed, shared, growsDown, locked, offset };
  scenario.describe(pair, { ...request, file: file && scenario.files.indexOf(file), populated, count });
  const result = pair.space.map({ ...request, backing, maximumProtection: maximum });
  const mayBeHuge = !shared && file === undefined;
  let expected = fixed === undefined ? model.place(count, hint, mayBeHuge) : first;
  const flags = { locked: locked || model.future.locked, onFault: model.future.onFault };
  if (fixed !== undefined && first + count > layout.taskPages) expected = -ENOMEM;
  else if (fixed !== undefined && first < layout.minimumPage) expected = -EPERM;
  else if (fixed === 'no-replace' && !model.isFree(first, count)) expected = -EEXIST;
  else if (expected >= 0 && flags.locked && model.lockLimit === 0) expected = -EPERM;
  else if (expected >= 0 && refuseLock(model, flags.locked, count) < 0) expected = -MemoryErrno.EAGAIN;
  else if (expected >= 0 && protection & ~maximum) expected = -EACCES;
  same('mmap', result, expected < 0 ? expected : expected * granularity);
  if (expected < 0) return;
  if (populated) pair.space.populate(result, length);
  const anonymous: ModelFile = { values: new Map(), size: count * layout.sub };
  const modelFile = file?.model ?? (shared ? anonymous : undefined);
  model.unmap(expected, count);
  model.map(expected, count, { protection, maximum, shared, file: modelFile, filePage, growsDown, ...flags });
  if (flags.locked || populated) populate(model, expected, count);
}

/** A call on a range whose end may lie behind the address space. */
function ranged(
  call: (pair: Pair, address: number, length: number, argument: number) => number,
  expected: (scenario: Scenario, pair: Pair, first: number, count: number, argument: number) => number,
  argumentOf: (scenario: Scenario) => number = () => 0,
): OperationRow['run'] {
  return (scenario, pair) => {
    const [first, count] = scenario.range();
    const argument = argumentOf(scenario);
    scenario.describe(pair, first, count, argument);
    const result = call(pair, first * pair.granularity, count * pair.granularity, argument);
    same('result', result, expected(scenario, pair, first, count, argument));
  };
}

const unmap = ranged(
  ({ space }, address, length) => space.unmap(address, length),
  ({ layout }, { model }, first, count) => {
    if (first + count > layout.taskPages) return -EINVAL;
    model.unmap(first, count);
    return 0;
  },
);

function misaligned(scenario: Scenario, pair: Pair): void {
  const address = scenario.random.below(scenario.layout.taskPages) * pair.granularity + pair.granularity / 2;
  const { space } = pair;
  const length = pair.granularity;
  scenario.describe(pair, address);
  same('munmap', space.unmap(address, length), -EINVAL);
  same('mprotect', space.protect(address, length, 1), -EINVAL);
  same('madvise', space.advise(address, length, 4), -EINVAL);
  same('msync', space.synchronize(address, length), -EINVAL);
  same('mincore', space.residency(address, length), -EINVAL);
  same('mremap', space.remap({ address, oldLength: length, newLength: length }), -EINVAL);
  const request = { length, protection: 3, offset: pair.granularity / 2, backing: scenario.files[0].backing };
  same('mmap', space.map(request), -EINVAL);
}

function move(scenario: Scenario, pair: Pair): void {
  const { random, granularity } = scenario;
  const [first, some] = scenario.range();
  const area = pair.areaOf(first);
  // Mostly inside one area, sometimes over its end.
  const oldCount = random.oneIn(8) ? 0 : area && random.oneIn(2) ? Math.min(some, area[1] - first) : some;
  const newCount = random.oneIn(2) ? oldCount : 1 + random.below(8);
  const flags = random.pick([0, 1, 1, 3, 3, 3, 5, 7, 2, 4]);
  const [fixed, keepOld, mayMove] = [(flags & 2) !== 0, (flags & 4) !== 0, (flags & 1) !== 0];
  const target = fixed || random.oneIn(2) ? scenario.layout.minimumPage + scenario.range()[0] : 0;
  const request = { first, oldCount, newCount, mayMove, fixed, keepOld, target };
  scenario.describe(pair, request);
  const areas = pair.space.areas.map(({ start, end }) => [start / granularity, end / granularity] as const);
  const result = pair.space.remap({
    address: first * granularity,
    oldLength: oldCount * granularity,
    newLength: newCount * granularity,
    mayMove,
    fixedAddress: fixed ? target * granularity : undefined,
    keepOld,
    hint: target * granularity,
  });
  const expected = remap(pair.model, request, (page) => areas.find(([start, end]) => page >= start && page < end));
  same('mremap', result, expected < 0 ? expected : expected * granularity);
  if (keepOld && expected >= 0) unlockEmptied(pair, [first, first + oldCount], [expected, expected + newCount]);
}

/**
 * What DONTUNMAP leaves is unlocked as a whole area, however little of it was moved, and with the moved part where they became
 * one area: which pages that were, only the address space knows.
 */
function unlockEmptied(pair: Pair, ...ranges: readonly (readonly [number, number])[]): void {
  for (const [start, end] of ranges) {
    for (let page = start; page < end; page++) {
      const area = pair.space.find(page * pair.granularity);
      if (area === undefined || area.flags & AreaFlag.Locked) continue;
      const [first, last] = pair.areaOf(page) as readonly [number, number];
      for (let each = first; each < last; each++) {
        Object.assign(pair.model.pages.get(each) as ModelPage, { locked: false, onFault: false });
      }
      page = last - 1;
    }
  }
}

function brk({ random, granularity }: Scenario, pair: Pair): void {
  const wanted = BREAK_START_PAGE - 1 + random.below(12);
  const result = pair.space.brk(wanted * granularity);
  same('brk', result, moveBreak(pair.model, wanted) * granularity);
}

function mincore(scenario: Scenario, pair: Pair): void {
  const [first, count] = scenario.range();
  scenario.describe(pair, first, count);
  const { model } = pair;
  const pages = pair.space.residency(first * pair.granularity, count * pair.granularity);
  let isMapped = first + count <= scenario.layout.taskPages;
  for (let page = first; page < first + count; page++) if (!model.pages.has(page)) isMapped = false;
  if (typeof pages === 'number' || !isMapped) same('mincore', pages, isMapped ? 'an array' : -ENOMEM);
  else {
    pages.forEach((resident, index) => {
      const { file, touched } = model.pages.get(first + index) as ModelPage;
      if (file === undefined && touched !== undefined) same(`residency of ${first + index}`, resident === 1, touched);
    });
  }
}

function limit({ random }: Scenario, pair: Pair): void {
  const pages = random.pick([0, 20, 60, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  pair.model.lockLimit = pages;
  pair.space.layout.lockLimitInBytes = pages * pair.granularity || 0;
}

const protection = ({ random }: Scenario) => random.below(8);
const pickFlags = (choices: readonly number[]) => (scenario: Scenario) => scenario.random.pick(choices);

// biome-ignore format: one row per line
export const OPERATIONS: readonly OperationRow[] = [
  { name: 'mmap',       weight: 160, run: map },
  { name: 'munmap',     weight: 50,  run: unmap },
  { name: 'mprotect',   weight: 80,  run: ranged(({ space }, at, length, bits) => space.protect(at, length, bits), (_, { model }, first, count, bits) => protect(model, first, count, bits), protection) },
  { name: 'madvise',    weight: 100, run: ranged(({ space }, at, length, advice) => space.advise(at, length, advice), (s, { model }, first, count, advice) => advise(model, first, count, advice, s.models), pickFlags(ADVICE)) },
  { name: 'mremap',     weight: 70,  run: move },
  { name: 'brk',        weight: 40,  run: brk },
  { name: 'mlock',      weight: 20,  run: ranged(({ space }, at, length, onFault) => space.setLocked(at, length, true, onFault === 1), (_, { model }, first, count, onFault) => lock(model, first, count, onFault === 1), pickFlags([0, 1])) },
  { name: 'munlock',    weight: 20,  run: ranged(({ space }, at, length) => space.setLocked(at, length, false), (_, { model }, first, count) => setLock(model, first, count, false, false)) },
  { name: 'mlockall',   weight: 8,   run: ranged(({ space }, _at, _length, flags) => space.lockAll(flags), (_, { model }, _first, _count, flags) => lockAll(model, flags), pickFlags([0, 1, 2, 3, 4, 5, 7, 8])) },
  { name: 'munlockall', weight: 16,  run: (_, { space, model }) => { space.unlockAll(); unlockAll(model); } },
  { name: 'limit',      weight: 6,   run: limit },
  { name: 'msync',      weight: 20,  run: ranged(({ space }, at, length, flags) => space.synchronize(at, length, flags), (_, { model }, first, count, flags) => synchronize(model, first, count, flags), pickFlags([0, 1, 2, 4, 4, 4, 5, 6, 8])) },
  { name: 'mincore',    weight: 30,  run: mincore },
  { name: 'misaligned', weight: 3,   run: misaligned },
  { name: 'fork',       weight: 25,  run: (scenario, pair) => scenario.fork(pair) },
  { name: 'exit',       weight: 4,   run: (scenario, pair) => scenario.end(pair) },
  { name: 'mark',       weight: 50,  run: mark },
  { name: 'store',      weight: 250, run: store },
  { name: 'load',       weight: 220, run: load },
  { name: 'ftruncate',  weight: 10,  run: shrinkFile },
  { name: 'grow',       weight: 12,  run: growFile },
  { name: 'write',      weight: 20,  run: writeFile },
  { name: 'read',       weight: 20,  run: readFile },
];
/** Sum of all weights. */
export const OPERATIONS_WEIGHT = OPERATIONS.reduce((sum, { weight }) => sum + weight, 0);
