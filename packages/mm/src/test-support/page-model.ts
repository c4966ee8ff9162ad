// The naive model of an address space: one record per kernel page and loops over pages, written to be obviously right.
import { MemoryErrno } from '../errno.ts';
import { Access, FaultCause } from '../page-fault.ts';

export const GUEST_PAGE = 4096;
/** Pages the kernel keeps free below a stack. */
const GUARD_PAGES = 256;

/** A file, or shared anonymous memory: one number stands for the content of a guest page. */
export interface ModelFile {
  readonly values: Map<number, number>;
  /** In guest pages. */
  size: number;
}

/** One kernel page; arrays have an element per guest page. */
export interface ModelPage {
  protection: number;
  readonly maximum: number;
  readonly shared: boolean;
  readonly file: ModelFile | undefined;
  /** Guest page of the file at its start. */
  readonly filePage: number;
  /** Content of a private page once it was stored to. */
  own: number[] | undefined;
  code: boolean[];
  /** Whether private anonymous memory has a frame; undefined when fork may or may not have copied it. */
  touched: boolean | undefined;
  locked: boolean;
  onFault: boolean;
  dontFork: boolean;
  wipeOnFork: boolean;
  readonly growsDown: boolean;
}

/** Sizes in kernel pages. */
export interface ModelLayout {
  readonly taskPages: number;
  readonly mmapBasePage: number;
  readonly minimumPage: number;
  readonly hugePages: number;
  readonly stackLimitPages: number;
  /** Guest pages in a kernel page. */
  readonly sub: number;
}

/** Numbers of kernel pages instead of addresses everywhere; guest pages only in `fault`, `read`, `write` and `code`. */
export class PageModel {
  readonly pages = new Map<number, ModelPage>();
  readonly layout: ModelLayout;
  breakStart = 0;
  breakCurrent = 0;
  lockLimit = Number.POSITIVE_INFINITY;
  /** What mlockall asked for new pages. */
  future = { locked: false, onFault: false };

  constructor(layout: ModelLayout) {
    this.layout = layout;
  }

  isFree(first: number, count: number): boolean {
    for (let page = first; page < first + count; page++) if (this.pages.has(page)) return false;
    return true;
  }

  /** First page that must stay free below the next mapping at or above `from`. */
  ceilingAbove(from: number): number {
    for (let page = from; page < this.layout.taskPages; page++) {
      const found = this.pages.get(page);
      if (found) return found.growsDown ? Math.max(0, page - GUARD_PAGES) : page;
    }
    return Number.POSITIVE_INFINITY;
  }

  place(count: number, hint: number, mayBeHuge: boolean): number {
    const { hugePages, taskPages } = this.layout;
    if (count > taskPages) return -MemoryErrno.ENOMEM;
    if (mayBeHuge && hint === 0 && count % hugePages === 0) {
      const padded = this.#search(count + hugePages, 0);
      if (padded >= 0) return padded % hugePages === 0 ? padded + hugePages : Math.ceil(padded / hugePages) * hugePages;
    }
    return this.#search(count, hint);
  }

  #search(count: number, hint: number): number {
    const { minimumPage, mmapBasePage, taskPages } = this.layout;
    const fits = (first: number) => this.isFree(first, count) && this.ceilingAbove(first + count) >= first + count;
    if (hint > 0) {
      const wanted = Math.max(hint, minimumPage);
      if (wanted + count <= taskPages && fits(wanted)) return wanted;
    }
    let limit = mmapBasePage;
    for (let first = limit - count; first >= minimumPage; first--) {
      if (!this.isFree(first, count)) continue;
      const ceiling = this.ceilingAbove(first + count);
      if (ceiling >= first + count) return first;
      limit = ceiling;
      first = limit - count + 1;
    }
    for (let first = Math.ceil(taskPages / 3); first + count <= taskPages; first++) if (fits(first)) return first;
    return -MemoryErrno.ENOMEM;
  }

  map(
    first: number,
    count: number,
    like: Omit<ModelPage, 'code' | 'own' | 'touched' | 'dontFork' | 'wipeOnFork'>,
  ): void {
    const { sub } = this.layout;
    for (let i = 0; i < count; i++) {
      const fresh = { own: undefined, touched: false, dontFork: false, wipeOnFork: false };
      const filePage = like.filePage + i * sub;
      this.pages.set(first + i, { ...like, ...fresh, filePage, code: new Array(sub).fill(false) });
    }
  }

  unmap(first: number, count: number): void {
    for (let page = first; page < first + count; page++) this.pages.delete(page);
  }

  /** Guest pages of this kernel page in other places that show the same content of the file. */
  aliases(guestPage: number, models: readonly PageModel[]): { page: ModelPage; index: number }[] {
    const { file, filePage } = this.#at(guestPage);
    const wanted = filePage + (guestPage % this.layout.sub);
    return file === undefined ? [] : showing(file, wanted, wanted + 1, models);
  }

  /** What `resolve` must answer for a guest page: undefined for success, else the cause. */
  fault(guestPage: number, access: Access, models: readonly PageModel[]): number | undefined {
    this.#growStack(Math.floor(guestPage / this.layout.sub));
    const page = this.pages.get(Math.floor(guestPage / this.layout.sub));
    if (page === undefined) return FaultCause.MapError;
    const needed = access === Access.Read ? 7 : access === Access.Write ? 2 : 4;
    const permitted = (page.protection & needed) !== 0;
    if (!permitted && (access === Access.Write || page.protection === 0)) return FaultCause.AccessError;
    if (isPastEnd(page)) return FaultCause.BusError;
    // A fetch that is not permitted loads the page first.
    if (!permitted) {
      page.touched = true;
      return FaultCause.AccessError;
    }
    if (access !== Access.Write) return undefined;
    if (page.code[guestPage % this.layout.sub]) return FaultCause.CodeWrite;
    const isMarked = page.shared && this.aliases(guestPage, models).some((alias) => alias.page.code[alias.index]);
    return isMarked ? FaultCause.CodeWrite : undefined;
  }

  read(guestPage: number): number {
    const page = this.#at(guestPage);
    page.touched = true;
    const index = guestPage % this.layout.sub;
    return page.own?.[index] ?? page.file?.values.get(page.filePage + index) ?? 0;
  }

  write(guestPage: number, value: number): void {
    const page = this.#at(guestPage);
    const index = guestPage % this.layout.sub;
    if (page.shared) page.file?.values.set(page.filePage + index, value);
    else (this.copy(page) as number[])[index] = value;
  }

  /** A private page gets content of its own, as at its first store. */
  copy(page: ModelPage): number[] | undefined {
    page.touched = true;
    if (page.shared) return undefined;
    page.own ??= Array.from(
      { length: this.layout.sub },
      (_, index) => page.file?.values.get(page.filePage + index) ?? 0,
    );
    return page.own;
  }

  fork(): PageModel {
    const child = new PageModel(this.layout);
    child.breakStart = this.breakStart;
    child.breakCurrent = this.breakCurrent;
    child.lockLimit = this.lockLimit;
    for (const [number, page] of this.pages) {
      if (page.dontFork) continue;
      const own = page.wipeOnFork || page.own === undefined ? undefined : [...page.own];
      const touched = own !== undefined ? true : page.touched === false || page.wipeOnFork ? false : undefined;
      const code = page.code.map(() => false);
      child.pages.set(number, { ...page, own, touched, code, locked: false, onFault: false });
    }
    return child;
  }

  /** The first touched page of a stack's gap extends it, within its limit and away from what is below. */
  #growStack(page: number): void {
    const { minimumPage, taskPages, stackLimitPages } = this.layout;
    if (this.pages.has(page) || page < minimumPage) return;
    let start = page;
    while (start < taskPages && !this.pages.has(start)) start++;
    const stack = this.pages.get(start);
    if (!stack?.growsDown) return;
    const { end, origin } = this.stackAt(start);
    // What was moved up keeps the number of its first page, which cannot become negative.
    if (end - page > stackLimitPages || start - page > origin) return;
    for (let below = page - 1; below >= 0; below--) {
      const found = this.pages.get(below);
      if (found === undefined) continue;
      if (!found.growsDown && found.protection !== 0 && page - (below + 1) < GUARD_PAGES) return;
      break;
    }
    if (stack.locked && this.lockedPages() + (start - page) > this.lockLimit) return;
    const { dontFork, wipeOnFork } = stack;
    this.map(page, start - page, { ...stack, filePage: 0 });
    for (let grown = page; grown < start; grown++) {
      Object.assign(this.pages.get(grown) as ModelPage, { dontFork, wipeOnFork });
    }
  }

  /** Where the area of a stack ends, and the page it was made at: only the address space knows how areas merged. */
  stackAt: (start: number) => { end: number; origin: number } = (start) => ({ end: start, origin: start });

  lockedPages(): number {
    let count = 0;
    for (const page of this.pages.values()) if (page.locked) count++;
    return count;
  }

  #at(guestPage: number): ModelPage {
    return this.pages.get(Math.floor(guestPage / this.layout.sub)) as ModelPage;
  }
}

/** Whether a page of a file lies behind its end: a private copy does not. */
export function isPastEnd(page: ModelPage): boolean {
  return page.file !== undefined && page.own === undefined && page.filePage >= page.file.size;
}

/** Guest pages in all models that show one of [from, to) of a file. */
export function showing(file: ModelFile, from: number, to: number, models: readonly PageModel[]) {
  const found: { page: ModelPage; index: number }[] = [];
  for (const model of models) {
    for (const page of model.pages.values()) {
      if (page.file !== file || page.own !== undefined) continue;
      for (let index = 0; index < model.layout.sub; index++) {
        if (page.filePage + index >= from && page.filePage + index < to) found.push({ page, index });
      }
    }
  }
  return found;
}
