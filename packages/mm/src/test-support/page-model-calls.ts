// Memory calls on the naive model: page after page, with the error numbers of Linux.
import { MemoryErrno } from '../errno.ts';
import { isPastEnd, type ModelPage, type PageModel, showing } from './page-model.ts';

const { EACCES, EAGAIN, EBUSY, EFAULT, EINVAL, ENOMEM, EPERM } = MemoryErrno;

export function protect(model: PageModel, first: number, count: number, protection: number): number {
  for (let number = first; number < first + count; number++) {
    const page = model.pages.get(number);
    if (page === undefined) return -ENOMEM;
    if (protection & ~page.maximum) return -EACCES;
    const becomesWritable = (protection & ~page.protection & 2) !== 0;
    page.protection = protection;
    if (!(protection & 4)) page.code = page.code.map(() => false);
    if (becomesWritable && page.locked && !page.shared) populate(model, number, 1);
  }
  return 0;
}

/** Touches pages as MAP_POPULATE does; with `stops` as mlock does. False when a page could not be touched. */
export function populate(model: PageModel, first: number, count: number, stops = false): boolean {
  for (let number = first; number < first + count; number++) {
    const page = model.pages.get(number);
    if (page === undefined || page.onFault) continue;
    const fails = page.protection === 0 || isPastEnd(page);
    if (fails && stops) return false;
    if (fails) continue;
    page.touched = true;
    if (page.protection & 2 && !page.shared) model.copy(page);
  }
  return true;
}

function drop(page: ModelPage): void {
  page.own = undefined;
  page.touched = false;
  page.code = page.code.map(() => false);
}

function populateFor(model: PageModel, first: number, count: number, needed: number): number {
  for (let number = first; number < first + count; number++) {
    const page = model.pages.get(number);
    if (page === undefined) return -ENOMEM;
    if (!(page.protection & needed)) return -EINVAL;
    if (isPastEnd(page)) return -EFAULT;
    page.touched = true;
    if (needed === 2) model.copy(page);
  }
  return 0;
}

/** One piece of advice on one page: 0 or a negative error number. */
function advisePage(page: ModelPage, advice: number, models: readonly PageModel[], sub: number): number {
  const isAnonymous = page.file === undefined;
  if (advice === 4 || advice === 8 || advice === 20 || advice === 21) {
    if (advice === 8 && !isAnonymous) return -EINVAL;
    if (page.locked) return -EINVAL;
    if (advice <= 8) drop(page);
  } else if (advice === 24) drop(page);
  else if (advice === 9) {
    if (page.locked || isAnonymous) return -EINVAL;
    if (!page.shared || !(page.maximum & 2)) return -EACCES;
    const { file, filePage } = page as ModelPage & { file: NonNullable<ModelPage['file']> };
    for (const alias of showing(file, filePage, filePage + sub, models)) alias.page.code[alias.index] = false;
    for (let index = 0; index < sub; index++) file.values.delete(filePage + index);
  } else if (advice === 10 || advice === 11) page.dontFork = advice === 10;
  else if (advice === 18 && !isAnonymous) return -EINVAL;
  else if (advice === 18 || advice === 19) page.wipeOnFork = advice === 18;
  return 0;
}

export function advise(
  model: PageModel,
  first: number,
  count: number,
  advice: number,
  models: readonly PageModel[],
): number {
  if (advice === 22 || advice === 23) return populateFor(model, first, count, advice === 22 ? 1 : 2);
  let result = 0;
  for (let number = first; number < first + count; number++) {
    const page = model.pages.get(number);
    if (page === undefined) result = -ENOMEM;
    else {
      const refused = advisePage(page, advice, models, model.layout.sub);
      if (refused < 0) return refused;
    }
  }
  return result;
}

export function lock(model: PageModel, first: number, count: number, onFault: boolean): number {
  if (model.lockLimit === 0) return -EPERM;
  let outside = model.lockedPages();
  for (let number = first; number < first + count; number++) if (model.pages.get(number)?.locked) outside--;
  if (outside + count > model.lockLimit) return -ENOMEM;
  const result = setLock(model, first, count, true, onFault);
  if (result < 0) return result;
  return populate(model, first, count, true) ? 0 : -ENOMEM;
}

export function setLock(model: PageModel, first: number, count: number, locked: boolean, onFault: boolean): number {
  for (let number = first; number < first + count; number++) {
    const page = model.pages.get(number);
    if (page === undefined) return -ENOMEM;
    page.locked = locked;
    page.onFault = onFault;
  }
  return 0;
}

export function lockAll(model: PageModel, flags: number): number {
  if (flags === 0 || flags & ~7 || flags === 4) return -EINVAL;
  if (model.lockLimit === 0) return -EPERM;
  if (flags & 1 && model.pages.size > model.lockLimit) return -ENOMEM;
  const onFault = (flags & 4) !== 0;
  model.future = { locked: (flags & 2) !== 0, onFault: (flags & 2) !== 0 && onFault };
  if (flags & 1) {
    for (const page of model.pages.values()) Object.assign(page, { locked: true, onFault });
    populate(model, 0, model.layout.taskPages);
  }
  return 0;
}

export function unlockAll(model: PageModel): void {
  model.future = { locked: false, onFault: false };
  for (const page of model.pages.values()) Object.assign(page, { locked: false, onFault: false });
}

export function synchronize(model: PageModel, first: number, count: number, flags: number): number {
  if (flags & ~7 || (flags & 5) === 5) return -EINVAL;
  let result = 0;
  for (let number = first; number < first + count; number++) {
    const page = model.pages.get(number);
    if (page === undefined) {
      if (flags === 1) return -ENOMEM;
      result = -ENOMEM;
    } else if (flags & 2 && page.locked) return -EBUSY;
  }
  return result;
}

/** brk(2) in whole pages: the break as it is then. */
export function moveBreak(model: PageModel, wanted: number): number {
  const { breakCurrent: current, future } = model;
  if (wanted < model.breakStart) return current;
  if (wanted < current && model.isFree(wanted, current - wanted)) return current;
  if (wanted <= current) model.unmap(wanted, current - wanted);
  else {
    const pages = wanted - current;
    if (wanted > model.layout.taskPages || !model.isFree(current, pages)) return current;
    // One page more must be free, the gap the kernel keeps to the next mapping.
    if (wanted + 1 > model.ceilingAbove(current)) return current;
    if (future.locked && model.lockedPages() + pages > model.lockLimit) return current;
    const anonymous = { protection: 3, maximum: 7, shared: false, file: undefined, filePage: 0, growsDown: false };
    model.map(current, pages, { ...anonymous, ...future });
    if (future.locked) populate(model, current, pages);
  }
  model.breakCurrent = wanted;
  return wanted;
}

/** Whether locking this many pages more is allowed: 0, or the negative error number of mmap. */
export function refuseLock(model: PageModel, isLocked: boolean, count: number): number {
  if (!isLocked) return 0;
  return model.lockedPages() + count > model.lockLimit ? -EAGAIN : 0;
}
