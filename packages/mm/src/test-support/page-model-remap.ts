// mremap(2) on the naive model. Which pages form one area is asked of the address space: only it knows how areas merged.
import { MemoryErrno } from '../errno.ts';
import type { ModelPage, PageModel } from './page-model.ts';
import { populate, refuseLock } from './page-model-calls.ts';

const { EFAULT, EINVAL, ENOMEM } = MemoryErrno;

/** A request in kernel pages. */
export interface ModelRemap {
  readonly first: number;
  readonly oldCount: number;
  readonly newCount: number;
  readonly mayMove: boolean;
  readonly fixed: boolean;
  readonly keepOld: boolean;
  /** Fixed address, or hint of `keepOld`. */
  readonly target: number;
}

/** First page and first page after the area that holds a page, undefined for none; asked before the call. */
export type AreaOf = (page: number) => readonly [number, number] | undefined;

/** The new place, or a negative error number. */
export function remap(model: PageModel, request: ModelRemap, areaOf: AreaOf): number {
  const { first, oldCount, newCount, mayMove, fixed, keepOld, target } = request;
  const { taskPages } = model.layout;
  if (newCount === 0 || newCount > taskPages) return -EINVAL;
  if (fixed || keepOld) {
    if (target > taskPages - newCount || !mayMove || (keepOld && oldCount !== newCount)) return -EINVAL;
    if (target < first + oldCount && first < target + newCount) return -EINVAL;
  }
  if (fixed && oldCount === newCount) return moveEach(model, request, areaOf);
  const area = areaOf(first);
  if (area === undefined) return -EFAULT;
  const page = model.pages.get(first) as ModelPage;
  if (fixed || keepOld || newCount > oldCount) {
    if (oldCount === 0 && !page.shared) return -EINVAL;
    if (Math.min(oldCount, newCount) > area[1] - first) return -EFAULT;
    const refused = newCount > oldCount ? refuseLock(model, page.locked, newCount - oldCount) : 0;
    if (refused < 0) return refused;
  }
  if (fixed) return moveTo(model, request);
  if (keepOld) {
    const place = model.place(newCount, target, page.file === undefined);
    return place < 0 ? place : moveTo(model, { ...request, target: place });
  }
  if (newCount <= oldCount) {
    // munmap refuses what lies behind the address space.
    if (newCount < oldCount && first + oldCount > taskPages) return -EINVAL;
    model.unmap(first + newCount, oldCount - newCount);
    return first;
  }
  const growth = newCount - oldCount;
  if (first + oldCount === area[1] && area[1] + growth <= taskPages && model.isFree(area[1], growth)) {
    grow(model, page, first + oldCount, growth, oldCount);
    return first;
  }
  if (!mayMove) return -ENOMEM;
  const place = model.place(newCount, 0, page.file === undefined);
  return place < 0 ? place : moveTo(model, { ...request, target: place });
}

function moveEach(model: PageModel, request: ModelRemap, areaOf: AreaOf): number {
  const { first, oldCount, target } = request;
  let answer = -EFAULT as number;
  for (let page = first; page < first + oldCount; page++) {
    const area = areaOf(page);
    if (area === undefined) {
      if (page === first) return -EFAULT;
      continue;
    }
    const count = Math.min(area[1], first + oldCount) - page;
    const place = target + (page - first);
    moveTo(model, { ...request, first: page, oldCount: count, newCount: count, target: place });
    if (answer < 0) answer = place;
    page += count - 1;
  }
  return answer;
}

/** Moves the pages to a place that becomes free for them. */
function moveTo(model: PageModel, { first, oldCount, newCount, keepOld, target }: ModelRemap): number {
  const source = model.pages.get(first) as ModelPage;
  model.unmap(target, newCount);
  if (newCount < oldCount && first + oldCount > model.layout.taskPages) return -EINVAL;
  // With an old length of 0 the target may be where the source was.
  if (!model.pages.has(first)) return -EFAULT;
  const count = Math.min(oldCount, newCount);
  const moved = Array.from({ length: count }, (_, i) => model.pages.get(first + i) as ModelPage);
  model.unmap(first, oldCount);
  moved.forEach((page, i) => {
    const code = page.code.map(() => false);
    model.pages.set(target + i, { ...page, code });
    const emptied = { own: undefined, touched: false, locked: false, onFault: false };
    if (keepOld) model.pages.set(first + i, { ...page, ...emptied, code: [...code] });
  });
  if (newCount > count) grow(model, source, target + count, newCount - count, count);
  return target;
}

/** New pages that continue an area; `distance` pages lie between `like` and the first of them. */
function grow(model: PageModel, like: ModelPage, first: number, count: number, distance: number): void {
  model.map(first, count, { ...like, filePage: like.filePage + distance * model.layout.sub });
  for (let page = first; page < first + count; page++) {
    const { dontFork, wipeOnFork } = like;
    Object.assign(model.pages.get(page) as ModelPage, { dontFork, wipeOnFork });
  }
  if (like.locked) populate(model, first, count);
}
